"""Precision and recall at every threshold."""

from __future__ import annotations

import pytest
from evaluation_helpers import example, matched
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.evaluation.curves import make_curve, make_curves

CANDIDATES = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9, 1.0]), st.booleans()), max_size=12
)


def curve_of(candidates, missed=0):
    gold = sum(right for _, right in candidates) + missed
    return make_curve((s for s, _ in candidates), (r for _, r in candidates), gold)


def test_curve_equals_a_count_by_hand():
    curve = curve_of([(0.3, True), (0.9, True), (0.6, False)], missed=2)
    assert curve.thresholds.tolist() == [0.9, 0.6, 0.3]
    assert curve.precision.tolist() == [1, 1 / 2, 2 / 3]
    assert curve.recall.tolist() == [1 / 4, 1 / 4, 2 / 4]
    assert curve.average_precision == pytest.approx(1 / 4 + 2 / 3 / 4)


@given(CANDIDATES, st.integers(0, 3))
def test_each_point_is_that_of_its_threshold(candidates, missed):
    curve = curve_of(candidates, missed)
    assert curve.thresholds.tolist() == sorted({s for s, _ in candidates}, reverse=True)
    points = zip(curve.thresholds, curve.precision, curve.recall)
    for threshold, precision, recall in points:
        kept = [right for score, right in candidates if score >= threshold]
        assert precision == sum(kept) / len(kept)
        assert recall == sum(kept) / max(curve.gold, 1)


@given(CANDIDATES)
def test_average_precision_is_1_if_all_gold_comes_first(candidates):
    ranked = [
        (0.5 + score / 2 if right else score / 4, right) for score, right in candidates
    ]
    curve = curve_of(ranked)
    assert curve.average_precision == pytest.approx(1.0 if curve.gold else 0.0)


def test_curve_without_candidates_is_empty():
    curve = make_curve([], [], 3)
    assert curve.average_precision == 0 and len(curve.recall) == 0


def test_curves_by_label():
    gold = [(0, 1, "A"), (1, 2, "A"), (2, 3, "B")]
    found = [(0, 1, "A"), (2, 3, "A"), (3, 4, "C")]
    spans = matched(example(list("abcd"), gold, found, [0.5, 0.75, 0.25]))
    whole, curves = make_curves(spans)
    assert list(curves) == ["A", "B", "C"] and whole.gold == 3
    assert curves["A"].precision.tolist() == [0, 1 / 2]
    assert len(curves["B"].recall) == 0 and curves["B"].gold == 1
    assert curves["C"].recall.tolist() == [0]
    assert whole.precision.tolist() == [0, 1 / 2, 1 / 3]
