"""Generators and what they draw."""

from __future__ import annotations

import pytest
import torch
import transformers as hf
from pretraining_helpers import make_run
from small_encoders import FAMILIES, make_albert, make_electra, word_pieces

from spacy_globalpointer.pretraining.generator import (
    make_generator,
    sample,
)


def test_pieces_are_drawn_by_their_probability():
    logits = torch.tensor([[0.0, 1.0, -torch.inf, 2.0], [3.0, 0.0, 0.0, -torch.inf]])
    drawn = torch.stack([sample(logits) for _ in range(20_000)])
    for row, own in zip(drawn.T, logits):
        shares = torch.bincount(row, minlength=4) / 20_000
        # The standard deviation is at most 0.0035.
        assert torch.allclose(shares, own.softmax(0), atol=0.015)
        assert shares[own == -torch.inf].sum() == 0


def test_a_certain_piece_is_drawn():
    logits = torch.full((100, 7), -torch.inf)
    logits[:, 6] = 5.0
    assert sample(logits).unique().tolist() == [6]


@pytest.mark.parametrize("kind", ["copy", "small"])
def test_generator_shares_the_table_of_pieces_with_the_encoder(kind, tmp_path):
    run = make_run(tmp_path, generator=kind)
    table = run.encoder.module.get_input_embeddings().weight
    assert run.model.generator.table is table
    tables = [x for x in run.model.parameters() if x.shape == table.shape]
    assert len(tables) == 1


def test_a_small_generator_has_all_embeddings_of_the_encoder(tmp_path):
    run = make_run(tmp_path, generator="small")
    body: object = run.model.generator.body
    assert body.embeddings is run.encoder.module.embeddings


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_of_all_layers_is_the_encoder(family, tmp_path):
    run = make_run(tmp_path, make=FAMILIES[family], generator_layers=2)
    encoder = run.encoder.module.eval()
    body = run.model.generator.body.eval()
    ids = torch.arange(6, 36).view(2, 15)
    mask = torch.ones_like(ids)
    mask[1, 10:] = 0
    ids[1, 10:] = run.encoder.tokenizer.pad_token_id
    with torch.no_grad():
        expected = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        found = body(ids, mask, True)
    assert torch.allclose(found[mask == 1], expected[mask == 1], atol=1e-5)


def make_distilbert(folder):
    n = word_pieces(folder, model_max_length=64)
    sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    config = hf.DistilBertConfig(vocab_size=n, max_position_embeddings=64, **sizes)
    hf.DistilBertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ["copy", "small"])
def test_distilbert_is_trained(kind, tmp_path):
    run = make_run(tmp_path, make=make_distilbert, generator=kind)
    before = run.encoder.module.embeddings.word_embeddings.weight.clone()
    run.advance()
    after = run.encoder.module.embeddings.word_embeddings.weight
    assert not torch.equal(before, after)


def test_a_copy_has_a_third_of_the_layers_by_default(tmp_path):
    def layers(encoder, kind):
        counts = torch.ones(len(encoder.get_input_embeddings().weight))
        options = {"kind": kind, "n_layers": None, "shared_gradient": False}
        body = make_generator(encoder, counts, **options).body
        if kind == "copy":
            return len(body.encoder.encoder.layer)
        return len(body.layers.layers)

    encoder = make_run(tmp_path).encoder.module
    assert layers(encoder, "copy") == 1
    assert layers(encoder, "small") == 2


def test_a_new_small_generator_predicts_the_frequencies_of_pieces(tmp_path):
    """Its loss is then that of one that always says so, or little more."""
    run = make_run(tmp_path)
    shares = run.model.generator.bias.softmax(0)
    assert torch.allclose(run.model.generator.bias.exp().sum(), torch.tensor(1.0))
    vocabulary = run.encoder.tokenizer.get_vocab()
    letters = [vocabulary[x] for a in "abcdef" for x in (a, f"##{a}")]
    assert shares[letters].sum() > 0.98
    # A word has one first letter and two others.
    assert shares[vocabulary["##a"]] > 1.5 * shares[vocabulary["a"]]


@pytest.mark.parametrize("make", [make_electra, make_albert])
@pytest.mark.parametrize("kind", ["copy", "small"])
def test_embeddings_may_be_narrower_than_the_layers(make, kind, tmp_path):
    settings = {"embedding_size": 16} if make is make_electra else {}
    run = make_run(tmp_path, make=lambda f: make(f, **settings), generator=kind)
    assert run.model.generator.table.shape[1] == 16
    run.advance()
