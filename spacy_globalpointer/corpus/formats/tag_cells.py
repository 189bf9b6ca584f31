"""Convert cells that contain several tags, such as "I-ORG|B-GPE", to layers of tags.

Some corpora of nested spans write all tags of a token into one cell. A cell is read as
several tags if every part is a tag: "B-GPE/LOC" is one tag, because "LOC" is not a tag.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from .tags import AUTO, OUTSIDE, find_scheme, is_tag, split_tag

NONE = "none"
SPACE = "space"
#: Characters that separate tags. "O" can be one of several tags only with the second
#: set.
_SEPARATORS = "|;,/+&#"
_WITH_OUTSIDE = "|;"
#: Highest number of tags in a cell. A higher one shows that the format is wrong.
_MOST = 50
#: Prefixes (those of BIOES) that continue a span.
_INNER = ("I", "E")
#: Text that looks like a second tag, after any character. Labels may contain "-" and
#: "_", as in "B-line_S-Bahn", so only prefixes of all schemes count after these.
_SECOND = r"(?<=.{3})(?:[^\w-][BIMESLU]|[-_][BI])-"
_SEVERAL = re.compile(rf"[|;,/+&# ]|{_SECOND}", re.S)
_IS_UNCLEAR = re.compile(rf"[|]|{_SECOND}", re.S)


def split_cell(cell: str, separator: str = AUTO) -> Optional[Tuple[str, ...]]:
    """Split a cell into its tags.

    cell (str): The cell.
    separator (str): Separator of tags: a text, "space", "none", or "auto".
    RETURNS (Optional[Tuple[str, ...]]): The tags; the cell itself if it is one tag, or
        not a tag. None if it is not clear whether it is one tag or several, because a
        label contains "|" or looks like it contains a tag.
    """
    if separator not in (AUTO, NONE):
        own = " " if separator == SPACE else separator
        return tuple(part.strip() for part in cell.split(own))
    if separator == NONE or not _SEVERAL.search(cell):
        return (cell,)
    for mark in _SEPARATORS:
        parts = _split(cell, mark)
        if parts and (mark in _WITH_OUTSIDE or OUTSIDE not in parts):
            return parts
    unclear = is_tag(cell) and _IS_UNCLEAR.search(cell) is not None
    return None if unclear else (cell,)


def _split(cell: str, mark: str) -> Optional[Tuple[str, ...]]:
    if not 0 < cell.count(mark) < _MOST:
        return None
    parts = tuple(part.strip() for part in cell.split(mark))
    return parts if all(map(is_tag, parts)) else None


def is_cell(cell: str) -> bool:
    """RETURNS (bool): Whether a cell has one or several tags."""
    return all(map(is_tag, split_cell(cell) or ("O",)))


def split_layers(cells: Sequence[Sequence[str]], scheme: str) -> List[List[str]]:
    """Put the tags of cells into layers.

    A tag that continues a span goes into the layer of that span. If several layers fit,
    the one at the position of the tag in its cell is used. Other tags go into the first
    free layers.

    cells (Sequence[Sequence[str]]): The tags of each token.
    scheme (str): Their scheme.
    RETURNS (List[List[str]]): For each layer, one tag per token.
    """
    if all(len(cell) == 1 for cell in cells):
        return [[cell[0] for cell in cells]]
    layers: List[List[str]] = [[]]
    for i, cell in enumerate(cells):
        placed = [""] * len(layers)
        begins = []
        open_layers = _open_layers(layers, scheme) if i else {}
        for place, tag in enumerate(cell):
            prefix, label = split_tag(tag, scheme)
            fitting = open_layers.get(label) if prefix in _INNER else None
            if fitting:
                k = place if place in fitting else fitting[0]
                fitting.remove(k)
                placed[k] = tag
            elif tag != OUTSIDE:
                begins.append(tag)
        for tag in begins:
            if "" not in placed:
                placed.append("")
                layers.append([OUTSIDE] * i)
            placed[placed.index("")] = tag
        for layer, tag in zip(layers, placed):
            layer.append(tag or OUTSIDE)
    return layers


def _open_layers(layers: Sequence[Sequence[str]], scheme: str) -> Dict[str, List[int]]:
    """RETURNS (Dict[str, List[int]]): By label, the layers that end in an open span."""
    found: Dict[str, List[int]] = {}
    for k, layer in enumerate(layers):
        prefix, label = split_tag(layer[-1], scheme)
        if prefix in ("B", "I"):
            found.setdefault(label, []).append(k)
    return found


def find_scheme_of_cells(
    sentences: Iterable[Sequence[str]], separator: str = AUTO
) -> str:
    """Detect the scheme of cells that may contain several tags; see `tags.find_scheme`.

    sentences (Iterable[Sequence[str]]): The cells of a column, by sentence.
    separator (str): As in `split_cell`.
    RETURNS (str): The scheme.
    """
    layers: List[List[str]] = []
    for cells in sentences:
        tags = [split_cell(cell, separator) or (cell,) for cell in cells]
        layers += split_layers(tags, "IOB2")
    return find_scheme(layers)


def count_continued(
    before: Sequence[Sequence[str]], after: Sequence[Sequence[str]], scheme: str
) -> int:
    """Count the spans that continue after the end of a sentence.

    before (Sequence[Sequence[str]]): For each column, the tags of the last token.
    after (Sequence[Sequence[str]]): The tags of the first token of the next sentence.
    scheme (str): Their scheme.
    RETURNS (int): Tags that continue a span. There are none in IOB1, where the first
        tag of a span is an I.
    """
    if scheme == "IOB1":
        return 0
    n_continued = 0
    for lasts, firsts in zip(before, after):
        parts = (split_tag(tag, scheme) for tag in lasts)
        open_labels = Counter(label for prefix, label in parts if prefix in ("B", "I"))
        parts = (split_tag(tag, scheme) for tag in firsts)
        wanted = Counter(label for prefix, label in parts if prefix in _INNER)
        n_continued += sum((open_labels & wanted).values())
    return n_continued


def is_part_of(cell: str, before: str, after: str, scheme: str) -> bool:
    """Check whether the span of a line without a token belongs to a token next to it.

    cell (str): Its tags.
    before (str): The tags of the token before.
    after (str): Those of the token after.
    scheme (str): Their scheme.
    RETURNS (bool): Whether no span is lost without the line. One of the two tokens must
        be in the same span, and the line must not separate that from another span.
    """
    lefts = {label for _, label in _read(before, scheme)}
    rights = {label for _, label in _read(after, scheme)}
    continued = {label for prefix, label in _read(after, scheme) if prefix in _INNER}
    for prefix, label in _read(cell, scheme):
        known = lefts | rights if prefix in _INNER else continued - lefts
        if prefix != OUTSIDE and (not label or label not in known):
            return False
    return True


def has_labels(cell: str, other: str, scheme: str) -> bool:
    """RETURNS (bool): Whether all labels of a cell are also labels of another one."""
    labels = {label for _, label in _read(other, scheme)}
    tags = [tag for tag in _read(cell, scheme) if tag[0] != OUTSIDE]
    return all(label and label in labels for _, label in tags)


def _read(cell: str, scheme: str) -> List[Tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): The tags of a cell, see `tags.split_tag`."""
    return [split_tag(tag, scheme) for tag in split_cell(cell) or (cell,)]
