"""Detect the formats that explain all values of a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional, Sequence

from ...errors import Errors
from ...wording import number_of
from ..annotations import Source
from .files import SourceFile, is_malformed
from .format import Format
from .json_values import is_cut_off, read_json_values

SUFFIXES = (".json", ".jsonl", ".json1")
_SPACE = " \t\r\n"
_MOST_FIELDS, _LONGEST = 8, 60


def is_json(path: Path, head: str) -> bool:
    """Check from its beginning whether a file is JSON, which may be broken. The first
    token of a token-tag file may be a bracket too.

    path (Path): The file, without .gz.
    head (str): The beginning of its text.
    RETURNS (bool): Whether it begins with an object or array.
    """
    text = head.lstrip(_SPACE)
    if not text.startswith(("{", "[")):
        return False
    if path.name.endswith(SUFFIXES):
        return True
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as err:
        return is_cut_off(err, text)
    except (ValueError, RecursionError):
        return True
    return not text[end:].split("\n", 1)[0].strip(_SPACE)


@dataclass
class _Tally:
    """Counts of the values of a file that a format claims.

    format (Format): The format.
    n_claimed (int): Values that are of this format only.
    n_possible (int): Values that may be of the format.
    misfit (Optional[Source]): Place of the first value of another format.
    found (str): Description of that value.
    """

    format: Format
    n_claimed: int = 0
    n_possible: int = 0
    misfit: Optional[Source] = None
    found: str = ""

    def add(self, source: Source, value: Any) -> None:
        claim = self.format.claims(value) if self.format.claims is not None else False
        self.n_claimed += claim is True
        self.n_possible += claim is not False
        if claim is False and self.misfit is None:
            self.misfit, self.found = source, _describe(value)

    @property
    def explains(self) -> bool:
        return self.n_claimed > 0 and self.misfit is None


def find_json_formats(
    file: SourceFile, formats: Sequence[Format], *, encoding: str
) -> List[Format]:
    """Find the formats that explain a JSON file: all values may be of the format, and
    at least one is of no other format.

    file (SourceFile): The file.
    formats (Sequence[Format]): Formats, the surest first.
    encoding (str): Its encoding.
    RETURNS (List[Format]): The formats that explain the file, as far as it can be read;
        empty if it has no object or array.
    RAISES (ValueError): GP127 if no value is of a known format, GP128 if only some are.
        If the JSON is broken and this hides the format, the error in the JSON. If the
        first value cannot be read, the error of the file: too large, or a damaged .gz.
    """
    tallies = [_Tally(f) for f in formats if f.claims is not None]
    first: Optional[Source] = None
    found, fault = "", None
    values = read_json_values(file, encoding=encoding, format="JSON", over_lines=True)
    try:
        for source, value in values:
            for tally in tallies:
                tally.add(source, value)
            if first is None and isinstance(value, (dict, list)) and value:
                first, found = source, _describe(value)
    except ValueError as err:
        fault = err  # if a format is detected, its reader reports it too
    explaining = [tally.format for tally in tallies if tally.explains]
    if explaining:
        return explaining
    if fault is not None and (first is not None or not is_malformed(fault)):
        raise fault
    if first is None:
        return []
    best = max(tallies, key=lambda tally: (tally.n_claimed > 0, tally.n_possible))
    if best.n_claimed and best.misfit is not None:
        are = number_of(best.n_possible, "record is", "records are")
        fields = {"path": file.path, "records": are, "format": best.format.name}
        message = Errors.GP128.format(**fields, source=best.misfit, found=best.found)
        raise ValueError(message)
    known = ", ".join(tally.format.name for tally in tallies)
    fields = {"path": file.path, "found": found, "known": known}
    raise ValueError(Errors.GP127.format(**fields, source=first))


def _describe(value: Any) -> str:
    """RETURNS (str): A description of a value in a few words."""
    if isinstance(value, dict) and value:
        names = ", ".join(repr(_shorten(key)) for key in list(value)[:_MOST_FIELDS])
        return f"the fields {names}" + (", …" if len(value) > _MOST_FIELDS else "")
    if isinstance(value, list):
        return f"an array of {number_of(len(value), 'value')}"
    return _shorten(json.dumps(value, ensure_ascii=False))


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
