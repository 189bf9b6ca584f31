"""Numbers and texts of others in sentences."""

from __future__ import annotations

import unicodedata
from typing import Optional

#: Characters of a span's text that are shown, about.
MOST_CHARS = 40
#: Categories of characters that steer a terminal, end a line or cannot be written.
_CONTROLS = ("Cc", "Cs", "Zl", "Zp")
#: Characters that turn the direction of those after them, and so hide what is there.
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str, *, keep: str = "") -> str:
    """Write out the characters that a terminal obeys instead of showing them, as Python
    does: "\\x1b".

    text (str): A text that may hold labels, names or texts of others.
    keep (str): Characters that stay, such as line feeds of a text of many lines.
    RETURNS (str): The text.
    """
    return "".join(x if x in keep else _shown(x) for x in text)


def _shown(char: str) -> str:
    if unicodedata.category(char) in _CONTROLS or char in _TURNS:
        return char.encode("unicode_escape").decode("ascii")
    return char


def as_unicode(text: str) -> str:
    """Write out what utf-8 cannot hold, as Python does: "caf\\udce9".

    text (str): A text such as the name of a file, which may be in another encoding.
    RETURNS (str): The text.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


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
