"""Output in encodings that lack symbols: ASCII in a log, cp1252 in a Windows pipe."""

from __future__ import annotations

import codecs
import io
from typing import Tuple

import wasabi.util

#: Name of the error handler, for `open(errors=...)` and `str.encode`.
DEGRADE = "spacy-globalpointer.degrade"
_LOOKALIKES = {
    **{"–": "-", "—": "-", "−": "-", "…": "...", "→": "->", "×": "x"},
    **{"✔": "[+]", "✘": "[x]", "✗": "x", "⚠": "[!]", "ℹ": "[i]"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'"},
}


def degrade(error: UnicodeError) -> Tuple[str, int]:
    """Replace symbols that an encoding lacks with similar ones, and other characters
    with escapes such as \\u4eba.

    error (UnicodeError): The error that an encoder raised.
    RETURNS (Tuple[str, int]): The text to write, and the position at which to continue.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    symbols = error.object[error.start : error.end]
    return "".join(map(_replace, symbols)), error.end


def _replace(symbol: str) -> str:
    escape = symbol.encode("ascii", "backslashreplace").decode("ascii")
    return _LOOKALIKES.get(symbol, escape)


def degrade_symbols(*streams: object) -> None:
    """Make text streams and wasabi replace the symbols that the output's encoding
    lacks, instead of raising an error.

    streams (object): The streams, such as sys.stdout. Other objects are ignored.
    """
    # wasabi encodes messages for the output, and decodes that as utf-8.
    wasabi.util.ENCODING = "utf-8"
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=DEGRADE)


codecs.register_error(DEGRADE, degrade)
