"""Gradients of embeddings."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from spacy_globalpointer.encoders.embedding_rows import EmbeddingRows


@given(
    st.lists(st.lists(st.integers(0, 6), max_size=8), min_size=1, max_size=3),
    st.sampled_from([None, 0, 3, -1]),
    st.integers(0, 2**16),
)
def test_gradients_are_torchs(lookups, padding, seed):
    """Of several lookups, one after the other, of rows that come more than once."""
    torch.manual_seed(seed)
    own, theirs = (
        torch.nn.Embedding(7, 4, padding_idx=padding).double() for _ in range(2)
    )
    theirs.load_state_dict(own.state_dict())
    for rows in lookups:
        ids, factors = (
            torch.tensor([rows], dtype=torch.int64),
            torch.randn(1, 1, 4).double(),
        )
        with EmbeddingRows():
            found = own(ids)
        assert torch.equal(found, theirs(ids))
        (found * factors).sum().backward()
        (theirs(ids) * factors).sum().backward()
        assert torch.allclose(own.weight.grad, theirs.weight.grad)


def test_a_gradient_that_is_there_is_added_to():
    weight = torch.ones(3, 2, requires_grad=True)
    weight.grad = kept = torch.ones(3, 2)
    with EmbeddingRows():
        F.embedding(torch.tensor([1, 1]), weight).sum().backward()
    assert weight.grad is kept
    assert kept.tolist() == [[1, 1], [3, 3], [1, 1]]


def test_with_checkpointing():
    weight = torch.ones(3, 2, requires_grad=True)

    def look_up(rows):
        with EmbeddingRows():
            return F.embedding(rows, weight) * 2

    rows = torch.tensor([2, 0, 2])
    checkpoint(look_up, rows, use_reentrant=False).sum().backward()
    assert weight.grad.tolist() == [[2, 2], [0, 0], [4, 4]]


@pytest.mark.parametrize("kind", ["frozen", "no gradient", "made", "scaled"])
def test_what_is_no_plain_lookup_of_a_parameter_is_torchs(kind):
    weight = torch.ones(3, 2, requires_grad=kind != "frozen")
    table = weight * 2 if kind == "made" else weight
    rows = torch.tensor([2, 0, 2])
    with EmbeddingRows(), torch.set_grad_enabled(kind != "no gradient"):
        found = F.embedding(rows, table, scale_grad_by_freq=kind == "scaled")
    assert torch.equal(found, table[rows])
    assert found.requires_grad == (kind in ("made", "scaled"))
    if found.requires_grad:
        found.sum().backward()
        row = {"made": [4, 4], "scaled": [1, 1]}[kind]
        assert weight.grad[2].tolist() == row
