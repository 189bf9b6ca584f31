"""Label Studio's JSON and JSON_MIN exports of text labelling.

    [{"id": 1, "data": {"text": "..."}, "annotations": [{"result": [{"type": "labels",
      "from_name": "label", "to_name": "text", "id": "x", "value": {"start": 0,
      "end": 5, "text": "...", "labels": ["ORG"]}}], "was_cancelled": false}]}]

The end is exclusive. Label Studio counts Unicode code points, and "\\r\\n" counts two
(HumanSignal/label-studio, web/libs/editor/src/utils/selection-tools.js: "code points
count instead of chars count"); its versions before October 2021 counted UTF-16 code
units (issues 1008 and 1347). The regions' own copies of the text show which unit was
used. Without copies, the unit is code points. White space and "\\n" in a copy do not
count, because the copy comes from the page, which shows white space and line ends as a
space or "\\n" (captureSelection in the same file). Regions in HTML and dialogues have
no offsets in the text, and are rejected as BAD_LINE. Choices, relations and other
results are not spans.

If an annotator has annotated a task more than once, one annotation is used: the one
marked as ground truth, or else the latest by created_at that was not cancelled, as in
Label Studio's own converter. The results of the others are rejects. A task without such
an annotation is to be skipped. The annotations of several annotators (`completed_by`)
become one document each, with the same input. So do annotations without an annotator,
such as those of old versions.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, groupby, islice
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from ..annotations import AnnotatedText, Document, Reason, Source
from .fates import Fate, Fates, make_span, name_of
from .files import SourceFile, malformed
from .format import Format, bad_option, is_json_only, read_each, write_array
from .json_values import as_object, get_field, is_kind, read_json_items
from .label_studio_writer import DOCUMENT, make_task
from .offsets import Offsets

NAME = "label-studio"
SUFFIXES = (".json", ".jsonl")
AUTO = "auto"
CHOICES = ("auto", "first", "last", "all")
UNITS = ("auto", "code-points", "utf-16")
_ELSEWHERE = ("hypertextlabels", "paragraphlabels")
_LISTS = ("annotations", "completions", "predictions")
_MIN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_SPACE = re.compile(r"\s|\\n")
#: Highest number of records of a task in a JSON_MIN export, one for each annotator.
MOST_RECORDS = 10_000

Item = Tuple[Source, Dict[str, Any]]


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    text: str = AUTO,
    annotations: str = AUTO,
    offsets: str = AUTO,
    predictions: bool = False,
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    text (str): The field of `data` with the text: the `value` of the labelling
        configuration without "$". "auto" uses `text`, or else the only field that is a
        text.
    annotations (str): Annotations of a task to use: "auto" as above, the "first" or
        "last" by created_at, or "all" that were not cancelled, by any annotator.
    offsets (str): What they count: "code-points", "utf-16", or "auto" to detect it.
    predictions (bool): Whether to read predictions instead of annotations.
    YIELDS (Document): The documents.
    RAISES (ValueError): GP164 if a task is not as above, GP167 for a bad option.
    """
    for name, value, known in (
        ("annotations", annotations, CHOICES),
        ("offsets", offsets, UNITS),
    ):
        if value not in known:
            raise bad_option(NAME, name, value, "one of: " + ", ".join(known))
    reader = _Reader(text, annotations, offsets, predictions)
    items = _tasks(read_json_items(file, encoding=encoding, format=NAME))
    for number, (source, task) in enumerate(items, start=1):
        yield from reader.read(task, source, f"{file.stem}:{number}")


def _tasks(items: Iterator[Item]) -> Iterator[Item]:
    """YIELDS (Tuple[Source, Dict[str, Any]]): The tasks. A JSON_MIN export has a record
    for each annotation of a task."""
    for _, group in groupby(items, key=lambda item: _key(item[1])):
        records = list(islice(group, MOST_RECORDS + 1))
        source, first = records[0]
        if len(records) > MOST_RECORDS:
            reason = f"more than {MOST_RECORDS} records have the id {first['id']!r}"
            raise malformed(source, NAME, reason)
        if isinstance(first.get("data"), dict):
            yield source, first
        else:
            yield source, _from_min([record for _, record in records])


def _key(record: Dict[str, Any]) -> object:
    id = None if isinstance(record.get("data"), dict) else record.get("id")
    return (type(id), id) if is_kind(id, (int, str)) else object()


def _from_min(records: List[Dict[str, Any]]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The task that several flat records make up."""
    data = {
        key: value
        for key, value in records[0].items()
        if key not in _MIN and not _is_regions(value)
    }
    annotations = [
        {
            "created_at": record.get("created_at"),
            "completed_by": record.get("annotator"),
            "result": [
                {"value": value}
                for values in record.values()
                if _is_regions(values)
                for value in values
            ],
        }
        for record in records
    ]
    return {"id": records[0].get("id"), "data": data, "annotations": annotations}


def _is_regions(value: Any) -> bool:
    return isinstance(value, list) and any(_labels_of(entry) for entry in value)


def _labels_of(value: Any) -> List[Any]:
    """RETURNS (List[Any]): The labels of a region; empty for other results."""
    labels = value.get("labels") if isinstance(value, dict) else None
    return labels if isinstance(labels, list) else []


def _why_not(entry: Dict[str, Any]) -> Reason:
    """RETURNS (Reason): The reason why an annotation was not used."""
    cancelled = _is_cancelled(entry)
    return Reason.NOT_ACCEPTED if cancelled else Reason.OTHER_ANNOTATION


@dataclass(frozen=True)
class _Reader:
    """Reads tasks; the fields are options of `read_file`."""

    text: str
    annotations: str
    offsets: str
    predictions: bool

    def read(
        self, task: Dict[str, Any], source: Source, name: str
    ) -> Iterator[Document]:
        data = task["data"]
        key = self._text_key(data, source)
        text = get_field(data, key, str, source, NAME)
        meta = {k: v for k, v in data.items() if k not in (key, DOCUMENT)}
        name = name_of(data.get(DOCUMENT), name_of(task.get("id"), name))
        for annotator, entries in self._works(self._entries(task, source)):
            document = AnnotatedText(name, text, source=source, meta=meta)
            document.annotator, document.input = annotator, f"{name} {text}"
            chosen = self._choose(entries)
            document.skip = not chosen
            document.predicted = not self.predictions and _has_predictions(task)
            document.reviewed = any(_is_truth(entries[i]) for i in chosen)
            yield self._read_work(document, entries, chosen)

    def _works(self, entries: List[Dict[str, Any]]) -> List[Tuple[str, List[Any]]]:
        """RETURNS (List[Tuple[str, List]]): The annotations by annotator, "" for those
        without one. All are together if the user has chosen among them, or if all valid
        ones are by one annotator."""
        # Annotations without a name may be by different annotators.
        owners = [_annotator_of(entry) or i for i, entry in enumerate(entries)]
        pairs = list(zip(owners, entries))
        valid = dict.fromkeys(owner for owner, e in pairs if not _is_cancelled(e))
        first = next(iter(valid), "")
        if len(valid) < 2 or self.predictions or self.annotations != AUTO:
            return [(_name_of(first) if len(valid) == 1 else "", entries)]
        works: Dict[Union[str, int], List[Any]] = {owner: [] for owner in valid}
        for owner, entry in pairs:
            # Annotators with only cancelled annotations are merged into the first one.
            works[owner if owner in valid else first].append(entry)
        return [(_name_of(owner), own) for owner, own in works.items()]

    def _read_work(
        self, document: AnnotatedText, entries: List[Dict[str, Any]], chosen: List[int]
    ) -> Document:
        fates, source = Fates(document), document.source
        place, accepted = _Text(document.text, source), set(chosen)
        for i, entry in enumerate(entries):
            results = get_field({"result": [], **entry}, "result", list, source, NAME)
            unit = self._unit(place, results)
            scored = any(isinstance(r, dict) and "score" in r for r in results)
            whole = None if scored or not self.predictions else entry.get("score")
            for result in results:
                for fate in place.read(result, unit, whole):
                    dropped = i not in accepted and fate is not Reason.NOT_A_SPAN
                    fates.add(result, _why_not(entry) if dropped else fate)
        return fates.result

    def _text_key(self, data: Dict[str, Any], source: Source) -> str:
        if self.text != AUTO:
            return self.text
        texts = [k for k, v in data.items() if isinstance(v, str) and k != DOCUMENT]
        if "text" in texts or len(texts) != 1:
            if "text" not in data:
                reason = f"which of the fields {texts} is the text? Set --option text="
                raise malformed(source, NAME, reason + "NAME")
            return "text"
        return texts[0]

    def _entries(self, task: Dict[str, Any], source: Source) -> List[Dict[str, Any]]:
        name = "predictions"
        if not self.predictions:
            name = "completions" if "completions" in task else "annotations"
        entries = get_field({name: [], **task}, name, list, source, NAME)
        return [as_object(entry, source, NAME) for entry in entries]

    def _choose(self, entries: List[Dict[str, Any]]) -> List[int]:
        """RETURNS (List[int]): Indices of the annotations to use."""
        valid = [i for i, entry in enumerate(entries) if not _is_cancelled(entry)]
        valid.sort(key=lambda i: str(entries[i].get("created_at") or ""))
        if self.annotations == "all":
            return valid
        if self.annotations == "first":
            return valid[:1]
        truth = [i for i in valid if _is_truth(entries[i])]
        return truth[-1:] if truth and self.annotations == AUTO else valid[-1:]

    def _unit(self, text: _Text, results: List[Any]) -> str:
        """RETURNS (str): The unit in which more of the regions fit their copies."""
        if self.offsets != AUTO:
            return self.offsets
        if not text.is_wide:
            return "code-points"
        fits = dict.fromkeys(UNITS[1:], 0)
        for unit in fits:
            for result in results:
                copied = isinstance(result, dict) and _copy_of(result) is not None
                is_span = not isinstance(text.read(result, unit, None)[0], Reason)
                fits[unit] += copied and is_span
        return max(fits, key=lambda unit: fits[unit])


def _has_predictions(task: Dict[str, Any]) -> bool:
    entries = task.get("predictions")
    results = (e.get("result") for e in entries or () if isinstance(e, dict))
    return isinstance(entries, list) and any(results)


def _is_cancelled(entry: Dict[str, Any]) -> bool:
    return any(entry.get(key) is True for key in ("was_cancelled", "skipped"))


def _is_truth(entry: Dict[str, Any]) -> bool:
    return entry.get("ground_truth") is True


def _annotator_of(entry: Dict[str, Any]) -> str:
    """RETURNS (str): The e-mail address or number of the annotator; "" if unknown."""
    by = entry.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return name_of(by, "")


def _name_of(owner: Union[str, int]) -> str:
    """RETURNS (str): The annotator's name; "" for the number of an annotation."""
    return owner if isinstance(owner, str) else ""


def _copy_of(result: Dict[str, Any]) -> Any:
    value = result.get("value")
    return value.get("text") if isinstance(value, dict) else None


class _Text:
    """The text of a task, and its regions.

    text (str): The text.
    source (Source): File and line.
    """

    def __init__(self, text: str, source: Source) -> None:
        self.text = text
        self.source = source
        #: Whether a character has two UTF-16 code units.
        self.is_wide = bool(text) and max(text) > "\uffff"
        self._bare = _BareText(text)
        self._offsets: Dict[str, Offsets] = {}

    def read(self, result: Any, unit: str, score: Any) -> List[Fate]:
        """RETURNS (List[Union[TextSpan, Reason]]): A fate for each label of a
        result."""
        if not isinstance(result, dict):
            return [Reason.BAD_LINE]
        value = result.get("value")
        labels = _labels_of(value)
        kind = result.get("type", "labels" if labels else "")
        if kind != "labels" or not isinstance(value, dict):
            broken = kind in (*_ELSEWHERE, "labels")
            return [Reason.BAD_LINE if broken else Reason.NOT_A_SPAN]
        ends = [_whole(value.get(key)) for key in ("start", "end")]
        if not labels or not all(is_kind(end, int) for end in ends):
            return [Reason.BAD_LINE] * max(len(labels), 1)
        start, end = (self._to_point(end, unit) for end in ends)
        if start is None or end is None:
            return [Reason.OUT_OF_TEXT] * len(labels)
        given = {"id": result.get("id"), "score": result.get("score", score)}
        fates = [
            make_span(self.text, label, start, end, self.source, **given)
            for label in labels
        ]
        copy = value.get("text")
        if isinstance(copy, str) and not self._bare.has(copy, start, end):
            return [f if isinstance(f, Reason) else Reason.TEXT_MISMATCH for f in fates]
        return fates

    def _to_point(self, offset: int, unit: str) -> Optional[int]:
        if unit not in self._offsets:
            self._offsets[unit] = Offsets(self.text, unit)
        return self._offsets[unit].to_points(offset)


class _BareText:
    """A text without white space and "\\n", any part of which can be compared.

    text (str): The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        gaps = [match.span() for match in _SPACE.finditer(text)]
        self._ends = [end for _, end in gaps]
        self._lengths = [0, *accumulate(end - start for start, end in gaps)]
        self._bare = _SPACE.sub("", text)

    def has(self, copy: str, start: int, end: int) -> bool:
        """RETURNS (bool): Whether a copy equals the part from start to end (exclusive),
        which may exceed the text."""
        start, end = max(0, start), min(len(self._text), end)
        # If the part begins or ends within a "\\n", it contains half of that.
        before = "n" if self._text.startswith("\\n", start - 1) and start else ""
        after = "\\" if self._text.startswith("\\n", end - 1) and end else ""
        first, last = self._place(start - len(before)), self._place(end - len(after))
        bare = _SPACE.sub("", copy)
        n_chars = len(before) + last - first + len(after)
        fits = len(bare) == n_chars and bare.startswith(before) and bare.endswith(after)
        inner = bare[len(before) : len(bare) - len(after)]
        return fits and self._bare.startswith(inner, first)

    def _place(self, offset: int) -> int:
        """RETURNS (int): The number of characters before an offset, without the removed
        ones."""
        n_gaps = bisect_right(self._ends, offset)
        return offset - self._lengths[n_gaps]


def _whole(value: Any) -> Any:
    """RETURNS (Any): A number that some versions write as a text; other values
    unchanged."""
    digits = isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value)
    return int(value) if digits else value


def _bare(text: str) -> str:
    return _SPACE.sub("", text)


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must be a task with annotations
    or predictions, or a record of JSON_MIN."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("data"), dict):
        return any(isinstance(value.get(key), list) for key in _LISTS) or None
    return "annotation_id" in value and "lead_time" in value


LABEL_STUDIO = Format(
    NAME,
    "Label Studio: JSON or JSON_MIN export of text labels; writes tasks to import",
    read_each(NAME, SUFFIXES, read_file),
    is_json_only,
    SUFFIXES,
    write_array(make_task),
    claims=claims,
    has_annotators=True,
)
