"""Random numbers of the CPU and of one device, and of no other GPU."""

from __future__ import annotations

from typing import ContextManager

import torch


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed the CPU and a device.

    seed (int): The seed.
    device (torch.device): The device.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def restored_random_numbers(device: torch.device) -> ContextManager[None]:
    """RETURNS (ContextManager[None]): Puts the states of before back.

    device (torch.device): What draws, beside the CPU.
    """
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
