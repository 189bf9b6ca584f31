"""Which precision is taken, and what an encoder computes in it."""

from __future__ import annotations

import subprocess

import numpy
import pytest
import spacy
import torch
from helpers import TEXTS, fit, make_examples
from small_encoders import make_bert

from spacy_globalpointer.encoders import precision
from spacy_globalpointer.encoders.precision import bf16_gain, choose_precision
from spacy_globalpointer.encoders.transformer_model import get_shim

CPU = torch.device("cpu")


@pytest.fixture
def gain(monkeypatch):
    def set_gain(value):
        monkeypatch.setattr(precision, "bf16_gain", lambda device_type: value)

    return set_gain


@pytest.mark.parametrize(
    "name,value,expected",
    [
        ("auto", 0.0, torch.float32),
        ("auto", 0.9, torch.float32),
        ("auto", 2.0, torch.bfloat16),
        ("bf16", 0.9, torch.bfloat16),
        ("fp32", 9.0, torch.float32),
    ],
)
def test_choice(gain, name, value, expected):
    gain(value)
    assert choose_precision(name, CPU) == expected


def test_what_does_not_work_is_refused(gain):
    gain(0.0)
    with pytest.raises(ValueError, match="GP031.*bf16.*cpu"):
        choose_precision("bf16", CPU)
    with pytest.raises(ValueError, match="GP030"):
        choose_precision("half", CPU)


def test_a_processor_that_dies_of_bf16_is_survived(monkeypatch):
    monkeypatch.setattr(precision, "_lists_bf16", lambda: True)
    monkeypatch.setattr(precision, "_PROBE", "import os; os.abort()")
    assert bf16_gain.__wrapped__("cpu") == 0
    monkeypatch.setattr(precision, "_PROBE", "print(2.5)")
    assert bf16_gain.__wrapped__("cpu") == 2.5

    def too_long(*args, **kwargs):
        raise subprocess.TimeoutExpired("probe", 60)

    monkeypatch.setattr(subprocess, "run", too_long)
    assert bf16_gain.__wrapped__("cpu") == 0


def test_this_machine_is_probed():
    assert bf16_gain("cpu") >= 0
    assert bf16_gain("mps") == 0


def build(folder, precision):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(folder), "precision": precision, "context": 4}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer")
    return nlp


# Whether or not this machine's products work: torch adds up small ones by itself.
@pytest.fixture
def no_products_of_the_machine():
    with torch.backends.mkldnn.flags(enabled=False):
        yield


def test_bf16_on_a_cpu(gain, tmp_path, no_products_of_the_machine):
    gain(1.0)
    make_bert(tmp_path)
    examples = make_examples(build(tmp_path, "fp32"))
    arrays, losses = [], []
    for name in ("fp32", "bf16"):
        spacy.util.fix_random_seed(0)
        nlp = build(tmp_path, name)
        nlp.initialize(lambda: examples)
        arrays.append(nlp(TEXTS[0])._.trf_data.tensors[0])
        losses.append([fit(nlp, examples, n)["global_pointer"] for n in (1, 30)])
        shim = get_shim(nlp.get_pipe("transformer").model)
        assert {p.dtype for p in shim._model.parameters()} == {torch.float32}
    assert {array.dtype for array in arrays} == {numpy.dtype("float32")}
    assert numpy.allclose(*arrays, atol=0.1) and not numpy.array_equal(*arrays)
    assert abs(losses[0][0] - losses[1][0]) < 0.05 * losses[0][0]
    assert losses[1][1] < losses[1][0] / 2


def test_copies_follow_the_weights(gain, tmp_path, no_products_of_the_machine):
    gain(1.0)
    nlp = build(make_bert(tmp_path), "bf16")
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    before = nlp(TEXTS[0])._.trf_data.tensors[0]
    for _ in range(2):  # nlp.update lags behind by one step for a transformer
        nlp.update(examples, sgd=sgd)
    after = nlp(TEXTS[0])._.trf_data.tensors[0]
    assert not numpy.array_equal(before, after)
    shim = get_shim(nlp.get_pipe("transformer").model)
    zeros = {
        (shim.id, name): numpy.zeros(tuple(p.shape), dtype="float32")
        for name, p in shim._model.named_parameters()
    }
    with nlp.use_params(zeros):
        assert not nlp(TEXTS[0])._.trf_data.tensors[0].any()
    assert numpy.array_equal(nlp(TEXTS[0])._.trf_data.tensors[0], after)
    again = spacy.blank("en").from_config(nlp.config)
    again.from_bytes(nlp.to_bytes())
    assert numpy.array_equal(again(TEXTS[0])._.trf_data.tensors[0], after)
