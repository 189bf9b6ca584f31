"""The optimizer, its learning rate in each step, and its state as tensors."""

from __future__ import annotations

from typing import Any, Dict

import torch
from torch import Tensor

from .detector import ReplacedTokens
from .settings import PretrainSettings


def make_optimizer(
    model: ReplacedTokens, settings: PretrainSettings
) -> torch.optim.AdamW:
    """Make an optimizer with two learning rates: the encoder's, and that of all other
    weights. Vectors (biases, normalizations) do not decay."""
    encoder, *others = model.parts()
    rest = {name: x for part in others for name, x in part.items()}
    groups = []
    for part, rate in (
        (encoder, settings.learn_rate),
        (rest, settings.new_learn_rate),
    ):
        for decays in (True, False):
            params = [x for x in part.values() if (x.ndim > 1) == decays]
            decay = settings.weight_decay if decays else 0.0
            groups.append({"params": params, "weight_decay": decay, "peak": rate})
    return torch.optim.AdamW(groups, lr=settings.learn_rate, eps=1e-6)


def set_learn_rates(
    optimizer: torch.optim.Optimizer, step: int, settings: PretrainSettings
) -> None:
    """Set the learning rates of an update: a linear rise, then a linear fall to 0.

    optimizer (torch.optim.Optimizer): From `make_optimizer`.
    step (int): The update's number, from 0.
    settings (PretrainSettings): The settings.
    """
    factor = learn_rate_factor(step, settings.steps, settings.warmup)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def learn_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the learning rate of a step as a fraction, above 0, of the highest
    rate."""
    n_rising = max(1, round(steps * warmup))
    if step < n_rising:
        return (step + 1) / n_rising
    return (steps - step) / (steps - n_rising + 1)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Dict[str, Tensor]:
    """Return the state of the optimizer, by number of the parameter and name."""
    states = optimizer.state_dict()["state"]
    return {
        f"{i}.{name}": value
        for i, state in states.items()
        for name, value in state.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Dict[str, Tensor]
) -> None:
    """Restore the state of an optimizer.

    optimizer (torch.optim.Optimizer): One for the same parameters.
    tensors (Dict[str, Tensor]): From `optimizer_tensors`.
    """
    states: Dict[int, Dict[str, Any]] = {}
    for key, value in tensors.items():
        i, name = key.split(".")
        states.setdefault(int(i), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": states, "param_groups": groups})
