"""Centring and whitening of features."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.whitening import SHRINKAGE, Whitening


def sample_of(n, width, seed=0):
    """Features that are all similar, as those of an encoder are."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(width, width, generator=generator)
    return torch.randn(n, width, generator=generator) @ mixed + 20


def reference(sample, features, width):
    """Cosines of whitened features, in float64: a singular value decomposition needs no
    covariance."""
    x = sample.double().numpy()
    mean = x.mean(0)
    _, singular, components = numpy.linalg.svd(x - mean, full_matrices=False)
    variances = (singular**2 / (len(x) - 1))[:width]
    variances = variances + SHRINKAGE * variances.mean()
    keys = (features.double().numpy() - mean) @ components[:width].T
    keys = keys / numpy.sqrt(variances)
    keys /= numpy.linalg.norm(keys, axis=1, keepdims=True)
    return keys @ keys.T


@pytest.mark.parametrize("n,features,width", [(50, 7, 4), (50, 7, 7), (6, 9, 4)])
def test_cosines_match_a_singular_value_decomposition(n, features, width):
    sample, others = sample_of(n, features), sample_of(8, features, seed=1)
    keys = Whitening.fit(sample, width).keys(others)
    assert keys.dtype == torch.float32 and keys.shape == (8, width)
    expected = reference(sample, others, width)
    numpy.testing.assert_allclose((keys @ keys.T).numpy(), expected, atol=1e-4)


def test_whitened_components_have_equal_variances_without_shrinkage(monkeypatch):
    monkeypatch.setattr("spacy_globalpointer.memory.whitening.SHRINKAGE", 0.0)
    sample = sample_of(500, 6)
    whitening = Whitening.fit(sample, 4)
    white = (sample - whitening.mean).double() @ whitening.matrix.double()
    numpy.testing.assert_allclose(numpy.cov(white.T.numpy()), numpy.eye(4), atol=1e-3)


@pytest.mark.parametrize(
    "n,features,width", [(2, 5, 1), (4, 5, 3), (40, 5, 5), (40, 90, 39), (99, 90, 64)]
)
def test_width_is_less_for_few_spans_or_features(n, features, width):
    whitening = Whitening.fit(sample_of(n, features), 64)
    assert whitening.matrix.shape == (features, width)
    assert whitening.mean.shape == (features,)
    assert whitening.matrix.isfinite().all()


def test_equal_spans_make_keys_that_are_finite():
    whitening = Whitening.fit(torch.full((3, 5), 2.0), 64)
    same = whitening.keys(torch.full((2, 5), 2.0))
    assert same.tolist() == [[0.0, 0.0]] * 2
    assert whitening.keys(sample_of(4, 5)).isfinite().all()


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 2**16))
def test_keys_have_length_1_and_do_not_depend_on_other_spans(n, chunk, seed):
    whitening = Whitening.fit(sample_of(30, 70), 24)
    features = sample_of(n, 70, seed)
    keys = whitening.keys(features)
    assert keys.shape == (n, 24)
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(n))
    parts = [whitening.keys(own) for own in features.split(chunk)]
    assert torch.equal(torch.cat(parts), keys)


def test_vectors_of_an_encoder_are_spread_by_whitening():
    sample = sample_of(200, 20)
    before = torch.nn.functional.normalize(sample, dim=1)
    keys = Whitening.fit(sample, 16).keys(sample)
    assert (before @ before.T).mean() > 0.9
    assert abs(float((keys @ keys.T).mean())) < 0.05
