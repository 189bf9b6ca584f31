"""The walk over the allowed cells of the span matrices, a tile at a time.

A span is allowed if it does not end before it starts, is in one document and has at
most ``max_span_length`` tokens. Search and loss process one tile after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Iterable, Iterator, List, Optional, Tuple, Union

import torch
from torch import Tensor

from .states import PointerStates

#: Highest number of scores of a tile: 8 MiB in float32. More scores are not faster, and
#: need more memory.
TILE_CELLS = 2**21
#: Overhead of a tile, as a number of cells: about 0.3 ms of calls.
TILE_OVERHEAD = 400_000
#: Highest number of labels of a tile. With more, its sides are short and its products
#: slow.
TILE_LABELS = 16

#: Indices on the token axis, of one document or of each of several.
Places = Union[slice, Tensor]


@dataclass(frozen=True)
class Tile:
    """Block of the span matrix of one document, or the same block of several documents.

    docs (Tuple[int, ...]): Index of each document in the batch.
    offsets (Tuple[int, ...]): Index of each document's first token on the token axis.
    lengths (Tuple[int, ...]): Tokens of each document. Blocks of several documents are
        padded to the longest; a block of one document is not padded.
    labels (slice): The labels that are scored.
    row (int): First start token, counted from the document's first token.
    column (int): First end token, counted in the same way.
    n_rows (int): Number of start tokens.
    n_columns (int): Number of end tokens.
    """

    docs: Tuple[int, ...]
    offsets: Tuple[int, ...]
    lengths: Tuple[int, ...]
    labels: slice
    row: int
    column: int
    n_rows: int
    n_columns: int

    def rows(self, device: torch.device) -> Places:
        """Return the start tokens on the token axis: a slice for one document,
        otherwise shape (docs, rows), padded with the last token."""
        return self._places(self.row, self.n_rows, device)

    def columns(self, device: torch.device) -> Places:
        """Return the end tokens on the token axis, in the same form."""
        return self._places(self.column, self.n_columns, device)

    def _places(self, first: int, n: int, device: torch.device) -> Places:
        if len(self.docs) == 1:
            return slice(self.offsets[0] + first, self.offsets[0] + first + n)
        offsets = torch.tensor(self.offsets, device=device)[:, None]
        last = torch.tensor(self.lengths, device=device)[:, None] - 1
        tokens = torch.arange(first, first + n, device=device)
        return offsets + torch.minimum(tokens[None], last)


def take(x: Tensor, places: Places) -> Tensor:
    """Select the rows of a tensor at a tile's tokens.

    x (Tensor): Shape (tokens, …).
    places (Places): `Tile.rows` or `Tile.columns`.
    RETURNS (Tensor): Shape (docs, rows or columns, …).
    """
    return x[places][None] if isinstance(places, slice) else x[places]


def add_at(x: Tensor, places: Places, values: Tensor) -> None:
    """Add values to a tensor at a tile's tokens. This is the opposite of `take`.

    x (Tensor): Shape (tokens, …).
    places (Places): `Tile.rows` or `Tile.columns`.
    values (Tensor): Shape (docs, rows or columns, …); padding is left out.
    """
    if isinstance(places, slice):
        x[places] += values[0]
    else:  # padding repeats the last token; otherwise no token is repeated
        new = places.diff(dim=1, prepend=places[:, :1] - 1) != 0
        x.index_add_(0, places[new], values[new])


def at_tile(x: Tensor, tile: Tile) -> Tensor:
    """Select the values of a tile from values for each document and label.

    x (Tensor): Shape (documents of the batch, labels).
    tile (Tile): The tile.
    RETURNS (Tensor): Shape (docs, labels, 1, 1).
    """
    return x[list(tile.docs), tile.labels][:, :, None, None]


def walk(
    states: PointerStates,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
    multiple: int = 1,
) -> Iterator[Tile]:
    """Visit every allowed cell of every label once, a tile at a time.

    Short documents of about the same length share a tile; long ones are cut into
    tiles along both axes.

    states (PointerStates): The batch.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    multiple (int): Number of tokens of which the sides of a long document's tiles are
        multiples, except at its end.
    YIELDS (Tile): The tiles, in the same order every time.
    """
    gpu = states.queries.device.type != "cpu"
    max_cells = 4 * TILE_CELLS if gpu else TILE_CELLS
    for labels in _groups_of_labels(states.n_labels):
        n_labels = labels.stop - labels.start
        sides = [
            size or tile_size(length, n_labels, max_span_length, max_cells)
            for length in states.lengths
        ]
        batch = list(enumerate(zip(states.offsets, states.lengths, sides)))
        short = [(n, doc, offset) for doc, (offset, n, side) in batch if 0 < n <= side]
        for group in _groups_of_docs(short, n_labels, max_cells):
            lengths, docs, offsets = zip(*group)
            yield Tile(docs, offsets, lengths, labels, 0, 0, lengths[0], lengths[0])
        for doc, (offset, length, side) in batch:
            if length > side:
                for corner in _blocks(length, side, max_span_length, multiple):
                    yield Tile((doc,), (offset,), (length,), labels, *corner)


def tile_size(
    length: int, n_labels: int, max_span_length: Optional[int], max_cells: int
) -> int:
    """Return the side of the square tile that is fastest for a document.

    With n tokens, L labels and sides of s, there are n² / 2s² tiles. Each tile has an
    overhead of O = TILE_OVERHEAD cells, and on the diagonal n · s · L / 2 cells are
    computed without need. The sum is lowest at s³ = 2 · n · O / L. If a longest span m
    limits the matrix to a band, the same formula holds with m instead of n.

    length (int): Tokens of the document.
    n_labels (int): Labels of a tile.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    max_cells (int): Highest number of cells of a tile.
    RETURNS (int): The side in tokens.
    """
    reach = length if max_span_length is None else min(length, max_span_length)
    cheapest = (2 * reach * TILE_OVERHEAD / n_labels) ** (1 / 3)
    return max(16, int(min(cheapest, (max_cells / n_labels) ** 0.5)))


def _groups_of_labels(n_labels: int) -> Iterator[slice]:
    for label in range(0, n_labels, TILE_LABELS):
        yield slice(label, min(label + TILE_LABELS, n_labels))


def _groups_of_docs(
    docs: Iterable[Tuple[int, int, int]], n_labels: int, max_cells: int
) -> Iterator[List[Tuple[int, int, int]]]:
    """Group (length, document, offset), the longest first. A group fits one tile, and
    has no more padding than the cost of another tile."""
    group: List[Tuple[int, int, int]] = []
    padding = 0
    for length, doc, offset in sorted(docs, key=lambda entry: (-entry[0], entry[1])):
        if group:
            cells = group[0][0] ** 2 * n_labels
            padding += cells - length**2 * n_labels
            if (len(group) + 1) * cells > max_cells or padding > TILE_OVERHEAD:
                yield group
                group, padding = [], 0
        group.append((length, doc, offset))
    if group:
        yield group


def _blocks(
    length: int, side: int, max_span_length: Optional[int], multiple: int
) -> Iterator[Tuple[int, int, int, int]]:
    """Yield row, column, rows and columns of each tile of a document. All tiles have
    about the same size, so that none at the end is very small."""
    for row, row_end in _cuts(0, length, side, multiple):
        reach = length if max_span_length is None else row_end - 1 + max_span_length
        for column, column_end in _cuts(row, min(reach, length), side, multiple):
            yield row, column, row_end - row, column_end - column


def _cuts(start: int, end: int, side: int, multiple: int) -> Iterator[Tuple[int, int]]:
    n = ceil((end - start) / side)
    inner = [start + (end - start) * i // n // multiple * multiple for i in range(1, n)]
    cuts = [start, *sorted({*inner} - {start}), end]
    return zip(cuts[:-1], cuts[1:])


def cells_in_tile(tile: Tile, cells: Tensor) -> Tuple[Tensor, ...]:
    """Find the cells that are in a tile.

    cells (Tensor): Shape (cells, 4), int64: document, label, first token, last
        token (inclusive).
    RETURNS (Tuple[Tensor, ...]): The indices of these cells in the tile's scores, a
        tensor for each of the four axes.
    """
    docs = cells[:, 0].contiguous()
    tile_docs, order = cells.new_tensor(tile.docs).sort()
    place = torch.searchsorted(tile_docs, docs)
    place.clamp_(max=len(tile_docs) - 1)
    sizes = (tile.labels.stop - tile.labels.start, tile.n_rows, tile.n_columns)
    firsts = (tile.labels.start, tile.row, tile.column)
    within = cells[:, 1:] - cells.new_tensor(firsts)
    inside = ((within >= 0) & (within < cells.new_tensor(sizes))).all(1)
    inside &= tile_docs[place] == docs
    which = inside.nonzero()[:, 0]
    return order[place[which]], *within[which].unbind(1)


def is_allowed(
    starts: Tensor, ends: Tensor, lengths: Tensor, max_span_length: Optional[int]
) -> Tensor:
    """Check whether the walk visits some spans.

    starts (Tensor): First token of each span, int64.
    ends (Tensor): Last token of each span, inclusive.
    lengths (Tensor): Number of tokens of each span's document.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    RETURNS (Tensor): Bool, with the same shape.
    """
    allowed = (starts >= 0) & (starts <= ends) & (ends < lengths)
    if max_span_length is not None:
        allowed &= ends - starts < max_span_length
    return allowed
