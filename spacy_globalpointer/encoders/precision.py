"""In which precision an encoder computes."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import torch
from spacy.util import logger

from ..errors import Errors

PRECISIONS = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
#: bfloat16 must be faster than float32 by this factor before "auto" takes it.
GAIN = 1.2

# Run by a process of its own, because a processor that lists AMX inside a virtual
# machine that does not allow it ends the process at the first product. The product
# is one of a small encoder's; the best of several times is what the machine can do.
_PROBE = """
import sys, time, torch
torch.set_num_threads(int(sys.argv[1]))
times = []
for dtype in (torch.float32, torch.bfloat16):
    one, other = (torch.ones(n, 768, dtype=dtype) for n in (512, 768))
    best = float("inf")
    for _ in range(12):
        begin = time.perf_counter()
        product = one @ other.T
        best = min(best, time.perf_counter() - begin)
    assert float(product[0, 0]) == 768
    times.append(best)
print(times[0] / times[1])
"""


def check_precision(name: str, device: torch.device) -> None:
    """Refuse at once what needs no measurement to be known as wrong.

    name (str): As in `choose_precision`.
    device (torch.device): Where the encoder lives.
    RAISES (ValueError): GP030 for an unknown name; GP031 for "fp16" on a CPU.
    """
    if name != "auto" and name not in PRECISIONS:
        raise ValueError(Errors.GP030.format(value=name))
    if name == "fp16" and device.type == "cpu":
        raise ValueError(Errors.GP031.format(value=name, device=device.type))


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The data type that an encoder computes in. On a CPU that lists bfloat16, the
    first call takes the seconds that another process needs to start and measure.

    name (str): "fp32", "bf16", "fp16", or "auto": bfloat16 where it is faster.
    device (torch.device): Where the encoder lives.
    RETURNS (torch.dtype): The data type.
    RAISES (ValueError): GP030 for another name; GP031 where the device cannot do it.
    """
    check_precision(name, device)
    if name == "auto":
        return torch.bfloat16 if bf16_gain(device.type) > GAIN else torch.float32
    if name == "bf16" and bf16_gain(device.type) == 0:
        raise ValueError(Errors.GP031.format(value=name, device=device.type))
    return PRECISIONS[name]


@cache
def bf16_gain(device_type: str) -> float:
    """How many times faster than float32 bfloat16 is on a kind of device; found out
    once in a process, and logged.

    device_type (str): "cpu", "cuda" or "mps".
    RETURNS (float): The factor; 0 where bfloat16 does not work. On a CPU it is
        measured, elsewhere it is 2 where the device has it.
    """
    if device_type == "cpu":
        gain = _measure() if _lists_bf16() else 0.5
    elif device_type == "cuda":
        gain = 2.0 if torch.cuda.is_bf16_supported() else 0.0
    else:
        gain = 0.0
    logger.info("bfloat16 on %s: %.1f times as fast as float32", device_type, gain)
    return gain


def _lists_bf16() -> bool:
    """Whether the processor says that it has products in bfloat16."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _measure() -> float:
    command = [sys.executable, "-c", _PROBE, str(torch.get_num_threads())]
    try:
        output = subprocess.run(command, capture_output=True, timeout=60, check=True)
        return float(output.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0.0
