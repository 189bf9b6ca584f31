"""doccano's JSON lines, and the JSON arrays of its old versions.

    {"id": 1, "text": "...", "label": [[0, 2, "ORG"]], "Comments": []}
    {"id": 1, "text": "...", "entities": [{"id": 7, "label": "ORG", "start_offset": 0,
      "end_offset": 2}], "relations": [{"from_id": 7, "to_id": 8, "type": "of"}]}

Its versions name the text `text` or `data`, and the spans `label`, `labels`,
`label_spans`, `entities` or `annotations`. The end is exclusive. doccano's editor
counts UTF-16 code units, or grapheme clusters in a project with "Count grapheme
clusters as one character" (doccano/v-annotator, Label/Text.ts; doccano/doccano, issue
2290); its versions of 2019 and 2020 counted code points (pull request 108). A file does
not state the unit, and has no copies of the spans' texts. The unit matters if a text
has emoji, other rare characters or combining marks. Then the text must decide (see
`readings`).

If users do not share their annotations, doccano writes one file per user, named after
the user. Its versions of 2019 name the user in the record (`username`) or in each span
(`user`). Records with the same id and text are annotations of the same input.

Relations, categories and comments are not spans, and are not written. A record in which
all labels belong to the whole text is one of text classification. Nobody has annotated
spans there, so it is to be skipped. Other fields belong to the user: doccano exports
them, and `id`, as they were imported. But arrays in which other formats have spans
become rejects.
"""

from __future__ import annotations

import warnings
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from ...errors import Errors, Warnings
from ..annotations import AnnotatedText, Document, Reason, Source, TextSpan
from .fates import Fate, Fates, name_of, whole_number
from .files import SourceFile, malformed
from .format import Format, bad_option, is_json_only, read_each, write_lines
from .json_values import get_field, is_kind, read_json_items, to_json
from .offsets import Offsets
from .readings import AUTO, Marked, Places, Reading, Rule

NAME = "doccano"
SUFFIXES = (".jsonl", ".json", ".json1")
UNITS = ("utf-16", "graphemes", "code-points")
_RULE = Rule(NAME, UNITS, is_known=False)
_SPANS = ("label", "labels", "label_spans", "entities", "annotations")
_OTHERS = ("relations", "cats", "Comments", "comments")
#: Fields that have spans in doccano's files, if they have triples of numbers and label.
_TRIPLES = ("label", "labels", "label_spans", "annotations")
#: Fields that the versions of 2019 wrote, which had triples in `entities`.
_OF_2019 = ("doc_id", "username")
#: Fields in which other formats have spans.
_UNREAD = ("spans", "ents")
_OWN = ("id", "text", *_SPANS, *_OTHERS)


def read_file(
    file: SourceFile, *, encoding: str = "utf-8", offsets: str = AUTO
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    offsets (str): What they count: "utf-16", "graphemes" or "code-points"; "auto" to
        choose what fits the texts.
    YIELDS (Document): The documents; one without any field for spans, or with
        labels of the whole text only, is to be skipped.
    RAISES (ValueError): GP129 if the texts do not decide what offsets count, GP164 if
        a record is not as above, GP167 for another unit.
    """
    readings = _RULE.readings(offsets)

    def items() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        return read_json_items(file, encoding=encoding, format=NAME)

    marked = (_mark(source, record) for source, record in items())
    reading = _RULE.choose(file, marked, readings)
    for number, (source, record) in enumerate(items(), start=1):
        yield from _read_record(file, record, source, number, reading)


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise bad_option(NAME, "offsets", unit, "one of: " + ", ".join(UNITS))


def _mark(source: Source, record: Dict[str, Any]) -> Marked:
    text = record.get(_text_key(record))
    lists = [record[key] for key in _SPANS if isinstance(record.get(key), list)]
    if not isinstance(text, str):
        return Marked(source, "", [])
    found = [_offsets_of(entry) for entries in lists for entry in entries]
    return Marked(source, text, [(*ends, None) for ends in found if ends is not None])


def _text_key(record: Dict[str, Any]) -> str:
    return "data" if "text" not in record and "data" in record else "text"


def _read_record(
    file: SourceFile,
    record: Dict[str, Any],
    source: Source,
    number: int,
    reading: Reading,
) -> Iterator[Document]:
    """YIELDS (Document): The record's document, or one for each of its annotators."""
    key = _text_key(record)
    text = get_field(record, key, str, source, NAME)
    filled = [k for k in _UNREAD if isinstance(record.get(k), list) and record[k]]
    left_out = (*_OWN, *filled, key)
    meta = {k: v for k, v in record.items() if k not in left_out}
    skip = not any(_is_for_spans(record.get(key)) for key in _SPANS)
    name = name_of(record.get("id", record.get("doc_id")), f"{file.stem}:{number}")
    places = Places(text, reading)
    works = _entries_by_annotator(record, source, file.stem)
    for i, (annotator, entries) in enumerate(works.items()):
        document = AnnotatedText(name, text, source=source, meta=meta, skip=skip)
        document.annotator, document.input = annotator, f"{name} {text}"
        fates = Fates(document)
        for entry in entries:
            fates.add(entry, _read_span(entry, places, source))
        if i == 0:
            for key in _OTHERS:
                for entry in _entries(record, key, source):
                    fates.add(entry, Reason.NOT_A_SPAN)
            fates.add_unread(record, filled)
        yield fates.result


def _entries_by_annotator(
    record: Dict[str, Any], source: Source, stem: str
) -> Dict[str, List[Any]]:
    """RETURNS (Dict[str, List[Any]]): Annotations of spans by the name or number of the
    user, or else by the name of the file."""
    name = name_of(record.get("username"), stem)
    works: Dict[str, List[Any]] = {}
    for key in _SPANS:
        for entry in _entries(record, key, source):
            user = entry.get("user") if isinstance(entry, dict) else None
            works.setdefault(name_of(user, name), []).append(entry)
    return works or {name: []}


def _is_for_spans(value: Any) -> bool:
    """RETURNS (bool): Whether a field holds a list of spans, which may be empty, and
    not labels of the text."""
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


def _offsets_of(entry: Any) -> Optional[Tuple[Any, Any]]:
    """RETURNS (Optional[Tuple[Any, Any]]): Start and end, or None."""
    if isinstance(entry, dict):
        return entry.get("start_offset"), entry.get("end_offset")
    triple = isinstance(entry, list) and len(entry) == 3
    return (entry[0], entry[1]) if triple else None


def _read_span(entry: Any, places: Places, source: Source) -> Fate:
    if isinstance(entry, str):  # a label of the whole text
        return Reason.NOT_A_SPAN
    ends = _offsets_of(entry)
    if ends is None:
        return Reason.BAD_LINE
    given = {"id": entry.get("id")} if isinstance(entry, dict) else {}
    label = entry.get("label") if isinstance(entry, dict) else entry[2]
    # The oldest arrays name a label by its number.
    label = str(label) if is_kind(label, int) else label
    return places.read(label, *ends, source, **given)


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
    lost = sorted(set(document.meta) - set(rest))
    if lost:
        fields = {"format": NAME, "keys": ", ".join(lost)}
        warnings.warn(Warnings.GPW129.format(**fields), stacklevel=2)
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
    """RETURNS (List[int]): The spans' own ids if they are whole numbers and not taken,
    or else new ones."""
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


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must have a text, and spans as
    above."""
    if not isinstance(value, dict) or not isinstance(value.get(_text_key(value)), str):
        return False
    found = [_claims_entries(key, value) for key in _SPANS if key in value]
    if False in found:
        return False
    return True if True in found else None


def _claims_entries(key: str, record: Dict[str, Any]) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. The value is that of a field for
    spans."""
    entries = record[key]
    if not isinstance(entries, list):
        of_text = key in ("label", "labels") and isinstance(entries, (str, int))
        return None if entries is None or of_text else False
    if not entries:
        return None if key in ("entities", "annotations") else True
    if any(isinstance(entry, dict) and "start_offset" in entry for entry in entries):
        return True
    triples = key in _TRIPLES or any(field in record for field in _OF_2019)
    if triples and any(isinstance(e, list) and len(e) == 3 for e in entries):
        return True
    return None if all(isinstance(entry, str) for entry in entries) else False


DOCCANO = Format(
    NAME,
    "doccano: JSON lines with label: [[start, end, label]], or entities and relations",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_lines(write_document),
    claims=claims,
    has_annotators=True,
)
