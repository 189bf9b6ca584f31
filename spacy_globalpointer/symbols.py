"""Output in encodings that lack symbols: ASCII in a log, cp1252 in a Windows pipe."""

from __future__ import annotations

import codecs
import io
from typing import Tuple

import wasabi.util

#: Name of the error handler, as `open(errors=...)` and `str.encode` take it.
DEGRADE = "spacy-globalpointer.degrade"
_LOOKALIKES = {
    **{"–": "-", "—": "-", "−": "-", "…": "...", "→": "->", "×": "x"},
    **{"✔": "[+]", "✘": "[x]", "✗": "x", "⚠": "[!]", "ℹ": "[i]"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'"},
}


def degrade(error: UnicodeError) -> Tuple[str, int]:
    """Replace symbols that an encoding lacks by those that look like them, and other
    characters by escapes such as \\u4eba.

    error (UnicodeError): What an encoder raised.
    RETURNS (Tuple[str, int]): What to write, and where to go on.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    symbols = error.object[error.start : error.end]
    return "".join(map(_replace, symbols)), error.end


def _replace(symbol: str) -> str:
    escape = symbol.encode("ascii", "backslashreplace").decode("ascii")
    return _LOOKALIKES.get(symbol, escape)


def degrade_symbols(*streams: object) -> None:
    """Have streams of text, and wasabi, replace what the output's encoding lacks, in
    place of an error.

    streams (object): The streams, such as sys.stdout. What is none stays as it is.
    """
    # wasabi encodes messages for the output, and decodes that as utf-8.
    wasabi.util.ENCODING = "utf-8"
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=DEGRADE)


codecs.register_error(DEGRADE, degrade)
