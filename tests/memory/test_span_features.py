"""Features of spans."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.span_features import span_features


def reference(vectors, starts, ends):
    """The definition, in float64."""
    rows = []
    x = vectors.double().numpy()
    for a, b in zip(starts.tolist(), ends.tolist()):
        mean = sum(x[i] for i in range(a, b + 1)) / (b - a + 1)
        rows.append(numpy.concatenate([x[a], x[b], mean, [math.log2(b - a + 1)]]))
    return numpy.array(rows).reshape(len(rows), 3 * x.shape[1] + 1)


@st.composite
def documents(draw):
    """Token vectors and spans, sorted or not, some of them twice."""
    n = draw(st.integers(1, 9))
    ends = st.integers(0, n - 1)
    spans = draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=8))
    seed = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    vectors = torch.randn(n, draw(st.integers(1, 4)), generator=seed)
    places = torch.tensor(spans, dtype=torch.int64).view(-1, 2)
    return (vectors, *places.unbind(1))


@given(documents())
def test_features_match_the_definition(document):
    found = span_features(*document)
    assert found.dtype == torch.float32
    numpy.testing.assert_allclose(found.numpy(), reference(*document), atol=1e-5)


@given(documents())
def test_features_do_not_depend_on_other_spans(document):
    vectors, starts, ends = document
    found = span_features(vectors, starts, ends)
    for i in range(len(starts)):
        own = span_features(vectors, starts[i : i + 1], ends[i : i + 1])
        assert torch.equal(own[0], found[i])


@pytest.mark.parametrize("n_tokens", [0, 3])
def test_no_spans_have_no_features(n_tokens):
    none = torch.zeros(0, dtype=torch.int64)
    assert span_features(torch.zeros(n_tokens, 4), none, none).shape == (0, 13)


def test_spans_that_share_a_border_differ():
    vectors = torch.ones(5, 2)
    starts, ends = torch.tensor([1, 1, 0]), torch.tensor([1, 3, 1])
    logs = span_features(vectors, starts, ends)[:, -1]
    assert logs.tolist() == pytest.approx([0, math.log2(3), 1])
