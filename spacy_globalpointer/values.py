"""Check values of a config or a stored file."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

#: A value of a config. The function that uses it checks its type, and its message names
#: the remedy. With a narrower type, some versions of spaCy would convert 1.5 or true to
#: 1.
Setting = Any


def is_number(value: object) -> bool:
    """RETURNS (bool): Whether a value is a finite number. True and False are not
    numbers.

    value (object): The value.
    """
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    try:
        return is_real and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number that is larger than any float
        return False


def is_whole(value: object, *, least: float = -math.inf) -> bool:
    """RETURNS (bool): Whether a value is a whole number of 64 bits that is not too
    small. Configs cannot hold longer ones. True and False are not numbers.

    value (object): The value.
    least (float): The smallest number that is allowed.
    """
    is_integral = isinstance(value, Integral) and not isinstance(value, bool)
    return is_integral and least <= value < 2**63  # type: ignore[operator]


def is_text(value: object) -> bool:
    """RETURNS (bool): Whether a value is a text that is not empty and that files can
    hold. Half a surrogate pair is not valid Unicode.

    value (object): The value.
    """
    try:
        return isinstance(value, str) and value.encode("utf-8") != b""
    except UnicodeEncodeError:
        return False
