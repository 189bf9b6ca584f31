"""Groups of spans tied by conflicts."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tuning_helpers import clash, made_up

from spacy_globalpointer.tuning.conflicts import conflict_groups


def reached(n, edges):
    """The smallest span number that each span is connected with."""
    lowest = list(range(n))
    for _ in range(n):
        for a, b in edges:
            lowest[a] = lowest[b] = min(lowest[a], lowest[b])
    return lowest


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
@settings(max_examples=30)
@given(candidates=made_up())
def test_spans_connected_by_conflicts_form_groups(overlap, candidates):
    c = candidates
    places = list(zip(c.starts, c.ends))
    edges = [
        (i, j)
        for i in range(len(places))
        for j in range(i)
        if c.docs[i] == c.docs[j] and clash(overlap, places[i], places[j])
    ]
    expected = reached(len(places), edges)
    groups = conflict_groups(overlap, c.docs, c.starts, c.ends)
    for i in range(len(places)):
        for j in range(i):
            assert (groups[i] == groups[j]) == (expected[i] == expected[j])


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
@settings(max_examples=30)
@given(st.just(numpy.zeros(0, dtype=numpy.int64)))
def test_no_spans_make_no_groups(overlap, none):
    assert len(conflict_groups(overlap, none, none, none)) == 0
