"""Detect values that are nested too deeply for recursive functions."""

from __future__ import annotations

from typing import Any

#: Highest number of levels of nested objects and arrays. Annotation files have about
#: ten. A DocBin can hold 500; functions that copy or compare values can handle half of
#: that.
MAX_DEPTH = 200


def is_too_deep(value: Any) -> bool:
    """RETURNS (bool): Whether objects and arrays are nested in more than MAX_DEPTH
    levels."""
    level = [value] if isinstance(value, (dict, list, tuple)) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list, tuple))
        ]
        if not level:
            return False
    return bool(level)
