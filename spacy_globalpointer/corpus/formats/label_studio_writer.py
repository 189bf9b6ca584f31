"""Tasks for Label Studio: texts with spans to correct, or as annotations."""

from __future__ import annotations

import re
from itertools import count
from typing import Any, Dict, List, Set

from ..annotations import AnnotatedText, TextSpan

#: Field of a task's data for the name of the document.
DOCUMENT = "document"
_ID = re.compile("[A-Za-z0-9_-]+")


def make_task(
    document: AnnotatedText,
    *,
    text: str = "text",
    from_name: str = "label",
    to_name: str = "text",
    model: str = "spacy-globalpointer",
    annotations: bool = False,
) -> Dict[str, Any]:
    """Make the task of a document.

    Its spans are a prediction, which Label Studio shows as labels to correct. The
    prediction's score is the least probability of its spans, so that the Data Manager
    can put the least certain tasks first. Offsets count Unicode code points. A document
    that is to be skipped gets only its text.

    document (AnnotatedText): The document.
    text (str): The field of `data` for the text: the `value` of <Text> in the labelling
        configuration, without "$".
    from_name (str): The `name` of <Labels> there.
    to_name (str): The `name` of <Text> there.
    model (str): The prediction's model_version.
    annotations (bool): Whether to write the spans as a finished annotation instead of a
        prediction.
    RETURNS (Dict[str, Any]): The task.
    """
    own = (text, DOCUMENT)
    meta = {key: value for key, value in document.meta.items() if key not in own}
    data = {text: document.text, DOCUMENT: document.name, **meta}
    task: Dict[str, Any] = {"data": data}
    tags = {"from_name": from_name, "to_name": to_name, "type": "labels"}
    entry: Dict[str, Any] = {"result": _make_results(document, tags)}
    scores = [span.score for span in document.spans if span.score is not None]
    if annotations:
        task["annotations"] = [] if document.skip else [entry]
    else:
        least = {"score": min(scores)} if scores else {}
        task["predictions"] = (
            [] if document.skip else [{"model_version": model, **least, **entry}]
        )
    return task


def _make_results(
    document: AnnotatedText, tags: Dict[str, str]
) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The regions. Spans that follow each other with
    the same id and offsets are one region with several labels."""
    own = {span.id for span in document.spans}
    fresh = (id for id in map("s{}".format, count(1)) if id not in own)
    results: List[Dict[str, Any]] = []
    used: Set[str] = set()
    last = None
    for span in document.spans:
        if last is not None and span.id and _region(span) == _region(last):
            results[-1]["value"]["labels"].append(span.label)
            continue
        fits = _ID.fullmatch(span.id) and span.id not in used
        id = span.id if fits else next(fresh)
        used.add(id)
        value = {
            "start": span.start,
            "end": span.end,
            "text": document.text[span.start : span.end],
            "labels": [span.label],
        }
        score = {} if span.score is None else {"score": span.score}
        results.append({"id": id, **tags, "value": value, **score})
        last = span
    return results


def _region(span: TextSpan) -> object:
    return span.id, span.start, span.end, span.score
