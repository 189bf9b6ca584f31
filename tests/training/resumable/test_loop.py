"""A training that was interrupted ends as one that was not."""

from __future__ import annotations

import random
from pathlib import Path

import numpy
import pytest
import spacy
import torch
from spacy.cli._util import app
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import fix_random_seed
from training_helpers import (
    LISTENER,
    POINTER,
    SOURCED,
    SPANCAT,
    TOK2VEC,
    TRANSFORMER_V3,
    Workplace,
    differing,
    make_config,
    ner_config,
    pointer_config,
    transformer_config,
)
from typer.testing import CliRunner

from spacy_globalpointer.training.progress_logger import steps_done

slow = pytest.mark.slow


@spacy.registry.augmenters("tests.noise.v1")
def make_noise():
    """Draws from three generators, from which training draws too."""

    def augment(nlp, example):
        yield example
        draws = (random.random(), numpy.random.random(), torch.rand(()).item())
        if sum(draws) > 1.5:
            yield example

    return augment


@spacy.registry.callbacks("tests.draw.v1")
def make_draw():
    def draw(nlp, step):
        numpy.random.random(step["step"])
        random.gauss(0, 1)
        torch.rand(3)

    return draw


def source(folder: Path) -> str:
    """Save a pipeline with an ner. RETURNS: The section that takes it over."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    doc = nlp.make_doc("Mary of Leith")
    doc.ents = [Span(doc, 0, 3, "NAME")]
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    nlp.to_disk(folder / "source")
    section = SOURCED.format(folder=folder / "source")
    return section.replace('replace_listeners = ["model.tok2vec"]\n', "")


def config_of(kind: str, folder: Path, bert: Path) -> str:
    if kind == "pointer":
        return pointer_config()
    if kind == "transformer":
        return transformer_config(bert)
    if kind == "spacy-transformers":
        return transformer_config(bert, TRANSFORMER_V3)
    if kind == "spancat":
        return make_config(TRANSFORMER_V3.format(folder=bert), SPANCAT)
    if kind == "sourced":
        return make_config(TOK2VEC, source(folder), POINTER + LISTENER)
    return ner_config(draws=kind == "draws")


STREAM = ("--training.max_epochs", -1)
SHUFFLE = ("--corpora.train.shuffle", "true")
AVERAGES = ("--training.optimizer.use_averages", "true")
ACCUMULATE = ("--training.accumulate_gradient", 2)
FROZEN = ("--training.frozen_components", '["ner"]')
ANNOTATING = ("--training.annotating_components", '["ner"]')
RADAM = ("--training.optimizer.@optimizers", "RAdam.v1")
SGD = ("--training.optimizer.@optimizers", "SGD.v1")
CASES = {
    "pointer": ("pointer",),
    "transformer": ("transformer", *AVERAGES),
    "draws": ("draws", *STREAM, *SHUFFLE, *ACCUMULATE),
}
SLOW_CASES = {
    "averages": ("pointer", *AVERAGES, *ACCUMULATE),
    "radam": ("pointer", *RADAM),
    "sgd": ("pointer", *SGD),
    "ner": ("ner", *AVERAGES),
    "draws in epochs": ("draws",),
    "stream": ("pointer", *STREAM, *SHUFFLE),
    "epochs": ("ner", "--training.max_epochs", 2, "--training.max_steps", 0),
    "patience": ("ner", "--training.patience", 6, "--training.max_steps", 0),
    "frozen": ("sourced", *FROZEN, *ANNOTATING),
    "sourced": ("sourced", *AVERAGES),
    "spacy-transformers": ("spacy-transformers",),
    "spancat": ("spancat",),
}
ALL = [*CASES, *(pytest.param(name, marks=slow) for name in SLOW_CASES)]


@pytest.fixture(scope="module")
def place_of(tmp_path_factory, bert_folder):
    """RETURNS: A function that makes a place to train by a case's name, and what the
    training makes without interruption, once."""
    made = {}

    def make(name: str) -> Workplace:
        if name not in made:
            kind, *overrides = {**CASES, **SLOW_CASES}[name]
            folder = tmp_path_factory.mktemp("place")
            config = config_of(kind, folder, bert_folder)
            made[name] = Workplace(folder, config, *overrides)
            made[name].train("whole")
        return made[name]

    return make


@pytest.mark.parametrize("name", ALL)
def test_weights_and_scores_are_those_of_a_training_without_interruption(
    name, place_of
):
    place = place_of(name)
    place.stop("cut", 5)
    cut = place.folder / "cut"
    assert [x.name for x in cut.glob("checkpoint-*")] == ["checkpoint-4"]
    place.train("cut", "--resume")
    assert differing(place.folder / "whole", cut) == []
    assert not list(cut.glob("*checkpoint*"))


@pytest.mark.parametrize("name", ALL)
def test_without_interruption_training_equals_spacy_train(name, place_of):
    place = place_of(name)
    arguments = ["train", *place.arguments("theirs")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert differing(place.folder / "whole", place.folder / "theirs") == []


CUTS = [[9], [2, 1, 6], pytest.param([0], marks=slow), pytest.param([1], marks=slow)]


@pytest.mark.parametrize("cuts", CUTS)
def test_training_can_be_interrupted_anywhere_and_repeatedly(place_of, cuts):
    place, name = place_of("draws"), f"cut-{cuts}"
    for at in cuts:
        place.stop(name, at, "--resume")
    place.train(name, "--resume")
    assert differing(place.folder / "whole", place.folder / name) == []


@spacy.registry.loggers("tests.seed.v1")
def make_seeding_logger():
    """A logger that seeds all generators when it is made."""

    def set_up(nlp, stdout, stderr):
        LOGGED.append(steps_done.get())
        fix_random_seed(len(LOGGED))
        return lambda info: None, lambda: None

    return set_up


#: Steps that were done when a logger was made.
LOGGED: list = []


def test_random_numbers_that_a_new_logger_draws_change_nothing(place_of):
    place = place_of("pointer")
    place.stop("seeded", 5)
    LOGGED[:] = [0]
    place.train("seeded", "--resume", "--training.logger.@loggers", "tests.seed.v1")
    assert differing(place.folder / "whole", place.folder / "seeded") == []


def test_steps_done_is_set_only_while_the_logger_is_made(place_of):
    place = place_of("pointer")
    place.stop("told", 5)
    LOGGED.clear()
    place.train("told", "--resume", "--training.logger.@loggers", "tests.seed.v1")
    assert LOGGED == [4]
    assert steps_done.get() == 0


def test_counts_of_words_and_seconds_continue(place_of):
    place = place_of("pointer")
    whole = place.log("logged")
    place.stop("counted", 5)
    assert place.log("counted", "--resume") == whole[2:]
