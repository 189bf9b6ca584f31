"""Scores and probabilities."""

from __future__ import annotations

import math

from torch import Tensor

# More than float32 can round a probability by.
_SLACK = 1e-6


def probability(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """The probability σ(s / temperature).

    For a span that is gold in the share p of its occurrences the loss is
    p · log(1 + exp(−s)) + (1 − p) · log(1 + exp(s)) if no other of the document is in
    doubt, and least where σ(s) = p. The more others are, the nearer the least comes to
    σ(2s) = p, where it also is if the loss is given p itself as the target (Su,
    https://kexue.fm/archives/9064), a teacher's or that of smoothed boundaries. Of
    models that learnt from gold σ(s) was the better estimate: benchmarks/thresholds. A
    score of 0, the threshold of the paper, is a probability of 0.5 either way, at any
    temperature.

    scores (Tensor): Scores, any shape.
    temperature (float): Divisor of the scores, above 0.
    RETURNS (Tensor): Probabilities, float32.
    """
    return (scores.double() / temperature).sigmoid().float()


def lowest_score(probability: float, temperature: float = 1.0) -> float:
    """A score that no span of at least this probability is below.

    It lies a hair under the exact inverse, so that rounding loses no span; compare
    the probabilities themselves afterwards.

    probability (float): A threshold from 0 to 1.
    temperature (float): Divisor of the scores, above 0.
    RETURNS (float): The score; −inf for a probability of 0.
    """
    lowered = probability - _SLACK
    if lowered <= 0:
        return -math.inf
    return temperature * math.log(lowered / (1 - lowered))
