"""Convert offsets in UTF-16 code units, bytes or grapheme clusters to code points."""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy
from numpy.typing import NDArray

#: JavaScript and Java count UTF-16 code units; "bytes" are those of UTF-8.
UNITS = ("code-points", "utf-16", "bytes", "graphemes")
#: A grapheme cluster (UAX #29). A flag is two regional indicators; \X alone would look
#: at all earlier ones of a row for every flag.
_CLUSTER = (
    r"\p{GCB=Regional_Indicator}{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*|\X"
)


class Offsets:
    """Converter of the offsets of a text. It reads the text once.

    text (str): The text.
    unit (str): The unit of the file, one of `UNITS`.
    """

    def __init__(self, text: str, unit: str) -> None:
        self._same = unit == "code-points" or (unit != "graphemes" and text.isascii())
        if not self._same:
            clusters = unit == "graphemes"
            places = _graphemes(text) if clusters else _widths(text, unit)
            self._units, self._points = places

    def to_points(self, offset: int) -> Optional[int]:
        """Convert an offset to code points.

        offset (int): Offset in the unit.
        RETURNS (Optional[int]): Offset in code points; None if it is within a
            character, such as between the two halves of a surrogate pair. An offset
            outside of the text stays outside, by the same distance.
        """
        if self._same:
            return offset
        return _look_up(self._units, self._points, offset)

    def from_points(self, offset: int) -> Optional[int]:
        """Convert an offset in code points to the unit.

        offset (int): Offset in code points.
        RETURNS (Optional[int]): Offset in the unit; None if it is within a unit, such
            as a grapheme cluster.
        """
        if self._same:
            return offset
        return _look_up(self._points, self._units, offset)


def _look_up(keys: NDArray[Any], values: NDArray[Any], key: int) -> Optional[int]:
    last = len(keys) - 1
    if key < 0:
        return key
    if key > int(keys[last]):
        return int(values[last]) + key - int(keys[last])
    i = int(numpy.searchsorted(keys, key))
    return int(values[i]) if int(keys[i]) == key else None


def _widths(text: str, unit: str) -> Tuple[NDArray[Any], NDArray[Any]]:
    """RETURNS (Tuple[ndarray, ndarray]): Offsets in the unit and in code points where
    a code point begins, and where the text ends."""
    codes = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    widths = 1 + (codes > 0xFFFF).astype(numpy.int64)
    if unit == "bytes":
        widths += (codes > 0x7F).astype(numpy.int64) + (codes > 0x7FF)
    ends = numpy.cumsum(widths)
    return numpy.concatenate([[0], ends]), numpy.arange(len(text) + 1)


def _graphemes(text: str) -> Tuple[NDArray[Any], NDArray[Any]]:
    """RETURNS (Tuple[ndarray, ndarray]): Numbers and offsets in code points of the
    boundaries between grapheme clusters."""
    import regex

    ends = [match.end() for match in regex.finditer(_CLUSTER, text)]
    return numpy.arange(len(ends) + 1), numpy.array([0, *ends])
