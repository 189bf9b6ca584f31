"""Put numbers, and texts that users wrote, into sentences."""

from __future__ import annotations

import unicodedata
from typing import Optional, Sequence

#: Number of names to list.
MOST_NAMES = 20
#: Approximate number of characters of a span's text to show.
MOST_CHARS = 40
#: Unicode categories of characters that control a terminal, end a line or cannot be
#: written.
_CONTROLS = ("Cc", "Cs", "Zl", "Zp")
#: Characters that change the direction of the text after them, and so can hide text.
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str, *, keep: str = "") -> str:
    """Escape the characters that control a terminal, as Python does: "\\x1b".

    text (str): A text that may contain labels, names or texts that users wrote.
    keep (str): Characters to keep, such as the line feeds of a text of several lines.
    RETURNS (str): The text.
    """
    return "".join(x if x in keep else _shown(x) for x in text)


def _shown(char: str) -> str:
    if unicodedata.category(char) in _CONTROLS or char in _TURNS:
        return char.encode("unicode_escape").decode("ascii")
    return char


def as_unicode(text: str) -> str:
    """Escape the characters that utf-8 cannot hold, as Python does: "caf\\udce9".

    text (str): A text such as the name of a file, which may be in another encoding.
    RETURNS (str): The text.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def number_of(n: int, one: str, many: Optional[str] = None) -> str:
    """Format a number with its noun.

    n (int): The number.
    one (str): The noun for 1, such as "span" or "span has".
    many (Optional[str]): The noun for any other number; None adds an s.
    RETURNS (str): Such as "1 span" or "1,024 spans".
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def list_of(names: Sequence[str]) -> str:
    """List names that users chose.

    names (Sequence[str]): The names.
    RETURNS (str): Such as "'ORG', 'PER'", with the number of others if they are many,
        and "none" if there is none.
    """
    shown = [repr(name) for name in names[:MOST_NAMES]]
    others = len(names) - len(shown)
    return ", ".join([*shown, *[f"{others:,} more"] * bool(others)]) or "none"


def describe_span(name: str, text: str, label: str = "") -> str:
    """Describe a span in a few words.

    name (str): Name of its document; "" to leave it out.
    text (str): Its text; a long one is shortened, white space is not changed.
    label (str): Its label; "" to leave it out.
    RETURNS (str): Such as "letter-7: 'Bank of Leith' ORG".
    """
    half = MOST_CHARS // 2
    shown = text if len(text) <= MOST_CHARS else f"{text[:half]}…{text[-half:]}"
    return f"{name}: " * bool(name) + f"{shown!r} {label}".rstrip()
