"""The vote of neighbours."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.vote import NOTHING, shares_of, sum_by_label


def reference(similarities, weights, temperature):
    rows = []
    for sims, own in zip(similarities.tolist(), weights.tolist()):
        powers = [w * math.exp(s / temperature) for s, w in zip(sims, own)]
        total = math.fsum([*powers, math.exp(NOTHING / temperature)])
        rows.append([power / total for power in powers])
    return numpy.array(rows).reshape(similarities.shape)


@st.composite
def neighbourhoods(draw, least=0):
    n, k = draw(st.integers(0, 4)), draw(st.integers(least, 6))
    seed = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    similarities = torch.rand(n, k, generator=seed) * 2 - 1
    weights = torch.rand(n, k, generator=seed, dtype=torch.float64) + 1e-3
    return similarities, weights, draw(st.floats(0.02, 5.0))


@given(neighbourhoods())
def test_shares_match_the_definition(neighbourhood):
    shares = shares_of(*neighbourhood)
    assert shares.dtype == torch.float64
    numpy.testing.assert_allclose(shares, reference(*neighbourhood), rtol=1e-9)
    assert (shares.sum(1) <= 1).all()


@given(neighbourhoods(least=1), st.randoms())
def test_order_of_neighbours_does_not_change_votes(neighbourhood, random):
    similarities, weights, temperature = neighbourhood
    order = random.sample(range(weights.shape[1]), weights.shape[1])
    moved = shares_of(similarities[:, order], weights[:, order], temperature)
    torch.testing.assert_close(
        moved, shares_of(*neighbourhood)[:, order], rtol=1e-12, atol=0
    )


def test_far_neighbours_have_small_shares():
    shares = shares_of(torch.zeros(1, 3), torch.ones(1, 3).double(), 0.05)
    assert float(shares.sum()) == pytest.approx(3 / (3 + math.exp(6)))
    near = shares_of(torch.ones(1, 3), torch.ones(1, 3).double(), 0.05)
    assert float(near.sum()) > 0.999


def test_neighbour_as_similar_as_nothing_has_half():
    shares = shares_of(torch.tensor([[NOTHING]]), torch.ones(1, 1).double(), 0.1)
    assert float(shares) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("temperature", [1e-300, 1e-6, 1e6])
def test_extreme_temperatures_do_not_overflow(temperature):
    similarities = torch.tensor([[1.0, 0.9], [-1.0, -1.0]])
    shares = shares_of(similarities, torch.ones(2, 2).double(), temperature)
    assert shares.isfinite().all() and (shares.sum(1) <= 1).all()
    if temperature < 1:
        assert shares.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_no_neighbours_have_no_votes():
    shares = shares_of(torch.zeros(2, 0), torch.zeros(2, 0).double(), 0.1)
    assert shares.shape == (2, 0)
    labels = torch.zeros(2, 0, dtype=torch.int64)
    assert sum_by_label(shares, labels, 3).tolist() == [[0.0] * 3] * 2


def test_shares_are_summed_by_label():
    shares = torch.tensor([[0.5, 0.125, 0.25], [0.25, 0.25, 0.5]]).double()
    labels = torch.tensor([[1, 0, 1], [2, 2, 1]])
    assert sum_by_label(shares, labels, 2).tolist() == [[0.125, 0.75], [0.0, 0.5]]


def test_neighbours_without_labels_vote_for_none():
    shares, labels = torch.tensor([[0.5, 0.25]]).double(), torch.zeros(1, 2).long()
    assert sum_by_label(shares, labels, 0).shape == (1, 0)
