"""The columns of a token-tag file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .conll_columns import capital_prefix
from .conll_ids import PLACEHOLDERS, continues_ids, is_extra_id
from .conll_lines import (
    COMMENT,
    CSV_SEPARATORS,
    WRITTEN_SEPARATORS,
    begins_document,
    begins_sentence,
    is_conllu_comment,
    split_line,
)
from .json_values import is_kind
from .tag_cells import is_cell
from .tags import OUTSIDE, SCHEMES

#: Fields of a layout that are stored with a document.
_STORED = ("separator", "n_columns", "token", "tags", "number", "scheme")
_SPACED_COMMENT = re.compile(r"#+\s")


@dataclass(frozen=True)
class Layout:
    """The columns of a file.

    separator (str): One of SEPARATORS; a space means any number of spaces and tabs.
    n_columns (int): Their number.
    token (int): The tokens' column.
    tags (Tuple[int, ...]): The layers of tags.
    number (Optional[int]): Column of the tokens' numbers.
    scheme (str): Scheme of the tags.
    outside (Tuple[str, ...]): Tags outside any span, next to "O".
    sentence_ids (Tuple[int, ...]): Columns that name the sentence of a token.
    token_ids (Tuple[int, ...]): Columns that name or count the tokens.
    header (str): The first line, if it names the columns; otherwise "".
    """

    separator: str
    n_columns: int
    token: int
    tags: Tuple[int, ...]
    number: Optional[int] = None
    scheme: str = "IOB2"
    outside: Tuple[str, ...] = (OUTSIDE,)
    sentence_ids: Tuple[int, ...] = ()
    token_ids: Tuple[int, ...] = ()
    header: str = ""

    @property
    def others(self) -> List[int]:
        """RETURNS (List[int]): The columns that are neither tokens nor tags."""
        known = {self.token, *self.tags}
        return [column for column in range(self.n_columns) if column not in known]

    @property
    def is_csv(self) -> bool:
        """RETURNS (bool): Whether the columns are those of a CSV file."""
        return self.separator in CSV_SEPARATORS

    def to_meta(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The fields that a writer needs, ready for JSON. A
        CSV file is written with tabs."""
        meta = {name: getattr(self, name) for name in _STORED}
        return {**meta, "separator": self.join(["", ""]), "tags": list(self.tags)}

    @classmethod
    def from_meta(cls, meta: object) -> Optional[Layout]:
        """Read the result of `to_meta`.

        meta (object): Any JSON value.
        RETURNS (Optional[Layout]): The layout; None if the value is not one.
        """
        if not isinstance(meta, dict) or set(meta) != set(_STORED):
            return None
        layout = cls(**meta)
        tags, number = layout.tags, layout.number
        columns = [layout.token, *(tags if isinstance(tags, list) else [])]
        columns += [] if number is None else [number]
        n_columns = layout.n_columns
        if not all(is_kind(k, int) and k >= 0 for k in [n_columns, *columns]):
            return None
        known = layout.separator in WRITTEN_SEPARATORS.values()
        known = known and layout.scheme in SCHEMES
        fits = len(set(columns)) == len(columns) and max(columns) < n_columns < 1000
        return replace(layout, tags=tuple(tags)) if known and fits and tags else None

    def split(self, line: str) -> List[str]:
        """RETURNS (List[str]): The columns of a line."""
        return split_line(line, self.separator)

    def join(self, row: Sequence[str]) -> str:
        """RETURNS (str): A line of columns to write. CSV is written with tabs."""
        return ("\t" if self.is_csv else self.separator).join(row)

    def is_comment(self, line: str) -> bool:
        """RETURNS (bool): Whether a line begins with "#" and has no token. Such a line
        has another number of columns; or it has no tag, and after "#" a space or the
        words of a known comment."""
        if not line.startswith(COMMENT):
            return False
        row = self.split(line)
        if len(row) != self.n_columns:
            return True
        if any(self.is_tag(row[k]) for k in self.tags):
            return self.separator == " " and is_conllu_comment(line)
        is_known = begins_document(line) or begins_sentence(line)
        return is_known or _SPACED_COMMENT.match(f"{row[0]} ") is not None

    def is_tag(self, cell: str) -> bool:
        """RETURNS (bool): Whether a cell holds a tag, or several."""
        return is_cell(self.read_tag(cell))

    def read_tag(self, cell: str) -> str:
        """RETURNS (str): A tag; "O" for the tags of this file that mean "outside any
        span"."""
        return OUTSIDE if cell in self.outside else capital_prefix(cell)

    def read_tags(self, row: Sequence[str]) -> List[str]:
        """RETURNS (List[str]): The tags of a token."""
        return [self.read_tag(row[k]) for k in self.tags]

    def is_extra(self, row: Sequence[str]) -> bool:
        """RETURNS (bool): Whether a line has a multiword token (with an id such as 1-2)
        or an empty node (8.1) of CoNLL-U. Neither is a token of the text."""
        return self.number is not None and is_extra_id(row[self.number])

    def is_multiword(self, row: Sequence[str]) -> bool:
        """RETURNS (bool): Whether a line has a multiword token of CoNLL-U."""
        return self.is_extra(row) and "-" in row[self.number or 0]

    def is_gap(self, row: Sequence[str]) -> bool:
        """RETURNS (bool): Whether a line ends a sentence: it is empty, or has no token
        and no tag but "O"."""
        if row[self.token]:
            return False
        return not any(row) or all(tag == OUTSIDE for tag in self.read_tags(row))

    def is_token(self, row: Sequence[str]) -> bool:
        """RETURNS (bool): Whether a line has a token, and its columns."""
        is_whole = len(row) == self.n_columns and row[self.token] != ""
        return is_whole and not self.is_extra(row)


class SentenceIds:
    """Finds where sentences begin by the ids of a file. The reader makes one per file
    and passes it each row in order.

    layout (Layout): The columns.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._last: Dict[int, str] = {}

    def begin_sentence(self, row: Sequence[str]) -> bool:
        """Look at the next row.

        row (Sequence[str]): The columns of a token.
        RETURNS (bool): Whether a sentence begins there: the id of the sentence changes,
            or the count of the tokens starts again.
        """
        begins = False
        for k in (*self._layout.sentence_ids, *self._layout.token_ids):
            value = row[k]
            if value in PLACEHOLDERS:
                continue
            last = self._last.get(k, value)
            is_counted = k in self._layout.token_ids
            begins |= value != last and not (is_counted and continues_ids(last, value))
            self._last[k] = value
        return begins
