"""Conversion of scores to probabilities and back."""

from __future__ import annotations

import math

from torch import Tensor

# A bound on the rounding error of a probability in float32.
_SLACK = 1e-6
_LEAST = 1e-12


def probability(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """Compute the probability σ(s / temperature).

    For a span that is gold in a fraction p of its occurrences, the loss is p · log(1 +
    exp(−s)) + (1 − p) · log(1 + exp(s)) if no other span of the document is in doubt.
    It is lowest at σ(s) = p. The more other spans are in doubt, the closer the minimum
    is to σ(2s) = p. The minimum is also there if the target of the loss is p itself
    (Su, https://kexue.fm/archives/9064), from a teacher or from smoothed boundaries.
    For models that learned from gold spans, σ(s) was the better estimate: see
    benchmarks/thresholds. In both cases and at any temperature, a score of 0, the
    threshold of the paper, is a probability of 0.5.

    scores (Tensor): Scores, any shape.
    temperature (float): Divisor of the scores, above 0.
    RETURNS (Tensor): Probabilities, float32.
    """
    return (scores.double() / temperature).sigmoid().float()


def score_of(probabilities: Tensor, temperature: float = 1.0) -> Tensor:
    """Compute the scores that have some probabilities: the inverse of `probability`.

    probabilities (Tensor): Probabilities, any shape. Scores of 0 and 1, which would be
        infinite, are those of 1e-12 and 1 - 1e-12.
    temperature (float): Divisor of the scores, above 0.
    RETURNS (Tensor): Scores, float32.
    """
    logits = probabilities.double().logit(eps=_LEAST)
    return (temperature * logits).float()


def lowest_score(probability: float, temperature: float = 1.0) -> float:
    """Return a lower bound on the score of every span with at least this probability.

    The bound is slightly below the exact inverse, so that rounding loses no span.
    Compare the probabilities themselves afterwards.

    probability (float): A threshold from 0 to 1.
    temperature (float): Divisor of the scores, above 0.
    RETURNS (float): The score; −inf for a probability of 0.
    """
    lowered = probability - _SLACK
    if lowered <= 0:
        return -math.inf
    return temperature * math.log(lowered / (1 - lowered))
