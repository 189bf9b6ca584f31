"""CMeEE of the CBLUE benchmark, version 1 and 2: a JSON array of texts with entities.

    [{"text": "...", "entities": [{"start_idx": 3, "end_idx": 9, "type": "bod",
      "entity": "..."}]}]

Offsets count Unicode code points. `end_idx` is the last character of the entity
(inclusive) in version 1, by the owner's baseline and example_gold.json
(CBLUEbenchmark/CBLUE, cblue/data/data_process.py); files of version 2 exist with both
readings. So the texts of a file decide, and the copies under `entity` if there are any
(see `readings`). If they do not decide, the end is inclusive. A record without
`entities`, such as those of the test data, has not been annotated. The writer makes a
JSON array with one record per line. Other fields of a record follow its entities.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional, Tuple

from ..annotations import AnnotatedText, Document, Reason, Source
from .fates import Fate, Fates
from .files import SourceFile
from .format import Format, bad_option, is_json_only, read_each, write_array
from .json_values import get_field, is_kind, read_json_items
from .readings import EXCLUSIVE, INCLUSIVE, Marked, Places, Reading, Rule

NAME = "cmeee"
SUFFIXES = (".json", ".jsonl")
ENDS = ("auto", "inclusive", "exclusive")
_RULE = Rule(NAME, ("code-points",), (INCLUSIVE, EXCLUSIVE))
_OWN = ("text", "entities")


def read_file(
    file: SourceFile, *, encoding: str = "utf-8", end: str = "auto"
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file: a JSON array, or JSON lines.
    encoding (str): Its encoding.
    end (str): Whether `end_idx` is "inclusive" or "exclusive"; "auto" to detect it.
    YIELDS (Document): The documents; one without `entities` is to be skipped.
    RAISES (ValueError): GP129 if the texts contradict each other, GP164 if a record is
        not as above, GP167 for another end.
    """
    readings = _RULE.readings(end=end)

    def items() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        return read_json_items(file, encoding=encoding, format=NAME)

    marked = (_mark(source, record) for source, record in items())
    reading = _RULE.choose(file, marked, readings)
    for number, (source, record) in enumerate(items(), start=1):
        yield _read_record(record, source, f"{file.stem}:{number}", reading)


def _mark(source: Source, record: Dict[str, Any]) -> Marked:
    text, entities = record.get("text"), record.get("entities")
    if not isinstance(text, str) or not isinstance(entities, list):
        return Marked(source, "", [])
    known = [entity for entity in entities if isinstance(entity, dict)]
    return Marked(source, text, [_offsets_of(entity) for entity in known])


def _offsets_of(entity: Dict[str, Any]) -> Tuple[Any, Any, Any]:
    return entity.get("start_idx"), entity.get("end_idx"), entity.get("entity")


def _read_record(
    record: Dict[str, Any], source: Source, name: str, reading: Reading
) -> Document:
    text = get_field(record, "text", str, source, NAME)
    entities = get_field({"entities": [], **record}, "entities", list, source, NAME)
    meta = {key: value for key, value in record.items() if key not in _OWN}
    skip = "entities" not in record
    fates = Fates(AnnotatedText(name, text, source=source, meta=meta, skip=skip))
    places = Places(text, reading)
    for entity in entities:
        fates.add(entity, _read_entity(entity, places, source))
    return fates.result


def _read_entity(entity: Any, places: Places, source: Source) -> Fate:
    if not isinstance(entity, dict):
        return Reason.BAD_LINE
    start, end, copy = _offsets_of(entity)
    if is_kind(start, int) and is_kind(end, int) and end < start:
        return Reason.END_BEFORE_START
    return places.read(entity.get("type"), start, end, source, copy=copy)


def make_record(document: AnnotatedText, *, end: str = "inclusive") -> Dict[str, Any]:
    """Make the record of a document.

    document (AnnotatedText): The document; there is no place for its name, nor for
        ids and scores of its spans.
    end (str): Whether `end_idx` is "inclusive" or "exclusive".
    RETURNS (Dict[str, Any]): The record.
    RAISES (ValueError): GP167 for another end.
    """
    if end not in ENDS[1:]:
        raise bad_option(NAME, "end", end, "one of: " + ", ".join(ENDS[1:]))
    shift = 1 if end == "inclusive" else 0
    record: Dict[str, Any] = {"text": document.text}
    if not document.skip:
        record["entities"] = [
            {
                "start_idx": span.start,
                "end_idx": span.end - shift,
                "type": span.label,
                "entity": document.text[span.start : span.end],
            }
            for span in document.spans
        ]
    rest = {key: value for key, value in document.meta.items() if key not in _OWN}
    return {**record, **rest}


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. Entities must have start_idx."""
    if not isinstance(value, dict):
        return False
    if "start_idx" in value:
        return True
    entities = value.get("entities", [])
    if not isinstance(value.get("text"), str) or not isinstance(entities, list):
        return False
    if any(isinstance(entity, dict) and "start_idx" in entity for entity in entities):
        return True
    return False if entities else None


CMEEE = Format(
    NAME,
    "CBLUE's CMeEE, version 1 and 2: a JSON array of texts with entities",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_array(make_record),
    claims=claims,
)
