"""Choice of the settings of a memory of spans."""

from __future__ import annotations

import pytest
from helpers import make_examples
from tuning_helpers import save_dev, unsure

from spacy_globalpointer.evaluation.predictions import predict_candidates
from spacy_globalpointer.tuning import mention_memory_choice
from spacy_globalpointer.tuning.choice import Chooser
from spacy_globalpointer.tuning.kind_choice import choose_kind
from spacy_globalpointer.tuning.mention_memory_choice import (
    at_present,
    choose_mention_memory,
    collecting,
)
from spacy_globalpointer.tuning.tune import tune

NAME = "global_pointer"
TEXTS = ["The Bank of York paid John .", "Mary of York saw the Mayor of York ."]
GOLD = [[(0, 4, "X"), (5, 6, "PERSON")], [(0, 3, "PERSON"), (4, 8, "PERSON")]]
LOWEST = 0.03


@pytest.fixture
def nlp():
    nlp = unsure(overlap="nested")
    examples = make_examples(nlp, texts=TEXTS, gold=GOLD)
    nlp.get_pipe(NAME).remember(examples)
    return nlp


@pytest.fixture
def pipe(nlp):
    return nlp.get_pipe(NAME)


@pytest.fixture
def dev(nlp, tmp_path):
    return save_dev(nlp, tmp_path / "dev.spacy")


def choose(nlp, dev):
    pipe = nlp.get_pipe(NAME)
    predicted = predict_candidates(nlp, dev, **collecting(pipe, LOWEST))
    chooser = Chooser(pipe.cfg["overlap"], min_gold=1, beta=1.0)
    choice = choose_mention_memory(predicted, pipe, LOWEST, chooser)
    return choice, at_present(predicted, pipe, LOWEST), predicted


@pytest.mark.parametrize("weight, neighbours", [(0.0, 64), (0.3, 64), (0.5, 3)])
def test_present_candidates_are_those_of_the_evaluation(
    nlp, pipe, dev, weight, neighbours
):
    pipe.memory_weight, pipe.memory_neighbours = weight, neighbours
    _, present, predicted = choose(nlp, dev)
    tuning = tune(present, pipe, min_gold=1)
    scores = nlp.evaluate([one.example for one in predicted])
    assert tuning.score(tuning.present).f == pytest.approx(scores["spans_sc_f"])


@pytest.mark.parametrize("kind", [1, 9, 17, 30])
def test_scores_with_the_chosen_settings_are_those_of_the_evaluation(
    nlp, pipe, dev, kind, monkeypatch
):
    monkeypatch.setattr(
        mention_memory_choice, "choose_kind", lambda kinds, chooser: kind
    )
    choice, present, predicted = choose(nlp, dev)
    tuning = tune(present, pipe, mentions=choice, min_gold=1)
    assert {*tuning.mentions} <= {*tuning.settings}
    pipe.cfg.update(tuning.settings)
    assert {name: pipe.cfg[name] for name in choice.settings} == choice.settings
    scores = nlp.evaluate([one.example for one in predicted])
    assert tuning.score(tuning.best).f == pytest.approx(scores["spans_sc_f"])


def test_entries_of_the_document_itself_do_not_count(nlp, pipe, tmp_path):
    examples = make_examples(nlp, texts=TEXTS, gold=GOLD)
    docs = [example.predicted for example in examples]
    lowest = [0.5] * len(pipe.labels)
    known = pipe.candidates(docs, lowest)
    left_out = pipe.candidates(docs, lowest, left_out=True)
    label = pipe.labels.index("X")
    assert (known[0].labels == label).any()
    assert not (left_out[0].labels == label).any()


def test_settings_stay_if_others_gain_nothing(nlp, pipe, dev):
    pipe.memory_temperature, pipe.memory_neighbours = 0.15, 5
    choice, _, _ = choose(nlp, dev)
    if choice.settings["memory_weight"] == 0:
        assert choice.settings["memory_temperature"] in (0.15, 0.05, 0.1, 0.2)
    monkey = Chooser("any", min_gold=1, beta=1.0)
    kinds = [choice.candidates] * 3
    assert choose_kind(kinds, monkey) == 0


def test_temperature_with_a_memory_raises_GP138(nlp, pipe, dev):
    _, present, _ = choose(nlp, dev)
    with pytest.raises(ValueError, match="GP138"):
        tune(present, pipe, temperature=True)
