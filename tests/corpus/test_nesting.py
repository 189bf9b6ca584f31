"""Depth, crossings and what a policy must lose, against brute force."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from unittest.mock import patch

import pytest
from corpus_helpers import places
from hypothesis import given

from spacy_globalpointer.corpus import nesting
from spacy_globalpointer.corpus.nesting import (
    count_lost,
    crossing_pairs,
    find_clusters,
    first_conflict,
    nesting_depth,
)

SPANS = places(length=10, max_size=8)


def cross(a, b):
    return a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1]


def share(a, b):
    return a[0] < b[1] and b[0] < a[1]


def depth_by_recursion(spans):
    @cache
    def depth(span):
        start, end = span
        inner = [s for s in spans if start <= s[0] and s[1] <= end and s != span]
        return 1 + max(map(depth, inner), default=0)

    return max(map(depth, spans), default=0)


def lost_by_search(spans, conflict):
    for size in range(len(spans), -1, -1):
        for chosen in combinations(spans, size):
            if not any(conflict(a, b) for a, b in combinations(chosen, 2)):
                return len(spans) - size


@pytest.mark.parametrize(
    "spans,depth,pairs,nested,flat",
    [
        ([], 0, 0, 0, 0),
        ([(0, 3)], 1, 0, 0, 0),
        ([(0, 3), (3, 5)], 1, 0, 0, 0),
        ([(0, 3), (0, 3)], 1, 0, 0, 1),
        ([(0, 9), (0, 5), (2, 5), (3, 4)], 4, 0, 0, 3),
        ([(0, 3), (2, 5)], 1, 1, 1, 1),
        ([(0, 3), (0, 3), (2, 5)], 1, 2, 1, 2),
        ([(0, 3), (2, 5), (4, 7)], 1, 2, 1, 1),
    ],
)
def test_counts_of_examples_are_as_expected(spans, depth, pairs, nested, flat):
    assert nesting_depth(spans) == depth
    assert crossing_pairs(spans) == pairs
    assert count_lost(spans, "nested") == nested
    assert count_lost(spans, "flat") == flat
    assert count_lost(spans, "any") == 0


@given(SPANS)
def test_depth_equals_a_recursive_count(spans):
    assert nesting_depth(spans) == depth_by_recursion(spans)


@given(SPANS)
def test_crossing_pairs_equal_a_plain_count(spans):
    expected = sum(cross(a, b) for a, b in combinations(spans, 2))
    assert crossing_pairs(spans) == expected


@pytest.mark.parametrize("overlap,conflict", [("nested", cross), ("flat", share)])
@given(spans=SPANS)
def test_count_lost_equals_an_exhaustive_search(overlap, conflict, spans):
    assert count_lost(spans, overlap) == lost_by_search(spans, conflict)


@pytest.mark.parametrize("overlap,conflict", [("nested", cross), ("flat", share)])
@given(spans=SPANS)
def test_first_conflict_finds_a_conflict_if_there_is_one(overlap, conflict, spans):
    found = first_conflict(spans, overlap)
    assert (found is not None) == (count_lost(spans, overlap) > 0)
    assert found is None or conflict(*(spans[i] for i in found))
    assert first_conflict(spans, "any") is None


def test_many_spans_take_little_time():
    # 200,000 pairs that cross among 20,000 spans; seconds if all pairs were compared.
    spans = [(i, i + 11) for i in range(20_000)]
    assert crossing_pairs(spans) == 10 * 20_000 - 55
    assert nesting_depth(spans) == 1


@given(SPANS)
def test_clusters_are_connected_by_crossings(spans):
    expected = {
        span for a, b in combinations(set(spans), 2) if cross(a, b) for span in (a, b)
    }
    clusters = find_clusters(spans)
    assert {span for cluster in clusters for span in cluster} == expected
    for i, one in enumerate(clusters):
        assert all(any(cross(span, other) for other in one) for span in one)
        others = [span for other in clusters[:i] for span in other]
        assert not any(cross(a, b) for a in one for b in others)


@given(SPANS)
def test_loss_of_a_large_cluster_is_not_overstated(spans):
    exact = count_lost(spans, "nested")
    with patch.object(nesting, "MOST_EXACT", 0):
        assert count_lost(spans, "nested") <= exact


def test_loss_of_a_large_cluster_of_equal_spans_is_exact():
    # Of ten spans that share a token, one can stay.
    spans = [(i, i + 10) for i in range(1000)]
    assert count_lost(spans, "nested") == 900


def test_empty_spans_cross_nothing():
    [cluster] = find_clusters([(1, 1), (0, 2), (2, 2), (1, 3)])
    assert sorted(cluster) == [(0, 2), (1, 3)]
    assert crossing_pairs([(1, 1), (0, 2), (2, 2), (1, 3)]) == 1
