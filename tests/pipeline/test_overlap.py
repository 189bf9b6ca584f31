from __future__ import annotations

from unittest import mock

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spacy_globalpointer.pipeline import overlap
from spacy_globalpointer.pipeline.overlap import POLICIES, select_spans


@st.composite
def spans(draw):
    places = st.tuples(st.integers(0, 12), st.integers(0, 6))
    chosen = draw(st.lists(places, max_size=25))
    scores = draw(
        st.lists(
            st.sampled_from([0.5, 0.6, 0.7, 0.8]),
            min_size=len(chosen),
            max_size=len(chosen),
        )
    )
    starts = numpy.array([a for a, _ in chosen], dtype=numpy.int64)
    ends = numpy.array([a + n for a, n in chosen], dtype=numpy.int64)
    return starts, ends, numpy.array(scores, dtype=numpy.float32)


def conflict(policy, a, b):
    overlaps = a[0] <= b[1] and b[0] <= a[1]
    crossing = a[0] < b[0] <= a[1] < b[1] or b[0] < a[0] <= b[1] < a[1]
    return {"any": False, "flat": overlaps, "nested": crossing}[policy]


@pytest.mark.parametrize("block", [3, overlap.BLOCK])
@pytest.mark.parametrize("policy", sorted(POLICIES))
@given(spans())
def test_spans_are_chosen_greedily_by_score(policy, block, arrays):
    starts, ends, scores = arrays
    places, kept = list(zip(starts, ends)), []
    for i in sorted(range(len(places)), key=lambda i: (-scores[i], i)):
        if not any(conflict(policy, places[i], places[k]) for k in kept):
            kept.append(i)
    with mock.patch.object(overlap, "BLOCK", block):
        assert select_spans(policy, *arrays).tolist() == sorted(kept)


def test_same_span_under_two_labels_is_kept_twice_unless_flat():
    arrays = numpy.array([1, 1]), numpy.array([3, 3]), numpy.array([0.6, 0.9])
    assert select_spans("nested", *arrays).tolist() == [0, 1]
    assert select_spans("flat", *arrays).tolist() == [1]


@given(spans())
def test_values_within_each_span_are_reduced(arrays):
    starts, ends, _ = arrays
    assume(len(starts))
    values = (7 * numpy.arange(ends.max(initial=-1) + 2)) % 5
    for function in (numpy.maximum, numpy.minimum):
        expected = [function.reduce(values[a : b + 1]) for a, b in zip(starts, ends)]
        assert overlap._reduce(function, values, starts, ends).tolist() == expected
