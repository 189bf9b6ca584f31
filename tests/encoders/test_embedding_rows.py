"""Gradients of embeddings."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from spacy_globalpointer.encoders.cpu_training import EmbeddingRows

OWN = "_RowsBackward"


def look_up(weight, ids, *, own, **settings):
    if not own:
        return F.embedding(ids, weight, **settings)
    with EmbeddingRows():
        found = F.embedding(ids, weight, **settings)
    assert found.grad_fn.name() == OWN
    return found


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=3),
    st.sampled_from([None, 0, 3, -1]),
    st.booleans(),
    st.integers(0, 2**16),
)
def test_gradients_are_torchs(shapes, padding, at_once, seed):
    """Of several lookups, in one backward pass or one after the other, of rows that
    come more than once, each with a gradient of its own."""
    torch.manual_seed(seed)
    table = torch.randn(7, 4, dtype=torch.float64)
    ids = [torch.randint(0, 7, shape) for shape in shapes]
    factors = [torch.randn(*shape, 4, dtype=torch.float64) for shape in shapes]
    gradients = []
    for own in (True, False):
        weight = table.clone().requires_grad_()
        losses = []
        for rows, factor in zip(ids, factors):
            found = look_up(weight, rows, own=own, padding_idx=padding)
            assert torch.equal(found, table[rows])
            losses.append((found * factor).sum())
        for loss in [sum(losses)] if at_once else losses:
            loss.backward()
        gradients.append(weight.grad)
    assert torch.allclose(*gradients)


@pytest.mark.parametrize("first", ["lookup", "product"])
def test_table_with_other_uses_gets_the_same_gradient(first):
    """As the table that a language model's head shares."""
    gradients = []
    for own in (True, False):
        weight = torch.arange(6.0).view(3, 2).requires_grad_()
        losses = [
            look_up(weight, torch.tensor([2, 0, 2]), own=own).square().sum(),
            F.linear(torch.ones(1, 2), weight).square().sum(),
        ]
        for loss in losses if first == "lookup" else losses[::-1]:
            loss.backward()
        gradients.append(weight.grad)
    assert torch.allclose(*gradients)


def test_a_gradient_that_is_there_is_added_to():
    weight = torch.ones(3, 2, requires_grad=True)
    weight.grad = kept = torch.ones(3, 2)
    look_up(weight, torch.tensor([1, 1]), own=True).sum().backward()
    assert weight.grad is kept
    assert kept.tolist() == [[1, 1], [3, 3], [1, 1]]


def test_in_bfloat16_the_gradient_is_the_weights_type():
    weight = torch.ones(3, 2, requires_grad=True)
    look_up(weight, torch.tensor([1]), own=True).bfloat16().sum().backward()
    assert weight.grad.dtype == torch.float32


def test_an_overflow_at_padding_does_not_count():
    weight = torch.ones(3, 2, requires_grad=True)
    found = look_up(weight, torch.tensor([0, 1]), own=True, padding_idx=0)
    found.backward(torch.tensor([[torch.inf, 1], [2, 3]]))
    assert weight.grad.tolist() == [[0, 0], [2, 3], [0, 0]]


def test_padding_index_outside_the_table_is_an_error():
    with pytest.raises(AssertionError, match="Padding_idx"):
        look_up(
            torch.ones(3, 2).requires_grad_(),
            torch.tensor([0]),
            own=True,
            padding_idx=3,
        )


def test_gradient_is_right_with_checkpointing():
    weight = torch.ones(3, 2, requires_grad=True)

    def run(rows):
        return look_up(weight, rows, own=True) * 2

    rows = torch.tensor([2, 0, 2])
    checkpoint(run, rows, use_reentrant=False).sum().backward()
    assert weight.grad.tolist() == [[2, 2], [0, 0], [4, 4]]


@pytest.mark.parametrize(
    "kind,settings",
    [
        ("frozen", {}),
        ("no gradient", {}),
        ("made", {}),
        ("scaled", {"scale_grad_by_freq": True}),
        ("bounded", {"max_norm": 9.0}),
        ("sparse", {"sparse": True}),
    ],
)
def test_other_lookups_are_left_to_torch(kind, settings):
    weight = torch.ones(3, 2, requires_grad=kind != "frozen")
    table = weight * 2 if kind == "made" else weight
    rows = torch.tensor([2, 0, 2])
    with EmbeddingRows(), torch.set_grad_enabled(kind != "no gradient"):
        found = F.embedding(rows, table, **settings)
    assert torch.equal(found, table[rows])
    assert found.requires_grad == (kind not in ("frozen", "no gradient"))
    assert found.grad_fn is None or found.grad_fn.name() != OWN
