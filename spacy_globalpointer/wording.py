"""Numbers in sentences."""

from __future__ import annotations

from typing import Optional

#: Characters of a span's text that are shown, about.
MOST_CHARS = 40


def number_of(n: int, one: str, many: Optional[str] = None) -> str:
    """Say how many there are.

    n (int): The number.
    one (str): What there is, if it is one: "span", or "span has".
    many (Optional[str]): The same of any other number; None adds an s.
    RETURNS (str): Such as "1 span" or "1,024 spans".
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def describe_span(name: str, text: str, label: str = "") -> str:
    """Say which span is meant.

    name (str): Name of its document; "" to leave it out.
    text (str): Its text; a long one is shortened, white space is shown as it is.
    label (str): Its label; "" to leave it out.
    RETURNS (str): Such as "letter-7: 'Bank of Leith' ORG".
    """
    half = MOST_CHARS // 2
    shown = text if len(text) <= MOST_CHARS else f"{text[:half]}…{text[-half:]}"
    return f"{name}: " * bool(name) + f"{shown!r} {label}".rstrip()
