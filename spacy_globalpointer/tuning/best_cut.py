"""Choice of the best among all thresholds that separate two scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy
from numpy.typing import ArrayLike, NDArray


class Cut(NamedTuple):
    """Threshold and its F-score, found by `best_cut`.

    threshold (float): The threshold.
    f (float): The F-score with this threshold.
    """

    threshold: float
    f: float


def f_score(
    right: ArrayLike, found: ArrayLike, n_gold: int, beta: float = 1.0
) -> NDArray[numpy.float64]:
    """Compute F-scores from counts. With beta above 1, recall has more weight.

    right (ArrayLike): Number of found spans that are right, any shape.
    found (ArrayLike): Number of found spans, the same shape.
    n_gold (int): Gold spans, at least 1.
    beta (float): How many times as important recall is as precision.
    RETURNS (NDArray[numpy.float64]): The F-scores, with the same shape.
    """
    weight = beta * beta
    n_right = numpy.asarray(right, dtype=numpy.float64)
    n_found = numpy.asarray(found, dtype=numpy.float64)
    return numpy.asarray((1 + weight) * n_right / (weight * n_gold + n_found))


def best_cut(
    scores: NDArray[numpy.float32],
    right: NDArray,
    n_gold: int,
    *,
    lowest: float,
    found: ArrayLike = 1,
    base_right: int = 0,
    base_found: int = 0,
    beta: float = 1.0,
) -> Cut:
    """Find the threshold from `lowest` to 1 with the highest F-score. Of equally good
    thresholds, it is the one in the middle of the widest gap between two scores.

    The spans are sorted once and counted cumulatively: O(n log n).

    scores (NDArray[numpy.float32]): Probability of each span, shape (spans,).
    right (NDArray): Change of the number of right spans by each span, shape (spans,).
        These are truth values if spans do not displace each other.
    n_gold (int): Gold spans, at least 1.
    lowest (float): The lowest threshold allowed.
    found (ArrayLike): Change of the number of found spans by each span, shape (spans,)
        or ().
    base_right (int): Number of right spans with every threshold.
    base_found (int): Number of found spans with every threshold.
    beta (float): As in `f_score`.
    RETURNS (Cut): The threshold and its F-score.
    """
    order = numpy.argsort(-scores, kind="stable")
    steps = numpy.broadcast_to(numpy.asarray(found, dtype=numpy.int64), scores.shape)
    n_right = base_right + _running(numpy.asarray(right, dtype=numpy.int64)[order])
    n_found = base_found + _running(steps[order])
    # The threshold that keeps the first n spans lies between these two.
    edges = numpy.concatenate(([1.0], scores[order].astype(numpy.float64), [lowest]))
    high, low = edges[:-1], edges[1:]
    gap = high - low
    f = f_score(n_right, n_found, n_gold, beta)
    possible = gap > 0
    possible[-1] = True  # keeps all of them, even if float32 has rounded a score down
    f = numpy.where(possible, f, -1.0)
    best = numpy.lexsort((gap, f))[-1]
    return Cut(between(low[best], high[best]), float(f[best]))


def _running(steps: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
    return numpy.concatenate(([0], numpy.cumsum(steps)))


def between(low: float, high: float) -> float:
    """Find a threshold that the higher of two scores reaches and the lower does not. It
    is in the middle half of the gap, with as few decimals as possible.

    The component compares in float32, in which there may be no number between the two.
    Then the threshold is the higher score itself.

    low (float): The lower score.
    high (float): The upper score; both are float32 values or the ends of the range.
    RETURNS (float): The threshold, above `low` and at most `high` in float32 too.
    """
    middle = (float(low) + float(high)) / 2
    for decimals in range(2, 10):
        value = round(middle, decimals)
        inside = abs(value - middle) <= (high - low) / 4
        if inside and numpy.float32(low) < numpy.float32(value) <= numpy.float32(high):
            return value
    return float(high)
