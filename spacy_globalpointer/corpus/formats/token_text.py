"""A text made of tokens with tags, for formats that know no other text."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from ..annotations import (
    AnnotatedText,
    Document,
    Reason,
    Reject,
    Source,
    TextSpan,
)
from .tags import read_runs


class TokenText:
    """Joins tokens by one space and sentences by one line end, and reads their tags.

    name (str): The document's name.
    source (Source): Where it begins.
    scheme (str): The scheme of the tags; see `tags.SCHEMES`.
    strict (bool): Whether a span whose tags are not regular is a reject.
    """

    def __init__(self, name: str, source: Source, scheme: str, strict: bool) -> None:
        self.document = AnnotatedText(name, "", source=source)
        self._places: List[Tuple[int, int]] = []
        self.document.tokens = self._places
        self.rejects: List[Reject] = []
        self.sentence_lengths: List[int] = []
        self._scheme = scheme
        self._strict = strict
        self._parts: List[str] = []
        self._length = 0

    def add_sentence(
        self,
        tokens: Sequence[str],
        columns: Sequence[Sequence[str]],
        sources: Sequence[Source],
    ) -> None:
        """Add a sentence.

        tokens (Sequence[str]): Its tokens.
        columns (Sequence[Sequence[str]]): For each layer, one tag a token.
        sources (Sequence[Source]): Where each token stands.
        """
        places = self._places
        n_before = len(places)
        for i, token in enumerate(tokens):
            if places:
                self._parts.append(" " if i else "\n")
                self._length += 1
            places.append((self._length, self._length + len(token)))
            self._parts.append(token)
            self._length += len(token)
        self.sentence_lengths.append(len(tokens))
        for tags in columns:
            self._add_layer(tags, sources, n_before)

    def finish(self) -> Document:
        """RETURNS (Document): The document and its rejects."""
        self.document.text = "".join(self._parts)
        self.document.n_read = len(self.document.spans) + len(self.rejects)
        return self.document, self.rejects

    def _add_layer(
        self, tags: Sequence[str], sources: Sequence[Source], first: int
    ) -> None:
        places = self._places
        for run in read_runs(tags, self._scheme):
            source = sources[run.start]
            start, end = places[first + run.start][0], places[first + run.end - 1][1]
            if not run.label or (self._strict and not run.is_regular):
                self._reject(source, tags[run.start : run.end], Reason.BAD_TAG)
            elif start == end:  # the tokens are empty
                self._reject(source, tags[run.start : run.end], Reason.EMPTY)
            else:
                span = TextSpan(run.label, start, end, source)
                self.document.spans.append(span)

    def _reject(self, source: Source, tags: Sequence[str], reason: Reason) -> None:
        self.rejects.append(Reject.at(source, " ".join(tags), reason))
