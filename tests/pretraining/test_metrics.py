"""Metrics on texts that are held out."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pretraining_helpers import make_run

from spacy_globalpointer.pretraining.detector import Detection
from spacy_globalpointer.pretraining.metrics import auc, metrics_of


def detection(scores, truth, right=(True,), losses=(1.0, 1.0)):
    values = torch.tensor(losses)
    rows = torch.tensor(scores), torch.tensor(truth, dtype=torch.bool)
    return Detection(values[0], values[1], torch.tensor(right), *rows)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=40))
def test_auc_is_the_fraction_of_pairs_in_order(pairs):
    scores = torch.tensor([float(score) for score, _ in pairs])
    truth = torch.tensor([known for _, known in pairs], dtype=torch.bool)
    wins = [
        (a > b) + (a == b) / 2
        for a in scores[truth].tolist()
        for b in scores[~truth].tolist()
    ]
    expected = sum(wins) / len(wins) if wins else 0.5
    assert auc(scores, truth) == pytest.approx(expected)


def test_batches_count_by_their_pieces():
    first = detection([2.0, -1.0, 3.0], [1, 0, 0], (True, False), (4.0, 0.5))
    second = detection([-2.0], [1], (True,), (1.0, 0.1))
    metrics = metrics_of([first, second])
    assert metrics["generator_loss"] == pytest.approx((2 * 4.0 + 1.0) / 3)
    assert metrics["generator_accuracy"] == pytest.approx(2 / 3)
    assert metrics["detector_loss"] == pytest.approx((3 * 0.5 + 0.1) / 4)
    assert metrics["replaced"] == 0.5
    assert metrics["trivial_loss"] == pytest.approx(math.log(2))
    assert metrics["accuracy"] == 0.5
    assert [metrics[k] for k in ("precision", "recall", "f1")] == [0.5, 0.5, 0.5]
    assert metrics["auc"] == pytest.approx(1 / 4)


def test_metrics_are_defined_if_nothing_is_replaced_or_found():
    metrics = metrics_of([detection([-1.0, -2.0], [0, 0])])
    assert metrics["f1"] == metrics["precision"] == metrics["trivial_loss"] == 0
    assert metrics["auc"] == 0.5 and metrics["accuracy"] == 1


def test_the_same_model_gets_the_same_metrics(tmp_path):
    run = make_run(tmp_path)
    before = run.measure()
    assert run.measure() == before
    run.advance()
    assert run.measure() != before


def test_measuring_changes_nothing(tmp_path):
    """A run that is measured between its steps does the same as another."""
    runs = []
    for name, measured in (("a", True), ("b", False)):
        (tmp_path / name).mkdir()
        run = make_run(tmp_path / name)
        for _ in range(3):
            run.advance()
            if measured:
                run.measure()
                torch.rand(7)
        runs.append(run)
    pairs = zip(*(run.model.parameters() for run in runs))
    assert all(torch.equal(a, b) for a, b in pairs)
