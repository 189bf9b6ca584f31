"""spaCy's JSON: the output of `Doc.to_json`, and the training data of spaCy 2.

`Doc.to_json` (https://spacy.io/api/doc#to_json), one Doc per line or in an array:

    {"text": "...", "ents": [...], "tokens": [{"id": 0, "start": 0, "end": 5}],
     "spans": {"sc": [{"start": 0, "end": 5, "label": "ORG", "kb_id": ""}]}}

It has no fields for a document's name and other data, for spans that no tokens match,
or for scores. Here they are in fields that `Doc.from_json` ignores: id, meta, lost_gold
([start, end, label]), and scores, which have the same keys as spans.

Texts with entities, as `Example.from_dict` accepts them, and the array of `{"id",
"paragraphs"}`, the training data of spaCy 2, are described in `spacy_pairs` and
`spacy_paragraphs`. Offsets count Unicode code points, and the end is exclusive, as for
`Span.start_char` and `Span.end_char`. Only one group of spans is read. A text with
neither spans nor entities, such as one with cats only, is to be skipped: nobody has
annotated it.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import count
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ...errors import Errors
from ..annotations import AnnotatedText, Document, Reason, Source, TextSpan
from .fates import Fate, Fates, is_score, name_of, to_json
from .files import SourceFile, malformed
from .format import Format, is_json_only, read_each, write_lines
from .json_values import as_object, get_field, read_json_values
from .readings import AUTO, Places, Reading
from .spacy_pairs import (
    FIELDS,
    PAIRS,
    UNREAD,
    claims_pairs,
    has_pairs,
    is_entry,
    mark,
    pairs,
    parse_pair,
)
from .spacy_paragraphs import claims_paragraphs, is_paragraphs, read_paragraphs
from .spacy_tokens import fill_tokens, read_tokens

NAME = "spacy-json"
SUFFIXES = (".json", ".jsonl")


@dataclass(frozen=True)
class _Choice:
    """Choice of the spans to read: those of a key, or the entities if it is missing."""

    spans_key: str
    ents: bool


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    spans_key: str = "sc",
    ents: bool = False,
    offsets: str = AUTO,
    end: str = AUTO,
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    spans_key (str): Key of the spans, if they have keys.
    ents (bool): Whether to use "ents" of `Doc.to_json` if there is no such key.
        Entities of training data are always used.
    offsets (str): What the offsets of texts with entities count: "code-points",
        "utf-16" or "bytes"; "auto" to use code points unless the texts contradict this.
    end (str): Whether their end is "exclusive" or "inclusive"; "auto" likewise.
    YIELDS (Document): The documents, named by their ids, or else NAME:NUMBER.
    RAISES (ValueError): GP129 if the texts do not decide what offsets mean, GP164 for
        another form, GP167 for a bad option, GP180 if a document has no such key.
    """
    readings = PAIRS.readings(offsets, end)

    def values() -> Iterator[Tuple[Source, Any]]:
        return read_json_values(file, encoding=encoding, format=NAME, over_lines=True)

    marked = (mark(source, pair) for source, value in values() for pair in pairs(value))
    reading = PAIRS.choose(file, marked, readings)
    choice, names = _Choice(spans_key, ents), map(f"{file.stem}:{{}}".format, count(1))
    for source, value in values():
        if is_paragraphs(value):
            yield from read_paragraphs(value, source, names, NAME)
        elif has_pairs(value):
            for pair in pairs(value):
                yield _read_pair(pair, source, next(names), choice, reading)
        else:
            record = as_object(value, source, NAME)
            yield _read_record(record, source, next(names), choice)


def _read_record(
    record: Dict[str, Any], source: Source, name: str, choice: _Choice
) -> Document:
    """Read a document in the form of `Doc.to_json`."""
    text = get_field(record, "text", str, source, NAME)
    meta = get_field({"meta": {}, **record}, "meta", dict, source, NAME)
    tokens = read_tokens(record, text, source, NAME) if "tokens" in record else None
    own = name_of(record.get("id"), name)
    document = AnnotatedText(own, text, source=source, meta=meta, tokens=tokens)
    document.skip = _is_unannotated(record, "ents")
    entries = [] if document.skip else _group(record, own, source, choice)
    if entries is None:
        entries = get_field({"ents": [], **record}, "ents", list, source, NAME)
    scores = _scores(record, len(entries), source, choice)
    lost = get_field({"lost_gold": [], **record}, "lost_gold", list, source, NAME)
    places = Places(text, PAIRS.readings()[0])
    return _read_spans(document, record, entries, scores, lost, places)


def _read_pair(
    value: Any, source: Source, name: str, choice: _Choice, reading: Reading
) -> Document:
    """Read a document from a text and an object with its annotations."""
    text, record, own = parse_pair(value, source, NAME)
    document = AnnotatedText(name_of(own, name), text, source=source)
    if record is value:  # an object that the user wrote, which may contain more
        document.meta = get_field({"meta": {}, **record}, "meta", dict, source, NAME)
        rest = {key: field for key, field in record.items() if key not in FIELDS}
        document.meta = {**document.meta, **rest}
    document.skip = _is_unannotated(record, "entities")
    given = _Choice(choice.spans_key, choice.ents or "entities" in record)
    entries = [] if document.skip else _group(record, name, source, given)
    if entries is None:
        empty: Dict[str, Any] = {"entities": []}
        entries = get_field({**empty, **record}, "entities", list, source, NAME)
    scores: List[Optional[float]] = [None] * len(entries)
    places = Places(text, reading)
    return _read_spans(document, record, entries, scores, [], places)


def _is_unannotated(record: Dict[str, Any], ents: str) -> bool:
    """RETURNS (bool): Whether there is no field of spans or entities."""
    has_groups = record.get("spans") not in (None, {})
    has_ents = record.get(ents) is not None
    return not has_groups and not has_ents and not record.get("lost_gold")


def _group(
    record: Dict[str, Any], name: str, source: Source, choice: _Choice
) -> Optional[List[Any]]:
    """RETURNS (Optional[List[Any]]): The spans of the key; None for the entities."""
    groups = get_field({"spans": {}, **record}, "spans", dict, source, NAME)
    if choice.spans_key in groups:
        group: List[Any] = get_field(groups, choice.spans_key, list, source, NAME)
        return group
    if choice.ents:
        return None
    keys = ", ".join(sorted(groups)) or "none"
    fields = {"name": name, "source": source, "key": choice.spans_key, "keys": keys}
    raise ValueError(Errors.GP180.format(**fields))


def _scores(
    record: Dict[str, Any], n: int, source: Source, choice: _Choice
) -> List[Optional[float]]:
    groups = get_field({"scores": {}, **record}, "scores", dict, source, NAME)
    if choice.spans_key not in groups:
        return [None] * n
    scores: List[Any] = get_field(groups, choice.spans_key, list, source, NAME)
    if len(scores) != n or not all(map(is_score, scores)):
        raise malformed(source, NAME, f"scores are not {n} numbers, one per span")
    return scores


def _read_spans(
    document: AnnotatedText,
    record: Dict[str, Any],
    entries: List[Any],
    scores: List[Optional[float]],
    lost: List[Any],
    places: Places,
) -> Document:
    """Make each annotation a span or a reject. Labels of the document are not spans."""
    fates = Fates(document)
    for entry, score in zip(entries, scores):
        fates.add(entry, _read_span(entry, score, places, document.source))
    n = len(document.spans)
    for entry in lost:
        fates.add(entry, _read_span(entry, None, places, document.source))
    cats = get_field({"cats": {}, **record}, "cats", dict, document.source, NAME)
    for label, value in cats.items():
        fates.add({label: value}, Reason.NOT_A_SPAN)
    relations = record.get("relations")
    for relation in relations if isinstance(relations, list) else ():
        fates.add({"relations": relation}, Reason.NOT_A_SPAN)
    fates.add_unread(record, UNREAD)
    both = document.spans[:n], document.spans[n:]
    document.spans = list(merge(*both, key=lambda span: (span.start, span.end)))
    return fates.result


def _read_span(
    entry: Any, score: Optional[float], places: Places, source: Source
) -> Fate:
    """Read a span from an object, or from an array of start, end, label and perhaps a
    link."""
    if isinstance(entry, dict):
        start, end, label = (entry.get(key) for key in ("start", "end", "label"))
        given = {"id": entry.get("id"), "copy": entry.get("text"), "score": score}
        return places.read(label, start, end, source, **given)
    if not isinstance(entry, list) or len(entry) not in (3, 4):
        return Reason.BAD_LINE
    start, end, label = entry[:3]
    return places.read(label, start, end, source)


def write_document(document: AnnotatedText, *, spans_key: str = "sc") -> Iterator[str]:
    """Write a document as a line that `Doc.from_json` reads.

    If the document has no tokens, its words are used, split where spans begin and end.
    In spaCy, spans must begin and end at token boundaries; other spans go to lost_gold.

    document (AnnotatedText): The document.
    spans_key (str): Key of the spans.
    YIELDS (str): The line.
    """
    tokens = fill_tokens(document)
    starts, ends = {start for start, _ in tokens}, {end for _, end in tokens}
    kept: List[TextSpan] = []
    lost: List[TextSpan] = []
    for span in document.spans:
        fits = span.start in starts and span.end in ends
        (kept if fits else lost).append(span)
    places = enumerate(tokens)
    record: Dict[str, Any] = {
        "id": document.name,
        "text": document.text,
        "tokens": [{"id": i, "start": a, "end": b} for i, (a, b) in places],
        "spans": {spans_key: [_entry(span) for span in kept]},
    }
    if any(span.score is not None for span in kept):
        record["scores"] = {spans_key: [span.score for span in kept]}
    if lost:
        record["lost_gold"] = [[span.start, span.end, span.label] for span in lost]
    if document.meta:
        record["meta"] = document.meta
    yield to_json(record)


def _entry(span: TextSpan) -> Dict[str, Any]:
    entry = {"start": span.start, "end": span.end, "label": span.label, "kb_id": ""}
    return {**entry, "id": span.id} if span.id else entry


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must have one of the forms
    above."""
    if value is None:
        return None
    if is_paragraphs(value):
        return claims_paragraphs(value)
    if has_pairs(value):
        return claims_pairs(value)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    groups, ents, tokens = (value.get(key) for key in ("spans", "ents", "tokens"))
    token = tokens[0] if isinstance(tokens, list) and tokens else None
    if isinstance(token, dict) and {"id", "start", "end"} <= set(token):
        return "text" not in token
    if isinstance(ents, list) and ents:
        return any(map(is_entry, ents))
    return None if groups is None else isinstance(groups, dict)


SPACY_JSON = Format(
    NAME,
    "spaCy's JSON: Doc.to_json, [text, {entities}] pairs, or spaCy 2's paragraphs",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_lines(write_document),
    claims=claims,
)
