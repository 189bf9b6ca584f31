"""doccano's JSON lines, and the JSON arrays of its old versions.

    {"id": 1, "text": "...", "label": [[0, 2, "ORG"]], "Comments": []}
    {"id": 1, "text": "...", "entities": [{"id": 7, "label": "ORG", "start_offset": 0,
      "end_offset": 2}], "relations": [{"from_id": 7, "to_id": 8, "type": "of"}]}

The end is exclusive. doccano's editor counts UTF-16 code units, or grapheme clusters in
a project with "Count grapheme clusters as one character" (doccano/v-annotator,
Label/Text.ts; doccano/doccano, issue 2290); its versions of 2019 and 2020 counted code
points (pull request 108). A file does not tell which, and has no copies of the spans'
texts: it matters where a text has emoji, other rare characters or combining marks.
Relations, categories and comments are no spans and are not written. A record whose
labels are all of its text is one of text classification: nobody has annotated spans
there, and it is to be skipped. Other fields are
the user's, which doccano gives back as they were imported, so that `id` is, too; but
arrays in which other formats have spans are rejects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

from ...errors import Errors
from ..annotations import AnnotatedText, Document, Reason, Source, TextSpan
from .fates import Fate, Fates, make_span, name_of, whole_number
from .files import SourceFile, malformed
from .format import Format, bad_option, read_each, write_lines
from .json_values import first_object, get_field, is_kind, read_json_items, to_json
from .offsets import Offsets

NAME = "doccano"
SUFFIXES = (".jsonl", ".json", ".json1")
UNITS = ("utf-16", "graphemes", "code-points")
_SPANS = ("label", "labels", "entities", "annotations")
_OTHERS = ("relations", "cats", "Comments", "comments")
#: Where other formats have spans.
_UNREAD = ("spans", "ents")
_OWN = ("id", "text", *_SPANS, *_OTHERS)


def read_file(
    file: SourceFile, *, encoding: str = "utf-8", offsets: str = "utf-16"
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    offsets (str): What they count: "utf-16", "graphemes" or "code-points".
    YIELDS (Document): The documents; one without any field for spans, or with
        labels of the whole text only, is to be skipped.
    RAISES (ValueError): GP164 if a record is not as above, GP167 for another unit.
    """
    _check_unit(offsets)
    items = read_json_items(file, encoding=encoding, format=NAME)
    for number, (source, record) in enumerate(items, start=1):
        yield _read_record(record, source, f"{file.stem}:{number}", offsets)


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise bad_option(NAME, "offsets", unit, "one of: " + ", ".join(UNITS))


def _read_record(
    record: Dict[str, Any], source: Source, name: str, unit: str
) -> Document:
    text = get_field(record, "text", str, source, NAME)
    filled = [k for k in _UNREAD if isinstance(record.get(k), list) and record[k]]
    left_out = (*_OWN, *filled)
    meta = {key: value for key, value in record.items() if key not in left_out}
    skip = not any(_is_for_spans(record.get(key)) for key in _SPANS)
    name = name_of(record.get("id"), name)
    fates = Fates(AnnotatedText(name, text, source=source, meta=meta, skip=skip))
    places = Offsets(text, unit)
    for key in _SPANS:
        for entry in _entries(record, key, source):
            fates.add(entry, _read_span(text, entry, places, source))
    for key in _OTHERS:
        for entry in _entries(record, key, source):
            fates.add(entry, Reason.NOT_A_SPAN)
    fates.add_unread(record, filled)
    return fates.result


def _is_for_spans(value: Any) -> bool:
    """RETURNS (bool): Whether a field holds spans, or none: no labels of the text."""
    if not isinstance(value, list):
        return False
    return not value or not all(isinstance(entry, str) for entry in value)


def _entries(record: Dict[str, Any], key: str, source: Source) -> List[Any]:
    value = record.get(key)
    if value is None:
        return []
    if isinstance(value, (str, int)) and key in ("label", "labels"):
        return [str(value)]
    if isinstance(value, (str, dict)) and key == "cats":
        return [value]
    if not isinstance(value, list):
        raise malformed(source, NAME, f"the field {key!r} is not an array")
    return value


def _read_span(text: str, entry: Any, places: Offsets, source: Source) -> Fate:
    if isinstance(entry, str):  # a label of the whole text
        return Reason.NOT_A_SPAN
    id: Any = None
    ends: List[Any]
    if isinstance(entry, dict):
        id, label = entry.get("id"), entry.get("label")
        ends = [entry.get("start_offset"), entry.get("end_offset")]
    elif isinstance(entry, list) and len(entry) == 3:
        ends, label = entry[:2], entry[2]
    else:
        return Reason.BAD_LINE
    if not all(is_kind(end, int) for end in ends):
        return Reason.BAD_LINE
    start, end = (places.to_points(end) for end in ends)
    if start is None or end is None:
        return Reason.OUT_OF_TEXT
    # The oldest arrays name a label by its number.
    label = str(label) if is_kind(label, int) else label
    return make_span(text, label, start, end, source, id=id)


def write_document(
    document: AnnotatedText, *, offsets: str = "utf-16", relations: bool = False
) -> Iterator[str]:
    """Write a document as a line.

    document (AnnotatedText): The document; there is no place for scores.
    offsets (str): What they count: "utf-16", "graphemes" or "code-points".
    relations (bool): Whether it is for a project with relations: spans are objects
        with ids, which are whole numbers.
    YIELDS (str): The line.
    RAISES (ValueError): GP167 for another unit, GP176 for a span that does not begin
        and end at such units.
    """
    _check_unit(offsets)
    places = Offsets(document.text, offsets)
    ends = [_write_ends(document, span, places, offsets) for span in document.spans]
    record: Dict[str, Any] = {"id": whole_number(document.name), "text": document.text}
    rest = {key: value for key, value in document.meta.items() if key not in _OWN}
    record.update(rest)
    if relations and not document.skip:
        ids = _whole_ids(document.spans)
        record["entities"] = [
            {"id": id, "label": span.label, "start_offset": a, "end_offset": b}
            for id, span, (a, b) in zip(ids, document.spans, ends)
        ]
        record["relations"] = []
    elif not document.skip:
        record["label"] = [[*p, s.label] for s, p in zip(document.spans, ends)]
    yield to_json(record)


def _write_ends(
    document: AnnotatedText, span: TextSpan, places: Offsets, unit: str
) -> List[int]:
    start, end = places.from_points(span.start), places.from_points(span.end)
    if start is None or end is None:
        shown = (span.start, span.end, span.label)
        fields = {"span": shown, "name": document.name, "unit": unit, "format": NAME}
        raise ValueError(Errors.GP176.format(**fields))
    return [start, end]


def _whole_ids(spans: List[TextSpan]) -> List[int]:
    """RETURNS (List[int]): The spans' own ids where they are whole numbers and not
    taken, else fresh ones."""
    own = [whole_number(span.id) for span in spans]
    fresh = max([id for id in own if isinstance(id, int)], default=0)
    taken: Set[int] = set()
    ids = []
    for id in own:
        if not isinstance(id, int) or id in taken:
            fresh += 1
            id = fresh
        taken.add(id)
        ids.append(id)
    return ids


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the first record has a text, and spans as above."""
    record = first_object(head)
    if not isinstance(record.get("text"), str):
        return False
    for key in _SPANS:
        entries = record.get(key)
        if isinstance(entries, list):
            first = entries[0] if entries else {}
            if isinstance(first, dict) and first:
                return "start_offset" in first
            triple = isinstance(first, list) and len(first) == 3
            return key in ("label", "labels") if not entries else triple
    return False


DOCCANO = Format(
    NAME,
    "doccano: JSON lines with label: [[start, end, label]], or entities and relations",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_lines(write_document),
)
