"""The negatives' part of the loss by sums of plain exponentials.

Where no score is high, exponentials need no protection from overflow, and two things
get cheaper. With a query and a key for each label, one walk gives the sums and, up to
a factor for each label, their gradient. With one for all labels,

    exp(s) = exp(⟨q_i, k_j⟩) · exp(start_i) · exp(end_j),

so that there is one exponential a cell instead of one for each label, and the labels'
sums are matrix products.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Optional, Tuple

import torch
from torch import Tensor

from .cells import add_cell_gradient, score_cells, sum_at
from .products import (
    Scratch,
    add_product_gradient,
    add_tile_gradient,
    exponentials,
    score_tile,
)
from .states import PointerStates, wide_dtype, zeros_of
from .tiles import TILE_OVERHEAD, Tile, add_at, cells_in_tile, take, walk

# With sums up to here, e^39.5, and terms in this range no product leaves float32's
# range; and a product that was raised to e^-60 counts at most e^-40.
_LARGEST_SUM, _LOWEST_TERM, _LARGEST_TERM = 2.0**57, -20.0, 10.0


def plain_negatives(
    states: PointerStates,
    gold: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Optional[Tensor]:
    """log(1 + Σ exp(s)) over the spans that are not gold, or None where the scores
    are too high, or where the cells are so few that sharing exponentials costs more
    than it saves.

    states (PointerStates): The batch.
    gold (Tensor): Shape (spans, 4): document, label, first token, last token.
    factors (Tensor): Shape (documents, labels).
    gradient (PointerStates): Zeros, to which the gradient of the sums' product with
        the factors is added; unchanged for None.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (Optional[Tensor]): Shape (documents, labels).
    """
    shared = states.queries.shape[1] < states.n_labels
    sums = _of_shared_pair if shared else _of_own_pairs
    return sums(states, gold, factors, gradient, max_span_length, size)


def _of_own_pairs(
    states: PointerStates,
    gold: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Optional[Tensor]:
    totals = torch.ones_like(factors, dtype=wide_dtype(factors.device))
    bound, scratch = max_span_length, Scratch()
    for tile in walk(states, max_span_length=bound, size=size):
        weights = score_tile(states, tile, max_span_length=bound, scratch=scratch)
        weights[cells_in_tile(tile, gold)] = -torch.inf
        weights = exponentials(weights)
        row_sums = add_tile_gradient(gradient, states, tile, weights)
        totals[list(tile.docs), tile.labels] += row_sums.sum(2)
    if not (totals < _LARGEST_SUM).all():
        gradient.map(torch.Tensor.zero_)
        return None
    by_token = _by_token((factors / totals).to(factors), states)
    for x in gradient.tensors():
        x.mul_(by_token[..., None] if x.dim() == 3 else by_token)
    return totals.log().to(factors)


def _of_shared_pair(
    states: PointerStates,
    gold: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Optional[Tensor]:
    cells = sum(length**2 for length in states.lengths) * states.n_labels
    if cells < TILE_OVERHEAD:
        return None
    terms = [
        zeros_of(states, len(states.queries), states.n_labels) if x is None else x
        for x in (states.start, states.end)
    ]
    within = [(term >= _LOWEST_TERM) & (term <= _LARGEST_TERM) for term in terms]
    if not all(term.all() for term in within):
        return None
    starts, ends = (term.to(factors).exp() for term in terms)
    products = replace(states, start=None, end=None)
    bound, scratch = max_span_length, Scratch()
    tiles = partial(walk, products, max_span_length=bound, size=size)
    # A cell that is gold for one label is a hole in the products, and counted for
    # the other labels by itself.
    holes, others = _holes(gold, states.n_labels)

    def exponentials_at(tile: Tile) -> Tensor:
        scores = score_tile(products, tile, max_span_length=bound, scratch=scratch)
        scores[cells_in_tile(tile, holes)] = -torch.inf
        return exponentials(scores)[:, 0]  # (docs, rows, columns)

    other_weights = score_cells(states, others).exp()
    totals = torch.ones_like(factors, dtype=wide_dtype(factors.device))
    groups = others[:, 0] * states.n_labels + others[:, 1]
    sum_at(totals.flatten(), groups, other_weights.to(totals))
    row_sums, column_sums = torch.zeros_like(starts), torch.zeros_like(ends)
    for tile in tiles():
        rows, columns = (f(factors.device) for f in (tile.rows, tile.columns))
        weights = exponentials_at(tile)
        row_sum = torch.matmul(weights, take(ends, columns))
        column_sum = torch.matmul(weights.transpose(1, 2), take(starts, rows))
        totals[list(tile.docs)] += (take(starts, rows) * row_sum).sum(1)
        add_at(row_sums, rows, row_sum)
        add_at(column_sums, columns, column_sum)
    if not (totals < _LARGEST_SUM).all():
        return None

    by_doc = (factors / totals).to(factors)
    starts *= _by_token(by_doc, states)
    for tile in tiles():
        rows, columns = (f(factors.device) for f in (tile.rows, tile.columns))
        labels = torch.matmul(take(starts, rows), take(ends, columns).transpose(1, 2))
        weights = exponentials_at(tile).mul_(labels)[:, None]
        add_product_gradient(gradient, products, tile, weights)
    if gradient.start is not None:
        gradient.start.add_(starts * row_sums)
    if gradient.end is not None:
        gradient.end.add_(ends * column_sums * _by_token(by_doc, states))
    other_weights *= by_doc.flatten()[groups]
    add_cell_gradient(gradient, states, others, other_weights)
    return totals.log().to(factors)


def _holes(gold: Tensor, n_labels: int) -> Tuple[Tensor, Tensor]:
    """The gold spans' cells, each once and as if of label 0, and those cells again
    for every label for which they are not gold."""
    gold, device = gold.cpu(), gold.device
    holes = gold.clone()
    holes[:, 1] = 0
    holes = torch.unique(holes, dim=0)
    each = holes.repeat_interleave(n_labels, dim=0)
    each[:, 1] = torch.arange(n_labels).repeat(len(holes))
    both, counts = torch.cat([each, gold]).unique(dim=0, return_counts=True)
    return holes.to(device), both[counts == 1].to(device)


def _by_token(by_doc: Tensor, states: PointerStates) -> Tensor:
    """Shape (documents, labels) to (tokens, labels)."""
    lengths = torch.tensor(states.lengths, dtype=torch.int64, device=by_doc.device)
    return by_doc.repeat_interleave(lengths, dim=0)
