"""Dropout on a CPU."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from spacy_globalpointer.encoders.cpu_training import QuickDropout, drop


@given(st.integers(0, 40), st.floats(0.01, 0.9), st.integers(0, 2**16))
def test_elements_are_kept_and_scaled_or_zero(n, p, seed):
    torch.manual_seed(seed)
    x = torch.arange(1.0, n + 1).requires_grad_()
    y = drop(x, p)
    kept = y != 0
    scale = y[kept] / x[kept]
    assert torch.allclose(scale, torch.full_like(scale, 1 / (1 - p)), rtol=1e-3)
    y.sum().backward()
    assert torch.allclose(x.grad, (y / x).detach())


@pytest.mark.parametrize("p", [0.1, 0.5, 0.85])
def test_elements_are_dropped_with_the_probability(p):
    """Of each element, of its neighbours, and of those of the same 64 bits."""
    n = 400_000
    kept = drop(torch.ones(n), p) != 0
    margin = 5 * (p * (1 - p) / n) ** 0.5 + 1 / 2**16
    assert abs(kept.double().mean() - (1 - p)) < margin
    for part in range(4):
        assert abs(kept[part::4].double().mean() - (1 - p)) < 2 * margin + 1e-4
    for lag in (1, 2, 3, 4):
        both = (kept[lag:] & kept[:-lag]).double().mean()
        assert abs(both - (1 - p) ** 2) < 2 * margin


def test_draws_follow_the_seed():
    draws = []
    for _ in range(2):
        torch.manual_seed(1)
        draws.append([drop(torch.ones(1000), 0.3) for _ in range(2)])
    assert torch.equal(torch.stack(draws[0]), torch.stack(draws[1]))
    assert not torch.equal(*draws[0])


@pytest.mark.parametrize("kind", [None, "bool", "float"])
@pytest.mark.parametrize("scale", [None, 0.7])
def test_attention_is_torchs_but_for_the_draws(monkeypatch, kind, scale):
    """With a draw that keeps everything it is torch's without dropout."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 5, 8) for _ in range(3))
    mask = torch.rand(2, 1, 5, 5) < 0.7
    mask[..., 0] = True
    mask = {None: None, "bool": mask, "float": mask.float() * 3}[kind]
    expected = F.scaled_dot_product_attention(query, key, value, mask, scale=scale)
    path = "spacy_globalpointer.encoders.cpu_training.drop"
    monkeypatch.setattr(path, lambda x, p: x)
    with QuickDropout():
        ours = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=0.1, scale=scale
        )
    assert torch.allclose(ours, expected, atol=1e-6)


def test_attention_without_dropout_is_left_to_torch():
    query = torch.randn(1, 2, 4, 8)
    with QuickDropout():
        plain = F.scaled_dot_product_attention(query, query, query)
        causal = F.scaled_dot_product_attention(
            query, query, query, dropout_p=0.0, is_causal=True
        )
        x = torch.ones(4)
        assert F.dropout(x, 0.5, training=False) is x
        assert torch.equal(F.dropout(x, 1.0), torch.zeros(4))
        assert torch.equal(F.dropout(x, 0.0), x)
    assert plain.shape == causal.shape == query.shape
    assert not torch.allclose(plain, causal)


def test_dropout_modules_use_quick_dropout():
    with QuickDropout():
        y = torch.nn.Dropout(0.25)(torch.ones(1000))
    assert y.unique().tolist() == [0.0, pytest.approx(4 / 3, rel=1e-3)]
