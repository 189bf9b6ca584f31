"""Interpolation of a model and a memory."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.interpolation import interpolate


def reference(model, memory, remembered, n_labels, weight):
    known = model.shape[1]
    result = numpy.zeros((len(model), n_labels))
    result[:, :known] = model
    for i in range(len(model)):
        for j, label in enumerate(remembered):
            vote = float(memory[i, j])
            own = (1 - weight) * result[i, label] + weight * vote
            result[i, label] = own if label < known else vote
    return result


@st.composite
def opinions(draw):
    n, known, n_labels = draw(st.integers(0, 4)), draw(st.integers(0, 4)), 6
    new = range(known, n_labels)
    some = draw(st.sets(st.integers(0, known - 1))) if known else set()
    remembered = draw(st.permutations([*some, *new]))
    seed = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    model = torch.rand(n, known, generator=seed, dtype=torch.float64)
    votes = torch.rand(n, len(remembered), generator=seed, dtype=torch.float64)
    return model, votes, remembered, n_labels, draw(st.floats(0, 1))


@given(opinions())
def test_result_matches_the_definition(opinion):
    found = interpolate(*opinion)
    assert found.dtype == torch.float64
    numpy.testing.assert_allclose(found.numpy(), reference(*opinion), atol=1e-12)


def test_weight_has_the_precision_of_float64():
    model, votes = torch.zeros(1, 1).double(), torch.ones(1, 1).double()
    assert float(interpolate(model, votes, [0], 1, 0.1)) == 0.1


@pytest.mark.parametrize("weight,expected", [(0.0, [0.3, 0.9]), (1.0, [0.6, 0.9])])
def test_weight_counts_for_labels_of_the_model_only(weight, expected):
    model = torch.tensor([[0.3]]).double()
    votes = torch.tensor([[0.9, 0.6]]).double()
    found = interpolate(model, votes, [1, 0], 2, weight)
    assert found[0].tolist() == pytest.approx(expected)


def test_weight_of_0_keeps_the_bits():
    model = torch.rand(5, 3, generator=torch.Generator().manual_seed(0)).double()
    found = interpolate(model, torch.ones(5, 3).double(), [2, 0, 1], 3, 0.0)
    assert torch.equal(found, model)


def test_memory_without_labels_leaves_the_model():
    model = torch.tensor([[0.25, 0.5]]).double()
    found = interpolate(model, torch.zeros(1, 0).double(), [], 2, 1.0)
    assert torch.equal(found, model)


def test_label_that_the_memory_does_not_know_is_the_models():
    model = torch.tensor([[0.25, 0.5]]).double()
    found = interpolate(model, torch.tensor([[1.0]]).double(), [1], 2, 0.5)
    assert found.tolist() == [[0.25, 0.75]]
