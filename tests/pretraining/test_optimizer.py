"""Learning rates and what decays."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pretraining_helpers import make_run

from spacy_globalpointer.pretraining.optimizer import (
    learn_rate_factor,
    optimizer_tensors,
    restore_optimizer,
    set_learn_rates,
)


@given(st.integers(1, 500), st.floats(0.01, 0.99))
def test_rates_rise_and_fall(steps, warmup):
    factors = [learn_rate_factor(step, steps, warmup) for step in range(steps)]
    top = factors.index(max(factors))
    assert factors[top] == 1.0 and min(factors) > 0
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert top + 1 == max(1, round(steps * warmup))


def test_a_short_run_has_every_rate():
    factors = [learn_rate_factor(step, 6, 0.34) for step in range(6)]
    assert factors == pytest.approx([0.5, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_each_parameter_is_in_one_group_with_its_rate(tmp_path):
    run = make_run(tmp_path, learn_rate=1e-3, new_learn_rate=1e-2, warmup=0.5)
    names = {id(x): name for name, x in run.model.named_parameters()}
    set_learn_rates(run.optimizer, 0, run.settings)
    seen = set()
    for group in run.optimizer.param_groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            is_encoder = name.startswith("encoder.")
            assert group["lr"] == pytest.approx((1e-3 if is_encoder else 1e-2) / 3)
            decays = parameter.ndim > 1
            assert group["weight_decay"] == (0.01 if decays else 0)
            assert not (decays and ("LayerNorm" in name or "bias" in name))
            seen.add(name)
    assert seen == set(names.values())


def test_the_state_of_the_optimizer_can_be_restored(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    run, other = map(make_run, folders)
    for _ in range(2):
        run.advance()
    stored = {k: x.clone() for k, x in optimizer_tensors(run.optimizer).items()}
    assert any(float(x.abs().sum()) > 0 for x in stored.values())
    restore_optimizer(other.optimizer, stored)
    again = optimizer_tensors(other.optimizer)
    assert {k: x.tolist() for k, x in again.items()} == {
        k: x.tolist() for k, x in stored.items()
    }
    rates = [group["lr"] for group in other.optimizer.param_groups]
    assert rates == [5e-5 * 20] * 4
    assert all(torch.is_tensor(x) for x in stored.values())
