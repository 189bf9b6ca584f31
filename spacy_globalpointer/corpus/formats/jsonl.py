"""The JSON lines of this package, or a JSON array: each document is an object.

    {"id": "a", "text": "...", "spans": [{"start": 0, "end": 5, "label": "ORG"}]}

Offsets count Unicode code points, and the end is exclusive. Another reading is used
only if spans have copies of their texts (`text`) that fit no other. `id` and `meta` (an
object) may be left out, and so may `id` and `score` of a span. A text without spans may
leave out `spans`. Labels of the whole text, in `label` (a string), `accept` (strings)
or `cats` (an object), are not spans. A text that has such labels and no `spans` is to
be skipped, because nobody has annotated spans in it. Other fields are an error: they
might contain spans that would not be read.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, Optional, Tuple

from ..annotations import AnnotatedText, Document, Reason, Reject, Source, TextSpan
from .fates import Fate
from .files import SourceFile, malformed
from .format import Format, is_json_only, read_each, write_lines
from .json_values import HALF, get_field, is_kind, read_json_items, to_json
from .readings import ENDS, Places, Reading, Rule, mark_objects

NAME = "jsonl"
SUFFIXES = (".jsonl",)
SPARE = (".json",)
_RULE = Rule(NAME, ("code-points", "utf-16", "bytes"), ENDS, copies_only=True)
FIELDS = ("id", "text", "spans", "meta")
#: Fields in which other tools put labels of the whole text.
_CATEGORIES = ("label", "accept", "cats")


def read_file(file: SourceFile, *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    YIELDS (Document): The documents.
    RAISES (ValueError): GP164 if an object is not as above.
    """

    def records() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        return read_json_items(file, encoding=encoding, format=NAME)

    marked = (mark_objects(source, record, "spans") for source, record in records())
    reading = _RULE.choose(file, marked, _RULE.readings())
    line = 0
    for source, record in records():
        line = max(source.line, line + 1)  # an array may have several in a line
        yield _read_record(record, source, f"{file.stem}:{line}", reading)


def _read_record(
    record: Dict[str, Any], source: Source, name: str, reading: Reading
) -> Document:
    """RETURNS (Document): The document of an object. Raise GP164 if a field is missing,
    unknown or of another type."""
    text = get_field(record, "text", str, source, NAME)
    spans = get_field({"spans": [], **record}, "spans", list, source, NAME)
    meta = get_field({"meta": {}, **record}, "meta", dict, source, NAME)
    own = get_field({"id": name, **record}, "id", (str, int), source, NAME)
    categories = {key: record[key] for key in _CATEGORIES if _has_labels(record, key)}
    known = (*FIELDS, *categories)
    unknown = next((key for key in record if key not in known), None)
    if unknown is not None:
        reason = f"the field {unknown!r} is not one of {', '.join(FIELDS)}"
        raise malformed(source, NAME, reason)
    document = AnnotatedText(str(own), text, source=source, meta=meta)
    document.n_read = len(spans) + len(categories)
    document.skip = bool(categories) and "spans" not in record
    rejects = [
        Reject.at(source, to_json({key: value}), Reason.NOT_A_SPAN)
        for key, value in categories.items()
    ]
    places = Places(text, reading)
    for span in spans:
        fate = _read_span(span, places, source)
        if isinstance(fate, TextSpan):
            document.spans.append(fate)
        else:
            value = json.dumps(span, ensure_ascii=False)
            rejects.append(Reject.at(source, value, fate))
    return document, rejects


def _has_labels(record: Dict[str, Any], key: str) -> bool:
    """RETURNS (bool): Whether a field holds labels of the whole text instead of
    spans."""
    value = record.get(key)
    if key == "accept" and isinstance(value, list):
        return all(isinstance(entry, str) for entry in value)
    return isinstance(value, dict if key == "cats" else str)


def _read_span(span: Any, places: Places, source: Source) -> Fate:
    if not isinstance(span, dict):
        return Reason.BAD_LINE
    label, start, end = (span.get(key) for key in ("label", "start", "end"))
    id, score = span.get("id", ""), span.get("score")
    if not is_kind(id, (str, int)):
        return Reason.BAD_LINE
    for value in (label, id):
        if isinstance(value, str) and HALF.search(value):
            raise malformed(source, NAME, f"{value!r} has half a surrogate pair")
    copy = span.get("text")
    return places.read(label, start, end, source, copy=copy, id=id, score=score)


def write_document(document: AnnotatedText) -> Iterator[str]:
    """Write a document as a line.

    document (AnnotatedText): The document.
    YIELDS (str): The line.
    """
    spans = []
    for span in document.spans:
        entry = {"start": span.start, "end": span.end, "label": span.label}
        optional = {"id": span.id or None, "score": span.score}
        given = {key: value for key, value in optional.items() if value is not None}
        spans.append({**entry, **given})
    record: Dict[str, Any] = {
        "id": document.name,
        "text": document.text,
        "spans": spans,
    }
    if document.meta:
        record["meta"] = document.meta
    yield json.dumps(record, ensure_ascii=False)


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must have the fields above."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    spans = value.get("spans", [])
    if not isinstance(spans, list) or (spans and not any(map(_is_entry, spans))):
        return False
    categories = [key for key in _CATEGORIES if _has_labels(value, key)]
    if not set(value) <= {*FIELDS, *categories}:
        return False
    return None if categories else True


def _is_entry(span: Any) -> bool:
    return isinstance(span, dict) and {"start", "end", "label"} <= set(span)


JSONL = Format(
    NAME,
    "one JSON object per line: id, text, spans with start, end (exclusive) and label",
    read_each(NAME, SUFFIXES, read_file, spare=SPARE),
    is_json_only,
    SUFFIXES,
    write_lines(write_document),
    spare=SPARE,
    claims=claims,
)
