"""Checking gradients that a function gives beside its value."""

from __future__ import annotations

from typing import Callable

import torch

from spacy_globalpointer.pointer.states import PointerStates


def gradcheck(value: Callable, states: PointerStates) -> bool:
    """Whether a gradient is that of finite differences.

    value (Callable): Gives the value of states and its gradient, as states.
    states (PointerStates): Where, in float64.
    """

    class Value(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            given = iter(tensors)
            result, gradient = value(states.map(lambda _: next(given)))
            ctx.save_for_backward(*gradient.tensors())
            return result

        @staticmethod
        def backward(ctx, d_result):
            return tuple(d_result * x for x in ctx.saved_tensors)

    leaves = [x.clone().requires_grad_() for x in states.tensors()]
    return torch.autograd.gradcheck(Value.apply, leaves)
