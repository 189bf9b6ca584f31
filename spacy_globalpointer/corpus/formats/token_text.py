"""Make a text from tokens with tags, for formats without a text."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from ...errors import Errors
from ..annotations import (
    AnnotatedText,
    Document,
    Reason,
    Reject,
    Source,
    TextSpan,
)
from .tag_cells import count_continued, split_cell, split_layers
from .tags import AUTO, read_runs


class TokenText:
    """A text that joins tokens by a space and sentences by a line end, and reads their
    tags.

    A span whose tags continue in the next sentence is one span. `document.joined`
    counts such spans.

    name (str): The document's name.
    source (Source): Where it begins.
    scheme (str): The scheme of the tags; see `tags.SCHEMES`.
    strict (bool): Whether a span whose tags are not regular is a reject.
    tag_separator (str): Separator of the tags of a cell; see `tag_cells.split_cell`.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        scheme: str,
        strict: bool,
        tag_separator: str = AUTO,
    ) -> None:
        self.document = AnnotatedText(name, "", source=source)
        self._places: List[Tuple[int, int]] = []
        self.document.tokens = self._places
        self.rejects: List[Reject] = []
        self.sentence_lengths: List[int] = []
        self._scheme = scheme
        self._strict = strict
        self._tag_separator = tag_separator
        self._parts: List[str] = []
        self._length = 0
        # Cells that were not yet converted to spans: those of the last sentence, and of
        # earlier ones that share a span with it.
        self._cells: List[List[Tuple[str, ...]]] = []
        self._sources: List[Source] = []

    def add_sentence(
        self,
        tokens: Sequence[str],
        columns: Sequence[Sequence[str]],
        sources: Sequence[Source],
        *,
        joins: bool = True,
    ) -> None:
        """Add a sentence.

        tokens (Sequence[str]): Its tokens.
        columns (Sequence[Sequence[str]]): For each column of tags, one cell per token.
        sources (Sequence[Source]): File and line of each token.
        joins (bool): Whether spans of the previous sentence may continue in it.
        RAISES (ValueError): GP125 for a cell that may be one tag or several.
        """
        cells = [
            [self._split(cell, source) for cell, source in zip(column, sources)]
            for column in columns
        ]
        n_joined = self._count_joined(cells) if joins else 0
        if not n_joined:
            self._read_spans()
            self._cells = [[] for _ in cells]
        self.document.joined += n_joined
        for own, more in zip(self._cells, cells):
            own.extend(more)
        self._sources.extend(sources)
        places = self._places
        for i, token in enumerate(tokens):
            if places:
                self._parts.append(" " if i else "\n")
                self._length += 1
            places.append((self._length, self._length + len(token)))
            self._parts.append(token)
            self._length += len(token)
        self.sentence_lengths.append(len(tokens))

    def finish(self) -> Document:
        """RETURNS (Document): The document and its rejects."""
        self._read_spans()
        self.document.text = "".join(self._parts)
        self.document.n_read = len(self.document.spans) + len(self.rejects)
        return self.document, self.rejects

    def reject(self, source: Source, value: str, reason: Reason) -> None:
        """Add an annotation that is not a span.

        source (Source): File and line.
        value (str): The annotation.
        reason (Reason): The reason.
        """
        self.rejects.append(Reject.at(source, value, reason))

    def _split(self, cell: str, source: Source) -> Tuple[str, ...]:
        tags = split_cell(cell, self._tag_separator)
        if tags is None:
            raise ValueError(Errors.GP125.format(source=source, cell=cell))
        return tags

    def _count_joined(self, cells: Sequence[Sequence[Tuple[str, ...]]]) -> int:
        if not self._sources or not cells or not cells[0]:
            return 0
        before = [column[-1] for column in self._cells]
        return count_continued(before, [column[0] for column in cells], self._scheme)

    def _read_spans(self) -> None:
        first = len(self._places) - len(self._sources)
        for cells in self._cells:
            for tags in split_layers(cells, self._scheme):
                self._add_layer(tags, first)
        self._cells, self._sources = [], []

    def _add_layer(self, tags: Sequence[str], first: int) -> None:
        places = self._places
        for run in read_runs(tags, self._scheme):
            source = self._sources[run.start]
            start, end = places[first + run.start][0], places[first + run.end - 1][1]
            value = " ".join(tags[run.start : run.end])
            if not run.label or (self._strict and not run.is_regular):
                self.reject(source, value, Reason.BAD_TAG)
            elif start == end:  # the tokens are empty
                self.reject(source, value, Reason.EMPTY)
            else:
                span = TextSpan(run.label, start, end, source)
                self.document.spans.append(span)
