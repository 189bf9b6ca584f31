"""The negatives' part of the loss where each label has its own query and key.

Where no score is high, exponentials need no protection from overflow, and one walk
gives both their sums and, up to a factor for each label, the gradient.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from .products import Scratch, add_tile_gradient, exponentials, score_tile
from .states import PointerStates, by_token, wide_dtype
from .tiles import cells_in_tile, walk

# A sum up to here has not overflowed on its way, nor has its gradient.
_LARGEST_SUM = 2.0**57


def own_pairs_negatives(
    states: PointerStates,
    gold: Tensor,
    log_rest: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Optional[Tensor]:
    """`shifted_negatives` in one walk, or None where the scores are too high.

    gradient (PointerStates): Must be zeros, and is left so for None.
    """
    totals = log_rest.to(wide_dtype(factors.device)).exp()
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
    shares = by_token(states, (factors / totals).to(factors))
    for x in gradient.tensors():
        x.mul_(shares[..., None] if x.dim() == 3 else shares)
    return totals.log().to(factors)
