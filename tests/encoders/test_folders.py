"""Encoders without their weights."""

from __future__ import annotations

import json

import numpy
import pytest
import spacy
import srsly
import torch
from small_encoders import FAMILIES, make_bert
from transformers import AutoModel, AutoTokenizer

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.storage import (
    encoder_from_bytes,
    encoder_to_bytes,
)
from spacy_globalpointer.machine_faults import NoTemporaryFolder


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A pipeline's folder, and the encoder's, which is gone from there."""
    folder = make_bert(tmp_path_factory.mktemp("bert"))
    nlp = spacy.blank("en")
    architecture = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": architecture, "name": str(folder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    folder.rename(folder.with_name("moved"))
    nlp.to_disk(folder.with_name("pipeline"))
    return folder.with_name("pipeline")


def same_but_for_weights(outline, encoder):
    assert outline.max_window == encoder.max_window
    assert outline.width == encoder.width
    assert outline.has_global_attention == encoder.has_global_attention
    assert (outline.strings == encoder.strings).all()
    text = "the bank of leith"
    assert outline.tokenizer(text)["input_ids"] == encoder.tokenizer(text)["input_ids"]
    for one, other in zip(outline.special, encoder.special):
        assert numpy.array_equal(one, other)
    assert {weight.device.type for weight in outline.module.parameters()} == {"meta"}


@pytest.mark.parametrize("family", FAMILIES)
def test_outline_has_the_same_properties_as_the_encoder(family, tmp_path):
    folder = str(FAMILIES[family](tmp_path))
    same_but_for_weights(load_encoder(folder, with_weights=False), load_encoder(folder))


def test_outline_of_a_trained_pipelines_encoder_is_loaded(pipeline):
    for name in (str(pipeline), str(pipeline / "transformer")):
        same_but_for_weights(load_encoder(name, with_weights=False), load_encoder(name))


def test_no_weights_are_read(tmp_path, monkeypatch):
    folder = make_bert(tmp_path)
    monkeypatch.delattr(AutoModel, "from_pretrained")
    for file in folder.glob("*.safetensors"):
        file.unlink()
    assert load_encoder(str(folder), with_weights=False).max_window == 64


def test_a_setting_that_the_encoder_does_not_have(tmp_path):
    settings = {"hidden_dropout": 0.2, "hidden_dropout_prob": 0.3, "dtype": "float32"}
    with pytest.warns(UserWarning, match="GPW018") as found:
        encoder = load_encoder(str(make_bert(tmp_path)), {}, settings)
    [told] = [str(one.message) for one in found if "GPW018" in str(one.message)]
    assert "'hidden_dropout'" in told and "hidden_dropout_prob" in told
    assert encoder.module.config.hidden_dropout_prob == 0.3


def test_encoder_that_cannot_be_loaded_is_an_error(tmp_path, pipeline):
    with pytest.raises(ValueError, match="GP033"):
        load_encoder(str(tmp_path), with_weights=False)
    (tmp_path / "model").write_bytes(srsly.msgpack_dumps({"shims": [[b"junk"]]}))
    with pytest.raises(ValueError, match="GP038"):
        load_encoder(str(tmp_path), with_weights=False)
    (tmp_path / "model").write_bytes(b"junk")
    with pytest.raises(ValueError, match="GP038"):
        load_encoder(str(tmp_path), with_weights=False)


@pytest.mark.parametrize(
    "config",
    [
        [],
        None,
        {"auto_map": 5},
        {"torch_dtype": "none"},
        {"hidden_size": "a"},
        {"hidden_size": 33},
        {"vocab_size": -5},
        {"num_hidden_layers": "2"},
        {"hidden_act": "none"},
        {"attention_probs_dropout_prob": "a"},
    ],
)
@pytest.mark.parametrize("with_weights", [True, False])
def test_folder_with_settings_of_the_wrong_type_is_not_an_encoder(
    config, with_weights, tmp_path
):
    file = make_bert(tmp_path) / "config.json"
    if config:
        config = {**json.loads(file.read_text()), **config}
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="GP033"):
        load_encoder(str(tmp_path), with_weights=with_weights)


def test_stored_settings_of_the_wrong_type_are_an_error(tmp_path):
    encoder = load_encoder(str(make_bert(tmp_path)))
    message = srsly.msgpack_loads(encoder_to_bytes(encoder))
    del message["digest"]
    config = {**json.loads(message["files"]["config.json"]), "hidden_size": "a"}
    message["files"]["config.json"] = json.dumps(config).encode("utf-8")
    data = srsly.msgpack_dumps(message)
    for with_weights in (True, False):
        with pytest.raises(ValueError, match="GP03[38]"):
            encoder_from_bytes(data, with_weights=with_weights)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("n_bytes", [0, 5, 1000])
def test_truncated_weights_cannot_be_loaded(tmp_path, name, n_bytes):
    folder = make_bert(tmp_path)
    if name.endswith(".bin"):
        weights = AutoModel.from_pretrained(folder).state_dict()
        (folder / "model.safetensors").unlink()
        torch.save(weights, folder / name)
    (folder / name).write_bytes((folder / name).read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match="GP033"):
        load_encoder(str(folder))


def test_truncated_weights_of_a_pipeline_cannot_be_loaded(pipeline, tmp_path):
    data = (pipeline / "transformer" / "model").read_bytes()
    (tmp_path / "model").write_bytes(data[:1000])
    with pytest.raises(ValueError, match="GP038"):
        load_encoder(str(tmp_path))


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("can't allocate memory"), NoTemporaryFolder()]
)
@pytest.mark.parametrize("part", ["from_pretrained", "from_config"])
def test_too_little_memory_is_not_reported_as_damage(
    pipeline, tmp_path, monkeypatch, error, part
):
    def fail(*_, **__):
        raise error

    folder = make_bert(tmp_path)
    if part == "from_pretrained":
        monkeypatch.setattr(AutoTokenizer, part, fail)
    monkeypatch.setattr(AutoModel, part, fail)
    with pytest.raises(type(error)):
        load_encoder(str(folder if part == "from_pretrained" else pipeline))
    with pytest.raises(type(error)):
        spacy.load(pipeline)
