"""CLUENER 2020: a JSON object a line, its spans under label and surface.

    {"text": "...", "label": {"name": {"叶老桂": [[9, 11]]}}}

Offsets count Unicode code points, as the owner's Python baselines do, and the end is
the last character of the span (inclusive; CLUEbenchmark/CLUENER2020, README). The
surface must be what stands there. A record without `label`, as those of the test data,
has not been annotated. `id` is written where the document's name is a whole number;
spans are grouped by label and surface in the order of their first ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from ..annotations import AnnotatedText, Document, Reason, Source, excerpt
from .fates import Fate, Fates, make_span, name_of, whole_number
from .files import SourceFile
from .format import Format, read_each, write_lines
from .json_values import first_object, get_field, is_kind, read_json_items, to_json

NAME = "cluener"
SUFFIXES = (".json", ".jsonl")
_OWN = ("id", "text", "label")


def read_file(file: SourceFile, *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    YIELDS (Document): The documents; one without `label` is to be skipped.
    RAISES (ValueError): GP164 if a record is not as above.
    """
    items = read_json_items(file, encoding=encoding, format=NAME)
    for number, (source, record) in enumerate(items, start=1):
        yield _read_record(record, source, f"{file.stem}:{number}")


def _read_record(record: Dict[str, Any], source: Source, name: str) -> Document:
    text = get_field(record, "text", str, source, NAME)
    labels = get_field({"label": {}, **record}, "label", dict, source, NAME)
    meta = {key: value for key, value in record.items() if key not in _OWN}
    name = name_of(record.get("id"), name)
    skip = "label" not in record
    document = AnnotatedText(name, text, source=source, meta=meta, skip=skip)
    fates = Fates(document)
    for label, surfaces in labels.items():
        for surface, place in _places(surfaces):
            shown = surfaces if surface is None else {excerpt(surface): place}
            value = {label: shown}
            fates.add(value, _read_span(text, label, surface, place, source))
    return fates.result


def _places(surfaces: Any) -> Iterator[Tuple[Any, Any]]:
    """YIELDS (Tuple[Any, Any]): Each surface with each of its places; None for what
    is no surface with places."""
    if not isinstance(surfaces, dict):
        yield None, surfaces
        return
    for surface, places in surfaces.items():
        for place in places if isinstance(places, list) else [places]:
            yield surface, place


def _read_span(text: str, label: str, surface: Any, place: Any, source: Source) -> Fate:
    pair = isinstance(place, list) and len(place) == 2
    if surface is None or not pair or not all(is_kind(n, int) for n in place):
        return Reason.BAD_LINE
    start, last = place
    if last < start:
        return Reason.END_BEFORE_START
    return make_span(text, label, start, last + 1, source, copy=surface)


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
    id = whole_number(document.name)
    if isinstance(id, int):
        record["id"] = id
    record["text"] = document.text
    if not document.skip:
        record["label"] = labels
    rest = {key: value for key, value in document.meta.items() if key not in _OWN}
    yield to_json({**record, **rest})


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the first record has a text, and labels in an object."""
    record = first_object(head)
    return isinstance(record.get("text"), str) and isinstance(record.get("label"), dict)


CLUENER = Format(
    NAME,
    "CLUENER 2020: one JSON object a line, spans under label and surface",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_lines(write_document),
)
