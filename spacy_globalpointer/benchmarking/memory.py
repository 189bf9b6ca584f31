"""The memory of this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

_STATUS = Path("/proc/self/status")


def peak_memory() -> Optional[int]:
    """RETURNS (Optional[int]): The most bytes that this process has had in memory; None
    on systems that do not say it."""
    if _STATUS.exists():
        return memory_on_linux("VmHWM")
    try:
        from resource import RUSAGE_SELF, getrusage  # Windows does not have it
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit


def memory_on_linux(field: str) -> int:
    """Return bytes of this process, from /proc. The peak of getrusage would also count
    the process that started this one.

    field (str): "VmRSS" for the bytes in memory now, "VmHWM" for the most so far.
    RETURNS (int): The bytes.
    """
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"{_STATUS} has no {field}")
