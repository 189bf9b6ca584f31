"""Find the probable error, and its line, in a file whose format is not known."""

from __future__ import annotations

import json
from typing import List, NamedTuple

from ...wording import number_of
from .conll_detection import Wish, count_columns, find_separators
from .conll_lines import COMMENT, DOCSTART, is_blank, split_line
from .files import BOM
from .json_values import decode_json

_SPACE = " \t\r\n"
#: Names of separators in messages.
_CALLED = {"\t": "a tab", " ": "a space", ",": "a comma", ";": "a semicolon"}
_NO_TAGS = (
    "none of its columns, separated by {called}, has tags such as B-PER for each token"
)


class Fault(NamedTuple):
    """Error in a file, found by `find_first_fault`.

    line (int): Number of the line, from 1.
    reason (str): What is wrong there.
    """

    line: int
    reason: str


def find_first_fault(head: str) -> Fault:
    """Find the error that keeps a text from being JSON or a table of columns.

    head (str): The beginning of a file.
    RETURNS (Fault): The first fault.
    """
    text = head.removeprefix(BOM)
    if not text.strip():
        return Fault(1, "the file is empty")
    if text.lstrip(_SPACE)[0] in "{[":
        return _json_fault(text)
    return _column_fault(text.split("\n"))


def _json_fault(text: str) -> Fault:
    """Find the error in the first JSON value."""
    start = len(text) - len(text.lstrip(_SPACE))
    if text[start] == "[":
        start = len(text) - len(text[start + 1 :].lstrip(_SPACE))
    try:
        decode_json(text, start)
    except json.JSONDecodeError as err:
        reason = f"its JSON is broken: {err.msg} (column {err.colno})"
        return Fault(err.lineno, reason)
    except ValueError as err:
        return Fault(text.count("\n", 0, start) + 1, str(err))
    return Fault(text.count("\n", 0, start) + 1, "no format has such an object")


def _column_fault(lines: List[str]) -> Fault:
    """Find the first line whose number of columns differs from that of most lines."""
    rows = [
        (number, line.rstrip("\r"))
        for number, line in enumerate(lines, start=1)
        if not is_blank(line) and not line.startswith((COMMENT, DOCSTART))
    ]
    if not rows:
        return Fault(1, "there are comments only")
    lines = [line for _, line in rows]
    usual_by = {s: count_columns(lines, s) for s in find_separators(lines, Wish())}
    separator, usual = max(usual_by.items(), key=lambda pair: pair[1])
    called = _CALLED[separator]
    sizes = [(number, len(split_line(line, separator))) for number, line in rows]
    for number, size in sizes:
        if size != usual:
            columns = number_of(size, "column")
            reason = f"it has {columns}, separated by {called}, and other lines {usual}"
            return Fault(number, reason)
    return Fault(rows[0][0], _NO_TAGS.format(called=called))
