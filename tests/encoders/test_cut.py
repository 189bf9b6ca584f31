"""Encoders of some of the layers of others."""

from __future__ import annotations

import pytest
import torch
import transformers as hf
from small_encoders import (
    FAMILIES,
    SIZE,
    make_albert,
    make_bert,
    make_bigbird,
    make_longformer,
)
from transformers import AutoModel
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.encoders.cut import cut
from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.pretrained import Encoder

TEXT = "the bank of leith paid the mayor"
DEEP = {**SIZE, "num_hidden_layers": 6, "vocab_size": 200}
NARROW = {"dim": 32, "hidden_dim": 64, "n_heads": 2, "vocab_size": 200}
MODELS = {
    "bert": (hf.BertModel, hf.BertConfig(**DEEP), "encoder.layer"),
    "deberta": (hf.DebertaV2Model, hf.DebertaV2Config(**DEEP), "encoder.layer"),
    "distilbert": (
        hf.DistilBertModel,
        hf.DistilBertConfig(n_layers=6, **NARROW),
        "transformer.layer",
    ),
    "electra": (hf.ElectraModel, hf.ElectraConfig(**DEEP), "encoder.layer"),
    "longformer": (
        hf.LongformerModel,
        hf.LongformerConfig(attention_window=[4, 8, 16, 8, 4, 16], **DEEP),
        "encoder.layer",
    ),
    "mpnet": (hf.MPNetModel, hf.MPNetConfig(**DEEP), "encoder.layer"),
    "roberta": (hf.RobertaModel, hf.RobertaConfig(**DEEP), "encoder.layer"),
}


@pytest.fixture
def encoder(tmp_path):
    return load_encoder(str(make_bert(tmp_path / "bert", num_hidden_layers=6)))


def of(module, tokenizer):
    with torch.no_grad():
        for weight in module.parameters():  # biases differ, too
            weight.add_(0.05 * torch.randn_like(weight))
    return Encoder(module.eval(), tokenizer)


def hidden(encoder, **inputs):
    inputs = inputs or encoder.tokenizer(TEXT, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        return encoder.module(**inputs).last_hidden_state


@pytest.mark.parametrize("layers", [[0, 3, 5], [1, 2], [5], [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("family", MODELS)
def test_vectors_are_those_without_the_other_layers(family, layers, encoder):
    kind, config, place = MODELS[family]
    whole = of(kind(config), encoder.tokenizer)
    smaller = cut(whole, layers)
    stack = whole.module.get_submodule(place)
    assert smaller.module.config.num_hidden_layers == len(layers)
    assert len(smaller.module.get_submodule(place)) == len(layers)
    chosen = torch.nn.ModuleList(stack[layer] for layer in layers)
    owner = whole.module.get_submodule(place.rpartition(".")[0])
    setattr(owner, place.rpartition(".")[2], chosen)
    ids = torch.randint(5, 190, (2, 40))
    mask = torch.ones_like(ids)
    mask[1, 25:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    difference = hidden(smaller, **inputs) - hidden(whole, **inputs)
    assert difference[mask.bool()].abs().max() <= 1e-6


def make_deep_bert(folder):
    return make_bert(folder, num_hidden_layers=6)


def make_deep_bigbird(folder):
    return make_bigbird(folder, num_hidden_layers=6)


@pytest.mark.parametrize("make", [make_deep_bert, make_deep_bigbird])
def test_whole_encoder_is_unchanged_and_shares_nothing(make, tmp_path, caplog):
    encoder = load_encoder(str(make(tmp_path)))
    ids = {"input_ids": torch.arange(5, 45)[None]}  # as BigBird attends to blocks
    before = hidden(encoder, **ids)
    encoder.module.train()
    smaller = cut(encoder, [0, 2])
    assert caplog.messages == []
    assert [getattr(x.module, "attention_type", None) for x in (encoder, smaller)] == [
        getattr(encoder.module.config, "attention_type", None)
    ] * 2
    assert encoder.module.training and not smaller.module.training
    encoder.module.eval()
    assert len(encoder.module.encoder.layer) == 6
    own = {weight.data_ptr() for weight in smaller.module.parameters()}
    assert own.isdisjoint(x.data_ptr() for x in encoder.module.parameters())
    assert torch.equal(hidden(encoder, **ids), before)


def test_settings_of_each_layer_follow(tmp_path):
    folder = make_longformer(tmp_path, num_hidden_layers=3, attention_window=[8, 16, 4])
    smaller = cut(load_encoder(str(folder)), [0, 2])
    assert smaller.module.config.attention_window == [8, 4]
    kept = [x.attention.self for x in smaller.module.encoder.layer]
    assert [x.one_sided_attn_window_size for x in kept] == [4, 2]


def test_layers_that_depend_on_their_place_are_an_error(encoder):
    size = {k: x for k, x in DEEP.items() if "dropout" not in k}
    size |= {"pad_token_id": 0, "reference_compile": False}
    config = hf.ModernBertConfig(**size)
    whole = of(hf.ModernBertModel(config), encoder.tokenizer)
    assert len(cut(whole, [0, 2, 4]).module.layers) == 3
    for layers in ([0, 1, 3], [1, 2]):
        with pytest.raises(ValueError, match="GP243.*modernbert"):
            cut(whole, layers)


@pytest.mark.parametrize("layers", [[], [6], [-1, 2], [2, 2], [3, 1]])
def test_invalid_layers_are_an_error(layers, encoder):
    with pytest.raises(ValueError, match="GP242.*6 layers, 0 to 5"):
        cut(encoder, layers)


def test_shared_layers_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP243.*albert.*2 layers share 1 set"):
        cut(load_encoder(str(make_albert(tmp_path))), [0])


def test_layers_that_are_not_found_are_an_error(encoder):
    config = hf.FunnelConfig(d_model=32, n_head=2, d_head=16, d_inner=64)
    with pytest.raises(ValueError, match="GP243.*funnel.*do not show them"):
        cut(Encoder(hf.FunnelBaseModel(config), encoder.tokenizer), [0])


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"albert"}))
def test_cut_encoder_is_saved_and_loaded(family, tmp_path):
    (tmp_path / family).mkdir()
    smaller = cut(load_encoder(str(FAMILIES[family](tmp_path / family))), [1])
    save_encoder(smaller, tmp_path / "cut")
    again = load_encoder(str(tmp_path / "cut"))
    assert torch.equal(hidden(again), hidden(smaller))
    assert again.max_window == smaller.max_window


def test_command_saves_a_complete_encoder(tmp_path):
    make_bert(tmp_path / "whole", num_hidden_layers=4)
    args = ["cut", str(tmp_path / "whole"), str(tmp_path / "cut"), "--layers"]
    result = CliRunner().invoke(global_pointer_cli, [*args, "0", "3"])
    assert result.exit_code == 0, result.output
    assert "Kept 2 of 4 layers" in result.output
    assert AutoModel.from_pretrained(tmp_path / "cut").config.num_hidden_layers == 2
    assert load_encoder(str(tmp_path / "cut")).tokenizer(TEXT)["input_ids"]
    result = CliRunner().invoke(global_pointer_cli, [*args, "0", "3"])
    assert result.exit_code == 1 and "GP042" in result.output
    result = CliRunner().invoke(global_pointer_cli, [*args, "1", "--force"])
    assert result.exit_code == 0 and "Kept 1 of 4 layers" in result.output
    result = CliRunner().invoke(global_pointer_cli, [*args, "4", "-F"])
    assert result.exit_code == 1 and "GP242" in result.output
    assert AutoModel.from_pretrained(tmp_path / "cut").config.num_hidden_layers == 1


def test_layers_may_be_given_in_several_ways(tmp_path):
    make_bert(tmp_path / "whole", num_hidden_layers=4)
    names = [str(tmp_path / "whole"), str(tmp_path / "cut")]
    ways = "--layers 0 2 -F WHOLE CUT", "-l 0 -l 2 WHOLE CUT -F"
    for way in (*ways, "WHOLE --layers=0 2 CUT -F"):
        words = [{"WHOLE": names[0], "CUT": names[1]}.get(x, x) for x in way.split()]
        result = CliRunner().invoke(global_pointer_cli, ["cut", *words])
        assert result.exit_code == 0 and "Kept 2 of 4" in result.output, result.output
