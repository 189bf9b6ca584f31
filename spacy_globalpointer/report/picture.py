"""Documents with their spans as HTML, for a page or a notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from numbers import Real
from typing import Any, Dict, Iterable, List, Optional, Union

from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..corpus.breaks import find_breaks
from ..corpus.chunks import plan_chunks
from ..errors import Errors
from ..evaluation.matching import Tokens
from ..pipeline.scorer import gold_spans
from ..span_score import aligned_scores, get_evidence
from .marks import DrawnSpan, Piece, cut_text, make_legend, split_blocks
from .templates import printable, render_template, script_policy

# Language codes that HTML allows.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_SCRIPT = "threshold.js"


@dataclass(frozen=True)
class DrawnText:
    """A document to draw.

    text (str): Its text.
    spans (List[DrawnSpan]): Its spans.
    title (Optional[str]): Its title, if it has one.
    lang (str): Code of its language, or "".
    direction (str): Direction of its script: "rtl", or "auto".
    left_out (int): Number of characters of the document after the text.
    """

    text: str
    spans: List[DrawnSpan]
    title: Optional[str]
    lang: str
    direction: str
    left_out: int

    @property
    def blocks(self) -> List[List[Piece]]:
        """RETURNS (List[List[Piece]]): The text, cut where spans begin and end."""
        return list(split_blocks(cut_text(self.text, self.spans)))


@dataclass(frozen=True)
class Picture:
    """Documents with their spans. A notebook shows it; `str(picture)` is a whole page.

    documents (List[DrawnText]): The documents.
    title (str): Title of the page.
    """

    documents: List[DrawnText]
    title: str

    def __str__(self) -> str:
        """RETURNS (str): An HTML page that needs no other file."""
        policy = script_policy(_SCRIPT)
        return self._render("picture.html.jinja", title=self.title, policy=policy)

    def _repr_html_(self) -> str:
        """RETURNS (str): The same as an element of a page. Its style applies to nothing
        else."""
        return self._render("picture_element.html.jinja")

    def _render(self, template: str, **context: Any) -> str:
        spans = [span for own in self.documents for span in own.spans]
        return render_template(
            template,
            documents=self.documents,
            legend=make_legend(spans),
            script=_SCRIPT,
            **context,
        )


def render(
    docs: Union[Doc, Example, Iterable[Union[Doc, Example]]],
    *,
    spans_key: str = "sc",
    max_tokens: Optional[int] = None,
    title: str = "Spans",
) -> Picture:
    """Draw the spans of documents on their texts.

    docs (Union[Doc, Example, Iterable[Union[Doc, Example]]]): One document or several,
        with titles in `user_data["title"]`. Of an Example, the predicted spans are
        compared with those of the reference, which must have the same text.
    spans_key (str): Key of the spans in `Doc.spans`.
    max_tokens (Optional[int]): Draw about this many tokens of each document. The cut is
        at the end of a paragraph or sentence if possible, and never within a span. None
        draws whole documents.
    title (str): Title of the page.
    RETURNS (Picture): The picture. `str(picture)` is an HTML page.
    RAISES (ValueError): GP107 if the documents of an Example have different texts,
        GP117 if max_tokens is less than 1.
    """
    group = [docs] if isinstance(docs, (Doc, Example)) else docs
    return Picture([_draw(own, spans_key, max_tokens) for own in group], title)


def to_displacy(doc: Doc, *, spans_key: str = "sc") -> Dict[str, Any]:
    """Export a document for `displacy.render(..., style="span", manual=True)`.

    displaCy writes labels, identifiers and titles into its HTML as they are. Here they
    are escaped, so that they are shown as text.

    doc (Doc): The document.
    spans_key (str): Key of the spans in `Doc.spans`.
    RETURNS (Dict[str, Any]): The document, ready for JSON.
    """
    title = doc.user_data.get("title")
    return {
        "text": doc.text,
        "tokens": [token.text for token in doc],
        "spans": [
            {
                "start": span.start_char,
                "end": span.end_char,
                "start_token": span.start,
                "end_token": span.end,
                "label": escape(printable(span.label_)),
                "kb_id": escape(printable(_kb_id(span))),
                "kb_url": "#",
            }
            for span in doc.spans.get(spans_key, [])
        ],
        "title": None if title is None else escape(printable(str(title))),
        "settings": {"lang": _lang(doc), "direction": _direction(doc)},
    }


def _draw(
    own: Union[Doc, Example], spans_key: str, max_tokens: Optional[int]
) -> DrawnText:
    both = [own.reference, own.predicted] if isinstance(own, Example) else [own]
    doc, titles = both[-1], [doc.user_data.get("title") for doc in both]
    title = next((str(title) for title in titles if title is not None), None)
    if both[0].text != doc.text:
        raise ValueError(Errors.GP107.format(name=title))
    spans = _collect_spans(both, spans_key)
    cut = len(doc.text)
    if max_tokens is not None:
        cut = _find_cut(doc, spans, max_tokens)
    return DrawnText(
        text=doc.text[:cut],
        spans=[span for span in spans if span.end <= cut],
        title=title,
        lang=_lang(doc),
        direction="rtl" if _direction(doc) == "rtl" else "auto",
        left_out=len(doc.text) - cut,
    )


def _lang(doc: Doc) -> str:
    return doc.vocab.lang if _LANGUAGE.fullmatch(doc.vocab.lang) else ""


def _direction(doc: Doc) -> str:
    return "rtl" if doc.vocab.writing_system.get("direction") == "rtl" else "ltr"


def _collect_spans(both: List[Doc], spans_key: str) -> List[DrawnSpan]:
    """Return the spans of a document. If its reference has spans under the key, they
    are compared."""
    reference, doc = both[0], both[-1]
    spans = _read_group(doc, spans_key)
    if len(both) == 1 or spans_key not in reference.spans:
        return spans
    gold = gold_spans(reference, spans_key)
    ids = {span.key: span.kb_id for span in _read_group(reference, spans_key)}
    missed = gold - {span.key for span in spans}
    return [
        *(s._replace(kind="right" if s.key in gold else "spurious") for s in spans),
        *(
            DrawnSpan(
                start, end, label, "missed", kb_id=ids.get((label, start, end), "")
            )
            for label, start, end in missed
        ),
    ]


def _read_group(doc: Doc, spans_key: str) -> List[DrawnSpan]:
    group = doc.spans.get(spans_key, SpanGroup(doc))
    return [
        DrawnSpan(
            *(span.start_char, span.end_char, span.label_, "", score, _kb_id(span)),
            evidence=tuple(map(_as_line, get_evidence(span))),
        )
        for span, score in zip(group, _probabilities(group))
    ]


def _as_line(entry: Dict[str, Any]) -> str:
    source = f" ({entry['source']})" if entry["source"] else ""
    words = printable(f"{entry['words']}{source}")
    return f"{entry['weight']:.2f} like {words}"


def _probabilities(group: SpanGroup) -> List[Optional[float]]:
    """Return the probability of each span of a group; None if there is none."""
    scores: Any = aligned_scores(group)
    if scores is None:  # not a group of `global_pointer`, but maybe one of `spancat`
        scores = group.attrs.get("scores")
    if not hasattr(scores, "__len__") or len(scores) != len(group):
        return [None] * len(group)
    return [_probability(score) for score in scores]


def _probability(score: Any) -> Optional[float]:
    is_valid = isinstance(score, Real) and 0 <= float(score) <= 1
    return float(score) if is_valid else None


def _kb_id(span: Span) -> str:
    # A DocBin keeps a string only if the Doc's vocab had it.
    strings: Any = span.doc.vocab.strings
    return span.kb_id_ if span.kb_id in strings else ""


def _find_cut(doc: Doc, spans: List[DrawnSpan], max_tokens: int) -> int:
    """Find a place to end a document where no span is cut.

    doc (Doc): The document.
    spans (List[DrawnSpan]): Its spans.
    max_tokens (int): Number of tokens to keep, about.
    RETURNS (int): The first character to leave out.
    """
    tokens = Tokens(doc)
    plan = plan_chunks(
        len(doc),
        size=max_tokens,
        forbidden=[tokens.touched(span.start, span.end) for span in spans],
        preferred=find_breaks(doc),
    )
    return len(doc.text) if len(plan) < 2 else doc[plan[1][0]].idx
