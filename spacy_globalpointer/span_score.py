"""Read the scores of spans: `span._.span_score`, the scores of a group, and the
evidence for a span: `span._.evidence`.

`global_pointer` stores the scores, and the spans that it scored, in the attrs of a
group. spaCy keeps attrs when a group is copied, stored or changed. So in a changed
group the remaining spans keep their scores, and other spans have none.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Sized
from typing import Any, Dict, List, Optional, Tuple

import numpy
from numpy.typing import ArrayLike
from spacy.tokens import Span, SpanGroup

from .errors import Warnings
from .types import EVIDENCE, SCORED, SORTED

#: First character, character after the last, hash of the label. Characters stay the
#: same when tokens are merged or split.
ScoredSpan = Tuple[int, int, int]


def register_span_score() -> None:
    """Make `span._.span_score` and `span._.evidence` available, unless extensions of
    these names exist."""
    getters = {"span_score": get_span_score, "evidence": get_evidence}
    for name, getter in getters.items():
        if not Span.has_extension(name):
            Span.set_extension(name, getter=getter)


def get_span_score(span: Span) -> Optional[float]:
    """Return the score that `global_pointer` gave to a span at this place with this
    label.

    A Span does not know its group, so all groups of the document are searched, also for
    spans in `doc.ents`. An unchanged group is searched in logarithmic time.

    span (Span): Any span.
    RETURNS (Optional[float]): The probability; None if no component scored the span, if
        no scored group contains it any more, or if groups give it different scores
        (warning GPW040). Then `span_scores` reads the scores of one group.
    """
    key = _key(span)
    found = {
        name: score
        for name, group in span.doc.spans.items()
        if (score := _find_score(group, key)) is not None
    }
    scores = set(found.values())
    if len(scores) > 1:
        message = Warnings.GPW040.format(keys=sorted(found))
        warnings.warn(message, stacklevel=3)
    return scores.pop() if len(scores) == 1 else None


def get_evidence(span: Span) -> List[Dict[str, Any]]:
    """Return what the memory of `global_pointer` knew that speaks for a span.

    span (Span): Any span.
    RETURNS (List[Dict[str, Any]]): The entries with the highest "weight", a share of
        the vote from 0 to 1. Each has the "words" of the remembered span, its "source",
        and the "text" around it. Empty if no memory spoke for the span.
    """
    key = _key(span)
    for group in span.doc.spans.values():
        row = _find_row(group, key)
        evidence = group.attrs.get(EVIDENCE)
        if row is not None and isinstance(evidence, list) and len(evidence) > row:
            found: List[Dict[str, Any]] = evidence[row]
            if found:
                return found
    return []


def span_scores(group: SpanGroup) -> List[Optional[float]]:
    """Return the scores that `global_pointer` gave to the spans of a group. The group
    may have been changed since.

    group (SpanGroup): The group, such as `doc.spans["sc"]`.
    RETURNS (List[Optional[float]]): A probability for each span; None for a span that
        the component did not score.
    """
    scores = aligned_scores(group) or [None] * len(group)
    return list(map(_as_float, scores))


def aligned_scores(group: SpanGroup) -> Optional[List[Any]]:
    """RETURNS (Optional[List[Any]]): Each span's entry in attrs["scores"]; None if
    `global_pointer` did not score the group."""
    stored = _stored(group)
    if stored is None:
        return None
    spans, scores = stored
    known: Dict[ScoredSpan, Any] = dict(zip(map(tuple, spans.tolist()), scores))
    return [known.get(_key(span)) for span in group]


def set_scores(
    group: SpanGroup,
    scores: ArrayLike,
    evidence: Optional[List[List[Dict[str, Any]]]] = None,
) -> None:
    """Store the scores of a group's spans in its attrs.

    group (SpanGroup): The group, sorted by `place_of`.
    scores (ArrayLike): The score of each span.
    evidence (Optional[List[List[Dict[str, Any]]]]): The evidence for each span; None
        without a memory.
    """
    if evidence is not None:
        group.attrs[EVIDENCE] = evidence
    keys = [_key(span) for span in group]
    group.attrs["scores"] = scores
    group.attrs[SORTED] = True
    group.attrs[SCORED] = numpy.array(keys, dtype=numpy.uint64).reshape(-1, 3)


def place_of(span: Span) -> Tuple[int, int, str]:
    """RETURNS (Tuple[int, int, str]): Start token, end token and label: the order of
    groups."""
    return span.start, span.end, span.label_


def _key(span: Span) -> ScoredSpan:
    return span.start_char, span.end_char, span.label


def _stored(group: SpanGroup) -> Optional[Tuple[Any, Any]]:
    """Return the spans that were scored and their scores; None if these do not
    match."""
    spans, scores = group.attrs.get(SCORED), group.attrs.get("scores")
    fits = spans is not None and isinstance(scores, Sized) and len(scores) == len(spans)
    return (spans, scores) if fits else None


def _find_score(group: SpanGroup, key: ScoredSpan) -> Optional[float]:
    row = _find_row(group, key)
    return None if row is None else _as_float(group.attrs["scores"][row])


def _find_row(group: SpanGroup, key: ScoredSpan) -> Optional[int]:
    """Return the place of a span among those that were scored; None if it is not among
    them, or not in the group any more."""
    stored = _stored(group)
    if stored is None:
        return None
    spans, _ = stored
    row = bisect_left(range(len(spans)), key[:2], key=lambda i: _row(spans, i)[:2])
    while row < len(spans) and _row(spans, row)[:2] == key[:2]:
        if _row(spans, row) == key:
            return row if _holds(group, key, row) else None
        row += 1
    return None


def _as_float(score: Any) -> Optional[float]:
    return None if score is None else float(score)


def _row(spans: Any, index: int) -> ScoredSpan:
    start, end, label = spans[index].tolist()
    return start, end, label


def _holds(group: SpanGroup, key: ScoredSpan, index: int) -> bool:
    """Return whether a group has a span. In an unchanged group, the span is at the
    index."""
    if index < len(group) and _key(group[index]) == key:
        return True
    return any(_key(span) == key for span in group)
