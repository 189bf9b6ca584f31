"""In which precision an encoder computes."""

from __future__ import annotations

import threading
from functools import cache

import torch
from spacy.util import logger

from ..errors import Errors
from .bf16_probe import measure_bf16_gain

PRECISIONS = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
#: Held while a device is measured, so that all threads use one result.
_measuring = threading.Lock()
#: bfloat16 must be faster than float32 by this factor before "auto" takes it.
GAIN = 1.2


def check_name(name: str) -> None:
    """Check that a precision is known.

    name (str): As in `choose_precision`.
    RAISES (ValueError): GP030 for an unknown name.
    """
    if not isinstance(name, str) or name not in ("auto", *PRECISIONS):
        raise ValueError(Errors.GP030.format(value=name))


def check_precision(name: str, device: torch.device) -> None:
    """Refuse at once what needs no measurement to be known as wrong.

    name (str): As in `choose_precision`.
    device (torch.device): Where the encoder lives.
    RAISES (ValueError): GP030 for an unknown name; GP031 for "fp16" on a CPU.
    """
    check_name(name)
    if name == "fp16" and device.type == "cpu":
        raise ValueError(Errors.GP031.format(value=name, device=device.type))


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The data type that an encoder computes in.

    name (str): "fp32", "bf16", "fp16", or "auto": bfloat16 where it is faster.
    device (torch.device): Where the encoder lives.
    RETURNS (torch.dtype): The data type.
    RAISES (ValueError): GP030 for another name; GP031 where the device cannot do it.
    """
    check_precision(name, device)
    if name == "auto":
        return _decide(device.type)
    if name == "bf16" and bf16_gain(device.type) == 0:
        raise ValueError(Errors.GP031.format(value=name, device=device.type))
    return PRECISIONS[name]


@cache
def _decide(device_type: str) -> torch.dtype:
    gain = bf16_gain(device_type)
    chosen = torch.bfloat16 if gain > GAIN else torch.float32
    logger.info(
        "precision = auto: %s (bfloat16 is %.1f times as fast as float32 on %s)",
        *(chosen, gain, device_type),
    )
    return chosen


def bf16_gain(device_type: str) -> float:
    """How many times faster than float32 bfloat16 is on a kind of device.

    device_type (str): "cpu", "cuda" or "mps".
    RETURNS (float): The factor; 0 where bfloat16 does not work. On a CPU it is
        measured; a GPU counts as twice as fast if it has the instructions.
    """
    with _measuring:
        return _measure(device_type)


@cache
def _measure(device_type: str) -> float:
    if device_type == "cpu":
        return measure_bf16_gain()
    if device_type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return 2.0 if native else 0.5
    return 0.0
