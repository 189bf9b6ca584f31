"""Measure how spans nest and cross. Pure functions on (start, end), end exclusive.

Two spans cross if they overlap, and each has a token that the other does not have.
One span holds another if it covers all of it and is longer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import groupby
from operator import itemgetter
from typing import List, Optional, Sequence, Tuple

from ..types import TokenSpan

#: Highest number of spans in a cluster whose largest nested set is computed exactly.
MOST_EXACT = 100


def nesting_depth(spans: Sequence[TokenSpan]) -> int:
    """Count the spans of the longest chain in which each one holds the next.

    spans (Sequence[TokenSpan]): The spans. The same start and end count once.
    RETURNS (int): The depth: 0 without spans, 1 if no span holds another.
    """
    # In spans sorted by start, and by descending length for the same start, a chain is
    # a subsequence whose ends never rise. Patience sorting finds the longest: tails[i]
    # is the best last end, negated, of a chain of i + 1 spans.
    tails: List[int] = []
    for _, end in sorted(set(spans), key=_outer_first):
        position = bisect_right(tails, -end)
        tails[position : position + 1] = [-end]
    return len(tails)


def crossing_pairs(spans: Sequence[TokenSpan]) -> int:
    """Count the pairs of spans that cross.

    spans (Sequence[TokenSpan]): The spans. The same start and end under several labels
        count once for each.
    RETURNS (int): The number of pairs with start < other start < end < other end.
    """
    ends = sorted(end for _, end in spans)
    earlier = _Counts(len(ends))  # by rank: ends of spans with an earlier start
    pairs = 0
    for start, group in groupby(sorted(spans), key=itemgetter(0)):
        ranks = [bisect_left(ends, end) for _, end in group]
        # For empty spans, which cross no span, the difference is 0 or negative.
        ended = earlier.below(bisect_right(ends, start))
        pairs += sum(max(0, earlier.below(rank) - ended) for rank in ranks)
        for rank in ranks:
            earlier.add(rank)
    return pairs


def count_lost(spans: Sequence[TokenSpan], overlap: str) -> int:
    """Count the fewest spans that an overlap policy has to drop.

    spans (Sequence[TokenSpan]): The spans of one document, none of them empty.
    overlap (str): "any" loses none; "nested" allows no two that cross, "flat" no
        two that share a token.
    RETURNS (int): The smallest number of spans to drop. For "nested", it is a lower
        bound if more than MOST_EXACT spans are connected by crossings, because the
        exact number takes quadratic time.
    """
    if overlap == "any":
        return 0
    if overlap == "flat":
        return len(spans) - _most_disjoint([(s, e, 1) for s, e in spans])
    return sum(
        len(cluster) - _most_nested(cluster)
        if len(cluster) <= MOST_EXACT
        else len(cluster) - _count_piles(cluster)
        for cluster in find_clusters(spans)
    )


def find_clusters(spans: Sequence[TokenSpan]) -> List[List[TokenSpan]]:
    """Find the groups of spans that are connected by crossings.

    spans (Sequence[TokenSpan]): The spans; empty ones cross nothing and are left out.
    RETURNS (List[List[TokenSpan]]): Groups of two or more spans: each crosses another
        of its group, and none of another group.
    """
    ordered = sorted((span for span in spans if span[0] < span[1]), key=_outer_first)
    # At the same place, ends come before starts, and inner ends before outer ends.
    edges = [(start, 1, i) for i, (start, _) in enumerate(ordered)]
    edges += [(end, 0, -i) for i, (_, end) in enumerate(ordered)]
    clusters: List[List[TokenSpan]] = []
    stack: List[_Open] = []
    for _, is_start, i in sorted(edges):
        if is_start:
            stack.append(_Open(i, ordered[i]))
            continue
        # A span that started later and has not ended crosses the span that ends here.
        while stack[-1].first > -i:
            later = stack.pop()
            stack[-1].absorb(later)
        stack[-1].n_open -= 1
        if not stack[-1].n_open:
            clusters.append(stack.pop().spans)
    return [cluster for cluster in clusters if len(cluster) > 1]


class _Open:
    """A cluster some of whose spans have not ended."""

    def __init__(self, first: int, span: TokenSpan) -> None:
        self.first = first
        self.spans = [span]
        self.n_open = 1

    def absorb(self, later: _Open) -> None:
        self.n_open += later.n_open
        # Appending the shorter list to the longer one keeps the total time low.
        small, large = sorted((self.spans, later.spans), key=len)
        large.extend(small)
        self.spans = large


class _Counts:
    """Fenwick tree (P. Fenwick, 1994) that counts numbers below a bound. Adding one,
    and counting those below another, take logarithmic time in the bound."""

    def __init__(self, bound: int) -> None:
        self._sums = [0] * (bound + 1)

    def add(self, number: int) -> None:
        place = number + 1
        while place < len(self._sums):
            self._sums[place] += 1
            place += place & -place

    def below(self, number: int) -> int:
        total = 0
        while number:
            total += self._sums[number]
            number &= number - 1
        return total


def first_conflict(
    spans: Sequence[TokenSpan], overlap: str
) -> Optional[Tuple[int, int]]:
    """Find two spans that an overlap policy does not allow together.

    spans (Sequence[TokenSpan]): The spans of one document, none of them empty.
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


def _outer_first(span: TokenSpan) -> Tuple[int, int]:
    return span[0], -span[1]


def _count_piles(spans: Sequence[TokenSpan]) -> int:
    """RETURNS (int): The number of piles when spans are sorted so that any two of a
    pile cross. A set without crossings has at most one span of each pile."""
    # From left to right, a span continues the pile with the nearest last end before its
    # own, as in patience sorting, or begins a new pile at that position.
    last_ends: List[int] = []  # negated, and so in ascending order
    first_ends: List[int] = []
    n_piles = 0
    for start, end in sorted(spans, key=_outer_first):
        i = bisect_right(last_ends, -end)
        if i == len(last_ends) or first_ends[i] <= start:
            n_piles += 1
            first_ends[i : i + 1] = [end]
        last_ends[i : i + 1] = [-end]
    return n_piles


def _most_nested(spans: Sequence[TokenSpan]) -> int:
    """RETURNS (int): The size of the largest set without crossings. Quadratic."""
    # From short to long: the best set within a span is the span itself and the best row
    # of disjoint spans inside it, each with its own best set.
    inner: List[Tuple[int, int, int]] = []
    for start, end in sorted(spans, key=_length):
        within = [item for item in inner if start <= item[0] and item[1] <= end]
        inner.append((start, end, 1 + _most_disjoint(within)))
    return _most_disjoint(inner)


def _length(span: TokenSpan) -> int:
    return span[1] - span[0]


def _most_disjoint(spans: Sequence[Tuple[int, int, int]]) -> int:
    """RETURNS (int): The greatest weight of a set of disjoint (start, end, weight)."""
    ends, best = [0], [0]  # best[i]: of the spans that end at ends[i] or before
    for start, end, weight in sorted(spans, key=itemgetter(1)):
        with_it = best[bisect_right(ends, start) - 1] + weight
        best.append(max(best[-1], with_it))
        ends.append(end)
    return best[-1]
