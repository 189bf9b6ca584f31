"""The walk over the allowed cells of the span matrices, a tile at a time.

This is the only place that says which spans exist (start ≤ end, both in one
document, no longer than ``max_span_length`` tokens) and how a block of scores is
computed. Search and loss are what happens at a tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from .cells import take_vectors
from .states import PointerStates, score_dtype

#: Scores of a tile: 8 MiB in float32. More are not faster, and would take memory.
TILE_CELLS = 2**21
#: What a tile costs besides its cells, as a number of cells: some 0.3 ms of calls.
TILE_OVERHEAD = 400_000
#: Labels of a tile at most; with more its sides would be short and its products slow.
TILE_LABELS = 16

# Exponents below this are raised to it: e^-60 vanishes beside the 1 of the formula,
# while numbers near the end of float32's range would make a CPU crawl.
_LOWEST_EXPONENT = -60.0

#: Places on the token axis: of one document, or of each of several.
Places = Union[slice, Tensor]


@dataclass(frozen=True)
class Tile:
    """A block of the span matrix of one document, or the same block of several.

    docs (Tuple[int, ...]): Index of each document in the batch.
    offsets (Tuple[int, ...]): Place of each one's first token on the token axis.
    lengths (Tuple[int, ...]): Tokens of each. Blocks of several documents are
        padded to the longest; a block of one document never is.
    labels (slice): The labels that are scored.
    row (int): First start token, counted from the document's first token.
    column (int): First end token, counted likewise.
    n_rows (int): Start tokens.
    n_columns (int): End tokens.
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
        """RETURNS (Places): The start tokens on the token axis, a slice for one
        document, otherwise shape (docs, rows) with the last token as padding."""
        return self._places(self.row, self.n_rows, device)

    def columns(self, device: torch.device) -> Places:
        """RETURNS (Places): The end tokens on the token axis, likewise."""
        return self._places(self.column, self.n_columns, device)

    def _places(self, first: int, n: int, device: torch.device) -> Places:
        if len(self.docs) == 1:
            return slice(self.offsets[0] + first, self.offsets[0] + first + n)
        offsets = torch.tensor(self.offsets, device=device)[:, None]
        last = torch.tensor(self.lengths, device=device)[:, None] - 1
        tokens = torch.arange(first, first + n, device=device)
        return offsets + torch.minimum(tokens[None], last)


def take(x: Tensor, places: Places) -> Tensor:
    """What a tensor holds at a tile's tokens.

    x (Tensor): Shape (tokens, …).
    places (Places): `Tile.rows` or `Tile.columns`.
    RETURNS (Tensor): Shape (docs, rows or columns, …).
    """
    return x[places][None] if isinstance(places, slice) else x[places]


def add_at(x: Tensor, places: Places, values: Tensor) -> None:
    """Add to what a tensor holds at a tile's tokens; the opposite of `take`.

    x (Tensor): Shape (tokens, …).
    places (Places): `Tile.rows` or `Tile.columns`.
    values (Tensor): Shape (docs, rows or columns, …), 0 at padding.
    """
    if isinstance(places, slice):
        x[places] += values[0]
    else:
        x.index_add_(0, places.flatten(), values.flatten(0, 1))


def at_tile(x: Tensor, tile: Tile) -> Tensor:
    """The part of a value for each document and label that a tile needs.

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
) -> Iterator[Tile]:
    """Visit every allowed cell of every label once, a tile at a time.

    Short documents of about the same length share a tile; long ones are cut into
    tiles along both axes.

    states (PointerStates): The batch.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
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
                for corner in _blocks(length, side, max_span_length):
                    yield Tile((doc,), (offset,), (length,), labels, *corner)


def tile_size(
    length: int, n_labels: int, max_span_length: Optional[int], max_cells: int
) -> int:
    """The side of a square tile that is cheapest for a document.

    Of n tokens and L labels, with sides of s, there are n² / 2s² tiles, each of
    which costs O = TILE_OVERHEAD cells, and on the diagonal n · s · L / 2 cells are
    computed for nothing. The sum is lowest at s³ = 2 · n · O / L; where a longest
    span m bounds the matrix to a band, the same holds with m in the place of n.

    length (int): Tokens of the document.
    n_labels (int): Labels of a tile.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    max_cells (int): Cells that a tile may have.
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
    """Group (length, document, offset), the longest first: as many as a tile may
    hold, and no more padding than another tile would cost."""
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
    length: int, side: int, max_span_length: Optional[int]
) -> Iterator[Tuple[int, int, int, int]]:
    """Row, column, rows and columns of each tile of a document: even cuts, so that
    no sliver is left at the end."""
    for row, row_end in _cuts(0, length, side):
        reach = length if max_span_length is None else row_end - 1 + max_span_length
        for column, column_end in _cuts(row, min(reach, length), side):
            yield row, column, row_end - row, column_end - column


def _cuts(start: int, end: int, side: int) -> Iterator[Tuple[int, int]]:
    n = ceil((end - start) / side)
    cuts = [start + (end - start) * i // n for i in range(n + 1)]
    return zip(cuts[:-1], cuts[1:])


class Scratch:
    """Memory for the scores of one tile after another: fresh memory costs a CPU
    about as much as the scores."""

    def __init__(self) -> None:
        self._memory: Optional[Tensor] = None

    def empty(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Memory of some shape, which is the last one's again.

        shape (Sequence[int]): The shape.
        like (Tensor): A tensor of the type and device that are wanted.
        RETURNS (Tensor): The memory, not initialized.
        """
        size = prod(shape)
        if self._memory is None or self._memory.numel() < size:
            self._memory = like.new_empty(size)
        return self._memory[:size].view(*shape)


def score_tile(
    states: PointerStates,
    tile: Tile,
    *,
    max_span_length: Optional[int] = None,
    shift: Optional[Tensor] = None,
    scratch: Optional[Scratch] = None,
) -> Tensor:
    """Scores of a tile, −inf where no span is allowed.

    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    shift (Optional[Tensor]): What to subtract from the scores, shape (documents of
        the batch, labels), in the type of the scores.
    scratch (Optional[Scratch]): Memory for the products; None for fresh memory.
    RETURNS (Tensor): Shape (docs, labels, rows, columns), float32 (float64 for
        states in float64), safe to write on.
    """
    device, labels = states.queries.device, tile.labels
    rows, columns = tile.rows(device), tile.columns(device)
    queries, keys = operands(states, tile)
    keys = keys.transpose(2, 3)
    scores = _products(queries, keys, scale=states.scale, scratch=scratch)
    term = _row_term(states, tile, rows, shift)
    if term is not None:
        shared = scores.shape[1] < term.shape[1]
        scores = scores + term if shared else scores.add_(term)
    if states.end is not None:
        end = take(states.end, columns)[..., labels].to(scores.dtype)
        scores += end.transpose(1, 2)[:, :, None]
    for forbidden in _forbidden(tile, max_span_length, like=scores):
        scores += forbidden
    return scores


def exponentials(exponents: Tensor) -> Tensor:
    """Exponentials of a tile, written over the exponents.

    exponents (Tensor): Any shape; those below -60 count as -60.
    RETURNS (Tensor): The exponentials.
    """
    return exponents.clamp_(min=_LOWEST_EXPONENT).exp_()


def add_tile_gradient(
    gradient: PointerStates, states: PointerStates, tile: Tile, weights: Tensor
) -> Tensor:
    """Add what the gradient by the scores of a tile gives.

    gradient (PointerStates): Is added to.
    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    weights (Tensor): Gradient by each score, shape (docs, labels, rows, columns).
    RETURNS (Tensor): The sums of the rows, shape (docs, labels, rows).
    """
    device, labels = weights.device, tile.labels
    row_sums = weights.sum(3)
    if gradient.start is not None:
        starts = gradient.start[:, labels]
        add_at(starts, tile.rows(device), row_sums.transpose(1, 2))
    if gradient.end is not None:
        ends = gradient.end[:, labels]
        add_at(ends, tile.columns(device), weights.sum(2).transpose(1, 2))
    if states.queries.shape[1] < states.n_labels:
        weights = weights.sum(1, keepdim=True)
    add_product_gradient(gradient, states, tile, weights)
    return row_sums


def add_product_gradient(
    gradient: PointerStates, states: PointerStates, tile: Tile, weights: Tensor
) -> None:
    """Add what the gradient by the scaled products of a tile gives.

    gradient (PointerStates): Is added to.
    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    weights (Tensor): Gradient by each one, shape (docs, heads, rows, columns).
    """
    device, heads, scale = weights.device, _heads(states, tile), states.scale
    queries, keys = operands(states, tile)
    forth = _products(weights, keys, scale=scale).transpose(1, 2)
    add_at(gradient.queries[:, heads], tile.rows(device), forth)
    back = _products(weights.transpose(2, 3), queries, scale=scale).transpose(1, 2)
    add_at(gradient.keys[:, heads], tile.columns(device), back)


def _products(
    x: Tensor, y: Tensor, *, scale: float, scratch: Optional[Scratch] = None
) -> Tensor:
    """scale · x @ y for two stacks of stacks of matrices. The factor is the matrix
    product's own, and costs nothing."""
    shape = (x.shape[0] * x.shape[1], x.shape[2], y.shape[3])
    unused = x.new_zeros(()).expand(shape)
    x, y, stacks = x.flatten(0, 1), y.flatten(0, 1), x.shape[:2]
    out = None if scratch is None else scratch.empty(shape, like=x)
    products = torch.baddbmm(unused, x, y, beta=0, alpha=scale, out=out)
    return products.unflatten(0, stacks)


def _heads(states: PointerStates, tile: Tile) -> slice:
    return tile.labels if states.queries.shape[1] > 1 else slice(0, 1)


def operands(states: PointerStates, tile: Tile) -> Tuple[Tensor, Tensor]:
    """Queries and keys of a tile in the type of the scores.

    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    RETURNS (Tuple[Tensor, Tensor]): Shapes (docs, heads, rows, width) and (docs,
        heads, columns, width).
    """
    dtype, device = score_dtype(states), states.queries.device
    heads = _heads(states, tile)
    queries = _take_heads(states.queries, tile.rows(device), heads)
    keys = _take_heads(states.keys, tile.columns(device), heads)
    return queries.to(dtype), keys.to(dtype)


def _take_heads(x: Tensor, places: Places, heads: slice) -> Tensor:
    """(tokens, heads, width) to (docs, heads, rows or columns, width)."""
    if isinstance(places, slice):
        return x[places, heads].transpose(0, 1)[None]
    numbers = torch.arange(heads.start, heads.stop, device=x.device)
    return take_vectors(x, places[:, None], numbers[:, None])


def _row_term(
    states: PointerStates, tile: Tile, rows: Places, shift: Optional[Tensor]
) -> Optional[Tensor]:
    """Start terms less the shift, shape (docs, labels, rows or 1, 1)."""
    term = None
    if states.start is not None:
        term = take(states.start, rows)[..., tile.labels].to(score_dtype(states))
        term = term.transpose(1, 2)[..., None]
    if shift is not None:
        less = at_tile(shift, tile)
        term = -less if term is None else term - less
    if term is None and states.queries.shape[1] < states.n_labels:
        n_labels = tile.labels.stop - tile.labels.start
        term = states.queries.new_zeros((1, n_labels, 1, 1), dtype=score_dtype(states))
    return term


def _forbidden(
    tile: Tile, max_span_length: Optional[int], *, like: Tensor
) -> Iterator[Tensor]:
    """What to add to a tile's scores, −inf where a cell is no span: adding is much
    faster than filling. Of a cell, end − start is column − row + first."""
    first = tile.column - tile.row
    block = (tile.n_rows, tile.n_columns)
    if first < tile.n_rows - 1:  # ends before starts
        yield like.new_full(block, -torch.inf).tril_(-first - 1)
    if max_span_length is not None and first + tile.n_columns > max_span_length:
        yield like.new_full(block, -torch.inf).triu_(max_span_length - first)
    if min(tile.lengths) < tile.column + tile.n_columns:  # padding
        ends = torch.arange(tile.column, tile.column + tile.n_columns)
        beyond = ends >= torch.tensor(tile.lengths)[:, None]
        padding = torch.zeros(beyond.shape).masked_fill_(beyond, -torch.inf)
        yield padding.to(like)[:, None, None]


def cells_in_tile(tile: Tile, cells: Tensor) -> Tuple[Tensor, ...]:
    """Which of some cells lie in a tile.

    cells (Tensor): Shape (cells, 4), int64: document, label, first token, last
        token (inclusive).
    RETURNS (Tuple[Tensor, ...]): Their indices in the tile's scores, a tensor for
        each of the four axes.
    """
    docs, labels, starts, ends = cells.unbind(1)
    is_doc = docs[:, None] == torch.tensor(tile.docs, device=cells.device)
    labels, starts = labels - tile.labels.start, starts - tile.row
    ends = ends - tile.column
    inside = is_doc.any(1) & (labels >= 0)
    inside &= labels < tile.labels.stop - tile.labels.start
    inside &= (starts >= 0) & (starts < tile.n_rows)
    inside &= (ends >= 0) & (ends < tile.n_columns)
    which = inside.nonzero()[:, 0]
    position = is_doc[which].long().argmax(1)
    return position, labels[which], starts[which], ends[which]
