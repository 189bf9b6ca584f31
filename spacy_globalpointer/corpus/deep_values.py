"""Values nested so deeply that what takes them apart by recursion would fail."""

from __future__ import annotations

from typing import Any

#: Levels of objects and arrays in each other. Annotation files have some ten; a DocBin
#: has room for 500, and what copies or compares values for half as many.
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
