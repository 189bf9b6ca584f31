"""The best single threshold against all there are."""

from __future__ import annotations

import json

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Config

from spacy_globalpointer.tuning.best_cut import best_cut, between, f_score

PROBABILITIES = st.floats(0.0625, 1.0, width=32)


def scored(*pairs):
    scores, right = zip(*pairs)
    return numpy.array(scores, numpy.float32), numpy.array(right, bool)


@given(
    st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=1, max_size=20),
    st.integers(1, 30),
)
def test_best_cut_has_the_highest_f_score(pairs, n_gold):
    scores, right = scored(*pairs)

    def f(threshold):
        kept = scores >= numpy.float32(threshold)
        return 2 * right[kept].sum() / (kept.sum() + n_gold)

    cut = best_cut(scores, right, n_gold, lowest=0.02)
    assert cut.f == max(f(t) for t in [*scores, 1.0])
    assert f(cut.threshold) == cut.f


def test_equal_scores_are_kept_or_dropped_together():
    scores, right = scored((0.9, False), (0.9, True), (0.9, False), (0.4, True))
    assert best_cut(scores, right, 2, lowest=0.02).f == pytest.approx(4 / 6)


def test_threshold_is_in_the_middle_of_the_gap():
    scores, right = scored((0.9, True), (0.3, False))
    assert best_cut(scores, right, 1, lowest=0.02).threshold == 0.6


def test_widest_gap_is_chosen_among_equally_good_thresholds():
    # One right of one found, or two of four: F1 is 2/3 with both.
    flags = [True, False, False, True]
    scores, right = scored(*zip([0.9, 0.3, 0.25, 0.2], flags))
    cut = best_cut(scores, right, 2, lowest=0.19)
    assert (cut.threshold, cut.f) == (0.6, pytest.approx(2 / 3))
    scores, right = scored(*zip([0.9, 0.89, 0.6, 0.5], flags))
    cut = best_cut(scores, right, 2, lowest=0.1)
    assert (cut.threshold, cut.f) == (0.3, pytest.approx(2 / 3))


def test_label_that_is_always_wrong_gets_no_spans():
    scores, right = scored((0.8, False), (0.3, False))
    cut = best_cut(scores, right, 5, lowest=0.02, base_right=3, base_found=3)
    assert cut.threshold > 0.8 and cut.f == 6 / 8


def test_a_certain_span_cannot_be_left_out():
    scores, right = scored((1.0, False), (0.5, True))
    cut = best_cut(scores, right, 1, lowest=0.02, base_right=1, base_found=1)
    assert cut.threshold < 0.5 and cut.f == pytest.approx(4 / 4)


def test_larger_beta_gives_recall_more_weight():
    scores, right = scored((0.9, True), (0.6, False), (0.5, False), (0.4, True))
    assert best_cut(scores, right, 2, lowest=0.02, beta=0.5).threshold > 0.6
    assert best_cut(scores, right, 2, lowest=0.02, beta=2).threshold < 0.4


def test_f_score_is_the_weighted_harmonic_mean():
    p, r = 6 / 8, 6 / 15
    assert f_score(6, 8, 15) == pytest.approx(2 * p * r / (p + r))
    assert f_score(6, 8, 15, beta=2) == pytest.approx(5 * p * r / (4 * p + r))


@given(PROBABILITIES, PROBABILITIES)
def test_threshold_between_two_scores_separates_them_in_float32(a, b):
    low, high = min(a, b), max(a, b)
    if low < high:
        value = between(low, high)
        assert numpy.float32(low) < numpy.float32(value) <= numpy.float32(high)


@given(PROBABILITIES)
def test_neighbours_in_float32_are_separated(score):
    above = numpy.nextafter(numpy.float32(score), numpy.float32(2))
    value = between(float(score), float(above))
    assert numpy.float32(score) < numpy.float32(value) <= above


@given(PROBABILITIES, PROBABILITIES)
def test_a_config_file_keeps_a_threshold_to_the_last_bit(a, b):
    value = between(min(a, b), max(a, b))
    text = Config({"section": {"threshold": value}}).to_str()
    assert Config().from_str(text)["section"]["threshold"] == value
    assert json.loads(json.dumps(value)) == value


def test_a_threshold_has_few_decimals():
    assert between(0.4, 0.5) == 0.45
    assert between(0.412345, 0.412399) == 0.41237
