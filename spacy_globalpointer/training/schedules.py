"""Schedules for the learning rate of an optimizer."""

from __future__ import annotations

import math
from typing import Iterator

from ..errors import Errors
from ..values import Setting, is_number, is_whole


def cosine_v1(
    initial_rate: Setting,
    warmup_steps: Setting,
    total_steps: Setting,
    final_rate: Setting = 0.0,
    cycles: Setting = 1,
    cycle_growth: Setting = 1.0,
) -> Iterator[float]:
    """Yield learning rates: a linear warm-up from 0, then half a cosine from
    initial_rate to final_rate (Loshchilov & Hutter 2017, arXiv 1608.03983). With
    several cycles it starts again at initial_rate for each.

    initial_rate (float): The highest rate.
    warmup_steps (int): Updates until it is reached.
    total_steps (int): Updates in all; after them the rate stays at final_rate.
    final_rate (float): The lowest rate.
    cycles (int): Half cosines, from 1 on.
    cycle_growth (float): Length of a cycle, as a multiple of the one before.
    YIELDS (float): The rate of each update.
    RAISES (ValueError): GP225 if a number is out of its range.
    """
    given = {"initial_rate": initial_rate, "final_rate": final_rate}
    for name, number in {**given, "cycle_growth": cycle_growth}.items():
        _check(name, number, is_number(number), "a number")
    counts = {"total_steps": total_steps, "warmup_steps": warmup_steps}
    for name, number in {**counts, "cycles": cycles}.items():
        _check(name, number, is_whole(number), "a whole number")
    _check("total_steps", total_steps, total_steps >= 1, "at least 1")
    fits, rule = 0 <= warmup_steps < total_steps, "from 0, and less than total_steps"
    _check("warmup_steps", warmup_steps, fits, f"{rule} {total_steps}")
    _check("cycles", cycles, cycles >= 1, "at least 1")
    _check("cycle_growth", cycle_growth, cycle_growth > 0, "above 0")
    _check("initial_rate", initial_rate, initial_rate >= 0, "at least 0")
    ordered = 0 <= final_rate <= initial_rate
    _check("final_rate", final_rate, ordered, f"from 0 to initial_rate {initial_rate}")
    return _cosine(
        initial_rate=initial_rate,
        warmup_steps=warmup_steps,
        total_steps=total_steps,
        final_rate=final_rate,
        cycles=cycles,
        cycle_growth=cycle_growth,
    )


def _check(name: str, value: float, is_right: bool, rule: str) -> None:
    if not is_right:
        message = Errors.GP225.format(name=name, value=value, rule=rule)
        raise ValueError(message)


def _cosine(
    *,
    initial_rate: float,
    warmup_steps: int,
    total_steps: int,
    final_rate: float,
    cycles: int,
    cycle_growth: float,
) -> Iterator[float]:
    for step in range(warmup_steps):
        yield initial_rate * step / warmup_steps
    n_steps = total_steps - warmup_steps
    parts = [cycle_growth**i for i in range(cycles)]
    ends = [n_steps * sum(parts[: i + 1]) / sum(parts) for i in range(cycles)]
    cycle, begin = 0, 0.0
    for step in range(n_steps):
        while step >= ends[cycle] and cycle < cycles - 1:
            begin, cycle = ends[cycle], cycle + 1
        place = (step - begin) / (ends[cycle] - begin)
        share = (1 + math.cos(math.pi * place)) / 2
        yield final_rate + (initial_rate - final_rate) * share
    while True:
        yield final_rate
