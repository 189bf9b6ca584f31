"""A pipeline that is trained once, and workers in this process."""

from __future__ import annotations

import pytest
import spacy
from helpers import build, fit, make_examples
from scale_helpers import use_same_process


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Folder of a trained pipeline."""
    nlp = build()
    fit(nlp, make_examples(nlp))
    folder = tmp_path_factory.mktemp("model") / "trained"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def trained(model):
    return spacy.load(model)


@pytest.fixture
def asked(monkeypatch):
    """The requests to workers, which are in this process."""
    return use_same_process(monkeypatch)
