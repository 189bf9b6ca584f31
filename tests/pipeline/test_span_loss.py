from __future__ import annotations

import math
from dataclasses import replace

import pytest
import spacy
import torch
from helpers import TOK2VEC, build, fit
from hypothesis import given
from hypothesis import strategies as st
from spacy.training import Example
from spacy.util import fix_random_seed
from strategies import random_states

from spacy_globalpointer.pipeline.span_loss import make_span_loss_v1
from spacy_globalpointer.pointer.loss import span_loss

LABELS = ["ORG", "PER", "VEH"]
COUNTS = {"ORG": 4, "PER": 100, "VEH": 25}


def test_the_default_is_the_authors_loss():
    states = random_states([7, 4], 3)
    gold = [(0, 1, 2, 4), (1, 0, 0, 0)]
    ours, gradient = make_span_loss_v1()(states, gold)
    loss, expected = span_loss(states, torch.tensor(gold))
    assert ours == float(loss)
    assert all(map(torch.equal, gradient.tensors(), expected.tensors()))


def test_weights_follow_inverse_frequency():
    """The most common label has 1, and none more than 10."""
    inverse, root = (
        make_span_loss_v1(label_weights=name).weights_of(LABELS, COUNTS)
        for name in ("inverse", "inverse_sqrt")
    )
    assert inverse == pytest.approx([10, 1, 4])
    assert root == pytest.approx([5, 1, 2])


def test_a_label_without_gold_spans_has_the_weight_1():
    loss = make_span_loss_v1(label_weights="inverse")
    counts = {"ORG": 10, "PER": 30}
    assert loss.weights_of(LABELS, counts) == pytest.approx([3, 1, 1])
    assert loss.weights_of(LABELS, {**counts, "VEH": 0}) == pytest.approx([3, 1, 1])
    assert loss.weights_of(LABELS, {}) == [1.0, 1.0, 1.0]
    assert loss.uncounted(LABELS, counts) == ["VEH"]
    assert make_span_loss_v1().uncounted(LABELS, counts) == []


def test_a_label_that_a_config_cannot_hold():
    with pytest.raises(ValueError, match="GP020.*label_weights.*'x:y'"):
        make_span_loss_v1(label_weights={"x:y": 2.0})


def test_given_weights_are_1_for_other_labels():
    loss = make_span_loss_v1(label_weights={"VEH": 3, "ORG": 0.5})
    assert loss.weights_of(LABELS, COUNTS) == [0.5, 1.0, 3]
    assert make_span_loss_v1().weights_of(LABELS, COUNTS) is None


def test_weight_of_an_unknown_label_is_an_error():
    with pytest.raises(ValueError, match=r"GP016.*label_weights.*'VEHICLE'"):
        make_span_loss_v1(label_weights={"VEHICLE": 2.0}).weights_of(LABELS, COUNTS)


@pytest.mark.parametrize(
    "options",
    [
        {"label_weights": "inverted"},
        {"label_weights": {"A": 0.0}},
        {"label_weights": {"A": math.inf}},
        {"balance": 1.0},
        {"balance": -1.0},
        {"balance": math.nan},
        {"boundary_smoothing": 1.0},
        {"boundary_smoothing": -0.1},
        {"label_weights": ["A"]},
        {"label_weights": {"A": True}},
        {"label_weights": {"A": "2"}},
        {"balance": "0.5"},
        {"boundary_smoothing": None},
    ],
)
def test_invalid_settings_are_an_error(options):
    [(name, _)] = options.items()
    with pytest.raises(ValueError, match=f"GP226.*{name}"):
        make_span_loss_v1(**options)


@pytest.mark.parametrize(
    "shared,start,end",
    [(False, True, False), (False, False, False), (True, True, True)],
    ids=["GlobalPointer", "without label_bias", "EfficientGlobalPointer"],
)
def test_a_weight_lowers_its_labels_scores_in_the_loss(shared, start, end):
    states = random_states([4, 0, 3], 2, shared=shared, start=start, end=end)
    gold, weights = [(0, 0, 1, 2), (2, 1, 0, 0)], [8.0, 0.5]
    ours, gradient = make_span_loss_v1()(states, gold, weights=weights)
    ends = torch.zeros(7, 2, dtype=torch.float64) if states.end is None else states.end
    lowered = replace(states, end=ends - torch.tensor(weights).log())
    loss, expected = span_loss(lowered, torch.tensor(gold))
    assert ours == pytest.approx(float(loss))
    for name in ("queries", "keys", "start", "end"):
        one, other = getattr(gradient, name), getattr(expected, name)
        assert (one is None) == (getattr(states, name) is None)
        assert one is None or torch.allclose(one, other)


@pytest.mark.parametrize("weights", [[2.0], [1.0, 2.0, 3.0], [1.0, 0.0], [1.0, -1.0]])
def test_invalid_weights_are_an_error(weights):
    with pytest.raises(ValueError, match="GP048.*2 labels"):
        make_span_loss_v1()(random_states([3], 2), [], weights=weights)


def test_a_head_without_a_constant_learns_with_weights(examples):
    name = "spacy-globalpointer.GlobalPointer.v1"
    model = {"@architectures": name, "tok2vec": TOK2VEC, "label_bias": None}
    loss = {"@losses": "spacy-globalpointer.SpanLoss.v1", "label_weights": {"A": 3.0}}
    losses = fit(build(model=model, loss=loss), examples)
    assert losses["global_pointer"] < 0.1


@pytest.mark.parametrize("weight,share", [(1.0, 0.3), (3.0, 0.3), (9.0, 0.02)])
def test_a_doubtful_span_scores_the_log_odds_times_its_weight(weight, share):
    """Where the mean loss of a span that is gold in a share of its cases is least."""
    states = random_states([1], 1, end=True).map(torch.zeros_like)
    states.start[0, 0] = math.log(weight * share / (1 - share))
    slopes = [
        make_span_loss_v1()(states, gold, weights=[weight])[1].start.item()
        for gold in ([(0, 0, 0, 0)], [])
    ]
    assert share * slopes[0] + (1 - share) * slopes[1] == pytest.approx(0, abs=1e-12)


def test_balance_weighs_the_parts():
    states, gold = random_states([7], 2), [(0, 1, 2, 4)]
    found, left_out = (
        make_span_loss_v1(balance=b)(states, gold)[0] for b in (0.9, -0.9)
    )
    assert (found + left_out) / 2 == pytest.approx(make_span_loss_v1()(states, gold)[0])


def test_boundary_smoothing_shares_a_span_with_its_neighbours():
    states = random_states([7], 2)
    smooth = make_span_loss_v1(boundary_smoothing=0.2)
    ours, gradient = smooth(states, [(0, 1, 2, 4)])
    rows = [(0, 1, *x) for x in ((2, 4), (1, 4), (3, 4), (2, 3), (2, 5))]
    degrees = torch.tensor([0.8, 0.05, 0.05, 0.05, 0.05])
    loss, expected = span_loss(states, torch.tensor(rows), degrees=degrees)
    assert ours == pytest.approx(float(loss))
    for one, other in zip(gradient.tensors(), expected.tensors()):
        assert torch.allclose(one, other)


@given(st.data())
def test_boundary_smoothing_stays_within_documents_and_bounds(data):
    n, bound = data.draw(st.integers(1, 6)), data.draw(st.none() | st.integers(1, 6))
    start = data.draw(st.integers(0, n - 1))
    last = min(n - 1, start + (bound or n) - 1)
    end = data.draw(st.integers(start, last))
    gold = [(1, 0, start, end), (1, 0, end, end)]
    smooth = make_span_loss_v1(boundary_smoothing=0.5)
    loss, _ = smooth(random_states([2, n], 1), gold, max_span_length=bound)
    assert math.isfinite(loss)


def test_gold_span_next_to_another_stays_gold():
    smooth = make_span_loss_v1(boundary_smoothing=0.4)
    soft = dict(smooth._soften([(0, 0, 2, 2), (0, 0, 2, 3)], [9], None))
    assert soft[0, 0, 2, 2] == pytest.approx(0.8)  # two neighbours are no spans
    assert soft[0, 0, 2, 3] == pytest.approx(0.6)


def test_gold_span_keeps_the_weight_of_missing_neighbours():
    smooth = make_span_loss_v1(boundary_smoothing=0.4)
    assert dict(smooth._soften([(0, 0, 0, 0)], [1], None)) == {(0, 0, 0, 0): 1.0}


@pytest.fixture
def examples():
    nlp = spacy.blank("en")
    spans = [(0, 4, "A"), (0, 9, "A"), (5, 9, "B")]
    return [
        Example.from_dict(nlp.make_doc("Anne Bell left."), {"spans": {"sc": spans}})
    ]


def component(examples, **loss):
    nlp = build(loss={"@losses": "spacy-globalpointer.SpanLoss.v1", **loss})
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    return nlp


def test_the_component_learns_with_the_configs_loss(examples):
    losses = {}
    for weights in ({}, "inverse", {"A": 1.0, "B": 2.0}, {"B": 3.0}):
        nlp = component(examples, label_weights=weights)
        losses[str(weights)] = nlp.update(examples)["global_pointer"]
    plain, inverse, double, triple = losses.values()
    assert 0 < plain < inverse == double < triple


def test_counts_of_labels_are_saved_with_the_component(examples, tmp_path):
    component(examples, label_weights="inverse").to_disk(tmp_path / "p")
    pipe = spacy.load(tmp_path / "p").get_pipe("global_pointer")
    assert pipe.cfg["label_counts"] == {"A": 2, "B": 1}
    assert pipe._label_weights() == [1.0, 2.0]


def test_labels_that_initialization_did_not_see_give_a_warning(examples):
    nlp = component(examples, label_weights="inverse")
    nlp.get_pipe("global_pointer").cfg["label_counts"].pop("B")
    with pytest.warns(UserWarning, match=r"GPW016.*\['B'\]"):
        nlp.update(examples)


def test_weights_of_unknown_labels_stop_initialize(examples):
    with pytest.raises(ValueError, match="GP016"):
        component(examples, label_weights={"C": 1.0})
