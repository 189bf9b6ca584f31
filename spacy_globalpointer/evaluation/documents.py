"""The worst documents in HTML: gold and found spans side by side."""

from __future__ import annotations

from typing import Dict, List, Sequence

from spacy.tokens import Doc

from ..wording import number_of
from .drawing import DrawnSpan, Word, draw_spans
from .markup import escape, percent
from .matching import MatchedSpan
from .worst import Excerpt, WorstDocument

#: Mark of a span that the other side does not have.
WRONG = "✗"


def draw_documents(worst: Sequence[WorstDocument], colors: Dict[str, str]) -> str:
    """Draw documents.

    worst (Sequence[WorstDocument]): The documents.
    colors (Dict[str, str]): Colour of each label.
    RETURNS (str): HTML.
    """
    labels = {span.label for document in worst for span in document.spans}
    tags = "".join(
        f'<li><span class="tag" style="--c:{colors[label]}">{escape(label)}</span></li>'
        for label in sorted(labels)
    )
    wrong = (
        f'<li><span class="tag wrong" style="--c:#fff">{WRONG}</span> '
        "only on this side: missed if gold, spurious if found</li>"
    )
    key = f'<ul class="key">{tags}{wrong}</ul>'
    return key + "".join(_draw_document(document, colors) for document in worst)


def _draw_document(document: WorstDocument, colors: Dict[str, str]) -> str:
    score = document.score
    facts = (
        f"F1 {percent(score.fscore)}; of {number_of(score.tp + score.fn, 'gold span')} "
        f"{score.fn:,} missed; of {score.tp + score.fp:,} found {score.fp:,} spurious"
    )
    parts: List[str] = []
    position = 0
    for excerpt in document.excerpts:
        parts.append(_gap(excerpt.start - position))
        parts.append(_draw_excerpt(document, excerpt, colors))
        position = excerpt.end
    parts.append(_gap(len(document.doc) - position))
    if document.mistakes_shown < document.mistakes:
        facts += (
            f". Shown are the parts with the most mistakes, "
            f"{document.mistakes_shown:,} of {document.mistakes:,}"
        )
    head = f'<h3>{escape(document.title)}</h3><p class="note">{facts}.</p>'
    return f"<article>{head}{''.join(parts)}</article>"


def _gap(tokens: int) -> str:
    if not tokens:
        return ""
    return f'<p class="gap">… {number_of(tokens, "token")} left out …</p>'


def _draw_excerpt(
    document: WorstDocument, excerpt: Excerpt, colors: Dict[str, str]
) -> str:
    words = _words(document.doc, excerpt)
    sides = []
    for name in ("Gold", "Found"):
        own = [
            s for s in document.spans if (s.is_gold if name == "Gold" else s.is_found)
        ]
        drawn = [_clip(s, excerpt) for s in own if _touches(s, excerpt)]
        text = draw_spans(words, drawn, colors)
        sides.append(f'<div><p class="side">{name}</p>{text}</div>')
    return f'<div class="pair">{"".join(sides)}</div>'


def _words(doc: Doc, excerpt: Excerpt) -> List[Word]:
    tokens = doc[excerpt.start : excerpt.end]
    return [Word(token.text, bool(token.whitespace_)) for token in tokens]


def _touches(span: MatchedSpan, excerpt: Excerpt) -> bool:
    return span.tokens[0] < excerpt.end and span.tokens[1] > excerpt.start


def _clip(span: MatchedSpan, excerpt: Excerpt) -> DrawnSpan:
    """The part of a span that an excerpt shows."""
    start, end = span.tokens
    mark = "" if span.is_right else WRONG
    if start < excerpt.start:
        mark = f"{mark}…"
    title = span.label if span.score is None else f"{span.label}, {span.score:.2f}"
    return DrawnSpan(
        max(start, excerpt.start) - excerpt.start,
        min(end, excerpt.end) - excerpt.start,
        span.label,
        mark,
        not span.is_right,
        title,
    )
