"""Detect the columns of a token-tag file from its first lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Collection, Dict, Iterator, List, Optional, Sequence, Tuple

from ...errors import Errors
from .conll_columns import (
    TOKEN_NAMES,
    find_outside,
    find_token,
    find_unknown_outside,
    is_chunks,
    is_sentence_name,
    is_tag_like,
    read_header,
)
from .conll_ids import (
    PLACEHOLDERS,
    Values,
    is_blocks,
    is_counter,
    is_repeated,
    is_sequence,
)
from .conll_layout import Layout, SentenceIds
from .conll_lines import (
    COMMENT,
    CSV_SEPARATORS,
    begins_document,
    begins_sentence,
    is_blank,
    is_docstart,
    is_json,
    split_line,
)
from .tag_cells import find_scheme_of_cells
from .tags import AUTO

#: Number of rows in which all words of the first column may look like tags by chance.
FEW = 5
Outsides = Dict[int, Tuple[str, ...]]


@dataclass(frozen=True)
class Wish:
    """The columns that the user named; None, "" and () are to be detected.

    separator (str): One of SEPARATORS.
    token (Optional[int]): The tokens' column.
    tags (Tuple[int, ...]): The layers of tags.
    scheme (str): Scheme of the tags.
    outside (Optional[str]): Tag of tokens outside any span.
    tag_separator (str): Separator of the tags of a cell; see `tag_cells.split_cell`.
    """

    separator: str = ""
    token: Optional[int] = None
    tags: Tuple[int, ...] = field(default=())
    scheme: str = ""
    outside: Optional[str] = None
    tag_separator: str = AUTO


def find_layout(
    lines: Sequence[str], wish: Wish, file: object = ""
) -> Optional[Layout]:
    """Detect the columns of a file from its first lines.

    The separator is a tab, if more than half of the lines have one; else a space, a
    comma or a semicolon, the first of them that gives columns of tags. The number of
    columns is the most frequent one. Layers of tags are the columns where more than
    half of the values are tags, without those of chunks (NP, VP and so on), unless
    there is no other. Tokens are in the column that the header names, or the first
    one that has no ids (see `conll_columns.find_token`).

    lines (Sequence[str]): The first lines.
    wish (Wish): The columns that the user named.
    file (object): The file, for messages.
    RETURNS (Optional[Layout]): The columns; None if no column has tags, if a column
        that the user named is not there, or if the file is JSON.
    RAISES (ValueError): GP123 or GP124 if the columns of tokens or tags are not clear.
    """
    if is_json("\n".join(lines[:FEW])):
        return None
    tokens = token_lines(lines)
    for separator in find_separators(tokens, wish):
        found = _find_columns(tokens, separator, wish, file)
        if found is not None:
            layout = _add_ids(lines, *found)
            scheme = wish.scheme or _find_scheme(lines, layout, wish.tag_separator)
            return replace(layout, scheme=scheme)
    return None


def token_lines(lines: Sequence[str]) -> List[str]:
    """RETURNS (List[str]): The lines that are neither blank nor begin with "#" or
    -DOCSTART-; if there are none, those that begin with "#"."""
    filled = [line for line in lines if not is_blank(line) and not is_docstart(line)]
    return [line for line in filled if not line.startswith(COMMENT)] or filled


def find_separators(tokens: Sequence[str], wish: Wish) -> List[str]:
    """Find the characters that may separate the columns.

    tokens (Sequence[str]): The lines of tokens.
    wish (Wish): The columns that the user named.
    RETURNS (List[str]): Separators, the most likely first. A comma goes before a space
        if the first word of nearly all lines ends in one.
    """
    if wish.separator:
        return [wish.separator]
    if 2 * sum("\t" in line for line in tokens) > len(tokens):
        return ["\t"]
    firsts = [split_line(line, " ")[0] for line in tokens]
    ends = Counter(first[-1:] for first in firsts if len(first) > 1)
    listed = [mark for mark in CSV_SEPARATORS if 10 * ends[mark] >= 9 * len(tokens)]
    return list(dict.fromkeys([*listed, " ", *CSV_SEPARATORS]))


def count_columns(tokens: Sequence[str], separator: str) -> int:
    """RETURNS (int): The most frequent number of columns of lines; 0 without lines."""
    numbers = Counter(len(split_line(line, separator)) for line in tokens)
    return numbers.most_common(1)[0][0] if numbers else 0


def _find_columns(
    tokens: Sequence[str], separator: str, wish: Wish, file: object
) -> Optional[Tuple[Layout, Dict[int, str]]]:
    """RETURNS (Optional[Tuple[Layout, Dict[int, str]]]): The columns, and their names
    from the header."""
    n_columns = count_columns(tokens, separator)
    named = [*wish.tags, *([] if wish.token is None else [wish.token])]
    if not n_columns or max(named, default=0) >= n_columns:
        return None
    pairs = [(line, split_line(line, separator)) for line in tokens]
    pairs = [(line, row) for line, row in pairs if len(row) == n_columns]
    names = read_header(pairs[0][1]) if len(pairs) > 1 else {}
    header = pairs.pop(0)[0] if names else ""
    columns = list(zip(*(row for _, row in pairs)))
    found = _find_tags(columns, wish)
    tags = wish.tags or _choose_tags(columns, found, file)
    if not tags:
        return None
    token = wish.token
    if token is None:
        token = _find_token(columns, {*tags, *found}, names)
    if token is None:
        example = pairs[0][0].strip()[:60]
        raise ValueError(Errors.GP123.format(file=file, example=example))
    outside = {value: k for k in tags for value in found.get(k, ())}
    outside.update({} if wish.outside is None else {wish.outside: -1})
    layout = Layout(separator, n_columns, token, tags, None, "IOB2", tuple(outside))
    return replace(layout, header=header), names


def _find_tags(columns: Sequence[Values], wish: Wish) -> Outsides:
    """RETURNS (Dict[int, Tuple[str, ...]]): The columns of tags, each with its tags of
    tokens outside any span."""
    found = {k: find_outside(values, wish.outside) for k, values in enumerate(columns)}
    tags = {k: v for k, v in found.items() if v is not None and k != wish.token}
    if 0 in tags and len(tags) > 1 and len(columns[0]) < FEW:
        del tags[0]
    return tags


def _choose_tags(
    columns: Sequence[Values], found: Outsides, file: object
) -> Tuple[int, ...]:
    """RETURNS (Tuple[int, ...]): The columns of tags to read. Columns of chunks are
    read only if there are no others. Raise GP124 if this is not clear."""
    tags = tuple(k for k in found if not is_chunks(columns[k]))
    last = max(found, default=0)
    for k in range(len(columns) - 1, last, -1) if not tags else ():
        values = columns[k]
        outside = find_unknown_outside(values)
        if outside is not None:
            tag = next(filter(is_tag_like, values))
            reason = f"column {k} has tags such as {tag!r}, and often {outside!r}"
            raise _unclear_tags(file, reason, k, outside)
        if found and not PLACEHOLDERS.issuperset(values):
            reason = f"column {last} has tags of phrases, such as {columns[last][0]!r}"
            reason += f", and column {k} something else, such as {values[0]!r}"
            raise _unclear_tags(file, reason, last, "O")
    return tags or tuple(found)


def _unclear_tags(file: object, reason: str, column: int, outside: str) -> ValueError:
    fields = {"reason": reason, "column": column, "outside": outside}
    return ValueError(Errors.GP124.format(file=file, **fields))


def _find_token(
    columns: Sequence[Values], tags: Collection[int], names: Dict[int, str]
) -> Optional[int]:
    candidates = [k for k in range(len(columns)) if k not in tags]
    named = {names[k]: k for k in reversed(candidates) if k in names}
    for name in TOKEN_NAMES:
        if name in named:
            return named[name]
    return find_token(columns, candidates) if candidates else None


def _add_ids(lines: Sequence[str], layout: Layout, names: Dict[int, str]) -> Layout:
    """RETURNS (Layout): A layout with the columns of ids of sentences and tokens: those
    before the tokens whose values count, and those that the header names."""
    walked = list(_walk(lines, layout))
    firsts = [is_first for is_first, _ in walked]
    sentences: List[int] = []
    tokens: List[int] = []
    for k, values in enumerate(zip(*(row for _, row in walked))):
        counts = k < layout.token and (is_sequence(values) or is_blocks(values))
        if k == layout.token or k in layout.tags:
            continue
        if not counts and not is_sentence_name(names.get(k, "")):
            continue
        (sentences if is_repeated(values, firsts) else tokens).append(k)
    numbers = [k for k in tokens if is_counter([row[k] for _, row in walked])]
    return replace(
        layout,
        number=next(iter(numbers), None),
        sentence_ids=tuple(sentences),
        token_ids=tuple(tokens),
    )


def _find_scheme(lines: Sequence[str], layout: Layout, tag_separator: str) -> str:
    ids = SentenceIds(layout)
    sentences: List[List[List[str]]] = [[]]
    for is_first, row in _walk(lines, layout):
        if ids.begin_sentence(row) or is_first:
            sentences.append([])
        sentences[-1].append(layout.read_tags(row))
    columns = range(len(layout.tags))
    cells = ([row[i] for row in rows] for i in columns for rows in sentences)
    return find_scheme_of_cells(cells, tag_separator)


def _walk(lines: Sequence[str], layout: Layout) -> Iterator[Tuple[bool, List[str]]]:
    """YIELDS (Tuple[bool, List[str]]): The columns of each token, and whether a line
    before it ends a sentence."""
    is_first = True
    for line in lines:
        row = layout.split(line)
        if is_blank(line) or is_docstart(line) or line == layout.header:
            is_first = True
        elif layout.is_comment(line):
            is_first |= begins_document(line) or begins_sentence(line)
        elif layout.is_token(row):
            yield is_first, row
            is_first = False
        elif len(row) == layout.n_columns:
            is_first |= layout.is_gap(row)
