"""Which columns a token-tag file has, told from its first lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from .json_values import is_kind
from .tags import OUTSIDE, SCHEMES, find_scheme, is_tag

DOCSTART = "-DOCSTART-"
COMMENT = "#"
SEPARATORS = {"tab": "\t", "space": " "}
#: Types of chunks (phrases) in the CoNLL-2000 and CoNLL-2003 data.
CHUNKS = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
    + ("NC", "VC", "PC")
)
_BLANKS = " \t\r"
_SPACES = re.compile("[ \t]+")


@dataclass(frozen=True)
class Layout:
    """The columns of a file.

    separator (str): A tab; or a space, which stands for any number of both.
    n_columns (int): Their number.
    token (int): The tokens' column.
    tags (Tuple[int, ...]): The layers of tags.
    number (Optional[int]): Column of the tokens' numbers in their sentence.
    scheme (str): Scheme of the tags.
    """

    separator: str
    n_columns: int
    token: int
    tags: Tuple[int, ...]
    number: Optional[int] = None
    scheme: str = "IOB2"

    @property
    def others(self) -> List[int]:
        """RETURNS (List[int]): The columns that are neither tokens nor tags."""
        known = {self.token, *self.tags}
        return [column for column in range(self.n_columns) if column not in known]

    def to_meta(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The layout as JSON has it."""
        return {**vars(self), "tags": list(self.tags)}

    @classmethod
    def from_meta(cls, meta: object) -> Optional[Layout]:
        """Read what `to_meta` gave.

        meta (object): Any JSON value.
        RETURNS (Optional[Layout]): The layout; None if the value is none.
        """
        if not isinstance(meta, dict) or set(meta) != {f.name for f in fields(cls)}:
            return None
        layout = cls(**meta)
        tags, number = layout.tags, layout.number
        columns = [layout.token, *(tags if isinstance(tags, list) else [])]
        columns += [] if number is None else [number]
        n_columns = layout.n_columns
        if not all(is_kind(k, int) and k >= 0 for k in [n_columns, *columns]):
            return None
        known = layout.separator in SEPARATORS.values() and layout.scheme in SCHEMES
        fits = len(set(columns)) == len(columns) and max(columns) < n_columns < 1000
        return replace(layout, tags=tuple(tags)) if known and fits and tags else None

    def split(self, line: str) -> List[str]:
        """RETURNS (List[str]): The columns of a line."""
        return split_line(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """RETURNS (bool): Whether a line begins with "#" and is no token's: it has
        another number of columns, or "#" alone in the first and no tag."""
        if not line.startswith(COMMENT):
            return False
        row = self.split(line)
        if len(row) != self.n_columns:
            return True
        return row[0] == COMMENT and not any(is_tag(row[k]) for k in self.tags)


@dataclass(frozen=True)
class Wish:
    """What the user says of the columns; None and "" are to be told from the file.

    separator (str): A tab or a space.
    token (Optional[int]): The tokens' column.
    tags (Tuple[int, ...]): The layers of tags.
    scheme (str): Scheme of the tags.
    """

    separator: str = ""
    token: Optional[int] = None
    tags: Tuple[int, ...] = field(default=())
    scheme: str = ""


def split_line(line: str, separator: str) -> List[str]:
    """RETURNS (List[str]): The columns of a line."""
    if separator == "\t":
        return line.split("\t")
    return _SPACES.split(line.strip(_BLANKS))


def is_blank(line: str) -> bool:
    """RETURNS (bool): Whether a line ends a sentence: it has spaces and tabs only."""
    return not line.strip(_BLANKS)


def find_layout(lines: Sequence[str], wish: Wish) -> Optional[Layout]:
    """Tell the columns of a file from its first lines.

    The separator is a tab, if more than half of the lines have one. The number of
    columns is the most frequent one. Tokens are in the first column, or in the
    second if the first counts them. Layers of tags are the columns where more than
    half of the values are tags, without those of chunks (NP, VP and so on), unless
    there is no other.

    lines (Sequence[str]): The first lines.
    wish (Wish): What is known already.
    RETURNS (Optional[Layout]): The columns; None if no column has tags, or if
        a column that the user named is not there.
    """
    lines = [line for line in lines if not line.startswith(DOCSTART)]
    plain = _without_comments(lines)
    separator, n_columns = count_columns(plain, wish)
    sentences = list(_sentences(plain, separator, n_columns))
    shares = [_is_tag_column(sentences, column) for column in range(n_columns)]
    number = 0 if _is_number_column(sentences, shares) else None
    token = (0 if number is None else 1) if wish.token is None else wish.token
    found = [k for k in range(n_columns) if shares[k] and k not in (token, number)]
    found = [k for k in found if not _is_chunk_column(sentences, k)] or found
    tags = wish.tags or tuple(found)
    if not tags or max(token, *tags) >= n_columns:
        return None
    kept = None if number in (token, *tags) else number
    layout = Layout(separator, n_columns, token, tags, kept, wish.scheme or "IOB2")
    if wish.scheme:
        return layout
    used = [line for line in lines if not layout.is_comment(line)]
    sentences = list(_sentences(used, separator, n_columns))
    columns = [[row[k] for row in rows] for k in tags for rows in sentences]
    return replace(layout, scheme=find_scheme(columns))


def count_columns(lines: Sequence[str], wish: Wish) -> Tuple[str, int]:
    """Tell what parts the columns of a file, and how many there are.

    lines (Sequence[str]): The first lines.
    wish (Wish): What is known already.
    RETURNS (Tuple[str, int]): The separator, and the most frequent number of columns;
        0 if no line is a token's.
    """
    plain = [line for line in lines if not line.startswith(DOCSTART)]
    tokens = [line for line in _without_comments(plain) if not is_blank(line)]
    n_tabs = sum("\t" in line for line in tokens)
    separator = wish.separator or ("\t" if 2 * n_tabs > len(tokens) else " ")
    numbers = Counter(len(split_line(line, separator)) for line in tokens)
    return separator, numbers.most_common(1)[0][0] if numbers else 0


def _without_comments(lines: Sequence[str]) -> Sequence[str]:
    """RETURNS (Sequence[str]): The lines that do not begin with "#", or all if those
    are blank."""
    plain = [line for line in lines if not line.startswith(COMMENT)]
    return plain if any(not is_blank(line) for line in plain) else lines


def _sentences(
    lines: Sequence[str], separator: str, n_columns: int
) -> Iterator[List[List[str]]]:
    """YIELDS (List[List[str]]): The rows of each sentence that have all columns."""
    rows: List[List[str]] = []
    for line in [*lines, ""]:
        row = split_line(line, separator)
        if not is_blank(line):
            rows += [row] if len(row) == n_columns else []
        elif rows:
            yield rows
            rows = []


def _is_tag_column(sentences: Sequence[List[List[str]]], column: int) -> bool:
    values = [is_tag(row[column]) for rows in sentences for row in rows]
    return 2 * sum(values) > len(values)


def _is_number_column(
    sentences: Sequence[List[List[str]]], shares: Sequence[bool]
) -> bool:
    """RETURNS (bool): Whether the first of three or more columns, of which the second
    has no tags, counts from 1 in each sentence."""
    if len(shares) < 3 or shares[1]:
        return False
    return all(
        row[0] == str(i) for rows in sentences for i, row in enumerate(rows, start=1)
    )


def _is_chunk_column(sentences: Sequence[List[List[str]]], column: int) -> bool:
    values = {row[column] for rows in sentences for row in rows} - {OUTSIDE}
    labels = {value.partition("-")[2] for value in values}
    return bool(labels) and labels <= CHUNKS
