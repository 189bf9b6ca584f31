"""Read a Doc's spans as character spans, the reverse of `align.make_doc`."""

from __future__ import annotations

import math
from heapq import merge
from typing import Any, Iterable, List, Optional, Tuple

from spacy.tokens import Doc, Span, SpanGroup

from ..errors import Errors
from ..span_score import aligned_scores
from ..types import LOST_GOLD, SORTED
from .align import token_places
from .annotations import AnnotatedText, Source, TextSpan
from .docbin import is_lost_gold
from .metadata import TOKENS, doc_meta, doc_name

Places = List[Tuple[int, int]]
_NOWHERE = Source("", 1)


def annotated_from_doc(
    doc: Doc,
    *,
    spans_key: str = "sc",
    name: str = "",
    ents: bool = False,
    source: Source = _NOWHERE,
) -> AnnotatedText:
    """Read the text and the spans of a Doc.

    The result has all that `align.make_doc` keeps in `doc.user_data`: the name, the
    metadata (`metadata` also finds that of other programs), "tokens", and gold spans
    that match no tokens. "tokens" that make_doc cannot have written are ignored.

    Spans have the order of their group, which make_doc takes from the source. Gold that
    matches no tokens has lost its id and score, and is inserted by start and end. It is
    left out if the spans are predictions of `global_pointer`, which replace all gold.

    doc (Doc): The Doc.
    spans_key (str): Key of the spans in `Doc.spans`.
    name (str): Name of the document, if the Doc has none.
    ents (bool): Whether to use `doc.ents` if there is no such key.
    source (Source): File and number of the Doc.
    RETURNS (AnnotatedText): The document. Its tokens are the source's if they are
        stored, else the tokens of the Doc that are not white space.
    RAISES (ValueError): GP180 if there is no such key, GP181 if the gold that matches
        no tokens is not stored in make_doc's form.
    """
    name = doc_name(doc) or name
    spans = _read_spans(doc, spans_key, name, ents, source)
    tokens = _stored_tokens(doc)
    return AnnotatedText(
        name,
        doc.text,
        spans,
        n_read=len(spans),
        source=source,
        meta=doc_meta(doc),
        tokens=token_places(doc) if tokens is None else tokens,
    )


def _read_spans(
    doc: Doc, spans_key: str, name: str, ents: bool, source: Source
) -> List[TextSpan]:
    group = doc.spans.get(spans_key)
    if group is None and ents:
        return [_text_span(span, None, source) for span in doc.ents]
    if group is None:
        keys = ", ".join(sorted(doc.spans)) or "none"
        fields = {"name": name, "source": source, "key": spans_key, "keys": keys}
        raise ValueError(Errors.GP180.format(**fields))
    scored = zip(group, group_scores(group))
    spans = [_text_span(span, score, source) for span, score in scored]
    if group.attrs.get(SORTED):
        return spans
    lost = _lost_gold(doc, name, source)
    return list(merge(spans, lost, key=lambda span: (span.start, span.end)))


def _text_span(span: Span, score: Optional[float], source: Source) -> TextSpan:
    # A DocBin keeps a string only if the Doc's vocab had it.
    strings: Any = span.doc.vocab.strings
    id = span.id_ if span.id in strings else ""
    return TextSpan(span.label_, span.start_char, span.end_char, source, id, score)


def group_scores(group: SpanGroup) -> List[Optional[float]]:
    """Read the scores that `global_pointer`, spancat and others put on a group.

    In a group that was changed, scores of `global_pointer` still belong to their spans.
    Scores of other components are matched by index.

    group (SpanGroup): The group.
    RETURNS (List[Optional[float]]): For each span the score, or None. A float32 is
        given in its shortest form: 0.9, not 0.8999999761581421.
    """
    scored = aligned_scores(group)
    scores = group.attrs.get("scores") if scored is None else scored
    is_number = getattr(scores, "shape", None) == ()  # it has no length
    if isinstance(scores, (str, bytes)) or is_number:
        return [None] * len(group)
    if not isinstance(scores, Iterable):
        return [None] * len(group)
    values = [_as_score(score) for score in scores]
    return values if len(values) == len(group) else [None] * len(group)


def _as_score(score: Any) -> Optional[float]:
    if getattr(score, "dtype", None) == "float32" and not score.shape:
        score = float(str(score))
    usable = isinstance(score, (int, float)) and math.isfinite(score)
    return float(score) if usable else None


def _lost_gold(doc: Doc, name: str, source: Source) -> List[TextSpan]:
    entries = doc.user_data.get(LOST_GOLD, [])
    if not is_lost_gold(entries):
        fields = {"name": name, "source": source, "key": LOST_GOLD}
        raise ValueError(Errors.GP181.format(**fields))
    return [TextSpan(label, start, end, source) for start, end, label in entries]


def _is_place(value: Any) -> bool:
    fits = isinstance(value, (list, tuple)) and len(value) == 2
    return fits and all(type(edge) is int for edge in value)


def _stored_tokens(doc: Doc) -> Optional[Places]:
    """RETURNS (Optional[Places]): The tokens that make_doc stored; None if there are
    none, or if they cannot be make_doc's."""
    stored = doc.user_data.get(TOKENS)
    if not isinstance(stored, (list, tuple)) or not all(map(_is_place, stored)):
        return None
    edges = [0, *(edge for place in stored for edge in place), len(doc.text)]
    in_order = all(a <= b for a, b in zip(edges, edges[1:]))
    return [(start, end) for start, end in stored] if in_order else None
