from __future__ import annotations

import math
from itertools import islice

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Adam

from spacy_globalpointer.training.schedules import cosine_v1


def rates(n, **settings):
    return list(islice(cosine_v1(**settings), n))


def test_schedule_is_a_warm_up_then_half_a_cosine():
    found = rates(12, initial_rate=2.0, warmup_steps=4, total_steps=10, final_rate=1.0)
    up = [0.0, 0.5, 1.0, 1.5]
    down = [1 + (1 + math.cos(math.pi * step / 6)) / 2 for step in range(6)]
    assert found == pytest.approx([*up, *down, 1.0, 1.0])


def test_cycles_start_again():
    settings = {"initial_rate": 1.0, "warmup_steps": 2, "total_steps": 8, "cycles": 2}
    assert rates(9, **settings)[2:] == pytest.approx([1, 0.75, 0.25, 1, 0.75, 0.25, 0])


def test_cycles_grow():
    settings = {"initial_rate": 1.0, "warmup_steps": 0, "total_steps": 7}
    found = rates(7, **settings, cycles=3, cycle_growth=2.0)
    assert [i for i, rate in enumerate(found) if rate == 1.0] == [0, 1, 3]


@given(st.integers(0, 20), st.integers(1, 50), st.integers(1, 6), st.floats(0.3, 3.0))
def test_rates_stay_between_the_lowest_and_the_highest(warmup, more, cycles, growth):
    total = warmup + more
    found = rates(
        total + 3,
        initial_rate=0.5,
        warmup_steps=warmup,
        total_steps=total,
        final_rate=0.1,
        cycles=cycles,
        cycle_growth=growth,
    )
    assert found[warmup] == pytest.approx(0.5)
    assert all(0.1 - 1e-12 <= rate <= 0.5 + 1e-12 for rate in found[warmup:])
    assert found[total:] == [0.1] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"total_steps": 0, "warmup_steps": 0},
        {"warmup_steps": 10},
        {"warmup_steps": -1},
        {"initial_rate": -1.0},
        {"cycles": 0},
        {"cycle_growth": 0.0},
        {"final_rate": 2.0},
        {"final_rate": -0.1},
        {"total_steps": 10.5},
        {"cycles": True},
        {"warmup_steps": "1"},
        {"initial_rate": "1"},
        {"cycle_growth": None},
    ],
)
def test_numbers_out_of_range_raise_GP225(wrong):
    settings = {"initial_rate": 1.0, "warmup_steps": 2, "total_steps": 10, **wrong}
    with pytest.raises(ValueError, match=f"GP225.*{list(wrong)[0]}"):
        cosine_v1(**settings)


def test_an_optimizer_uses_the_schedule():
    schedule = spacy.registry.schedules.get("spacy-globalpointer.cosine.v1")
    optimizer = Adam(schedule(0.1, warmup_steps=1, total_steps=5))
    found = []
    for _ in range(4):
        found.append(optimizer.learn_rate)
        optimizer.step_schedules()
    assert found == rates(4, initial_rate=0.1, warmup_steps=1, total_steps=5)
