"""Encoding in windows against a plain forward pass of the same encoder."""

from __future__ import annotations

import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import FAMILIES, make_bert, make_roberta

from spacy_globalpointer.encoders.batches import batch_windows
from spacy_globalpointer.encoders.encode import encode
from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.pieces import split_pieces
from spacy_globalpointer.encoders.runners.torch_runner import TorchRunner

NLP = spacy.blank("en")
TEXTS = ["a bc d", "", "hello world, this is a text", "x"]
WIDE = {"window": 64, "context": 4, "max_pieces": 1000, "max_filling": 1000}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    encoder = load_encoder(str(make_bert(tmp_path_factory.mktemp("bert"))))
    encoder.module.eval()
    return encoder


def plain(encoder, text):
    """Vectors of a text's pieces without the special ones."""
    inputs = encoder.tokenizer(text, return_tensors="pt")
    return encoder.module(**inputs).last_hidden_state[0, 1:-1]


def run(encoder, texts, bounds, **settings):
    pieces = split_pieces(encoder.tokenizer, [NLP.make_doc(text) for text in texts])
    batches = batch_windows(pieces, encoder.special, **bounds)
    vectors = encode(TorchRunner(encoder.module, torch.float32), batches, **settings)
    return vectors.split([len(own.ids) for own in pieces])


@pytest.mark.parametrize("coarseness", [0, 1, 2])
@pytest.mark.parametrize("max_pieces,max_filling", [(1000, 1000), (1000, 3), (1, 0)])
def test_vectors_are_those_of_each_text_alone(
    encoder, max_pieces, max_filling, coarseness
):
    bounds = {**WIDE, "max_pieces": max_pieces, "max_filling": max_filling}
    bounds["coarseness"] = coarseness
    for text, vectors in zip(TEXTS, run(encoder, TEXTS, bounds)):
        assert torch.allclose(vectors, plain(encoder, text), atol=1e-5)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_padding_of_windows_changes_no_bit(family, dtype, tmp_path):
    (tmp_path / "encoder").mkdir()
    encoder = load_encoder(str(FAMILIES[family](tmp_path / "encoder")))
    module = encoder.module.eval().to(dtype)
    pieces = split_pieces(encoder.tokenizer, [NLP.make_doc(text) for text in TEXTS])
    batches = batch_windows(pieces, encoder.special, **WIDE, coarseness=2)
    assert not all(batch.mask.all() for batch in batches)
    with torch.no_grad():
        vectors = encode(TorchRunner(module, dtype), batches)
        for batch in batches:
            batch.ids[~batch.mask] = encoder.special.after[-1]
        assert torch.equal(encode(TorchRunner(module, dtype), batches), vectors)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("make", [make_bert, make_roberta])
@pytest.mark.parametrize("training", [False, True])
def test_gradient_is_that_of_a_plain_forward_pass(
    training, make, checkpointing, tmp_path
):
    encoder = load_encoder(str(make(tmp_path / "encoder")))
    encoder.module.train(training)  # without dropout

    def gradients(vectors):
        encoder.module.zero_grad()
        weights = [torch.arange(x.numel()).view(x.shape).cos() for x in vectors]
        sum((w * x).sum() for w, x in zip(weights, vectors)).backward()
        return [
            p.grad.clone() for p in encoder.module.parameters() if p.grad is not None
        ]

    texts = [text for text in TEXTS if text]
    expected = gradients([plain(encoder, text) for text in texts])
    bounds = {**WIDE, "max_pieces": 30}
    ours = gradients(run(encoder, texts, bounds, checkpointing=checkpointing))
    assert len(ours) == len(expected) > 20
    for one, other in zip(ours, expected):
        assert torch.allclose(one, other, atol=1e-4)


def test_embeddings_have_quick_gradients_in_training(encoder, tmp_path):
    def functions(vectors):
        found, todo = set(), [vectors.grad_fn]
        while todo:
            function = todo.pop()
            if function is not None and function not in found:
                found.add(function)
                todo += [other for other, _ in function.next_functions]
        return {function.name() for function in found}

    trained = load_encoder(str(make_bert(tmp_path / "bert")))
    trained.module.train()
    (ours, *_), (other, *_) = (run(x, TEXTS, WIDE) for x in (trained, encoder))
    assert "_RowsBackward" in functions(ours) - functions(other)
    assert "EmbeddingBackward0" in functions(other) - functions(ours)


@given(st.integers(1, 120), st.integers(0, 6), st.integers(15, 30))
def test_windows_are_blended(encoder, n, context, window):
    text = " ".join("abcdefg"[i % 7] for i in range(n))
    bounds = {**WIDE, "window": window, "context": context}
    [vectors] = run(encoder, [text], bounds)
    [pieces] = split_pieces(encoder.tokenizer, [NLP.make_doc(text)])
    expected = torch.zeros_like(vectors)
    for batch in batch_windows([pieces], encoder.special, **bounds):
        inputs = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask).long()
        hidden = encoder.module(*inputs).last_hidden_state.flatten(0, 1)
        for row, place, weight in zip(batch.rows, batch.places, batch.weights):
            expected[place] += hidden[row] * float(weight)
    assert torch.allclose(vectors, expected, atol=1e-5)


def test_checkpointing_draws_the_same_dropout(encoder, tmp_path):
    settings = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}
    dropping = load_encoder(str(make_bert(tmp_path / "x", **settings)))
    dropping.module.train()
    results = []
    for checkpointing in (False, True):
        torch.manual_seed(3)
        dropping.module.zero_grad()
        vectors = run(dropping, TEXTS, WIDE, checkpointing=checkpointing)
        sum(x.square().sum() for x in vectors).backward()
        results.append([p.grad for p in dropping.module.parameters()])
    assert all(
        torch.allclose(one, other, atol=1e-5)
        for one, other in zip(*results)
        if one is not None
    )


def test_numbers_are_float32(encoder):
    pieces = split_pieces(encoder.tokenizer, [NLP.make_doc("a b c")])
    batches = batch_windows(pieces, encoder.special, **WIDE)
    runner = TorchRunner(encoder.module, torch.float32)
    assert encode(runner, batches).dtype == torch.float32
