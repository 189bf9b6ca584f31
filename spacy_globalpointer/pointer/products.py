"""Scores of a tile, and their gradient."""

from __future__ import annotations

from math import prod
from typing import Iterator, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .cells import take_vectors
from .states import PointerStates, score_dtype
from .tiles import Places, Tile, add_at, at_tile, take

# Exponents below this are raised to it. e^-60 is lost next to the 1 of the formula, and
# numbers near the end of float32's range make a CPU very slow.
_LOWEST_EXPONENT = -60.0
#: Products of rounded states are two to three times as fast in tiles whose sides are
#: multiples of this.
ROUNDED_MULTIPLE = 64


class Scratch:
    """Memory that the scores of all tiles share. On a CPU, new memory for each tile
    would take about as long as computing the scores."""

    def __init__(self) -> None:
        self._memory: Optional[Tensor] = None
        self._kind: Optional[Tuple[torch.dtype, torch.device]] = None

    def empty(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return memory of some shape. It overwrites the memory returned before.

        shape (Sequence[int]): The shape.
        like (Tensor): A tensor with the type and device to use.
        RETURNS (Tensor): The memory, not initialized.
        """
        size, memory = prod(shape), self._memory
        kind = (like.dtype, like.device)
        if memory is None or memory.numel() < size or kind != self._kind:
            memory = self._memory = like.new_empty(size)
            self._kind = kind
        return memory[:size].view(*shape)


def score_tile(
    states: PointerStates,
    tile: Tile,
    *,
    max_span_length: Optional[int] = None,
    shift: Optional[Tensor] = None,
    scratch: Optional[Scratch] = None,
) -> Tensor:
    """Compute the scores of a tile, with −inf where no span is allowed.

    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    shift (Optional[Tensor]): Values to subtract from the scores, shape (documents of
        the batch, labels), in the type of the scores.
    scratch (Optional[Scratch]): Memory for the products; None for new memory.
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


def rounded_products(
    states: PointerStates,
    tile: Tile,
    *,
    max_span_length: Optional[int] = None,
    scratch: Scratch,
) -> Tensor:
    """Compute the products of a tile in the type of the states, with 0 where no span is
    allowed.

    states (PointerStates): Rounded states, with scale 1.
    tile (Tile): One of the tiles of `walk`.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    scratch (Scratch): Memory for the products.
    RETURNS (Tensor): Shape (docs, heads, rows, columns). Padding is not 0.
    """
    queries, keys = (x.flatten(0, 1) for x in _stored_operands(states, tile))
    shape = (len(queries), tile.n_rows, tile.n_columns)
    products = scratch.empty(shape, like=queries)
    torch.bmm(queries, keys.transpose(1, 2), out=products)
    first = tile.column - tile.row
    if first < tile.n_rows - 1:  # ends before starts
        products.triu_(-first)
    if max_span_length is not None and first + tile.n_columns > max_span_length:
        products.tril_(max_span_length - first - 1)
    return products.unflatten(0, (len(tile.docs), -1))


def exponentials(exponents: Tensor) -> Tensor:
    """Compute the exponentials of a tile in place.

    exponents (Tensor): Any shape; those below -60 count as -60.
    RETURNS (Tensor): The exponentials.
    """
    return exponents.clamp_(min=_LOWEST_EXPONENT).exp_()


def add_tile_gradient(
    gradient: PointerStates, states: PointerStates, tile: Tile, weights: Tensor
) -> Tensor:
    """Add the gradient that comes from the scores of a tile.

    gradient (PointerStates): The gradient to add to.
    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    weights (Tensor): Gradient with respect to each score, shape (docs, labels, rows,
        columns).
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
    """Add the gradient that comes from the scaled products of a tile.

    gradient (PointerStates): The gradient to add to.
    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    weights (Tensor): Gradient with respect to each product, shape (docs, heads, rows,
        columns).
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
    """Compute scale · x @ y for two batches of matrices. The matrix product applies the
    factor, which costs no time."""
    shape = (x.shape[0] * x.shape[1], x.shape[2], y.shape[3])
    unused = x.new_zeros(()).expand(shape)
    x, y, stacks = x.flatten(0, 1), y.flatten(0, 1), x.shape[:2]
    out = None if scratch is None else scratch.empty(shape, like=x)
    products = torch.baddbmm(unused, x, y, beta=0, alpha=scale, out=out)
    return products.unflatten(0, stacks)


def _heads(states: PointerStates, tile: Tile) -> slice:
    return tile.labels if states.queries.shape[1] > 1 else slice(0, 1)


def operands(states: PointerStates, tile: Tile) -> Tuple[Tensor, Tensor]:
    """Return the queries and keys of a tile in the type of the scores.

    states (PointerStates): The batch.
    tile (Tile): One of the tiles of `walk`.
    RETURNS (Tuple[Tensor, Tensor]): Shapes (docs, heads, rows, width) and (docs,
        heads, columns, width).
    """
    dtype = score_dtype(states)
    queries, keys = _stored_operands(states, tile)
    return queries.to(dtype), keys.to(dtype)


def _stored_operands(states: PointerStates, tile: Tile) -> Tuple[Tensor, Tensor]:
    """Return the queries and keys of a tile in their own type."""
    device, heads = states.queries.device, _heads(states, tile)
    queries = _take_heads(states.queries, tile.rows(device), heads)
    return queries, _take_heads(states.keys, tile.columns(device), heads)


def _take_heads(x: Tensor, places: Places, heads: slice) -> Tensor:
    """Select from (tokens, heads, width) to (docs, heads, rows or columns, width)."""
    if isinstance(places, slice):
        return x[places, heads].transpose(0, 1)[None]
    numbers = torch.arange(heads.start, heads.stop, device=x.device)
    return take_vectors(x, places[:, None], numbers[:, None])


def _row_term(
    states: PointerStates, tile: Tile, rows: Places, shift: Optional[Tensor]
) -> Optional[Tensor]:
    """Return the start terms less the shift, shape (docs, labels, rows or 1, 1)."""
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
    """Return the mask to add to a tile's scores, −inf where a cell is not a span.
    Adding is much faster than filling. In a cell, end − start is column − row +
    first."""
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
