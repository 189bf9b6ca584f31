"""Groups of spans that can be in conflict under an overlap policy."""

from __future__ import annotations

from typing import List

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]


def conflict_groups(
    overlap: str, docs: IntArray, starts: IntArray, ends: IntArray
) -> IntArray:
    """Number the groups of spans that are connected by conflicts. Whether a span is
    kept depends only on the spans of its group.

    overlap (str): The overlap policy: "any", "nested" or "flat".
    docs (IntArray): Number of each span's document, ascending, shape (spans,).
    starts (IntArray): First token of each span, ascending in a document, shape
        (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    RETURNS (IntArray): Group of each span, shape (spans,).
    """
    if overlap == "any" or not len(docs):
        return numpy.arange(len(docs))
    # Put the documents one after the other, as if they were one text.
    offsets = docs * (ends.max() + 1)
    starts, ends = starts + offsets, ends + offsets
    return _touching(starts, ends) if overlap == "flat" else _crossing(starts, ends)


def _touching(starts: IntArray, ends: IntArray) -> IntArray:
    """Group spans. A new group begins with a span that starts after all earlier
    ends."""
    last = numpy.maximum.accumulate(ends)
    return numpy.concatenate(([0], numpy.cumsum(starts[1:] > last[:-1])))


def _crossing(starts: IntArray, ends: IntArray) -> IntArray:
    parents: List[int] = list(range(len(starts)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    firsts = numpy.searchsorted(starts, starts, side="right")
    lasts = numpy.searchsorted(starts, ends, side="right")
    for i, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist())):
        for rival in numpy.flatnonzero(ends[first:last] > ends[i]).tolist():
            parents[root(first + rival)] = root(i)
    return numpy.array([root(i) for i in range(len(starts))], dtype=numpy.int64)
