"""`span._.span_score`: the probability of a predicted span, wherever it stands."""

from __future__ import annotations

from bisect import bisect_left
from typing import Optional, Tuple

from spacy.tokens import Span, SpanGroup

from ..types import SORTED

Place = Tuple[int, int, str]  # start token, end token (exclusive), label


def register_span_score() -> None:
    """Make `span._.span_score` available, unless an extension of that name exists."""
    if not Span.has_extension("span_score"):
        Span.set_extension("span_score", getter=get_span_score)


def get_span_score(span: Span) -> Optional[float]:
    """The score that a component with scores gave a span of this place and label.

    Works for spans in `doc.ents` too: the score is looked up in the span groups of
    the document that `global_pointer` wrote, the first of them that holds the span.
    They are sorted by start, end and label, and searched in logarithmic time.

    span (Span): Any span.
    RETURNS (Optional[float]): The probability; None if no such group holds the span,
        or spans were added to the group or taken from it.
    """
    place = place_of(span)
    for group in span.doc.spans.values():
        scores = group.attrs.get("scores")
        if not group.attrs.get(SORTED) or len(scores) != len(group):
            continue
        index = _find(group, place)
        if index is not None:
            return float(scores[index])
    return None


def place_of(span: Span) -> Place:
    """RETURNS (Place): Start and end token and label, by which groups are sorted."""
    return span.start, span.end, span.label_


def _find(group: SpanGroup, place: Place) -> Optional[int]:
    def key(index: int) -> Place:
        return place_of(group[index])

    index = bisect_left(range(len(group)), place, key=key)
    return index if index < len(group) and key(index) == place else None
