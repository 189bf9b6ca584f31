"""Texts in the columns of a terminal."""

from __future__ import annotations

from unicodedata import east_asian_width


def text_width(text: str) -> int:
    """Count the columns of a terminal that a text takes.

    text (str): The text.
    RETURNS (int): The columns; a Chinese character takes two.
    """
    return sum(2 if east_asian_width(char) in "FW" else 1 for char in text)


def pad(text: str, width: int) -> str:
    """Write a text at the right end of a column.

    text (str): The text.
    width (int): Width of the column.
    RETURNS (str): The text with spaces before it.
    """
    return " " * (width - text_width(text)) + text


def shorten(text: str, width: int) -> str:
    """Leave out the middle of a text that is too wide.

    text (str): The text.
    width (int): Most columns that it may take.
    RETURNS (str): The text, or its beginning and, from 8 columns on, its last three
        characters.
    """
    if text_width(text) <= width:
        return text
    begin, end = text, text[-3:] if width >= 8 else ""
    while begin and text_width(begin) > width - 1 - text_width(end):
        begin = begin[:-1]
    return f"{begin}…{end}"


def format_loss(loss: float) -> str:
    """Write a loss with three digits that count.

    loss (float): The loss.
    RETURNS (str): The text, of 8 characters at most.
    """
    if 0.01 <= abs(loss) < 100:
        return f"{loss:.2f}" if abs(loss) < 10 else f"{loss:.1f}"
    return f"{loss:.0f}" if 100 <= abs(loss) < 1e6 else f"{loss:.2g}"
