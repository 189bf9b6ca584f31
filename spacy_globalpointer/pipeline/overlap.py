"""Overlap policies: which of the found spans may stand together."""

from __future__ import annotations

from typing import Callable, Dict, Iterator

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]

#: Spans that are compared at once with those chosen before them.
BLOCK = 1024


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
    taken = numpy.zeros(ends.max(initial=-1) + 2, dtype=bool)
    chosen = []
    for block in _blocks(starts, scores):
        block = block[~_reduce(numpy.maximum, taken, starts[block], ends[block])]
        for index in _best_first(block, scores):
            tokens = slice(starts[index], ends[index] + 1)
            if not taken[tokens].any():
                taken[tokens] = True
                chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


def _nested(starts: IntArray, ends: IntArray, scores: FloatArray) -> IntArray:
    length = ends.max(initial=-1) + 1
    # Of the chosen spans: the last end of those that start at a token, and the
    # first start of those that end there.
    last_end = numpy.full(length + 1, -1)
    first_start = numpy.full(length + 1, length)
    chosen = []
    for block in _blocks(starts, scores):
        wide = block[starts[block] < ends[block]]  # a single token crosses nothing
        first, last = starts[wide], ends[wide]
        crosses = _reduce(numpy.maximum, last_end, first + 1, last) > last
        crosses |= _reduce(numpy.minimum, first_start, first, last - 1) < first
        for index in _best_first(numpy.setdiff1d(block, wide[crosses]), scores):
            start, end = starts[index], ends[index]
            crosses_one = (last_end[start + 1 : end + 1] > end).any()
            crosses_one |= (first_start[start:end] < start).any()
            if not crosses_one:
                last_end[start] = max(last_end[start], end)
                first_start[end] = min(first_start[end], start)
                chosen.append(index)
    return numpy.array(sorted(chosen), dtype=numpy.int64)


def _blocks(starts: IntArray, scores: FloatArray) -> Iterator[IntArray]:
    """YIELDS (IntArray): Indices of the spans, the best ones first; those of a block in
    the order of their starts. Most of a block that comes late can be left out at once,
    for the sake of those that were chosen before."""
    order = numpy.argsort(-scores, kind="stable")
    for first in range(0, len(order), BLOCK):
        block = order[first : first + BLOCK]
        yield block[numpy.argsort(starts[block], kind="stable")]


def _best_first(block: IntArray, scores: FloatArray) -> IntArray:
    return block[numpy.lexsort((block, -scores[block]))]


def _reduce(
    function: numpy.ufunc, values: NDArray, first: IntArray, last: IntArray
) -> NDArray:
    """A function of values[first] to values[last], inclusive, for each pair; first is
    ascending, which keeps what lies between the pairs small."""
    if not len(first):
        return values[:0]
    bounds = numpy.stack([first, last + 1], axis=1).ravel()
    return function.reduceat(values, bounds)[::2]


POLICIES: Dict[str, Callable[[IntArray, IntArray, FloatArray], IntArray]] = {
    "any": _any,
    "nested": _nested,
    "flat": _flat,
}
