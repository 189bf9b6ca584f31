"""The states of random generators."""

from __future__ import annotations

import random

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.training.resumable.random_state import get_states, set_states

DRAWS = {
    "python": lambda: (random.random(), random.gauss(0, 1)),
    "numpy": lambda: (numpy.random.random(), numpy.random.standard_normal()),
    "torch": lambda: (torch.rand(()).item(), torch.randn(()).item()),
}


@given(n=st.integers(0, 700), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", DRAWS)
def test_what_is_drawn_comes_again(name, n, seed):
    """Also of a normal variate that the generator holds back."""
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    draw = DRAWS[name]
    for _ in range(n // 100):
        draw()
    states = {k: x.copy() for k, x in get_states().items()}
    drawn = [draw() for _ in range(5)]
    set_states(states)
    assert [draw() for _ in range(5)] == drawn


def test_generators_without_a_state_go_on():
    states = get_states()
    first = [DRAWS["python"](), DRAWS["numpy"]()]
    set_states({"python": states["python"]})
    assert DRAWS["python"]() == first[0]
    assert DRAWS["numpy"]() != first[1]
