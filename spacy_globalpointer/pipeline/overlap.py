"""Overlap policies, which choose the spans that are returned together."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]

#: Number of spans that are compared together with those chosen before them.
BLOCK = 1024


def select_spans(
    policy: str, starts: IntArray, ends: IntArray, scores: FloatArray
) -> IntArray:
    """Choose the spans that a policy keeps. Of two spans in conflict, the one with the
    higher score is kept; if the scores are equal, the first.

    policy (str): "any" keeps all spans. "nested" keeps no two spans that cross: one may
        contain another, or be the same span with another label. "flat" keeps no two
        spans that share a token.
    starts (IntArray): First token of each span, shape (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    scores (FloatArray): Score of each span, shape (spans,).
    RETURNS (IntArray): Indices of the chosen spans, ascending.
    """
    return POLICIES[policy](starts, ends, scores)


def _any(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    return numpy.arange(len(starts))


def _flat(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    taken = numpy.zeros(ends.max(initial=-1) + 2, dtype=bool)
    chosen: List[int] = []
    for block in _blocks(scores):
        if chosen:
            block = block[~_reduce(numpy.maximum, taken, starts[block], ends[block])]
        for index in block:
            tokens = slice(starts[index], ends[index] + 1)
            if not taken[tokens].any():
                taken[tokens] = True
                chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


def _nested(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    length = ends.max(initial=-1) + 1
    # For each token: the last end of the chosen spans that start there, and the first
    # start of the chosen spans that end there.
    last_end = numpy.full(length + 1, -1)
    first_start = numpy.full(length + 1, length)
    chosen: List[int] = []
    for block in _blocks(scores):
        if chosen:
            first, last = starts[block], ends[block]
            crosses = _reduce(numpy.maximum, last_end, first + 1, last) > last
            crosses |= _reduce(numpy.minimum, first_start, first, last - 1) < first
            block = block[~crosses | (first == last)]  # a token crosses no span
        for index in block:
            start, end = starts[index], ends[index]
            crosses_one = (last_end[start + 1 : end + 1] > end).any()
            crosses_one |= (first_start[start:end] < start).any()
            if not crosses_one:
                last_end[start] = max(last_end[start], end)
                first_start[end] = min(first_start[end], start)
                chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


def _blocks(scores: FloatArray) -> Iterator[IntArray]:
    """Yield the indices of the spans, the best ones first. In later blocks most spans
    conflict with chosen ones, and are dropped together."""
    order = numpy.argsort(-scores, kind="stable")
    for first in range(0, len(order), BLOCK):
        yield order[first : first + BLOCK]


def _reduce(
    function: numpy.ufunc, values: NDArray, first: IntArray, last: IntArray
) -> NDArray:
    """Reduce values[first] to values[last], inclusive, for each pair (first, last). The
    result for an empty range is arbitrary."""
    order = numpy.argsort(first)  # the results between two pairs are not used
    bounds = numpy.stack([first[order], last[order] + 1], axis=1).ravel()
    results = numpy.empty_like(values, shape=len(first))
    results[order] = function.reduceat(values, bounds)[::2]
    return results


POLICIES: Dict[str, Callable[[IntArray, IntArray, FloatArray], IntArray]] = {
    "any": _any,
    "nested": _nested,
    "flat": _flat,
}
