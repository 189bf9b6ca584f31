"""Logarithms of sums of exponentials over cells, as parts of the loss, with gradients.

If each label has its own query and key and no score is high, exponentials cannot
overflow. Then one walk over the cells gives both their sums and, up to a factor for
each label, the gradient. Otherwise, and for a teacher's soft labels, the exponents are
shifted by the largest. Then the cells are walked once for the sums and once more for
their gradient.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, Iterable, List, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .products import Scratch, add_tile_gradient, exponentials, score_tile
from .states import PointerStates, by_token, wide_dtype, zeros_of
from .tiles import TILE_CELLS, Tile, at_tile, cells_in_tile, walk

# A shifted sum of exponentials up to this value did not overflow while it was added.
_LARGEST_SUM = 1e30
# Neither did a sum without a shift up to this value, or its gradient.
_LARGEST_UNSHIFTED = 2.0**57

#: Starts a new walk.
_Tiles = Callable[[], Iterable[Tile]]
#: Terms of the sums at a tile: the exponents of each sum, shape (docs, labels, rows,
#: columns), each less its own shift, shape (documents, labels).
_Exponents = Callable[[Tile, Sequence[Tensor]], List[Tensor]]


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
    """Compute `shifted_negatives` in one walk, or return None if the scores are too
    high.

    gradient (PointerStates): Must be zeros, and stays zeros if the result is None.
    """
    totals = log_rest.to(wide_dtype(factors.device)).exp()
    bound, scratch = max_span_length, Scratch()
    for tile in walk(states, max_span_length=bound, size=size):
        weights = score_tile(states, tile, max_span_length=bound, scratch=scratch)
        weights[cells_in_tile(tile, gold)] = -torch.inf
        weights = exponentials(weights)
        row_sums = add_tile_gradient(gradient, states, tile, weights)
        totals[list(tile.docs), tile.labels] += row_sums.sum(2)
    if not (totals < _LARGEST_UNSHIFTED).all():
        gradient.map(torch.Tensor.zero_)
        return None
    shares = by_token(states, (factors / totals).to(factors))
    for x in gradient.tensors():
        x.mul_(shares[..., None] if x.dim() == 3 else shares)
    return totals.log().to(factors)


def shifted_negatives(
    states: PointerStates,
    gold: Tensor,
    log_rest: Tensor,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Tensor:
    """Compute log(rest + Σ exp(s)) over the spans that are not gold.

    states (PointerStates): The batch.
    gold (Tensor): Shape (spans, 4): document, label, first token, last token.
    log_rest (Tensor): Shape (documents, labels), at least 0: the logarithm of the
        rest, which is 1 if gold spans are wholly positive.
    factors (Tensor): Shape (documents, labels), finite and at least 0.
    gradient (PointerStates): The gradient of the sums' product with the factors is
        added to it.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (Tensor): Shape (documents, labels).
    """
    tiles = partial(walk, states, max_span_length=max_span_length, size=size)
    exponents = partial(_negative_exponents, states, gold, max_span_length)
    return _sum_and_add(gradient, states, tiles, exponents, factors, [log_rest])[0]


def soft_labels(
    states: PointerStates,
    teacher: PointerStates,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Tensor:
    """Compute log(1 + Σ (1 − t) · exp(s)) + log(1 + Σ t · exp(−s)) over all spans.

    The arguments are those of `shifted_negatives`, with the teacher's states instead of
    the gold spans.
    """
    tiles = partial(walk, states, max_span_length=max_span_length, size=size)
    exponents = partial(_soft_exponents, states, teacher, max_span_length)
    log_rests = [torch.zeros_like(factors)] * 2
    part = _sum_and_add(gradient, states, tiles, exponents, factors, log_rests)
    return part[0] + part[1]


def _negative_exponents(
    states: PointerStates,
    gold: Tensor,
    max_span_length: Optional[int],
    tile: Tile,
    shifts: Sequence[Tensor],
) -> List[Tensor]:
    """Compute the scores of a tile, with −inf at the gold spans."""
    scores = score_tile(states, tile, max_span_length=max_span_length, shift=shifts[0])
    scores[cells_in_tile(tile, gold)] = -torch.inf
    return [scores]


def _soft_exponents(
    states: PointerStates,
    teacher: PointerStates,
    max_span_length: Optional[int],
    tile: Tile,
    shifts: Sequence[Tensor],
) -> List[Tensor]:
    """Compute log(1 − t) + s and log t − s, with t = σ(2 · teacher's score)."""
    scores = score_tile(states, tile, max_span_length=max_span_length)
    degrees = 2 * score_tile(teacher, tile, max_span_length=max_span_length).to(scores)
    negative = logsigmoid(-degrees) + scores - at_tile(shifts[0], tile)
    positive = logsigmoid(degrees) - scores - at_tile(shifts[1], tile)
    return [negative, positive.masked_fill_(scores == -torch.inf, -torch.inf)]


def _sum_and_add(
    gradient: PointerStates,
    states: PointerStates,
    tiles: _Tiles,
    exponents: _Exponents,
    factors: Tensor,
    log_rests: Sequence[Tensor],
) -> List[Tensor]:
    """Compute log(rest + Σ exp) over the cells of each document and label, for each
    sum, and add the gradient of Σ factor · log. A second sum decreases with the
    score."""
    zeros = [zeros_of(states, len(states.lengths), states.n_labels) for _ in log_rests]
    tops = zeros
    sums, held = _sums(states, tiles, exponents, tops, log_rests)
    if not all((total < _LARGEST_SUM).all() for total in sums):
        tops = _tops(tiles, exponents, zeros, log_rests)  # rare, and costs another walk
        sums, held = _sums(states, tiles, exponents, tops, log_rests)
    log_sums = [top + total.log().to(top) for top, total in zip(tops, sums)]
    shifts = [log_sum - factors.log() for log_sum in log_sums]
    shares = [(factors / total).to(factors) for total in sums]
    for tile in tiles():
        if held:
            parts = [x * at_tile(share, tile) for x, share in zip(held.pop(0), shares)]
        else:
            parts = [exponentials(x) for x in exponents(tile, shifts)]
        weights = parts[0] if len(parts) == 1 else parts[0] - parts[1]
        add_tile_gradient(gradient, states, tile, weights)
    return log_sums


def _sums(
    states: PointerStates,
    tiles: _Tiles,
    exponents: _Exponents,
    tops: List[Tensor],
    log_rests: Sequence[Tensor],
) -> Tuple[List[Tensor], List[List[Tensor]]]:
    """Compute exp(rest − top) + Σ exp(exponent − top) of each document and label, for
    each sum. If there are few cells, return the exponentials too, which saves a second
    walk."""
    few = sum(n**2 for n in states.lengths) * states.n_labels <= TILE_CELLS
    rests = [rest - top for rest, top in zip(log_rests, tops)]
    sums = [rest.to(wide_dtype(rest.device)).exp() for rest in rests]
    held = []
    for tile in tiles():
        parts = [exponentials(x) for x in exponents(tile, tops)]
        for total, part in zip(sums, parts):
            total[list(tile.docs), tile.labels] += part.sum((2, 3))
        if few:
            held.append(parts)
    return sums, held


def _tops(
    tiles: _Tiles,
    exponents: _Exponents,
    zeros: List[Tensor],
    log_rests: Sequence[Tensor],
) -> List[Tensor]:
    """Find the largest exponent of each document and label, including the rest, for
    each sum."""
    tops = [rest.to(zero, copy=True) for rest, zero in zip(log_rests, zeros)]
    for tile in tiles():
        for top, values in zip(tops, exponents(tile, zeros)):
            cells = list(tile.docs), tile.labels
            top[cells] = torch.maximum(top[cells], values.amax((2, 3)))
    return tops
