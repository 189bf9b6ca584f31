"""What else the last digits depend on."""

from __future__ import annotations

import json

import pytest
import spacy
import torch
from thinc.api import CupyOps

from spacy_globalpointer.encoders.encoder_shim import EncoderShim
from spacy_globalpointer.training.resumable import machine as module
from spacy_globalpointer.training.resumable.machine import compare_machines, machine


@pytest.fixture
def nlp(monkeypatch):
    """A pipeline with an encoder whose precision is to be chosen."""
    shim = EncoderShim("auto", False)
    monkeypatch.setattr(module, "find_shims", lambda _: {"transformer/0.0": shim})
    return spacy.blank("en")


def test_the_precision_that_was_chosen_counts(nlp, monkeypatch):
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(module, "choose_precision", lambda *_, x=dtype: x)
        found.append(machine(nlp))
    assert compare_machines(*found) == [
        'the encoder\'s precision was "torch.float32" and is "torch.bfloat16"'
    ]


def test_the_gpu_counts_if_it_is_used(nlp, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    monkeypatch.setattr(module, "choose_precision", lambda *_: torch.float32)
    before = machine(nlp)
    monkeypatch.setattr(module, "get_current_ops", lambda: CupyOps.__new__(CupyOps))
    [line] = compare_machines(before, machine(nlp))
    assert line == 'the GPU was null and is "Some GPU"'


def test_the_same_machine_is_the_same_after_it_was_stored():
    nlp = spacy.blank("en")
    stored = json.loads(json.dumps(machine(nlp)))
    assert compare_machines(stored, machine(nlp)) == []
