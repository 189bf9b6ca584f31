"""The negative part of the loss if all labels share a query and a key.

If no score is high, exponentials cannot overflow, and with

    exp(s) = exp(⟨q_i, k_j⟩) · exp(start_i) · exp(end_j)

one exponential per cell is enough instead of one for each label. The sums of the labels
are matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterator, Optional, Tuple

import torch
from torch import Tensor

from .cells import add_cell_gradient, score_cells, sum_at
from .products import Scratch, add_product_gradient, exponentials, score_tile
from .states import PointerStates, by_token, wide_dtype, zeros_of
from .tiles import TILE_OVERHEAD, Tile, add_at, cells_in_tile, take, walk

# With sums up to this value, e^39.5, and terms in this range, no product leaves
# float32's range, and a product that was raised to e^-60 counts at most e^-40.
_LARGEST_SUM, _LOWEST_TERM, _LARGEST_TERM = 2.0**57, -20.0, 10.0


def shared_pair_negatives(
    states: PointerStates,
    gold: Tensor,
    log_rest: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Optional[Tensor]:
    """Compute `shifted_negatives` with one exponential per cell. Return None and leave
    the gradient unchanged if scores or terms are too high, or if the cells are so few
    that the calls cost more time than they save.
    """
    cells = sum(length**2 for length in states.lengths) * states.n_labels
    if cells < TILE_OVERHEAD or not all(map(_within, (states.start, states.end))):
        return None
    # A cell that is gold for one label is a hole in the products. For the other labels
    # it is counted separately.
    holes, others = _holes(gold, states.n_labels)
    walker = _Walker(states, holes, max_span_length, size)
    other_weights = score_cells(states, others).exp()
    totals = log_rest.to(wide_dtype(factors.device)).exp()
    groups = others[:, 0] * states.n_labels + others[:, 1]
    sum_at(totals.flatten(), groups, other_weights.to(totals))
    starts, ends = (_exp_of(states, x) for x in (states.start, states.end))
    row_sums, column_sums = walker.sums(starts, ends, totals)
    if not (totals < _LARGEST_SUM).all():
        return None
    shares = (factors / totals).to(factors)
    starts *= by_token(states, shares)
    walker.add_gradient(gradient, starts, ends)
    if gradient.start is not None:
        gradient.start.add_(starts * row_sums)
    if gradient.end is not None:
        gradient.end.add_(ends * column_sums * by_token(states, shares))
    other_weights *= shares.flatten()[groups]
    add_cell_gradient(gradient, states, others, other_weights)
    return totals.log().to(factors)


def _within(term: Optional[Tensor]) -> bool:
    if term is None:
        return True
    return bool(((term >= _LOWEST_TERM) & (term <= _LARGEST_TERM)).all())


def _exp_of(states: PointerStates, term: Optional[Tensor]) -> Tensor:
    """Compute the exponentials of the start or end terms, shape (tokens, labels)."""
    zeros = zeros_of(states, len(states.queries), states.n_labels)
    return (zeros if term is None else zeros + term).exp()


@dataclass
class _Walker:
    """Walk over the exponentials of the products, which are nearly 0 at holes and where
    no span is allowed."""

    states: PointerStates
    holes: Tensor
    max_span_length: Optional[int]
    size: Optional[int]
    scratch: Scratch = field(default_factory=Scratch)

    def __post_init__(self) -> None:
        self.products = replace(self.states, start=None, end=None)

    def tiles(self) -> Iterator[Tuple[Tile, Tensor]]:
        """Yield the tiles and their exponentials, shape (docs, rows, columns)."""
        bound, scratch = self.max_span_length, self.scratch
        for tile in walk(self.products, max_span_length=bound, size=self.size):
            scores = score_tile(
                self.products, tile, max_span_length=bound, scratch=scratch
            )
            scores[cells_in_tile(tile, self.holes)] = -torch.inf
            yield tile, exponentials(scores)[:, 0]

    def sums(
        self, starts: Tensor, ends: Tensor, totals: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """Compute the sum of each token's row and the sum of its column. Each cell is
        weighted by the term of the other token. Both have the shape (tokens, labels).
        Add the sum of all cells to `totals`."""
        row_sums, column_sums = torch.zeros_like(starts), torch.zeros_like(ends)
        for tile, weights in self.tiles():
            rows, columns = tile.rows(weights.device), tile.columns(weights.device)
            row_sum = torch.matmul(weights, take(ends, columns))
            column_sum = torch.matmul(weights.transpose(1, 2), take(starts, rows))
            totals[list(tile.docs)] += (take(starts, rows) * row_sum).sum(1)
            add_at(row_sums, rows, row_sum)
            add_at(column_sums, columns, column_sum)
        return row_sums, column_sums

    def add_gradient(
        self, gradient: PointerStates, starts: Tensor, ends: Tensor
    ) -> None:
        """Add the gradient that comes from the products, weighted by the terms of the
        labels."""
        for tile, weights in self.tiles():
            start = take(starts, tile.rows(weights.device))
            end = take(ends, tile.columns(weights.device))
            weights *= torch.matmul(start, end.transpose(1, 2))
            add_product_gradient(gradient, self.products, tile, weights[:, None])


def _holes(gold: Tensor, n_labels: int) -> Tuple[Tensor, Tensor]:
    """Return the cells of the gold spans, each once and with label 0, and the same
    cells for every label for which they are not gold."""
    gold, device = gold.cpu(), gold.device
    holes = gold.clone()
    holes[:, 1] = 0
    holes = torch.unique(holes, dim=0)
    each = holes.repeat_interleave(n_labels, dim=0)
    each[:, 1] = torch.arange(n_labels).repeat(len(holes))
    both, counts = torch.cat([each, gold]).unique(dim=0, return_counts=True)
    return holes.to(device), both[counts == 1].to(device)
