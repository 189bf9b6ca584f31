"""Steps that are done, gone through again."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.training import dont_augment

from spacy_globalpointer.training.resumable.replay import (
    History,
    ReplayedBatches,
    ReplayedEvaluations,
    skip_done,
)


class Text:
    """What of an example counts."""

    def __init__(self, text: str, tokens: int = 1) -> None:
        self.reference = SimpleNamespace(text=text)
        self.tokens = tokens

    def __len__(self) -> int:
        return self.tokens


def text(value: object) -> Text:
    return Text(str(value))


def batches(plan):
    """Batches whose texts are random numbers. For each step the plan has how many of
    Python's and of NumPy's it takes."""
    for step, (python, numbers) in enumerate(plan):
        drawn = [random.random() for _ in range(python)]
        yield step, [text(x) for x in (*drawn, *numpy.random.random(numbers))]


def run(plan, between, history, stop=None):
    """Draw batches, and random numbers between them. RETURNS: What was drawn."""
    found = []
    for step, batch in ReplayedBatches(batches(plan), history):
        found.append([x.reference.text for x in batch])
        if step == stop:
            return found
        for _ in range(between[step][0]):
            random.random()
        numpy.random.random(between[step][1])
    return found


STEPS = st.lists(
    st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3), max_size=8
)


@given(steps=STEPS, data=st.data())
def test_batches_are_drawn_again_with_the_same_random_numbers(steps, data):
    plan, between, other = zip(*steps) if steps else ([], [], [])
    random.seed(0)
    numpy.random.seed(0)
    whole = run(plan, between, History())
    if not steps:
        return
    stop = data.draw(st.integers(0, len(steps) - 1))
    random.seed(0)
    numpy.random.seed(0)
    history = History()
    run(plan, between, history, stop)
    states = random.getstate(), numpy.random.get_state()
    assert history.steps == stop + 1

    random.seed(1)  # another process, in which other numbers are drawn between
    source = iter(ReplayedBatches(batches(plan), history))
    for step in range(stop + 1):
        assert next(source) == (step, [])
        random.gauss(0, other[step][0])
        numpy.random.random(other[step][1])
    random.setstate(states[0])
    numpy.random.set_state(states[1])
    for _ in range(between[stop][0]):
        random.random()
    numpy.random.random(between[stop][1])
    found = []
    for step, batch in source:
        found.append([x.reference.text for x in batch])
        for _ in range(between[step][0]):
            random.random()
        numpy.random.random(between[step][1])
    assert found == whole[stop + 1 :]


def test_random_state_is_stored_only_if_it_cannot_be_derived():
    history = History()
    run([(1, 0)] * 4, [(0, 0), (1, 0), (0, 1), (0, 0)], history)
    assert {step: [*x] for step, x in history.states.items()} == {
        0: ["python"],
        2: ["python"],
    }


@pytest.mark.parametrize("words", [["a", "b", "x", "d"], ["a", "b"]])
def test_another_corpus_is_an_error(words):
    history = History()
    source = iter(ReplayedBatches(((0, [text(x)]) for x in "abcd"), history))
    for _ in range(3):
        next(source)
    again = ReplayedBatches(((0, [text(x)]) for x in words), history)
    with pytest.raises(ValueError, match="GP214"):
        list(again)


def test_another_tokenization_is_an_error():
    history = History()
    source = iter(ReplayedBatches([(0, [Text("a b", 2)]), (0, [])], history))
    next(source)
    with pytest.raises(ValueError, match="GP214"):
        list(ReplayedBatches([(0, [Text("a b", 3)]), (0, [])], history))


def test_a_batch_may_be_a_generator(monkeypatch):
    """Its examples come out, and what it draws belongs to its step."""

    def draw():
        yield text(random.random())

    def found(history):
        batches = ReplayedBatches(((0, draw()) for _ in range(3)), history)
        for _, batch in batches:
            yield [x.reference.text for x in batch]
            random.random()

    random.seed(0)
    history = History()
    source = found(history)
    first = [next(source), next(source)]
    assert all(len(batch) == 1 for batch in first)
    last = next(source)
    random.seed(0)
    history = History()
    source = found(history)
    assert [next(source), next(source)] == first
    state = random.getstate()
    random.seed(1)
    again = found(history)
    assert [next(again), next(again)] == [[], []]
    random.setstate(state)
    assert next(again) == last


class Pipeline:
    """Gives the scores of a list, one at each evaluation."""

    def __init__(self, scores):
        self.scores = iter(scores)

    def evaluate(self, examples):
        list(examples)
        return next(self.scores)


SCORES = [{"f": 0.5, "p": 0.25, "r": None}, {"f": 0.5, "p": None}, {"f": 0.5, "p": 1.0}]
WEIGHTS = {"f": 0.5, "p": 0.5, "r": 0.5, "x": None}


def test_scores_that_spacy_drops_stay_dropped():
    """It drops a score for good that an evaluation has not given."""
    whole = ReplayedEvaluations(Pipeline(SCORES), lambda _: [], WEIGHTS, History())
    expected = [whole()[0] for _ in SCORES]
    assert expected == [0.375, 0.25, 0.25]
    for done in range(4):
        history = History()
        first = ReplayedEvaluations(Pipeline(SCORES), lambda _: [], WEIGHTS, history)
        for _ in range(done):
            first()
        rest = Pipeline(SCORES[done:])
        again = ReplayedEvaluations(rest, lambda _: [], WEIGHTS, history)
        assert [again()[0] for _ in SCORES] == expected
        assert history.scores == expected


@pytest.mark.parametrize("shuffle", [False, True])
def test_only_a_corpus_that_keeps_a_state_is_read_again(shuffle):
    passes = []

    class Corpus:
        augmenter = staticmethod(dont_augment)

        def __init__(self):
            self.shuffle = shuffle

        def __call__(self, nlp):
            passes.append(nlp)
            return []

    history = History(scores=[1.0, 2.0], weights=["f"])
    evaluate = ReplayedEvaluations(spacy.blank("en"), Corpus(), WEIGHTS, history)
    assert [evaluate()[0] for _ in range(2)] == [1.0, 2.0]
    assert len(passes) == (2 if shuffle else 0)


def test_the_callback_before_updates_is_not_called_for_steps_that_are_done():
    called = []
    callback = skip_done(lambda _, step: called.append(step["step"]), 2)
    for step in range(4):
        callback(None, {"step": step, "epoch": 0})
    assert called == [2, 3]
    assert skip_done(None, 2) is None
