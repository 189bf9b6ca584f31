"""Weights that are no finite numbers: an error at prediction, not an empty result."""

from __future__ import annotations

import math

import pytest
import spacy
import torch
from helpers import TEXTS, build, fit, make_examples
from small_encoders import make_bert

from spacy_globalpointer.encoders.transformer_model import get_shim

VALUES = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", ["projection.weight", "projection.bias", "bias"])
def test_a_head_with_such_a_weight_raises_GP090(trained, name, value):
    head = trained.get_pipe("global_pointer").model.get_ref("output_layer")
    weights = dict(head.shims[0]._model.named_parameters())[name]
    weights.data.view(-1)[0] = value
    with pytest.raises(ValueError, match=f"GP090.*pointer_head.{name}"):
        trained(TEXTS[0])


@pytest.mark.parametrize("value", VALUES)
def test_an_efficient_head_with_such_a_weight_raises_GP090(value):
    nlp = build("EfficientGlobalPointer")
    fit(nlp, make_examples(nlp), steps=1)
    head = nlp.get_pipe("global_pointer").model.get_ref("output_layer")
    head.shims[0]._model.typing.weight.data[0, 0] = value
    with pytest.raises(ValueError, match="GP090.*pointer_head.typing.weight"):
        nlp(TEXTS[0])


@pytest.mark.parametrize("value", VALUES)
def test_a_tok2vec_with_such_weights_raises_GP090(trained, value):
    tok2vec = trained.get_pipe("global_pointer").model.get_ref("tok2vec")
    [node] = [n for n in tok2vec.walk() if n.name == "maxout"][:1]
    weights = node.get_param("W").copy()
    weights[:] = value
    node.set_param("W", weights)
    with pytest.raises(ValueError, match="GP090.*maxout.W"):
        trained(TEXTS[0])


@pytest.mark.parametrize("value", VALUES)
def test_an_encoder_with_such_a_weight_raises_GP090(tmp_path, value):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(make_bert(tmp_path)), "precision": "fp32", "context": 4}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer")
    nlp.initialize(lambda: make_examples(nlp))
    module = get_shim(nlp.get_pipe("transformer").model)._model
    module.encoder.layer[0].intermediate.dense.weight.data[0, 0] = value
    with pytest.raises(ValueError, match="GP090.*encoder"):
        nlp(TEXTS[0])


def test_large_finite_values_are_not_an_error(trained):
    head = trained.get_pipe("global_pointer").model.get_ref("output_layer")
    with torch.no_grad():
        head.shims[0]._model.bias.fill_(3e38)  # their sum overflows
    assert len(trained(TEXTS[0]).spans["sc"]) > 100
