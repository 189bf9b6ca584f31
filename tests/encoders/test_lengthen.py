"""Longformers made of encoders for short texts."""

from __future__ import annotations

import pytest
import spacy
import torch
from small_encoders import FAMILIES, make_bert, make_electra
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.lengthen import lengthen

TEXT = "the bank of leith paid the mayor"


def hidden(encoder, text, **inputs):
    encoder.module.eval()
    with torch.no_grad():
        encoded = encoder.tokenizer(text, return_tensors="pt")
        return encoder.module(**encoded, **inputs).last_hidden_state


@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
def test_vectors_of_a_short_text_are_the_originals(family, tmp_path):
    encoder = load_encoder(str(FAMILIES[family](tmp_path)))
    longer = lengthen(encoder, positions=256, attention_window=128)
    n = hidden(encoder, TEXT).shape[1]
    assert 20 < n < 64
    assert torch.allclose(hidden(longer, TEXT), hidden(encoder, TEXT), atol=1e-4)
    assert longer.max_window == 256 and encoder.max_window == 64
    # The projections for global attention are the local ones.
    everything = torch.ones(1, n, dtype=torch.int64)
    globally = hidden(longer, TEXT, global_attention_mask=everything)
    assert torch.allclose(globally, hidden(encoder, TEXT), atol=1e-4)


def test_how_long_a_short_text_is(tmp_path):
    encoder = load_encoder(str(make_bert(tmp_path)))
    with torch.no_grad():
        for weight in encoder.module.parameters():
            weight.mul_(8)  # so that what a piece sees matters
    longer = lengthen(encoder, positions=64, attention_window=32)
    for n, same in ((17, True), (18, False)):
        text = "a b c d " * 4 if n == 18 else "a b c d " * 3 + "a b c"
        assert hidden(encoder, text).shape[1] == n
        difference = (hidden(longer, text) - hidden(encoder, text)).abs().max()
        assert difference < 1e-3 if same else difference > 1e-2


def test_padding_piece_may_have_any_id(tmp_path):
    """Longformer counts positions without the padding; BERT counts all."""
    encoder = load_encoder(str(make_bert(tmp_path, pad_token_id=5)))
    longer = lengthen(encoder, positions=64, attention_window=64)
    text = "! a ! b"  # "!" is piece 5
    assert torch.allclose(hidden(longer, text), hidden(encoder, text), atol=1e-4)


def test_positions_are_repeated(tmp_path):
    encoder = load_encoder(str(make_bert(tmp_path)))
    longer = lengthen(encoder, positions=200, attention_window=8)
    old = encoder.module.embeddings.position_embeddings.weight
    new = longer.module.embeddings.position_embeddings.weight[1:]
    assert new.shape == (200, 32)
    for i in (0, 63, 64, 150, 199):
        assert torch.equal(new[i], old[i % 64])
    assert hidden(longer, "a " * 150).shape == (1, 152, 32)


def test_command_makes_a_longformer(tmp_path):
    make_bert(tmp_path / "short")
    command = ["lengthen", str(tmp_path / "short"), str(tmp_path / "long")]
    command += ["--positions", "128", "--attention-window", "64"]
    result = CliRunner().invoke(global_pointer_cli, command)
    assert result.exit_code == 0, result.output
    assert "128 positions" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long", "short"]
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(tmp_path / "long"), "context": 4}
    model["global_attention"] = {"@misc": "spacy-globalpointer.global_attention.v1"}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    doc = nlp("a b c " * 100)
    assert doc._.trf_data.tensors[0].shape == (1, 300, 32)
    # A second time nothing is overwritten.
    result = CliRunner().invoke(global_pointer_cli, command)
    assert result.exit_code == 1 and "GP042" in result.output


def test_save_and_load(tmp_path):
    encoder = load_encoder(str(make_bert(tmp_path / "short")))
    longer = lengthen(encoder, positions=128, attention_window=32)
    save_encoder(longer, tmp_path / "a" / "b" / "long")
    again = load_encoder(str(tmp_path / "a" / "b" / "long"))
    assert torch.equal(hidden(again, TEXT), hidden(longer, TEXT))
    assert again.max_window == 128


@pytest.mark.parametrize(
    "numbers", [{"attention_window": 7}, {"attention_window": 0}, {"positions": 60}]
)
def test_invalid_numbers_are_an_error(numbers, tmp_path):
    encoder = load_encoder(str(make_bert(tmp_path)))
    with pytest.raises(ValueError, match="GP041"):
        lengthen(encoder, **{"positions": 64, "attention_window": 16, **numbers})


def test_unsuitable_encoders_are_not_lengthened(tmp_path):
    small = make_electra(tmp_path, embedding_size=16)
    with pytest.raises(ValueError, match="GP041.*16 wide"):
        lengthen(load_encoder(str(small)), positions=64, attention_window=16)
    for family in ("albert", "longformer"):
        folder = tmp_path / family
        folder.mkdir()
        encoder = load_encoder(str(FAMILIES[family](folder)))
        with pytest.raises(ValueError, match=f"GP041.*{family}"):
            lengthen(encoder, positions=64, attention_window=16)
