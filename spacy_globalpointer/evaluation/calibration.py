"""Calibration of the probabilities, and the temperature that improves it."""

from __future__ import annotations

from typing import List, NamedTuple

import numpy
from numpy.typing import NDArray

N_BINS = 15
#: Range of the temperatures of a fit.
COLDEST, HOTTEST = 0.1, 10.0


class Bin(NamedTuple):
    """Spans with about the same probability.

    low (float): Lower edge of the bin, exclusive.
    high (float): Upper edge, inclusive.
    n (int): Number of spans.
    probability (float): Their mean probability; 0 if there are none.
    precision (float): Fraction of them that is right; 0 if there are none.
    """

    low: float
    high: float
    n: int
    probability: float
    precision: float


def reliability_bins(
    probabilities: NDArray, right: NDArray, n_bins: int = N_BINS
) -> List[Bin]:
    """Compare probabilities with the fraction of spans that are right, in bins of equal
    width from 0 to 1.

    probabilities (NDArray): Probability of each span, shape (spans,).
    right (NDArray): Whether each is right, shape (spans,).
    n_bins (int): Number of bins.
    RETURNS (List[Bin]): The bins, from low to high.
    """
    values = numpy.asarray(probabilities, dtype=numpy.float64)
    numbers = numpy.clip(numpy.ceil(values * n_bins).astype(int) - 1, 0, n_bins - 1)
    counts = numpy.bincount(numbers, minlength=n_bins)
    mean = numpy.bincount(numbers, values, n_bins) / numpy.maximum(counts, 1)
    share = numpy.bincount(numbers, right, n_bins) / numpy.maximum(counts, 1)
    return [
        Bin(
            i / n_bins,
            (i + 1) / n_bins,
            int(counts[i]),
            float(mean[i]),
            float(share[i]),
        )
        for i in range(n_bins)
    ]


def expected_calibration_error(
    probabilities: NDArray, right: NDArray, n_bins: int = N_BINS
) -> float:
    """Compute the mean difference between probability and precision over bins, weighted
    by their spans (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    It is the error of the given spans only. With candidates above a low probability, it
    ignores the other pairs of tokens, nearly all of which are certainly not spans.

    probabilities (NDArray): Probability of each span, shape (spans,).
    right (NDArray): Whether each is right, shape (spans,).
    n_bins (int): Number of bins.
    RETURNS (float): The error, from 0 to 1; 0 without spans.
    """
    bins = reliability_bins(probabilities, right, n_bins)
    total = max(sum(one.n for one in bins), 1)
    return sum(one.n * abs(one.probability - one.precision) for one in bins) / total


def fit_temperature(scores: NDArray, right: NDArray) -> float:
    """Fit the temperature T with which σ(score / T) predicts best which spans are
    right: the one with the lowest negative log-likelihood (Guo et al. 2017).

    Candidates below some probability are left out. This depends on their score, not on
    whether they are right, so it does not bias the fit. But the fit is valid only for
    scores above that bound. With a bound near 0, the many spans that are certainly
    wrong would outweigh the others; with a bound near 0.5, half of the curve would be
    missing. T does not change the order of scores, and so not the best F-score.

    scores (NDArray): The model's score of each span, shape (spans,).
    right (NDArray): Whether each is right, shape (spans,).
    RETURNS (float): The temperature, from 0.1 to 10, in 4 decimals; 1.0 without spans.
    """
    logits = numpy.asarray(scores, dtype=numpy.float64)
    if not len(logits):
        return 1.0
    # The likelihood is concave in 1 / T, so the sign of its slope shows the side.
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(60):
        middle = (low + high) / 2
        if _slope(middle, logits, right) > 0:
            high = middle
        else:
            low = middle
    return round(2 / (low + high), 4)


def _slope(factor: float, logits: NDArray, right: NDArray) -> float:
    """Compute the slope of the negative log-likelihood at a factor of the logits."""
    predicted = 0.5 * (1 + numpy.tanh(factor * logits / 2))
    return float(numpy.sum(logits * (predicted - right)))
