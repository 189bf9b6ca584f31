"""The gradient callback of a model that was run for prediction."""

from __future__ import annotations

from typing import Any

from ..errors import Errors


def no_gradient(_: Any) -> Any:
    """Raise an error. A prediction keeps no data to compute a gradient with, so that it
    needs less memory.

    RAISES (ValueError): GP043.
    """
    raise ValueError(Errors.GP043)
