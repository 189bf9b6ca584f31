"""The states of random generators."""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import MPSOps, use_ops

from spacy_globalpointer.training.resumable import random_state
from spacy_globalpointer.training.resumable.random_state import (
    get_device_states,
    get_states,
    seed_cupy,
    set_states,
)

DRAWS = {
    "python": lambda: (random.random(), random.gauss(0, 1)),
    "numpy": lambda: (numpy.random.random(), numpy.random.standard_normal()),
    "torch": lambda: (torch.rand(()).item(), torch.randn(()).item()),
}


@given(n=st.integers(0, 700), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", DRAWS)
def test_restored_generators_draw_the_same_numbers(name, n, seed):
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


def test_generators_without_a_stored_state_are_unchanged():
    states = get_states()
    first = [DRAWS["python"](), DRAWS["numpy"]()]
    set_states({"python": states["python"]})
    assert DRAWS["python"]() == first[0]
    assert DRAWS["numpy"]() != first[1]


def test_a_training_on_the_cpu_leaves_gpus_alone(monkeypatch):
    """Though the machine has one, and CuPy."""
    touched = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_rng_state", touched.append)
    cupy = SimpleNamespace(random=SimpleNamespace(seed=touched.append))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with use_ops("numpy"):
        assert get_device_states() == {}
        seed_cupy(0)
    assert touched == []


def test_states_of_gpus_that_are_used_are_kept(monkeypatch):
    state = torch.get_rng_state()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda i: state + i)
    found = get_device_states()
    assert [*found] == ["cuda:0", "cuda:1"]
    assert numpy.array_equal(found["cuda:1"], (state + 1).numpy())


def test_the_state_of_an_apple_gpu_is_kept(monkeypatch):
    state, put_back = torch.get_rng_state(), []
    monkeypatch.setattr(random_state, "get_current_ops", MPSOps)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: state)
    monkeypatch.setattr(torch.mps, "set_rng_state", put_back.append)
    set_states(get_device_states())
    assert len(put_back) == 1 and torch.equal(put_back[0], state)
