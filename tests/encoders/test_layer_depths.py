from __future__ import annotations

import pytest
import spacy
import torch
from small_encoders import FAMILIES, make_bert
from spacy.training import Example
from transformers import AutoModel

from spacy_globalpointer.encoders.layer_depths import (
    freeze_layers,
    layer_depths,
    learn_rate_factors,
)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_has_its_depth(family, tmp_path):
    folder = tmp_path / family
    folder.mkdir()
    module = AutoModel.from_pretrained(FAMILIES[family](folder))
    depths = layer_depths(module)
    assert depths.keys() == dict(module.named_parameters()).keys()
    n_layers = 1 if family == "albert" else 2  # ALBERT's layers are one
    assert set(depths.values()) == set(range(n_layers + 1))
    for name, depth in depths.items():
        assert (depth == 0) == ("embedding" in name)


def test_learning_rates_fall_from_layer_to_layer(tmp_path):
    factors = learn_rate_factors(bert(tmp_path), 0.5)
    assert factors["encoder.layer.1.output.dense.weight"] == 1
    assert factors["encoder.layer.0.output.dense.weight"] == 0.5
    assert factors["embeddings.word_embeddings.weight"] == 0.25
    assert factors["pooler.dense.weight"] == 1


@pytest.mark.parametrize(
    "frozen,names", [(None, []), (0, ["emb"]), (2, ["emb", "enc"])]
)
def test_frozen_layers_are_not_trained(tmp_path, frozen, names):
    module = bert(tmp_path)
    freeze_layers(module, frozen)
    for name, parameter in module.named_parameters():
        is_frozen = name.startswith(tuple(names)) or (frozen == 2 and "pooler" in name)
        assert parameter.requires_grad != is_frozen


@pytest.mark.parametrize("frozen", [-1, 3])
def test_frozen_layers_out_of_range_are_an_error(tmp_path, frozen):
    with pytest.raises(ValueError, match="GP046.*2 layers"):
        freeze_layers(bert(tmp_path), frozen)


def test_encoder_without_known_layers_is_an_error():
    module = torch.nn.Linear(2, 2)
    assert learn_rate_factors(module, 1.0) == {"weight": 1.0, "bias": 1.0}
    freeze_layers(module, None)
    with pytest.raises(ValueError, match="GP047.*layer_decay.*|GP047.*'weight'"):
        learn_rate_factors(module, 0.9)
    with pytest.raises(ValueError, match="GP047"):
        freeze_layers(module, 0)


def bert(folder):
    return AutoModel.from_pretrained(make_bert(folder / "bert"))


@pytest.fixture
def train(tmp_path):
    """Trains one update and gives the change of each of the encoder's parameters."""
    make_bert(tmp_path / "bert")

    def run(use_radam=False, **settings):
        nlp = spacy.blank("en")
        torch.manual_seed(0)
        model = {
            "@architectures": "spacy-globalpointer.TransformerModel.v1",
            "name": str(tmp_path / "bert"),
            **settings,
        }
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("global_pointer", config={"model": {"head_width": 8}})
        doc = nlp.make_doc("Anne Bell left.")
        examples = [Example.from_dict(doc, {"spans": {"sc": [(0, 4, "A")]}})]
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate, optimizer.L2 = 1e-3, 0.0
        optimizer.use_radam = use_radam
        module = nlp.get_pipe("transformer").model.layers[0].shims[0]._model
        before = {k: v.detach().clone() for k, v in module.named_parameters()}
        nlp.update(examples, sgd=False)
        for _, pipe in nlp.pipeline:  # as spaCy's training loop does
            pipe.finish_update(optimizer)
        return {k: v.detach() - before[k] for k, v in module.named_parameters()}

    return run


def test_an_update_has_the_rates_of_the_layers(train):
    """Adam's first step is as long as the learning rate."""
    change = train(layer_decay=0.5)
    for name, rate in (
        ("encoder.layer.1.output.dense.bias", 1e-3),
        ("encoder.layer.0.output.dense.bias", 5e-4),
        ("embeddings.LayerNorm.bias", 2.5e-4),
    ):
        assert float(change[name].abs().max()) == pytest.approx(rate, rel=1e-2)


def test_learning_rates_of_layers_apply_to_radam_too(train):
    name = "embeddings.word_embeddings.weight"
    whole, decayed = (
        train(use_radam=True, layer_decay=decay)[name].abs().max() for decay in (1, 0.5)
    )
    assert float(decayed / whole) == pytest.approx(0.25, rel=1e-2)


def test_an_update_leaves_frozen_layers_alone(train):
    change = train(frozen_layers=1)
    assert not change["embeddings.word_embeddings.weight"].any()
    assert not change["encoder.layer.0.output.dense.weight"].any()
    assert change["encoder.layer.1.output.dense.weight"].any()


@pytest.mark.parametrize("decay", [0.0, -1.0, 1.1])
def test_decay_out_of_range_is_an_error(train, decay):
    with pytest.raises(ValueError, match="GP045"):
        train(layer_decay=decay)


def test_dropout_of_the_encoder_is_its_configs(train, tmp_path):
    """transformer_config reaches it; the dropout of [training] is the head's."""
    dropout = {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5}
    plain, again = train(), train()
    dropped = train(transformer_config=dropout)
    name = "encoder.layer.0.output.dense.weight"
    assert torch.equal(plain[name], again[name])
    assert not torch.equal(plain[name], dropped[name])
