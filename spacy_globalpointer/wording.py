"""Numbers in sentences."""

from __future__ import annotations

from typing import Optional


def number_of(n: int, one: str, many: Optional[str] = None) -> str:
    """Say how many there are.

    n (int): The number.
    one (str): What there is, if it is one: "span", or "span has".
    many (Optional[str]): The same of any other number; None adds an s.
    RETURNS (str): Such as "1 span" or "1,024 spans".
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
