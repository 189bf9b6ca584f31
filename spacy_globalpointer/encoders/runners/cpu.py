"""Instructions of this machine's CPU that make int8 and bfloat16 fast."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import FrozenSet

import torch

#: Names that Linux gives to the instructions.
INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")


def has_int8() -> bool:
    """Return whether the CPU multiplies numbers of 8 bits without a detour."""
    return bool(instructions() & INT8)


def has_bf16() -> bool:
    """Return whether the CPU computes in bfloat16."""
    return bool(instructions() & BF16)


@cache
def instructions() -> FrozenSet[str]:
    """Return the names of the CPU's instruction sets, as far as they are known."""
    try:
        text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux; torch knows fewer names
        known = {
            "avx512_vnni": torch.cpu._is_vnni_supported(),
            "avx512_bf16": torch.cpu._is_avx512_bf16_supported(),
            "amx_int8": torch.cpu._is_amx_tile_supported(),
        }
        return frozenset(name for name, has in known.items() if has)
    match = re.search(r"^(?:flags|Features)\s*:(.*)$", text, flags=re.MULTILINE)
    return frozenset(match[1].split() if match else ())
