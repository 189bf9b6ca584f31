"""Scores by label, length, nesting, order of mention and distance to a seam."""

from __future__ import annotations

import pytest
from evaluation_helpers import counts, example, examples, matched
from hypothesis import given, settings
from spacy.scorer import PRFScore

from spacy_globalpointer.evaluation.breakdown import (
    NO_SEAM,
    score_all,
    score_by_document,
    score_by_label,
    score_by_length,
    score_by_mention,
    score_by_nesting,
    score_by_seam,
    shares,
)
from spacy_globalpointer.pipeline.scorer import score_spans
from spacy_globalpointer.types import LOST_GOLD

WORDS = list("abcdefghij")
GOLD = [(0, 6, "A"), (1, 3, "B"), (2, 3, "B"), (8, 9, "A")]
FOUND = [(0, 6, "A"), (1, 3, "A"), (2, 3, "B"), (4, 5, "B"), (7, 10, "A")]


@pytest.fixture
def spans():
    return matched(example(WORDS, GOLD, FOUND))


@pytest.mark.parametrize(
    "right,spurious,missed,expected",
    [
        (1, 1, 0, (0.5, 1.0, 2 / 3)),
        (0, 1, 1, (0.0, 0.0, 0.0)),
        (0, 0, 2, (None, 0.0, 0.0)),
        (0, 2, 0, (0.0, None, 0.0)),
        (0, 0, 0, (None, None, None)),
    ],
)
def test_score_with_zero_denominator_is_none(right, spurious, missed, expected):
    score = PRFScore(tp=right, fp=spurious, fn=missed)
    assert shares(score) == pytest.approx(expected)


def test_labels(spans):
    assert counts(score_by_label(spans)) == {"A": (1, 2, 1), "B": (1, 1, 1)}


def test_lengths(spans):
    expected = {"1": (1, 1, 1), "2": (0, 1, 1), "3–4": (0, 1, 0), "5–8": (1, 0, 0)}
    assert counts(score_by_length(spans)) == expected


@pytest.mark.parametrize(
    "length,name",
    [(1, "1"), (2, "2"), (3, "3–4"), (4, "3–4"), (8, "5–8"), (9, "9–16")]
    + [
        (16, "9–16"),
        (17, "17–32"),
        (32, "17–32"),
        (33, "33 and more"),
        (99, "33 and more"),
    ],
)
def test_length_bins_have_their_bounds(length, name):
    spans = matched(example(["a"] * 99, [(0, length, "A")], []))
    assert list(score_by_length(spans)) == [name]


def test_nesting(spans):
    assert counts(score_by_nesting(spans)) == {
        "flat": (0, 0, 1),  # (8, 9): that a found span holds it is no matter
        "inside another": (1, 1, 0),  # (2, 3) and (4, 5)
        "holding another": (1, 1, 0),  # (0, 6) and (7, 10)
        "both": (0, 1, 1),  # (1, 3) with either label
    }


def test_order_of_mention():
    words = ["Bank", "of", "Leith", "bank", "of", "LEITH", "Leith", "Bank"]
    gold = [(0, 3, "A"), (2, 3, "B"), (3, 6, "A"), (6, 7, "A")]
    found = [(0, 3, "A"), (0, 1, "A"), (3, 6, "A"), (6, 7, "B"), (7, 8, "A")]
    assert counts(score_by_mention(matched(example(words, gold, found)))) == {
        # (0, 1) and (7, 8): that "Bank" was found before is no matter
        "first": (1, 2, 1),
        "later": (1, 1, 1),  # (6, 7) with either label
    }


def test_seams():
    distances = {(0, 6): -1, (1, 3): 0, (2, 3): 3, (4, 5): 4, (7, 10): 15, (8, 9): 32}
    own = example(WORDS, GOLD, FOUND)
    spans = matched(own, distances=[lambda start, end: distances[start, end]])
    assert counts(score_by_seam(spans)) == {
        "across a seam": (1, 0, 0),
        "0–3": (1, 1, 1),
        "4–15": (0, 2, 0),
        "32 and more": (0, 0, 1),
    }


def test_spans_of_one_window_have_a_bin_of_their_own():
    own = example(WORDS, [(0, 1, "A"), (1, 2, "A")], [])
    spans = matched(own, distances=[lambda start, end: 20 if start else None])
    assert counts(score_by_seam(spans)) == {"16–31": (0, 0, 1), NO_SEAM: (0, 0, 1)}


def test_scores_by_seam_are_empty_without_windows(spans):
    assert score_by_seam(spans) == {}


def test_lost_gold_counts_as_missed():
    own = example(["ab", "c"], [(1, 2, "A")], [(1, 2, "A")])
    own.reference.user_data[LOST_GOLD] = [[0, 1, "A"]]
    spans = matched(own)
    assert counts(score_by_label(spans)) == {"A": (1, 0, 1)}
    assert counts(score_by_length(spans)) == {"1": (1, 0, 1)}
    assert score_all(spans).recall == score_spans([own], spans_key="sc")["spans_sc_r"]


@settings(max_examples=40)
@given(examples())
def test_scores_are_those_of_the_scorer(group):
    spans = matched(*group)
    scores = score_spans(group, spans_key="sc")
    if scores["spans_sc_f"] is None:
        assert spans == []
        return
    assert score_all(spans).to_dict() == {x: scores[f"spans_sc_{x}"] for x in "prf"}
    by_label = {k: v.to_dict() for k, v in score_by_label(spans).items()}
    assert by_label == scores["spans_sc_per_type"]


@settings(max_examples=40)
@given(examples())
def test_bins_add_up(group):
    spans = matched(*group, distances=[lambda start, end: start] * len(group))
    total = score_all(spans)
    breakdowns = [score_by_label, score_by_length, score_by_nesting, score_by_mention]
    for score_by in [*breakdowns, score_by_seam, score_by_document]:
        rows = counts(score_by(spans)).values()
        sums = [sum(column) for column in zip(*rows)] or [0, 0, 0]
        assert sums == [total.tp, total.fp, total.fn]
