"""Read the JSON values of a file one at a time, with the line where each begins."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import islice
from typing import Any, Dict, Iterator, List, Optional, Tuple, Type, Union

from ..annotations import Source
from ..deep_values import MAX_DEPTH, is_too_deep
from .files import MAX_LINE, SourceFile, malformed, read_blocks, read_lines

_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")
_STRING_FIRST = re.compile(r'\[[ \t\r\n]*"')
#: Half of a surrogate pair, which is not a character.
HALF = re.compile("[\ud800-\udfff]")
_TOO_DEEP = f"it is nested too deeply, in more than {MAX_DEPTH} levels"
_ENDLESS = (
    "the value that begins here has no end within {limit} MiB ({fault}, line {line}). "
    "If it is one text, cut it into documents"
)
_BROKEN = "its JSON is broken: {fault}"
_CUT_OFF = (
    "the file ends within the JSON value that begins here ({fault}, {place}); was it "
    "copied or downloaded only in part?"
)
_LINE_CUT_OFF = (
    "the line ends within its JSON value ({fault}, column {column}); is the file "
    "cut off, or does an object have several lines? Each object must be in one line"
)
#: More than the characters of "-Infinity" or "\\ud83d\\ude00" without the last.
_LONGEST_PART = 16
_NAMES: Dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


def read_json_lines(
    file: SourceFile, *, encoding: str, format: str, longest: Optional[int] = None
) -> Iterator[Tuple[Source, Dict[str, Any]]]:
    """Read the objects of a JSON lines file; blank lines are left out.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    format (str): Name of the format, for messages.
    longest (Optional[int]): Highest size of a line, in MiB; None for `MAX_LINE`.
    YIELDS (Tuple[Source, Dict[str, Any]]): File and line, and the object.
    RAISES (ValueError): GP164 for a line that is not a JSON object, and what
        `files.read_lines` raises.
    """
    lines = read_lines(file, encoding=encoding, format=format, longest=longest)
    for number, line in lines:
        if line.strip(_SPACE):
            source = Source(file.name, number)
            yield source, as_object(parse_json(line, source, format), source, format)


def read_json_items(
    file: SourceFile, *, encoding: str, format: str
) -> Iterator[Tuple[Source, Dict[str, Any]]]:
    """Read the objects of a JSON array or of a JSON lines file, with a few of them in
    memory.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    format (str): Name of the format, for messages.
    YIELDS (Tuple[Source, Dict[str, Any]]): File and line where the object begins,
        and the object.
    RAISES (ValueError): GP164 if it is not an array of objects, and what
        `files.read_lines` raises.
    """
    values = read_json_values(file, encoding=encoding, format=format)
    for source, value in values:
        yield source, as_object(value, source, format)


def read_json_values(
    file: SourceFile, *, encoding: str, format: str, over_lines: bool = False
) -> Iterator[Tuple[Source, Any]]:
    """Read the values of a JSON array or the objects of a JSON lines file, with a few
    of them in memory.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    format (str): Name of the format, for messages.
    over_lines (bool): Whether objects that are not in an array may have several lines,
        and a line may be an array that begins with a string.
    YIELDS (Tuple[Source, Any]): File and line where the value begins, and the value.
    RAISES (ValueError): GP164 if it is neither, and what `files.read_lines` raises.
    """
    scanner = _ArrayScanner(file, encoding, format)
    if scanner.peek() != "[":
        if not over_lines or scanner.ends_in_its_line():
            yield from read_json_lines(file, encoding=encoding, format=format)
            return
        while scanner.peek():
            yield scanner.source, scanner.value()
        return
    if over_lines and scanner.begins_with_string():
        yield from _read_arrays(scanner)
        return
    scanner.skip()
    first = True
    while scanner.peek() != "]":
        if not first and scanner.skip() != ",":
            raise malformed(scanner.source, format, "a comma is missing")
        scanner.peek()
        source = scanner.source
        yield source, scanner.value()
        first = False
    scanner.skip()
    if scanner.peek():
        raise malformed(scanner.source, format, "something follows the array")


def _read_arrays(scanner: _ArrayScanner) -> Iterator[Tuple[Source, Any]]:
    """YIELDS (Tuple[Source, Any]): The arrays of a file; if there is only one, its
    values."""
    source, array = scanner.source, scanner.value()
    if not scanner.peek():
        yield from ((source, value) for value in array)
        return
    yield source, array
    while scanner.peek():
        yield scanner.source, scanner.value()


class _ArrayScanner:
    """Reads values from a buffer that grows by blocks of the file."""

    def __init__(self, file: SourceFile, encoding: str, format: str) -> None:
        self.file = file
        self.format = format
        self._blocks = read_blocks(file, encoding=encoding)
        self._buffer = ""
        self._at = 0
        self._line = 1

    @property
    def source(self) -> Source:
        return Source(self.file.name, self._line)

    def peek(self) -> str:
        """Return the next character that is not white space; "" at the end."""
        while True:
            start = self._at
            self._at = _SPACES.match(self._buffer, start).end()  # type: ignore
            self._line += self._buffer.count("\n", start, self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(1):
                return ""

    def skip(self) -> str:
        """Return the next character, and move past it."""
        char = self.peek()
        self._at += len(char)
        return char

    def begins_with_string(self) -> bool:
        """Return whether the next value is an array that begins with a string."""
        return _STRING_FIRST.match(self._buffer, self._at) is not None

    def ends_in_its_line(self) -> bool:
        """Return whether the next value seems to end in its line, as far as it was
        read."""
        line, end, _ = self._buffer[self._at :].partition("\n")
        try:
            decode_json(line, 0)
        except json.JSONDecodeError as err:
            in_string = err.msg.startswith("Unterminated string")
            return not end or in_string or not is_cut_off(err, line)
        except ValueError:
            return True
        return True

    def value(self) -> Any:
        """Return the next value. The buffer is doubled while the value may be
        incomplete."""
        n_blocks = 1
        while True:
            try:
                value, end = decode_json(self._buffer, self._at)
            except json.JSONDecodeError as err:
                line = self._line + self._buffer.count("\n", self._at, err.pos)
                cut_off = is_cut_off(err, self._buffer)
                if not self._may_end_later(err) or not self._more(n_blocks):
                    raise self._fault(err, line, cut_off) from err
                limit = self.file.within(MAX_LINE)
                if len(self._buffer) > limit * 2**20:
                    reason = _ENDLESS.format(limit=limit, fault=err.msg, line=line)
                    raise malformed(self.source, self.format, reason) from err
                n_blocks *= 2
            except ValueError as err:
                raise malformed(self.source, self.format, err) from err
            else:
                self._line += self._buffer.count("\n", self._at, end)
                self._at = end
                return value

    def _fault(self, err: json.JSONDecodeError, line: int, cut_off: bool) -> ValueError:
        """Return GP164 for a value that is broken or cut off by the end of the file."""
        if cut_off:
            reason = _CUT_OFF.format(fault=err.msg, place=f"line {line}")
            return malformed(self.source, self.format, reason)
        place = Source(self.file.name, line)
        return malformed(place, self.format, _BROKEN.format(fault=err.msg))

    def _may_end_later(self, err: json.JSONDecodeError) -> bool:
        """Return whether the buffer may end within the value: in a string, or in a part
        such as half a number."""
        if err.msg.startswith("Unterminated string"):
            return True
        return len(self._buffer[err.pos :].strip(_SPACE)) < _LONGEST_PART

    def _more(self, n_blocks: int) -> bool:
        blocks = list(islice(self._blocks, n_blocks))
        self._buffer = "".join([self._buffer[self._at :], *blocks])
        self._at = 0
        return bool(blocks)


def is_cut_off(err: json.JSONDecodeError, text: str) -> bool:
    """RETURNS (bool): Whether the text ends within a value."""
    in_string = err.msg.startswith("Unterminated string")
    return in_string or not text[err.pos :].strip(_SPACE)


def parse_json(text: str, source: Source, format: str) -> Any:
    """Parse a JSON value.

    text (str): The value; NaN and Infinity are not JSON.
    source (Source): File and line.
    format (str): Name of the format, for messages.
    RETURNS (Any): The value.
    RAISES (ValueError): GP164 if it is not JSON.
    """
    try:
        value, end = decode_json(text, _SPACES.match(text).end())  # type: ignore
        if _SPACES.fullmatch(text, end) is None:
            raise json.JSONDecodeError("Extra data", text, end)
        return value
    except json.JSONDecodeError as err:
        cut_off = is_cut_off(err, text)
        form = _LINE_CUT_OFF if cut_off else _BROKEN + " (column {column})"
        reason = form.format(fault=err.msg, column=err.colno)
        raise malformed(source, format, reason) from err
    except ValueError as err:
        raise malformed(source, format, err) from err


def _without_copies(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """Make an object of pairs. Python's json would keep only the last of equal keys."""
    record = dict(pairs)
    if len(record) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        copy = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {copy!r} comes twice in an object")
    return record


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_without_copies)


def decode_json(text: str, start: int) -> Tuple[Any, int]:
    """Parse the value that begins at a place.

    text (str): A text with the value.
    start (int): Offset of its first character.
    RETURNS (Tuple[Any, int]): The value, and the offset of its end.
    RAISES (ValueError): json.JSONDecodeError if it is broken; another ValueError for
        equal keys in an object, a value that is not JSON, or too many levels.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError as err:
        raise ValueError(_TOO_DEEP) from err
    if is_too_deep(value):
        raise ValueError(_TOO_DEEP)
    return value, end


def as_object(value: Any, source: Source, format: str) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The value. Raise GP164 if it is not an object."""
    if not isinstance(value, dict):
        raise malformed(source, format, f"{_show(value)} is not an object")
    return value


def get_field(
    record: Dict[str, Any],
    key: str,
    kind: Union[Type[Any], Tuple[Type[Any], ...]],
    source: Source,
    format: str,
) -> Any:
    """Return a field that a format requires.

    record (Dict[str, Any]): The object.
    key (str): The field.
    kind (Union[Type[Any], Tuple[Type[Any], ...]]): str, int, float, list, dict.
    source (Source): File and line of the object.
    format (str): Name of the format, for messages.
    RETURNS (Any): The value.
    RAISES (ValueError): GP164 if it is missing or of another type.
    """
    if key not in record:
        raise malformed(source, format, f"the field {key!r} is missing")
    value = record[key]
    if not is_kind(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(_NAMES[k] for k in kinds)
        reason = f"the field {key!r} is {_show(value)}, not {wanted}"
        raise malformed(source, format, reason)
    return value


def is_kind(value: Any, kind: Union[Type[Any], Tuple[Type[Any], ...]]) -> bool:
    """RETURNS (bool): Whether a value is of the type. True is not a number."""
    return isinstance(value, kind) and not isinstance(value, bool)


def to_json(value: Any) -> str:
    """RETURNS (str): A value as JSON. Half surrogate pairs, which cannot be encoded,
    are escaped."""
    line = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if HALF.search(line) else line


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "…"
