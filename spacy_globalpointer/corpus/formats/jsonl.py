"""Our own JSON lines: one document a line, nothing to guess.

    {"id": "a", "text": "...", "spans": [{"start": 0, "end": 5, "label": "ORG"}]}

Offsets count Unicode code points, the end is exclusive. `id`, `meta` (an object) and,
of a span, `id` and `score` may be left out; so may `spans`, of a text without. Labels
of the whole text, as `label` (a string), `accept` (strings) or `cats` (an object), are
no spans; a text with them and no `spans` is to be skipped, as nobody has annotated
spans in it. Other fields are an error, as they might be spans that nobody reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, Union

from ..annotations import (
    AnnotatedText,
    Document,
    Reason,
    Reject,
    Source,
    TextSpan,
    find_fault,
)
from .files import SourceFile, malformed
from .format import Format, read_each, write_lines
from .json_values import get_field, is_kind, read_json_lines, to_json

NAME = "jsonl"
SUFFIXES = (".jsonl",)
FIELDS = ("id", "text", "spans", "meta")
#: Where other tools put labels of the whole text.
_CATEGORIES = ("label", "accept", "cats")


def read_file(file: SourceFile, *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    YIELDS (Document): The documents.
    RAISES (ValueError): GP164 if a line is not as above.
    """
    for source, record in read_json_lines(file, encoding=encoding, format=NAME):
        yield read_record(record, source, f"{file.stem}:{source.line}", NAME)


def read_record(
    record: Dict[str, Any], source: Source, name: str, format: str
) -> Document:
    """A document from an object with `text` and `spans`.

    record (Dict[str, Any]): The object.
    source (Source): Where it stands.
    name (str): Name of the document, if the object has no `id`.
    format (str): Name of the format, for messages.
    RETURNS (Document): The document.
    RAISES (ValueError): GP164 if a field is missing, unknown or of another kind.
    """
    text = get_field(record, "text", str, source, format)
    spans = get_field({"spans": [], **record}, "spans", list, source, format)
    meta = get_field({"meta": {}, **record}, "meta", dict, source, format)
    own = get_field({"id": name, **record}, "id", (str, int), source, format)
    categories = {key: record[key] for key in _CATEGORIES if _has_labels(record, key)}
    known = (*FIELDS, *categories)
    unknown = next((key for key in record if key not in known), None)
    if unknown is not None:
        reason = f"the field {unknown!r} is not one of {', '.join(FIELDS)}"
        raise malformed(source, format, reason)
    document = AnnotatedText(str(own), text, source=source, meta=meta)
    document.n_read = len(spans) + len(categories)
    document.skip = bool(categories) and "spans" not in record
    rejects = [
        Reject.at(source, to_json({key: value}), Reason.NOT_A_SPAN)
        for key, value in categories.items()
    ]
    for span in spans:
        fate = _read_span(text, span, source)
        if isinstance(fate, TextSpan):
            document.spans.append(fate)
        else:
            value = json.dumps(span, ensure_ascii=False)
            rejects.append(Reject.at(source, value, fate))
    return document, rejects


def _has_labels(record: Dict[str, Any], key: str) -> bool:
    """RETURNS (bool): Whether a field holds labels of the whole text, and no spans."""
    value = record.get(key)
    if key == "accept" and isinstance(value, list):
        return all(isinstance(entry, str) for entry in value)
    return isinstance(value, dict if key == "cats" else str)


def _read_span(text: str, span: Any, source: Source) -> Union[TextSpan, Reason]:
    label: Any
    start: Any
    end: Any
    if not isinstance(span, dict):
        return Reason.BAD_LINE
    keys = ("label", "start", "end", "score")
    label, start, end, score = (span.get(key) for key in keys)
    id = span.get("id", "")
    known = isinstance(label, str) and label and is_kind(id, (str, int))
    if not known or not is_kind(start, int) or not is_kind(end, int):
        return Reason.BAD_LINE
    if score is not None and not is_kind(score, (int, float)):
        return Reason.BAD_LINE
    fault = find_fault(text, start, end)
    return fault or TextSpan(label, start, end, source, str(id), score)


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


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the first line has a text, and spans or nothing."""
    try:
        record = json.loads(head.split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    keys = set(record) if isinstance(record, dict) else set()
    return "text" in keys and keys <= set(FIELDS)


JSONL = Format(
    NAME,
    "one JSON object a line: id, text, spans with start, end (exclusive) and label",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_lines(write_document),
)
