"""The plan of a document's windows."""

from __future__ import annotations

import numpy
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_globalpointer.encoders.windows import blend_weights, plan_windows


@st.composite
def plans(draw):
    n = draw(st.integers(0, 300))
    cuts = draw(st.sets(st.integers(0, n)).map(sorted)) if n else []
    context = draw(st.integers(0, 10))
    capacity = 2 * context + draw(st.integers(1, 40))
    return n, numpy.array([c for c in cuts if c < n], dtype=int), capacity, context


@given(plans())
def test_each_piece_belongs_to_one_window_and_is_seen_in_context(plan):
    n, cuts, capacity, context = plan
    windows = plan_windows(n, cuts, capacity=capacity, context=context)
    owned = [piece for w in windows for piece in range(w.first, w.last)]
    assert owned == list(range(n))
    for window in windows:
        assert window.first < window.last
        assert window.stop - window.start <= capacity
        assert window.start == max(0, window.first - context)
        assert window.stop == min(n, window.last + context)


@given(plans())
def test_windows_meet_where_tokens_begin(plan):
    n, cuts, capacity, context = plan
    windows = plan_windows(n, cuts, capacity=capacity, context=context)
    for window in windows[:-1]:
        room = capacity - context - min(window.first, context)
        near = cuts[(cuts > window.first) & (cuts <= window.first + room)]
        assert window.last in near if len(near) else window.last == window.first + room


@given(plans())
@example((8, numpy.array([1]), 7, 1))
def test_windows_are_blended_smoothly(plan):
    n, cuts, capacity, context = plan
    windows = plan_windows(n, cuts, capacity=capacity, context=context)
    total, best = numpy.zeros(n), numpy.zeros(n)
    for window, weights in zip(windows, blend_weights(windows, n, context)):
        own = slice(window.start, window.stop)
        assert len(weights) == window.stop - window.start and (weights > 0).all()
        total[own] += weights
        best[own] = numpy.maximum(best[own], weights)
        # It fades out, but for a window that reads a document's end.
        if context and capacity > 6 * context:
            assert window.start == 0 or weights[0] <= 0.5 / context
            assert window.stop == n or weights[-1] <= 0.5 / context
    assert numpy.allclose(total, 1)
    if len(windows) == 1:
        assert (best == 1).all()


def test_weights_of_overlapping_windows_fall_and_rise():
    windows = plan_windows(20, numpy.arange(20), capacity=12, context=2)
    assert [tuple(window) for window in windows] == [(0, 12, 0, 10), (8, 20, 10, 20)]
    weights = blend_weights(windows, 20, 2)
    assert weights[0].tolist() == [1] * 8 + [0.875, 0.625, 0.375, 0.125]
    assert weights[1].tolist() == [0.125, 0.375, 0.625, 0.875] + [1] * 8


def test_long_tokens_leave_few_small_windows():
    """A short token before a long one is not a window of its own."""
    lengths = numpy.array([5, 470] * 8)
    cuts = lengths.cumsum() - lengths
    windows = plan_windows(lengths.sum(), cuts, capacity=510, context=16)
    assert len(windows) <= 9


@given(st.integers(1, 2000), st.integers(0, 10), st.integers(1, 60))
def test_windows_are_as_few_as_possible_and_of_equal_length(n, context, room):
    """Where every piece is a token of its own."""
    capacity = 2 * context + room
    windows = plan_windows(n, numpy.arange(n), capacity=capacity, context=context)
    fewest = 1 if n <= capacity else -(-(n - 2 * context) // room)
    assert len(windows) == fewest
    lengths = [window.stop - window.start for window in windows]
    if context == 0:  # else the ends have less of it beside short own parts
        assert max(lengths) - min(lengths) <= 1


def test_a_document_that_fits_is_one_window():
    assert plan_windows(10, numpy.arange(10), capacity=10, context=3) == [
        (0, 10, 0, 10)
    ]


def test_a_long_token_is_split():
    windows = plan_windows(30, numpy.array([0]), capacity=10, context=2)
    assert [(w.first, w.last) for w in windows][0] == (0, 8)
    assert windows[-1].last == 30
