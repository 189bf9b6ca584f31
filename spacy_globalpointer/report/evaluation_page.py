"""The report of an evaluation as one HTML page without scripts or other files."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from spacy.tokens import Doc

from ..evaluation.breakdown import labels_by_size, shares
from ..evaluation.evaluate import Report
from ..evaluation.matching import MatchedSpan
from ..evaluation.worst import WorstDocument
from .charts import Chart, draw_curve, draw_reliability, draw_small_curve
from .confusion_table import make_confusion_table
from .marks import DrawnSpan, Piece, cut_text, make_legend
from .templates import POLICY, render_template

#: Number of labels with a curve of their own.
MOST_CURVES = 24


class Part(NamedTuple):
    """A part of a document to look at.

    left_out (int): Number of tokens between the part before and this one.
    pieces (List[Piece]): The text of the part, cut where spans begin and end.
    """

    left_out: int
    pieces: List[Piece]


def make_page(report: Report, *, title: Optional[str] = None) -> str:
    """Make the page. The same report makes the same page.

    report (Report): The results.
    title (Optional[str]): Title of the page; None names the pipeline and the data.
    RETURNS (str): The page, which is well-formed XML too.
    """
    settings = report.settings
    drawn = {own.index: _draw_spans(own) for own in report.worst}
    return render_template(
        "evaluation.html.jinja",
        title=title or f"{settings['pipeline']} on {settings['data']}",
        policy=POLICY,
        report=report,
        shares=shares,
        averages={
            "": report.curve.average_precision,
            **{k: own.average_precision for k, own in report.label_curves.items()},
        },
        curves=_draw_curves(report),
        reliability=draw_reliability(report.bins),
        confusion=make_confusion_table(report.confusion, report.labels),
        legend=make_legend([span for spans in drawn.values() for span in spans]),
        documents=[(own, _cut_parts(own, drawn[own.index])) for own in report.worst],
    )


def _draw_curves(report: Report) -> Dict[str, Any]:
    names = labels_by_size(report.labels)
    shown = names[:MOST_CURVES] if len(names) > 1 else []
    small: Dict[str, Chart] = {
        label: draw_small_curve(
            report.label_curves[label], report.curve, report.labels[label], label
        )
        for label in shown
    }
    return {
        "all": draw_curve(report.curve, report.total),
        "labels": small,
        "n_left_out": max(len(names) - MOST_CURVES, 0),
    }


def _draw_spans(document: WorstDocument) -> List[DrawnSpan]:
    return [
        DrawnSpan(span.start, span.end, span.label, _kind(span), span.score)
        for span in document.spans
    ]


def _kind(span: MatchedSpan) -> str:
    if span.is_right:
        return "right"
    return "missed" if span.is_gold else "spurious"


def _cut_parts(document: WorstDocument, spans: List[DrawnSpan]) -> List[Part]:
    """Return the parts of a document to show; the last one has no pieces."""
    doc, parts, position = document.doc, [], 0
    for first, last in document.excerpts:
        start, end = _char_of(doc, first), _char_of(doc, last)
        pieces = list(cut_text(doc.text, spans, start, end))
        parts.append(Part(first - position, pieces))
        position = last
    return [*parts, Part(len(doc) - position, [])]


def _char_of(doc: Doc, token: int) -> int:
    return doc[token].idx if token < len(doc) else len(doc.text)
