"""Each annotation of a document gets one fate: a span of its text, or a reject."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple, Union

from ..annotations import (
    AnnotatedText,
    Document,
    Reason,
    Reject,
    Source,
    TextSpan,
    excerpt,
    find_fault,
)
from .json_values import HALF, is_kind, to_json

Fate = Union[TextSpan, Reason]

_LARGEST = 1e300


class Fates:
    """Collects the annotations of a document, and counts them.

    document (AnnotatedText): The document. Its spans and n_read are filled in.
    """

    def __init__(self, document: AnnotatedText) -> None:
        self.document = document
        self.rejects: List[Reject] = []
        self._last: Tuple[Any, str] = (None, "null")

    def add(self, value: Any, fate: Fate) -> None:
        """Add an annotation.

        value (Any): The annotation as it was read: a text, or a JSON value.
        fate (Union[TextSpan, Reason]): The span, or the reason why it is not one.
        """
        self.document.n_read += 1
        if isinstance(fate, TextSpan):
            self.document.spans.append(fate)
        else:
            shown = self._show(value)
            self.rejects.append(Reject.at(self.document.source, shown, fate))

    def _show(self, value: Any) -> str:
        """RETURNS (str): A value as a text. If the same value follows at once, as for a
        region with several labels, only the first is shown in full."""
        last, excerpted = self._last
        if value is last:
            return excerpted
        shown = value if isinstance(value, str) else to_json(value)
        self._last = value, excerpt(shown)
        return shown

    def add_unread(self, record: Dict[str, Any], keys: Sequence[str]) -> None:
        """Add the entries of arrays that hold spans in other formats, as rejects.

        record (Dict[str, Any]): The object of the document.
        keys (Sequence[str]): Fields that the format does not read.
        """
        for key in keys:
            value = record.get(key)
            for entry in value if isinstance(value, list) else []:
                self.add({key: entry}, Reason.BAD_LINE)

    @property
    def result(self) -> Document:
        """RETURNS (Document): The document and its rejects."""
        return self.document, self.rejects


def make_span(
    text: str,
    label: Any,
    start: Any,
    end: Any,
    source: Source,
    *,
    copy: Any = None,
    id: Any = None,
    score: Any = None,
) -> Fate:
    """Check the description of a span in a file.

    text (str): The document's text.
    label (Any): The label: a text that is not empty.
    start (Any): First character: a whole number.
    end (Any): Character after the last.
    source (Source): File and line.
    copy (Any): The file's own copy of the span's text, which must be the same; None
        if it has none.
    id (Any): Id of the span in the file: a text or a whole number.
    score (Any): Its probability: a number, or None.
    RETURNS (Union[TextSpan, Reason]): The span, or what is wrong.
    """
    known = is_label(label) and is_kind(start, int) and is_kind(end, int)
    if not known or not is_score(score):
        return Reason.BAD_LINE
    fault = find_fault(text, start, end)
    if fault is None and copy is not None and not _stands_at(copy, text, start, end):
        fault = Reason.TEXT_MISMATCH
    name = str(id) if is_kind(id, (str, int)) and not HALF.search(str(id)) else ""
    return fault or TextSpan(label, start, end, source, name, score)


def _stands_at(copy: Any, text: str, start: int, end: int) -> bool:
    # Do not slice: the part may be much longer than the copy.
    fits = isinstance(copy, str) and len(copy) == end - start
    return fits and text.startswith(copy, start)


def is_label(value: Any) -> bool:
    """RETURNS (bool): Whether a value can be a label: a text that is not empty and has
    no half surrogate pair."""
    return isinstance(value, str) and value != "" and not HALF.search(value)


def is_score(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a number or None."""
    return value is None or (is_kind(value, (int, float)) and abs(value) < _LARGEST)


def whole_number(name: str) -> Union[str, int]:
    """RETURNS (Union[str, int]): A document's name as an id in a file: a whole number
    if it looks like one."""
    plain = name.isascii() and name.isdigit() and len(name) < 19
    return int(name) if plain and str(int(name)) == name else name


def name_of(id: Any, default: str) -> str:
    """RETURNS (str): A document's name: its id if it is a text or whole number."""
    known = is_kind(id, (str, int)) and str(id) != "" and not HALF.search(str(id))
    return str(id) if known else default
