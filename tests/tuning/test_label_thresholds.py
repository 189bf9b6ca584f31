"""Thresholds of all and of single labels, against all there are."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tuning_helpers import N_LABELS, made_up, plain_f

from spacy_globalpointer.pipeline.overlap import select_spans
from spacy_globalpointer.tuning.candidates import Candidates
from spacy_globalpointer.tuning.document_memory_choice import OFF
from spacy_globalpointer.tuning.label_thresholds import (
    best_per_label,
    best_single,
    label_cuts,
)

policies = pytest.mark.parametrize("overlap", ["any", "nested", "flat"])


def all_thresholds(candidates):
    return [*candidates.scores, 1.0]


@policies
@settings(max_examples=30)
@given(candidates=made_up())
def test_best_single_threshold_has_the_highest_f_score(overlap, candidates):
    threshold = best_single(candidates, overlap)
    best = max(
        plain_f(candidates, overlap, [t] * N_LABELS) for t in all_thresholds(candidates)
    )
    assert plain_f(candidates, overlap, [threshold] * N_LABELS) == best


@policies
@settings(max_examples=30)
@given(candidates=made_up())
def test_thresholds_of_labels_are_never_worse_than_one_for_all(overlap, candidates):
    threshold = best_single(candidates, overlap)
    own = best_per_label(candidates, overlap, threshold, range(N_LABELS))
    cuts = label_cuts(candidates.label_names, threshold, own)
    single = plain_f(candidates, overlap, [threshold] * N_LABELS)
    f = plain_f(candidates, overlap, cuts)
    assert f >= single
    assert not own or f > single


@policies
@settings(max_examples=30)
@given(candidates=made_up(max_size=10))
def test_changing_one_label_never_improves_the_result(overlap, candidates):
    threshold = best_single(candidates, overlap)
    own = best_per_label(candidates, overlap, threshold, range(N_LABELS))
    cuts = label_cuts(candidates.label_names, threshold, own)
    f = plain_f(candidates, overlap, cuts)
    for label in range(N_LABELS):
        for value in all_thresholds(candidates):
            other = cuts.copy()
            other[label] = value
            assert plain_f(candidates, overlap, other) <= f


@settings(max_examples=30)
@given(candidates=made_up(), labels=st.sets(st.integers(0, N_LABELS - 1)))
def test_labels_without_their_own_threshold_keep_the_common_one(candidates, labels):
    own = best_per_label(candidates, "nested", 0.5, sorted(labels))
    assert set(own) <= {candidates.label_names[i] for i in labels}


@policies
@settings(max_examples=30)
@given(candidates=made_up(), threshold=st.integers(1, 21).map(lambda n: n / 20))
def test_threshold_can_be_applied_before_or_after_the_policy(
    overlap, candidates, threshold
):
    """Why the policy need be applied but once to find a single threshold."""
    c = candidates
    mine = c.docs == c.docs[0]
    starts, ends, scores = c.starts[mine], c.ends[mine], c.scores[mine]
    above = numpy.flatnonzero(scores >= threshold)
    before = above[select_spans(overlap, starts[above], ends[above], scores[above])]
    stands = select_spans(overlap, starts, ends, scores)
    assert before.tolist() == [i for i in stands if scores[i] >= threshold]


@pytest.mark.parametrize("overlap", ["nested", "flat"])
def test_spans_of_low_scores_are_selected_in_one_pass(overlap, monkeypatch):
    """In one large group of conflicts, each would else ask for a selection of all."""
    n = 400
    starts = numpy.arange(n)
    scores = numpy.linspace(0.9, 0.05, n, dtype=numpy.float32)
    candidates = Candidates(
        label_names=("A", "B"),
        **{"docs": numpy.zeros_like(starts), "starts": starts, "ends": starts + 3},
        **{"labels": starts % 2, "raw": scores, "scores": scores},
        **{"right": starts == 0, "gold": numpy.array([[1, 0, 0]])},
        **{"lowest": 0.05, "temperature": 1.0, "memory": OFF},
        **{"words": [("", "")] * n},
    )
    selected = []
    select = Candidates.select
    monkeypatch.setattr(
        Candidates, "select", lambda *args: selected.append(1) or select(*args)
    )
    best_per_label(candidates, overlap, 0.85, range(2))
    assert 0 < len(selected) < n / 2


def test_a_dropped_span_makes_room_for_another():
    """A stands in B's place, and only A's own threshold can bring B back."""
    scores = numpy.array([0.9, 0.5, 0.4], dtype=numpy.float32)
    starts = numpy.array([0, 0, 5])
    candidates = Candidates(
        label_names=("A", "B"),
        **{"docs": numpy.zeros_like(starts), "starts": starts, "ends": starts},
        **{"labels": numpy.array([0, 1, 1]), "raw": scores, "scores": scores},
        **{"right": numpy.array([False, True, True])},
        **{"gold": numpy.array([[0, 2, 0]]), "lowest": 0.05, "temperature": 1.0},
        **{"words": [("", "")] * 3, "memory": OFF},
    )
    threshold = best_single(candidates, "flat")
    assert plain_f(candidates, "flat", [threshold] * 2) == 2 / 4
    own = best_per_label(candidates, "flat", threshold, range(2))
    assert own == {"A": 0.95}
    assert plain_f(candidates, "flat", [0.95, threshold]) == 1
