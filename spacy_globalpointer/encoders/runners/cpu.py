"""Instructions of this machine's CPU that make int8 and bfloat16 fast."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import FrozenSet, Optional

import torch

#: Names that Linux gives to the instructions.
INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")
#: Functions of torch.cpu that detect some of them.
_PROBES = {
    "avx512_vnni": "_is_vnni_supported",
    "avx512_bf16": "_is_avx512_bf16_supported",
    "amx_int8": "_is_amx_tile_supported",
}


def has_int8() -> bool:
    """Return whether the CPU multiplies numbers of 8 bits without a detour."""
    return bool(instructions() & INT8)


def has_bf16() -> bool:
    """Return whether the CPU computes in bfloat16."""
    return bool(instructions() & BF16)


def are_known() -> bool:
    """Return whether the system names all instructions of the CPU."""
    return _named() is not None


def instructions() -> FrozenSet[str]:
    """Return the names of the CPU's instruction sets, as far as they are known."""
    named = _named()
    return _asked() if named is None else named


@cache
def _named() -> Optional[FrozenSet[str]]:
    """Return what Linux names; None on other systems."""
    try:
        text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.search(r"^(?:flags|Features)\s*:(.*)$", text, flags=re.MULTILINE)
    return frozenset(match[1].split()) if match else None


def _asked() -> FrozenSet[str]:
    """Return what torch detects. Its functions are private, and know only some
    instructions of x86."""
    probes = {name: getattr(torch.cpu, own, None) for name, own in _PROBES.items()}
    return frozenset(name for name, probe in probes.items() if probe and probe())
