"""How spans lie to each other. Pure functions on (start, end), end exclusive.

Two spans cross if they share something, and each has something the other has not.
One span holds another if it covers all of it and is longer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import groupby
from operator import itemgetter
from typing import List, Optional, Sequence, Set, Tuple

Place = Tuple[int, int]  # start, end (exclusive)


def nesting_depth(spans: Sequence[Place]) -> int:
    """Count the spans of the longest chain in which each one holds the next.

    spans (Sequence[Place]): The spans. The same place counts once.
    RETURNS (int): The depth: 0 without spans, 1 if no span holds another.
    """
    # From left to right and, of those with one start, from long to short, a chain
    # is a subsequence whose ends never rise. Patience sorting finds the longest:
    # tails[i] is the best last end, negated, of a chain of i + 1 spans.
    tails: List[int] = []
    for _, end in sorted(set(spans), key=_outer_first):
        position = bisect_right(tails, -end)
        tails[position : position + 1] = [-end]
    return len(tails)


def crossing_pairs(spans: Sequence[Place]) -> int:
    """Count the pairs of spans that cross.

    spans (Sequence[Place]): The spans. The same place under several labels counts
        once for each.
    RETURNS (int): The number of pairs with start < other start < end < other end.
    """
    pairs = 0
    ends: List[int] = []  # sorted; of the spans that start before the current one
    for start, group in groupby(sorted(spans), key=itemgetter(0)):
        own = [end for _, end in group]
        pairs += sum(bisect_left(ends, e) - bisect_right(ends, start) for e in own)
        for end in own:
            insort(ends, end)
    return pairs


def count_lost(spans: Sequence[Place], overlap: str) -> int:
    """Count the spans that an overlap policy cannot represent.

    spans (Sequence[Place]): The spans of one document, none of them empty.
    overlap (str): "any" loses none; "nested" allows no two that cross, "flat" no
        two that share a token.
    RETURNS (int): The smallest number of spans that have to go.
    """
    if overlap == "any":
        return 0
    if overlap == "flat":
        return len(spans) - _most_disjoint([(s, e, 1) for s, e in spans])
    crossing = _in_crossings(spans)
    return len(crossing) - _most_nested(crossing)


def first_conflict(spans: Sequence[Place], overlap: str) -> Optional[Tuple[int, int]]:
    """Find two spans that an overlap policy does not let stand together.

    spans (Sequence[Place]): The spans of one document, none of them empty.
    overlap (str): "any", "nested" or "flat", as for `count_lost`.
    RETURNS (Optional[Tuple[int, int]]): Indices of the first two from the left; None
        if there are none.
    """
    active: List[int] = []
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        active = [i for i in active if spans[i][1] > start]
        for i in active:
            crosses = spans[i][0] < start and spans[i][1] < end
            if overlap == "flat" or (overlap == "nested" and crosses):
                return i, index
        active.append(index)
    return None


def _outer_first(span: Place) -> Tuple[int, int]:
    return span[0], -span[1]


def _in_crossings(spans: Sequence[Place]) -> List[Place]:
    """RETURNS (List[Place]): The spans that cross at least one other."""
    ordered = sorted(spans)
    found: Set[int] = set()
    active: List[int] = []
    for index, (start, end) in enumerate(ordered):
        active = [i for i in active if ordered[i][1] > start]
        crossed = [i for i in active if ordered[i][0] < start and ordered[i][1] < end]
        found.update([index, *crossed] if crossed else [])
        active.append(index)
    return [ordered[index] for index in sorted(found)]


def _most_nested(spans: Sequence[Place]) -> int:
    """RETURNS (int): The size of the largest set without two that cross. Quadratic."""
    # From short to long: the best set within a span is the span itself and the best
    # row of disjoint spans, each with its own best set, that lie in it.
    inner: List[Tuple[int, int, int]] = []
    for start, end in sorted(spans, key=_length):
        within = [item for item in inner if start <= item[0] and item[1] <= end]
        inner.append((start, end, 1 + _most_disjoint(within)))
    return _most_disjoint(inner)


def _length(span: Place) -> int:
    return span[1] - span[0]


def _most_disjoint(spans: Sequence[Tuple[int, int, int]]) -> int:
    """RETURNS (int): The greatest weight of a set of disjoint (start, end, weight)."""
    ends, best = [0], [0]  # best[i]: of the spans that end at ends[i] or before
    for start, end, weight in sorted(spans, key=itemgetter(1)):
        with_it = best[bisect_right(ends, start) - 1] + weight
        best.append(max(best[-1], with_it))
        ends.append(end)
    return best[-1]
