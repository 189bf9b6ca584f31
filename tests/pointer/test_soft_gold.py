"""The loss where gold spans are positive to a degree, and the balance of its parts."""

from __future__ import annotations

import math

import pytest
import torch
from gradients import gradcheck
from hypothesis import given
from hypothesis import strategies as st
from reference import log1p_sum_exp, pointer_scores
from strategies import as_rows, batches, random_states

from spacy_globalpointer.pointer.loss import span_loss


@st.composite
def soft_batches(draw, **options):
    """A batch, and for each document the degrees by cell."""
    states, band, gold = draw(batches(**options))
    some = st.sampled_from([1.0, 0.9, 0.5, 1e-3])
    return states, band, [{cell: draw(some) for cell in cells} for cells in gold]


def as_degrees(gold) -> torch.Tensor:
    """In the order of `as_rows`."""
    values = [cells[cell] for cells in gold for cell in sorted(cells)]
    return torch.tensor(values, dtype=torch.float64)


def soft_loss(states, gold, band, balance=0.0):
    """Mean of (1 − b) log(1 + Σ (1 − t) e^s) + (1 + b) log(1 + Σ t e^−s)."""
    parts = []
    for doc, degrees in enumerate(gold):
        scores = pointer_scores(states, doc, band)
        for label in range(states.n_labels if scores else 0):
            mine = {c: s for c, s in scores.items() if c[0] == label}
            t = {c: degrees.get(c, 0.0) for c in mine}
            neg = [s + math.log(1 - t[c]) for c, s in mine.items() if t[c] < 1]
            pos = [-s + math.log(t[c]) for c, s in mine.items() if t[c] > 0]
            parts.append((1 - balance) * log1p_sum_exp(neg))
            parts.append((1 + balance) * log1p_sum_exp(pos))
    return 2 * sum(parts) / len(parts) if parts else 0.0


@given(soft_batches(), st.sampled_from([0.0, 0.4, -0.4, 1.0]))
def test_loss_is_the_formula(batch, balance):
    states, band, gold = batch
    ours, _ = span_loss(
        states,
        as_rows(gold),
        degrees=as_degrees(gold),
        balance=balance,
        max_span_length=band,
        size=3,
    )
    expected = soft_loss(states, gold, band, balance)
    assert float(ours) == pytest.approx(expected, abs=1e-12)


@given(soft_batches(scale=8.0))
def test_loss_is_the_formula_where_scores_are_high(batch):
    states, band, gold = batch
    ours, _ = span_loss(
        states, as_rows(gold), degrees=as_degrees(gold), max_span_length=band
    )
    assert float(ours) == pytest.approx(soft_loss(states, gold, band), rel=1e-10)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_gradient_passes_gradcheck(shared, scale):
    states = random_states([6, 0, 3], 2, shared=shared, scale=scale**0.5)
    gold = [{(0, 1, 2): 0.8, (0, 0, 5): 0.3, (1, 2, 2): 1.0}, {}, {(1, 0, 2): 0.1}]
    rows, degrees = as_rows(gold), as_degrees(gold)

    options = {"degrees": degrees, "balance": 0.3}
    assert gradcheck(lambda x: span_loss(x, rows, **options), states)


@given(batches())
def test_degrees_of_one_change_nothing(batch):
    states, band, gold = batch
    rows = as_rows(gold)
    plain = span_loss(states, rows, max_span_length=band)
    ones = torch.ones(len(rows))
    soft = span_loss(states, rows, degrees=ones, max_span_length=band)
    assert plain[0] == soft[0]
    assert all(map(torch.equal, plain[1].tensors(), soft[1].tensors()))


def test_a_repeated_span_has_its_highest_degree():
    states = random_states([5], 2)
    rows = torch.tensor([[0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 2, 3]])
    twice = span_loss(states, rows, degrees=torch.tensor([0.2, 0.5, 0.7]))
    once = span_loss(states, rows[1:], degrees=torch.tensor([0.5, 0.7]))
    assert twice[0] == once[0]


@pytest.mark.parametrize(
    "options",
    [
        {"degrees": torch.tensor([0.5, 0.5])},
        {"degrees": torch.tensor([0.0])},
        {"degrees": torch.tensor([1.5])},
        {"degrees": torch.tensor([math.nan])},
        {"balance": 1.1},
        {"balance": -2.0},
        {"balance": math.nan},
    ],
)
def test_numbers_out_of_range_are_an_error(options):
    states = random_states([5], 2)
    with pytest.raises(ValueError, match="GP006"):
        span_loss(states, torch.tensor([[0, 1, 2, 3]]), **options)
