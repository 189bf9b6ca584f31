"""Symbols that an encoding lacks."""

from __future__ import annotations

import io

import pytest

from spacy_globalpointer.symbols import DEGRADE, degrade_symbols


@pytest.mark.parametrize(
    "text,encoding,written",
    [
        ("3–4 … ✔", "ascii", b"3-4 ... [+]"),
        ("3–4 … ✔", "cp1252", b"3\x964 \x85 [+]"),
        ("3–4", "latin-1", b"3-4"),
        ("人ö", "ascii", b"\\u4eba\\xf6"),
        ("😀", "ascii", b"\\U0001f600"),
        ("a\udce4", "utf-8", b"a\\udce4"),
        ("人ö–", "utf-8", "人ö–".encode()),
    ],
)
def test_symbols_are_replaced_if_the_encoding_lacks_them(text, encoding, written):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    degrade_symbols(stream)
    stream.write(text)
    stream.flush()
    assert raw.getvalue() == written


def test_other_streams_are_unchanged():
    degrade_symbols(io.StringIO(), None)


def test_other_errors_are_raised():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", DEGRADE)
