"""Shortens Docs for showing, without cutting a span."""

from __future__ import annotations

from bisect import bisect_left
from typing import List

from spacy.tokens import Doc, Span

from .align import Aligner
from .breaks import find_breaks
from .chunks import plan_chunks


def crop_docs(docs: List[Doc], spans_key: str, max_tokens: int) -> List[Doc]:
    """Shorten Docs of one text at the same place.

    docs (List[Doc]): The Docs; the last one's tokens are counted.
    spans_key (str): Key of the spans in `Doc.spans`.
    max_tokens (int): Most tokens to keep. The cut is at the end of a paragraph or
        sentence if possible, and never within a span of any of the Docs; for that,
        more tokens may be kept.
    RETURNS (List[Doc]): The Docs' beginnings, with their spans under the key.
    """
    last = docs[-1]
    aligner = Aligner(last, last.text)
    spans = [span for doc in docs for span in doc.spans.get(spans_key, [])]
    places = [aligner.expand(span.start_char, span.end_char) for span in spans]
    plan = plan_chunks(
        len(last),
        size=max_tokens,
        forbidden=[place for place in places if place is not None],
        preferred=find_breaks(last),
    )
    if len(plan) < 2:
        return docs
    cut = last[plan[1][0]].idx
    return [
        _head(doc, bisect_left(Aligner(doc, doc.text).starts, cut), spans_key)
        for doc in docs
    ]


def _head(doc: Doc, n_tokens: int, spans_key: str) -> Doc:
    head = doc[:n_tokens].as_doc()
    head.spans[spans_key] = [
        Span(head, span.start, span.end, label=span.label)
        for span in doc.spans.get(spans_key, [])
        if span.end <= n_tokens
    ]
    return head
