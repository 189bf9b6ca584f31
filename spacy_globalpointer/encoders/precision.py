"""Precision in which an encoder computes, and the speed of bfloat16 on this CPU.

A processor that lists the instructions of bfloat16 may still be slower with them. A
virtual machine that lists AMX without supporting it ends the process at the first
product. So another process measures the speed.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Dict

import torch
from spacy.util import logger

from ..atomic import atomic_file
from ..errors import Errors
from ..values import is_number

PRECISIONS = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
#: Held during a measurement, so that all threads use one result.
_measuring = threading.Lock()
#: Factor by which bfloat16 must be faster than float32 for "auto" to use it.
GAIN = 1.2
# Products of the size of a small encoder, by turns for a second, in one thread. The
# best of the times shows what the machine can do, even next to other work. With several
# threads, each waits for the slowest, which other work delays at random.
_PROBE = """
import sys, time
sys.path.append(sys.argv[1])
import torch
torch.set_num_threads(1)
factors = [
    [torch.ones(n, 768, dtype=dtype) for n in (512, 768)]
    for dtype in (torch.float32, torch.bfloat16)
]
best = [float("inf")] * 2
start = time.perf_counter()
while time.perf_counter() < start + 1:
    for i, (one, other) in enumerate(factors):
        begin = time.perf_counter()
        product = one @ other.T
        best[i] = min(best[i], time.perf_counter() - begin)
        assert float(product[0, 0]) == 768
print(best[0] / best[1])
"""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def check_name(name: str) -> None:
    """Check the name of a precision.

    name (str): As in `choose_precision`.
    RAISES (ValueError): GP030 for an unknown name.
    """
    if not isinstance(name, str) or name not in ("auto", *PRECISIONS):
        raise ValueError(Errors.GP030.format(value=name))


def check_precision(name: str, device: torch.device) -> None:
    """Check a precision as far as possible without a measurement.

    name (str): As in `choose_precision`.
    device (torch.device): Device of the encoder.
    RAISES (ValueError): GP030 for an unknown name; GP031 for "fp16" on a CPU.
    """
    check_name(name)
    if name == "fp16" and device.type == "cpu":
        raise ValueError(Errors.GP031.format(value=name, device=device.type))


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Choose the data type in which an encoder computes.

    name (str): "fp32", "bf16", "fp16", or "auto": bfloat16 where it is faster.
    device (torch.device): Device of the encoder.
    RETURNS (torch.dtype): The data type.
    RAISES (ValueError): GP030 for another name; GP031 if the device does not support
        it.
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
    """Return how many times faster bfloat16 is than float32 on a kind of device.

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


def measure_bf16_gain() -> float:
    """Measure how many times faster a product in bfloat16 is than in float32 on this
    CPU.

    The result is kept in the user's cache folder until the machine restarts. So all
    processes make the same choice, and only the first one waits for some seconds. A
    failed measurement is not kept, and the next process tries again.

    RETURNS (float): The factor; 0 if bfloat16 does not work, or could not be tested.
    """
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return 0.5  # torch computes in float32 and converts
    boot = _boot()
    key = f"{boot} torch {torch.__version__}"
    cache = _cache_file()
    known = _read(cache)
    if is_number(known.get(key)) and known[key] > 0:
        return float(known[key])
    gain = _run_probe()
    if gain and boot:
        current = {name: x for name, x in known.items() if name.startswith(boot)}
        _write(cache, json.dumps({**current, key: gain}))
    return gain


def _read(path: Path) -> Dict[str, Any]:
    """Return the stored measurements; none if the file is missing or damaged."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _boot() -> str:
    """Return a text that changes with every start of the machine; empty if unknown."""
    try:
        return f"{platform.node()} {_BOOT.read_text(encoding='ascii').strip()}"
    except OSError:
        return ""


def _cache_file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "spacy-globalpointer" / "bf16.json"


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, or do nothing if that is not allowed."""
    try:
        with atomic_file(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError:
        pass


def _run_probe() -> float:
    # Isolated (-I), so that no module of the current folder is used instead of torch.
    # This ignores PYTHONPATH too, so the path of this process' torch is passed on.
    command = [sys.executable, "-I", "-c", _PROBE]
    command.append(str(Path(torch.__file__).parents[1]))
    try:
        output = subprocess.run(command, capture_output=True, timeout=60, check=True)
        gain = float(output.stdout)
    except (OSError, TypeError, ValueError, subprocess.SubprocessError):
        return 0.0
    return gain if is_number(gain) and gain > 0 else 0.0
