"""CMeEE of the CBLUE benchmark, version 1 and 2: a JSON array of texts with entities.

    [{"text": "...", "entities": [{"start_idx": 3, "end_idx": 9, "type": "bod",
      "entity": "..."}]}]

Offsets count Unicode code points. `end_idx` is the last character of the entity
(inclusive) in version 1, by the owner's baseline and example_gold.json
(CBLUEbenchmark/CBLUE, cblue/data/data_process.py); files of version 2 are around with
either reading. So the copies of the text under `entity` tell it for a file: of its
first ones that fit one reading only, the more; without copies, the end is inclusive.
A record without `entities`, as those of the test data, has not been annotated. Written
is a JSON array with a record a line, other fields of a record behind the entities.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from ..annotations import AnnotatedText, Document, Reason, Source
from .fates import Fate, Fates, make_span
from .files import SourceFile
from .format import Format, bad_option, read_each, write_array
from .json_values import first_object, get_field, is_kind, read_json_items

NAME = "cmeee"
SUFFIXES = (".json", ".jsonl")
ENDS = ("auto", "inclusive", "exclusive")
#: Entities and records, at most, that are read ahead to tell where the ends are.
_EVIDENCE, _AHEAD = 20, 1000
_OWN = ("text", "entities")

Item = Tuple[Source, Dict[str, Any]]


def read_file(
    file: SourceFile, *, encoding: str = "utf-8", end: str = "auto"
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file: a JSON array, or JSON lines.
    encoding (str): Its encoding.
    end (str): Whether `end_idx` is "inclusive" or "exclusive"; "auto" tells it.
    YIELDS (Document): The documents; one without `entities` is to be skipped.
    RAISES (ValueError): GP164 if a record is not as above, GP167 for another end.
    """
    if end not in ENDS:
        raise bad_option(NAME, "end", end, "one of: " + ", ".join(ENDS))
    items = read_json_items(file, encoding=encoding, format=NAME)
    if end == "auto":
        ahead, votes = _read_ahead(items)
        end = "exclusive" if votes < 0 else "inclusive"
        items = chain(ahead, items)
    shift = 1 if end == "inclusive" else 0
    for number, (source, record) in enumerate(items, start=1):
        yield _read_record(record, source, f"{file.stem}:{number}", shift)


def _read_ahead(items: Iterator[Item]) -> Tuple[List[Item], int]:
    """RETURNS (Tuple[List, int]): The first records, and how many more of their
    entities have an inclusive than an exclusive end."""
    ahead: List[Item] = []
    votes: List[int] = []
    for item in items:
        ahead.append(item)
        votes.extend(_votes(item[1]))
        if len(votes) >= _EVIDENCE or len(ahead) >= _AHEAD:
            break
    return ahead, sum(votes)


def _votes(record: Dict[str, Any]) -> Iterator[int]:
    """YIELDS (int): 1 for an entity that fits as inclusive, -1 as exclusive."""
    text, entities = record.get("text"), record.get("entities")
    if not isinstance(text, str) or not isinstance(entities, list):
        return
    for entity in entities:
        places = _places(entity)
        if places is not None and min(places) >= 0:
            copy, (start, end) = entity.get("entity"), places
            if isinstance(copy, str) and copy and text.startswith(copy, start):
                difference = len(copy) - (end - start)
                if difference in (0, 1):
                    yield 1 if difference else -1


def _places(entity: Any) -> Any:
    """RETURNS (Optional[Tuple[int, int]]): start_idx and end_idx, or None."""
    if not isinstance(entity, dict):
        return None
    places = entity.get("start_idx"), entity.get("end_idx")
    return places if all(is_kind(place, int) for place in places) else None


def _read_record(
    record: Dict[str, Any], source: Source, name: str, shift: int
) -> Document:
    text = get_field(record, "text", str, source, NAME)
    entities = get_field({"entities": [], **record}, "entities", list, source, NAME)
    meta = {key: value for key, value in record.items() if key not in _OWN}
    skip = "entities" not in record
    fates = Fates(AnnotatedText(name, text, source=source, meta=meta, skip=skip))
    for entity in entities:
        fates.add(entity, _read_entity(text, entity, source, shift))
    return fates.result


def _read_entity(text: str, entity: Any, source: Source, shift: int) -> Fate:
    places = _places(entity)
    if places is None:
        return Reason.BAD_LINE
    start, end = places
    if end < start:
        return Reason.END_BEFORE_START
    copy = entity.get("entity")
    return make_span(text, entity.get("type"), start, end + shift, source, copy=copy)


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


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the first record has entities with start_idx."""
    record = first_object(head)
    entities = record.get("entities")
    if not isinstance(record.get("text"), str) or not isinstance(entities, list):
        return False
    return '"start_idx"' in head if not entities else _places(entities[0]) is not None


CMEEE = Format(
    NAME,
    "CBLUE's CMeEE, version 1 and 2: a JSON array of texts with entities",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_array(make_record),
)
