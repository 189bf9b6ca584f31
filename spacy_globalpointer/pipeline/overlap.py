"""Overlap policies: which of the found spans may stand together."""

from __future__ import annotations

from typing import Callable, Dict

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]


def select_spans(
    policy: str, starts: IntArray, ends: IntArray, scores: FloatArray
) -> IntArray:
    """Choose the spans that a policy lets stand; a conflict goes to the higher
    score, and of equal scores to the one that comes first.

    policy (str): "any" keeps all spans. "nested" keeps no two that cross: one may
        hold another, or be the same span under another label. "flat" keeps no two
        that share a token.
    starts (IntArray): First token of each span, shape (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    scores (FloatArray): Score of each span, shape (spans,).
    RETURNS (IntArray): Indices of the chosen spans, ascending.
    """
    return POLICIES[policy](starts, ends, scores)


def _any(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    return numpy.arange(len(starts))


def _flat(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    taken = numpy.zeros(ends.max(initial=-1) + 1, dtype=bool)
    chosen = []
    for index in numpy.argsort(-scores, kind="stable"):
        tokens = slice(starts[index], ends[index] + 1)
        if not taken[tokens].any():
            taken[tokens] = True
            chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


def _nested(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    length = ends.max(initial=-1) + 1
    # Of the chosen spans: the last end of those that start at a token, and the
    # first start of those that end there.
    last_end = numpy.full(length, -1)
    first_start = numpy.full(length, length)
    chosen = []
    for index in numpy.argsort(-scores, kind="stable"):
        start, end = starts[index], ends[index]
        crosses = (last_end[start + 1 : end + 1] > end).any()
        crosses |= (first_start[start:end] < start).any()
        if not crosses:
            last_end[start] = max(last_end[start], end)
            first_start[end] = min(first_start[end], start)
            chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


POLICIES: Dict[str, Callable[[IntArray, IntArray, FloatArray], IntArray]] = {
    "any": _any,
    "nested": _nested,
    "flat": _flat,
}
