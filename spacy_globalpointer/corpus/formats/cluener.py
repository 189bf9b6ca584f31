"""CLUENER 2020: one JSON object per line, with spans under label and surface.

    {"text": "...", "label": {"name": {"叶老桂": [[9, 11]]}}}

Offsets count Unicode code points, as the owner's Python baselines do, and the end is
the last character of the span (inclusive; CLUEbenchmark/CLUENER2020, README). Another
reading is used only if it is the only one that the surfaces fit. A surface must equal
the text at its offsets. A record without `label`, such as those of the test data, has
not been annotated. `id` is written unless the document's name is FILE:NUMBER, the name
of a record without an id. Spans are grouped by label and surface, in the order of the
first span of each group.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..annotations import AnnotatedText, Document, Reason, Source, excerpt
from .fates import Fate, Fates, name_of, whole_number
from .files import SourceFile
from .format import Format, is_json_only, read_each, write_lines
from .json_values import get_field, is_kind, read_json_items, to_json
from .readings import EXCLUSIVE, INCLUSIVE, Marked, Places, Reading, Rule

NAME = "cluener"
SUFFIXES = (".json", ".jsonl")
_RULE = Rule(NAME, ("code-points", "utf-16"), (INCLUSIVE, EXCLUSIVE), copies_only=True)
_OWN = ("id", "text", "label")
#: The name of a record without an id.
_UNNAMED = re.compile(".*:[0-9]+", re.S)


def read_file(file: SourceFile, *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    YIELDS (Document): The documents; one without `label` is to be skipped.
    RAISES (ValueError): GP164 if a record is not as above.
    """

    def items() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        return read_json_items(file, encoding=encoding, format=NAME)

    marked = (_mark(source, record) for source, record in items())
    reading = _RULE.choose(file, marked, _RULE.readings())
    for number, (source, record) in enumerate(items(), start=1):
        yield _read_record(record, source, f"{file.stem}:{number}", reading)


def _mark(source: Source, record: Dict[str, Any]) -> Marked:
    text, labels = record.get("text"), record.get("label")
    if not isinstance(text, str) or not isinstance(labels, dict):
        return Marked(source, "", [])
    known = [entry for surfaces in labels.values() for entry in _places(surfaces)]
    pairs = [(place, copy) for copy, place in known if _is_pair(place)]
    return Marked(source, text, [(*place, copy) for place, copy in pairs])


def _read_record(
    record: Dict[str, Any], source: Source, name: str, reading: Reading
) -> Document:
    text = get_field(record, "text", str, source, NAME)
    labels = get_field({"label": {}, **record}, "label", dict, source, NAME)
    meta = {key: value for key, value in record.items() if key not in _OWN}
    name = name_of(record.get("id"), name)
    skip = "label" not in record
    document = AnnotatedText(name, text, source=source, meta=meta, skip=skip)
    fates = Fates(document)
    offsets = Places(text, reading)
    for label, surfaces in labels.items():
        for surface, place in _places(surfaces):
            shown = surfaces if surface is None else {excerpt(surface): place}
            value = {label: shown}
            fates.add(value, _read_span(offsets, label, surface, place, source))
    return fates.result


def _places(surfaces: Any) -> Iterator[Tuple[Any, Any]]:
    """YIELDS (Tuple[Any, Any]): Each surface with each of its places; None for other
    values."""
    if not isinstance(surfaces, dict):
        yield None, surfaces
        return
    for surface, places in surfaces.items():
        for place in places if isinstance(places, list) else [places]:
            yield surface, place


def _is_pair(place: Any) -> bool:
    return isinstance(place, list) and len(place) == 2


def _read_span(
    offsets: Places, label: str, surface: Any, place: Any, source: Source
) -> Fate:
    if surface is None or not _is_pair(place):
        return Reason.BAD_LINE
    start, last = place
    if is_kind(start, int) and is_kind(last, int) and last < start:
        return Reason.END_BEFORE_START
    return offsets.read(label, start, last, source, copy=surface)


def write_document(document: AnnotatedText) -> Iterator[str]:
    """Write a document as a line.

    document (AnnotatedText): The document; there is no place for ids and scores of
        its spans.
    YIELDS (str): The line.
    """
    labels: Dict[str, Dict[str, List[List[int]]]] = {}
    for span in document.spans:
        surfaces = labels.setdefault(span.label, {})
        places = surfaces.setdefault(document.text[span.start : span.end], [])
        places.append([span.start, span.end - 1])
    record: Dict[str, Any] = {}
    if document.name and not _UNNAMED.fullmatch(document.name):
        record["id"] = whole_number(document.name)
    record["text"] = document.text
    if not document.skip:
        record["label"] = labels
    rest = {key: value for key, value in document.meta.items() if key not in _OWN}
    yield to_json({**record, **rest})


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. Labels and their surfaces must be
    keys of objects."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    if "label" not in value:
        return None
    labels = value["label"]
    if not isinstance(labels, dict):
        return False
    surfaces = labels.values()
    return not labels or any(isinstance(entry, dict) for entry in surfaces)


CLUENER = Format(
    NAME,
    "CLUENER 2020: one JSON object per line, spans under label and surface",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_lines(write_document),
    claims=claims,
)
