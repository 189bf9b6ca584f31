"""The sentences of a token-tag file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ..annotations import Source
from .conll_layout import Layout, SentenceIds
from .conll_lines import (
    COMMENT,
    DOCSTART,
    begins_document,
    begins_sentence,
    is_blank,
    is_docstart,
)
from .conll_writer import NAME
from .files import SourceFile, malformed


class Extra(NamedTuple):
    """A line with tags that has no token of the text.

    place (int): Index of the token that follows it in the sentence.
    number (int): Its line number.
    row (List[str]): Its columns.
    """

    place: int
    number: int
    row: List[str]


@dataclass
class Sentence:
    """The lines of a sentence, and the lines without tokens before it.

    rows (List[List[str]]): The columns of each token.
    numbers (List[int]): Line number of each token.
    comments (List[Tuple[int, str]]): Comments, and CoNLL-U's multiword tokens and empty
        nodes, each with the index of the token that follows it.
    extras (List[Extra]): These tokens and nodes, and lines that lack a token.
    docstart (str): The line before it that begins a document; "" if there is none.
    docstart_number (int): Its line number.
    size (int): Characters of all its lines.
    """

    rows: List[List[str]] = field(default_factory=list)
    numbers: List[int] = field(default_factory=list)
    comments: List[Tuple[int, str]] = field(default_factory=list)
    extras: List[Extra] = field(default_factory=list)
    docstart: str = ""
    docstart_number: int = 0
    size: int = 0


def read_sentences(
    file: SourceFile, layout: Layout, lines: Iterable[Tuple[int, str]]
) -> Iterator[Sentence]:
    """Read sentences.

    file (SourceFile): The file, for messages.
    layout (Layout): Its columns.
    lines (Iterable[Tuple[int, str]]): Its lines, each with its number.
    YIELDS (Sentence): The sentences that have tokens.
    RAISES (ValueError): GP164 for a line with another number of columns, GP151 for a
        sentence that is larger than the file's limit.
    """
    reader = _Reader(file, layout)
    for number, line in lines:
        finished = reader.read(number, line.rstrip("\r"))
        if finished is not None:
            yield finished
    last = reader.finish()
    if last is not None:
        yield last


class _Reader:
    """Collects the lines of a sentence."""

    def __init__(self, file: SourceFile, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self._ids = SentenceIds(layout)
        self._sentence = Sentence()

    def read(self, number: int, line: str) -> Optional[Sentence]:
        """RETURNS (Optional[Sentence]): The sentence that ends before a line."""
        self._sentence.size += len(line)
        self._file.check_size(self._sentence.size)
        if is_blank(line) or line == self._layout.header:
            return self.finish()
        if is_docstart(line):
            return self._begin_document(number, line)
        if self._layout.is_comment(line):
            if begins_document(line):
                return self._begin_document(number, line)
            finished = self.finish() if begins_sentence(line) else None
            self._sentence.comments.append((len(self._sentence.rows), line))
            return finished
        return self._read_row(number, self._layout.split(line))

    def finish(self) -> Optional[Sentence]:
        """RETURNS (Optional[Sentence]): The sentence so far, if it has tokens."""
        if not self._sentence.rows:
            return None
        finished, self._sentence = self._sentence, Sentence()
        return finished

    def _begin_document(self, number: int, line: str) -> Optional[Sentence]:
        finished = self.finish()
        if not line.startswith((DOCSTART, COMMENT)):
            line = DOCSTART
        if not line.startswith(COMMENT) and self._layout.is_csv:
            line = self._layout.join(self._layout.split(line))
        self._sentence.docstart, self._sentence.docstart_number = line, number
        return finished

    def _read_row(self, number: int, row: List[str]) -> Optional[Sentence]:
        layout = self._layout
        if len(row) != layout.n_columns:
            raise self._malformed(number, row)
        if layout.is_gap(row):
            return self.finish()
        place = len(self._sentence.rows)
        if layout.is_extra(row):
            self._sentence.comments.append((place, layout.join(row)))
        if not layout.is_token(row):
            self._sentence.extras.append(Extra(place, number, row))
            return None
        finished = self.finish() if self._ids.begin_sentence(row) else None
        self._sentence.rows.append(row)
        self._sentence.numbers.append(number)
        return finished

    def _malformed(self, number: int, row: List[str]) -> ValueError:
        layout, name = self._layout, self._file.name
        how = (
            f"as CSV with the separator {layout.separator!r} " if layout.is_csv else ""
        )
        reasons = [
            f"{how}it has {len(row)} columns, and other lines {layout.n_columns}"
        ]
        reasons += [
            f"{Source(name, n)} has {row[k]!r}, which is not a tag"
            for n, row in zip(self._sentence.numbers, self._sentence.rows)
            for k in layout.tags
            if not layout.is_tag(row[k])
        ][:3]
        return malformed(Source(name, number), NAME, "; ".join(reasons))
