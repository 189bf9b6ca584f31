"""Prodigy's JSON lines, which db-out writes and the recipes read.

    {"text": "...", "tokens": [{"text": "The", "start": 0, "end": 3, "id": 0,
      "ws": true}], "spans": [{"start": 0, "end": 3, "token_start": 0, "token_end": 0,
      "label": "ORG"}], "answer": "accept"}

`start` and `end` (exclusive) are character offsets, which Prodigy takes from its Python
tokens (prodi.gy/docs/api-interfaces): Unicode code points. Another reading is used only
if spans have copies of their texts that fit no other. `token_end` is the last token
(inclusive).

A task that was rejected or ignored is not an example: it is to be skipped, and its
spans are rejects. A task without `answer` counts as accepted, as in db-in. Tasks of the
binary interfaces ner and spans concern one suggestion, and say nothing about the rest
of the text. They are skipped too, unless the option binary is set. Relations, choices
and labels of the text are not spans. A task that has only these, and neither spans nor
tokens, is one of text classification. A task with html, image, audio or video has no
text. Both are skipped, because nobody has annotated spans there. Arrays in which other
formats have spans are rejects. Accepted tasks with the same `_input_hash` are
annotations of the same input, by `_annotator_id` or `_session_id`.

Tasks are written without answer and hashes, so that Prodigy shows them as new tasks to
correct. The document's name is in `meta`.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..annotations import AnnotatedText, Document, Reason, Source
from ..words import Words
from .fates import Fate, Fates, name_of
from .files import SourceFile, malformed
from .format import Format, is_json_only, read_each, write_lines
from .json_values import as_object, get_field, is_kind, read_json_items, to_json
from .readings import ENDS, Places, Reading, Rule, mark_objects

NAME = "prodigy"
SUFFIXES = (".jsonl", ".json")
#: Field of a task's meta for the name of the document.
DOCUMENT = "document"
#: Key in a document's meta for the other fields of a task.
FIELDS = "prodigy"
BINARY = ("ner", "spans")
_INPUT = "_input_hash"
_ANNOTATOR = ("_annotator_id", "_session_id")
_MARKS = ("_input_hash", "_task_hash", "_view_id", "_session_id", "_annotator_id")
_OTHERS = ("relations", "accept", "label")
#: Fields of tasks that show something else than a text.
_SHOWN = ("html", "image", "audio", "video")
#: Fields in which other formats have spans.
_UNREAD = ("entities", "labels", "annotations", "ents")
_OWN = ("text", "spans", "tokens", "meta", "answer", "options", *_OTHERS)
_RULE = Rule(NAME, ("code-points", "utf-16", "bytes"), ENDS, copies_only=True)


def read_file(
    file: SourceFile, *, encoding: str = "utf-8", binary: bool = False
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    binary (bool): Whether to read tasks of the binary interfaces ner and spans too.
    YIELDS (Document): The documents. Those that were not accepted are to be skipped.
    RAISES (ValueError): GP164 if a task is not as above.
    """

    def items() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        return read_json_items(file, encoding=encoding, format=NAME)

    marked = (mark_objects(source, task, "spans") for source, task in items())
    reading = _RULE.choose(file, marked, _RULE.readings())
    for number, (source, task) in enumerate(items(), start=1):
        yield _read_task(task, source, f"{file.stem}:{number}", binary, reading)


def _read_task(
    task: Dict[str, Any], source: Source, name: str, binary: bool, reading: Reading
) -> Document:
    has_text = "text" in task or not any(key in task for key in _SHOWN)
    text = get_field(task, "text", str, source, NAME) if has_text else ""
    has_spans = task.get("spans") is not None
    spans = get_field(task, "spans", list, source, NAME) if has_spans else []
    meta = dict(get_field({"meta": {}, **task}, "meta", dict, source, NAME))
    name = name_of(meta.pop(DOCUMENT, None), name)
    filled = [key for key in _UNREAD if isinstance(task.get(key), list) and task[key]]
    left_out = (*_OWN, *filled)
    rest = {
        k: v for k, v in task.items() if k not in left_out and not k.startswith("_")
    }
    if rest:
        meta[FIELDS] = rest
    one_only = task.get("_view_id") in BINARY and not binary
    judged = any(task.get(key) for key in ("accept", "label"))
    annotated = has_spans or task.get("tokens") is not None or not judged
    skip = task.get("answer", "accept") != "accept" or one_only
    skip = skip or not has_text or not annotated
    document = AnnotatedText(name, text, source=source, meta=meta, skip=skip)
    document.tokens = _read_tokens(task, text, source)
    document.annotator = _annotator_of(task)
    if is_kind(task.get(_INPUT), (int, str)) and not skip:
        document.input = f"{task[_INPUT]} {text}"
    fates = Fates(document)
    places = Places(text, reading)
    for span in spans:
        fates.add(span, _read_span(span, skip, places, source))
    for key in _OTHERS:
        value = task.get(key, [])
        for entry in value if isinstance(value, list) else [value]:
            is_span = key == "label" and isinstance(entry, (list, dict))
            fates.add({key: entry}, Reason.BAD_LINE if is_span else Reason.NOT_A_SPAN)
    fates.add_unread(task, filled)
    return fates.result


def _annotator_of(task: Dict[str, Any]) -> str:
    names = (task.get(key) for key in _ANNOTATOR)
    return next((str(name) for name in names if is_kind(name, (int, str))), "")


def _read_span(span: Any, skip: bool, places: Places, source: Source) -> Fate:
    if not isinstance(span, dict):
        return Reason.BAD_LINE
    if skip or span.get("answer", "accept") != "accept":
        return Reason.NOT_ACCEPTED
    label, start, end = (span.get(key) for key in ("label", "start", "end"))
    copy, id, score = (span.get(key) for key in ("text", "id", "score"))
    return places.read(label, start, end, source, copy=copy, id=id, score=score)


def _read_tokens(
    task: Dict[str, Any], text: str, source: Source
) -> Optional[List[Tuple[int, int]]]:
    """RETURNS (Optional[List[Tuple[int, int]]]): The tokens that are not white space,
    or None if the task has none."""
    if task.get("tokens") is None:
        return None
    places: List[Tuple[int, int]] = []
    words, last = Words(text), 0
    for token in get_field(task, "tokens", list, source, NAME):
        token = as_object(token, source, NAME)
        start = get_field(token, "start", int, source, NAME)
        end = get_field(token, "end", int, source, NAME)
        if start < 0 or end < start or end > len(text):
            raise malformed(source, NAME, f"no token is at {start} to {end}")
        if words.within(start, end):
            if start < last:
                raise malformed(source, NAME, f"the token at {start} overlaps another")
            places.append((start, end))
            last = end
    return places


def write_document(document: AnnotatedText) -> Iterator[str]:
    """Write a document as a line: a task to correct.

    document (AnnotatedText): The document. If it has tokens, `tokens` are written, and
        each span that begins and ends at token boundaries gets token_start and
        token_end, which the interfaces ner_manual and spans_manual need.
    YIELDS (str): The line.
    """
    task: Dict[str, Any] = {"text": document.text}
    starts, ends = {}, {}
    if document.tokens is not None:
        task["tokens"] = _make_tokens(document.text, document.tokens)
        starts = {start: i for i, (start, _) in enumerate(document.tokens)}
        ends = {end: i for i, (_, end) in enumerate(document.tokens)}
    task["spans"] = []
    for span in document.spans:
        entry: Dict[str, Any] = {"start": span.start, "end": span.end}
        if span.start in starts and span.end in ends:
            entry["token_start"] = starts[span.start]
            entry["token_end"] = ends[span.end]
        entry["label"] = span.label
        optional = {"id": span.id or None, "score": span.score}
        entry.update({k: v for k, v in optional.items() if v is not None})
        task["spans"].append(entry)
    meta = {k: v for k, v in document.meta.items() if k not in (FIELDS, DOCUMENT)}
    task["meta"] = {**meta, DOCUMENT: document.name}
    rest = document.meta.get(FIELDS)
    extra = rest if isinstance(rest, dict) else {}
    yield to_json({**task, **{k: v for k, v in extra.items() if k not in _OWN}})


def _make_tokens(text: str, places: List[Tuple[int, int]]) -> List[Dict[str, Any]]:
    return [
        {
            "text": text[start:end],
            "start": start,
            "end": end,
            "id": i,
            "ws": text[end : end + 1].isspace(),
        }
        for i, (start, end) in enumerate(places)
    ]


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must be a task with fields that
    only Prodigy or our writer has."""
    if not isinstance(value, dict) or _has_other_spans(value):
        return False
    spans, tokens, meta = (value.get(key) for key in ("spans", "tokens", "meta"))
    span = spans[0] if isinstance(spans, list) and spans else None
    token = tokens[0] if isinstance(tokens, list) and tokens else None
    marks = (
        any(key in value for key in _MARKS),
        "spans" in value and value.get("answer") in ("accept", "reject", "ignore"),
        isinstance(token, dict) and "ws" in token,
        isinstance(span, dict) and "token_start" in span,
        "id" not in value and isinstance(meta, dict) and DOCUMENT in meta,
    )
    shown = isinstance(value.get("text"), str) or any(key in value for key in _SHOWN)
    if not shown or not isinstance(spans, (list, type(None))):
        return False
    return True if any(marks) else None


def _has_other_spans(task: Dict[str, Any]) -> bool:
    """RETURNS (bool): Whether there are spans in fields of other formats."""
    arrays = [task.get(key) for key in ("label", *_UNREAD)]
    entries = [array[0] for array in arrays if isinstance(array, list) and array]
    return any(isinstance(entry, (list, dict)) for entry in entries)


PRODIGY = Format(
    NAME,
    "Prodigy: JSON lines with text, spans, tokens and answer",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_lines(write_document),
    claims=claims,
    has_annotators=True,
)
