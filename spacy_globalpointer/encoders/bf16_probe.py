"""Measures whether this machine's CPU is faster in bfloat16 than in float32.

That a processor lists the instructions does not say so: some are slower with them, and
a virtual machine that lists AMX without supporting it ends the process at the first
product. So another process tries.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import torch

from ..atomic import atomic_file
from ..values import is_number

# Products of a small encoder's; the best of several times is what the machine can do.
_PROBE = """
import sys, time
sys.path.append(sys.argv[2])
import torch
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
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def measure_bf16_gain() -> float:
    """How many times faster than float32 a product in bfloat16 is on this CPU.

    The result is kept in the user's cache folder until the machine is started again,
    so that all processes decide alike and only the first one waits, some seconds. A
    measurement that fails, for whatever reason, is not kept: the next process tries
    again.

    RETURNS (float): The factor; 0 if bfloat16 does not work, or could not be tried.
    """
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return 0.5  # torch computes in float32 and converts
    key = f"{_boot()} torch {torch.__version__} {torch.get_num_threads()} threads"
    cache = _cache_file()
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))[key]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if is_number(known) and known > 0:
        return float(known)
    gain = _run_probe()
    if gain and _boot():
        _write(cache, json.dumps({key: gain}))
    return gain


def _boot() -> str:
    """What changes with every start of the machine; empty where nothing is known."""
    try:
        return f"{platform.node()} {_BOOT.read_text(encoding='ascii').strip()}"
    except OSError:
        return ""


def _cache_file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "spacy-globalpointer" / "bf16.json"


def _write(path: Path, text: str) -> None:
    """Replace a file at once, or leave it where that is not allowed."""
    try:
        with atomic_file(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError:
        pass


def _run_probe() -> float:
    # Isolated (-I), so that no module of the current folder runs in place of torch;
    # PYTHONPATH is ignored, too, so the place of this process' torch is passed on.
    command = [sys.executable, "-I", "-c", _PROBE]
    command += [str(torch.get_num_threads()), str(Path(torch.__file__).parents[1])]
    try:
        output = subprocess.run(command, capture_output=True, timeout=60, check=True)
        gain = float(output.stdout)
    except (OSError, TypeError, ValueError, subprocess.SubprocessError):
        return 0.0
    return gain if is_number(gain) and gain > 0 else 0.0
