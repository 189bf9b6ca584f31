"""The targets that teachers give, and the loss with them."""

from __future__ import annotations

import math

import pytest
import torch
from gradients import gradcheck
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import log1p_sum_exp, pointer_scores
from strategies import batches, random_states

from spacy_globalpointer.pointer.loss import span_loss, teacher_loss
from spacy_globalpointer.pointer.probability import lowest_score
from spacy_globalpointer.pointer.soft_targets import soft_targets
from spacy_globalpointer.pointer.states import order_labels, take_docs


def taught_loss(states, teachers, temperatures, bands, lowest):
    """Mean of log(1 + Σ (1 − t) e^s) + log(1 + Σ t e^−s), where t is σ(2 logit(p)) of
    the mean probability p, and 0 where all teachers find a span improbable."""
    parts = []
    for doc in range(len(states.lengths)):
        sets = [pointer_scores(x, doc, band) for x, band in zip(teachers, bands)]
        scores = pointer_scores(states, doc, None)
        for label in range(states.n_labels if scores else 0):
            neg, pos = [], []
            for cell, score in scores.items():
                if cell[0] == label:
                    given = [
                        x.get(cell, -math.inf) / y for x, y in zip(sets, temperatures)
                    ]
                    found = any(x >= lowest_score(lowest) for x in given)
                    p = sum(1 / (1 + math.exp(-x)) for x in given) / len(given)
                    t = p**2 / (p**2 + (1 - p) ** 2) if found else 0.0
                    neg += [score + math.log(1 - t)] if t < 1 else []
                    pos += [math.log(t) - score] if t else []
            parts.append(log1p_sum_exp(neg) + log1p_sum_exp(pos))
    return sum(parts) / (len(parts) or 1)


def learn(states, teachers, temperatures, bands, **options):
    rows, degrees = soft_targets(
        teachers, temperatures=temperatures, max_span_lengths=bands, **options
    )
    return span_loss(states, rows, degrees=degrees)


@settings(max_examples=25)
@given(
    batches(max_length=7, scale=2.0),
    st.lists(st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.booleans()), min_size=1),
    st.sampled_from([0.01, 0.3, 0.9]),
)
def test_loss_is_the_formula(batch, more, lowest):
    states, band, _ = batch
    teachers, temperatures, bands = [], [], []
    for i, (temperature, is_bound) in enumerate(more[:3]):
        own = random_states(states.lengths, states.n_labels, seed=i, scale=2.0)
        teachers.append(own)
        temperatures.append(temperature)
        bands.append(band if is_bound else None)
    given = (states, teachers, temperatures, bands)
    expected = taught_loss(*given, lowest)
    ours, _ = learn(*given, lowest=lowest)
    assert float(ours) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25)
@given(batches(max_length=7, scale=2.0))
def test_one_teacher_without_a_lowest_probability_gives_the_teachers_loss(batch):
    states, _, _ = batch
    teacher = random_states(states.lengths, states.n_labels, seed=5)
    dense, d_dense = teacher_loss(states, teacher)
    ours, gradient = learn(states, [teacher], [1.0], [None], lowest=0.0)
    assert float(ours) == pytest.approx(float(dense), abs=1e-6)
    for x, y in zip(gradient.tensors(), d_dense.tensors()):
        torch.testing.assert_close(x, y, atol=1e-6, rtol=1e-4)


def test_loss_is_lowest_at_the_mean_probability():
    teachers = [random_states([1], 1, seed=i) for i in range(2)]
    scores = [pointer_scores(x, 0, None)[0, 0, 0] for x in teachers]
    mean = sum(1 / (1 + math.exp(-x)) for x in scores) / 2
    states = random_states([1], 1, end=False)
    others = pointer_scores(states, 0, None)[0, 0, 0]
    states.start.add_(math.log(mean / (1 - mean)) - others)
    _, gradient = learn(states, teachers, [1.0, 1.0], [None, None])
    assert float(gradient.start.abs().max()) < 1e-6


@pytest.mark.parametrize("shared", [False, True])
def test_gradient_passes_gradcheck(shared):
    teachers = [random_states([6, 0, 3], 2, seed=i, scale=1.5) for i in range(2)]
    states = random_states([6, 0, 3], 2, shared=shared, seed=7)
    rows, degrees = soft_targets(
        teachers, temperatures=[1.0, 2.0], max_span_lengths=[None, 3]
    )
    assert 0 < len(rows) < 2 * (21 + 6)
    assert gradcheck(lambda x: span_loss(x, rows, degrees=degrees), states)


def test_limit_bounds_the_spans_of_a_document():
    states = random_states([8, 8], 1, scale=0.1)
    options = {"temperatures": [1.0], "max_span_lengths": [None]}
    everything, _ = soft_targets([states], **options)
    few, _ = soft_targets([states], limit=5, **options)
    assert (len(everything), len(few)) == (72, 10)


@pytest.mark.parametrize("shared", [False, True])
def test_ordered_labels_have_their_scores(shared):
    states = random_states([4], 3, shared=shared)
    before = pointer_scores(states, 0, None)
    after = pointer_scores(order_labels(states, [2, 0, 1]), 0, None)
    for (label, start, end), score in after.items():
        assert score == before[[2, 0, 1][label], start, end]


def test_selected_documents_have_their_scores():
    states = random_states([3, 0, 5, 2], 2, end=False)
    some, places = take_docs(states, [0, 2])
    assert some.lengths == (3, 5) and places.tolist() == [*range(8)]
    assert pointer_scores(some, 1, None) == pointer_scores(states, 2, None)
    none, _ = take_docs(states, [])
    assert none.lengths == () and len(none.queries) == 0
