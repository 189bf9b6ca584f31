"""The report as one HTML page that needs nothing else: no script, no font, no picture,
no network. Whatever comes from the data is escaped."""

from __future__ import annotations

from typing import Dict, List, Optional

from spacy.scorer import PRFScore

from ..wording import number_of
from .breakdown import labels_by_size, shares
from .colors import assign_colors
from .curves import Curve
from .documents import draw_documents
from .figures import Point, draw_curve, draw_reliability, draw_small_curve
from .markup import POLICY, Section, escape, percent
from .report import Report
from .style import STYLE
from .tables import bins_table, confusion_table, scores_table

#: Labels with a curve of their own.
MOST_CURVES = 24


def make_page(report: Report, *, title: Optional[str] = None) -> str:
    """Make the page. The same report makes the same page.

    report (Report): The results.
    title (Optional[str]): Its title; None names pipeline and data.
    RETURNS (str): The page, well-formed as XML too.
    """
    settings = report.settings
    title = title or f"{settings['pipeline']} on {settings['data']}"
    sections = _sections(report)
    links = "".join(part.link for part in sections)
    content = "".join(part.html for part in sections)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{_facts(report)}</header>"
        f'<main>{_tiles(report.total)}<nav aria-label="Contents">{links}</nav>'
        f"{content}</main></body></html>\n"
    )


def _facts(report: Report) -> str:
    known = report.settings
    own = ", ".join(f"{k} {v:g}" for k, v in known["thresholds"].items())
    facts = [
        f"Pipeline {known['pipeline']} {known['version']}, {known['component']}",
        f"data {known['data']}: {number_of(known['documents'], 'document')}, "
        f"{number_of(known['tokens'], 'token')}",
        f"threshold {known['threshold']:g}" + (f" ({own})" if own else ""),
        f"overlap {known['overlap']}",
    ]
    if known["temperature"] != 1:
        facts.append(f"temperature {known['temperature']:g}")
    text = escape("; ".join(facts))
    if known["documents_not_annotated"]:
        n, key = known["documents_not_annotated"], known["spans_key"]
        documents = number_of(n, "document")
        text += escape(f". Left out: {documents} without doc.spans[{key!r}]")
    return f'<p class="note">{text}.</p>'


def _tiles(total: PRFScore) -> str:
    precision, recall, f1 = map(percent, shares(total))
    tiles = [
        ("F1", f1),
        ("Precision", precision),
        ("Recall", recall),
        ("Right", f"{total.tp:,}"),
        ("Missed", f"{total.fn:,}"),
        ("Spurious", f"{total.fp:,}"),
    ]
    cells = [f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles]
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def _sections(report: Report) -> List[Section]:
    sections = [_labels(report), _lengths(report), _nesting(report)]
    if report.seams:
        sections.append(_seams(report))
    sections += [_confusion(report), _curves(report), _reliability(report)]
    if report.worst:
        sections.append(_worst(report))
    return sections


def _labels(report: Report) -> Section:
    averages = {k: c.average_precision for k, c in report.label_curves.items()}
    averages[""] = report.curve.average_precision
    return Section(
        "labels",
        "Labels",
        "A span is right if its label, start and end are those of a gold span. Gold "
        "that could not be aligned with the tokens counts as missed. Scores in per "
        "cent; the bars show F1; AP is the average precision over all thresholds. "
        "A dash stands for a share of nothing: precision without found spans, recall "
        "and AP without gold.",
        scores_table("Scores by label", "label", report.labels, report.total, averages),
    )


def _lengths(report: Report) -> Section:
    return Section(
        "lengths",
        "Length",
        "By number of tokens.",
        scores_table("Scores by length", "tokens", report.lengths, report.total),
    )


def _nesting(report: Report) -> Section:
    return Section(
        "nesting",
        "Nesting",
        "By how a span lies to the gold spans: inside a longer one, holding a shorter "
        "one, both, or neither (flat).",
        scores_table("Scores by nesting", "span", report.nesting, report.total),
    )


def _seams(report: Report) -> Section:
    return Section(
        "seams",
        "Window seams",
        "The encoder reads long documents in windows. By word pieces between a span "
        "and the nearest place where two windows meet. Longer spans are harder, and "
        "more often across a seam.",
        scores_table("Scores by seam", "word pieces", report.seams, report.total),
    )


def _confusion(report: Report) -> Section:
    return Section(
        "confusion",
        "Confusion",
        "For each gold label (row), what was found at the same place, a span of the "
        "same label that overlaps it with other borders, or nothing of the kind. The "
        "last row has found spans that belong to no gold span. Shades are shares of a "
        "row.",
        confusion_table(report.confusion, report.labels),
    )


def _curves(report: Report) -> Section:
    lowest = report.settings["lowest"]
    whole = draw_curve(
        report.curve, _point(report.total), "Precision by recall, all labels"
    )
    caption = f"All labels. Average precision {_average(report.curve)}."
    figures = [_figure(whole, caption)]
    names = labels_by_size(report.labels)
    if len(names) > 1:
        shown = [_label_figure(report, label) for label in names[:MOST_CURVES]]
        figures.append(f'<div class="small">{"".join(shown)}</div>')
    left_out = len(names) - MOST_CURVES
    note = f" The {left_out} rarest labels are not shown." if left_out > 0 else ""
    return Section(
        "curves",
        "Precision and recall",
        "At every threshold, before the overlap policy; the dot is the pipeline as it "
        "is set. Dotted lines join points of the same F1; the grey one is the curve of "
        f"all labels. Candidates below a probability of {lowest:g} are not looked at, "
        f"so curves end there.{note}",
        f'<div class="charts">{"".join(figures)}</div>',
    )


def _label_figure(report: Report, label: str) -> str:
    curve, score = report.label_curves[label], report.labels[label]
    title = f"Precision by recall, {label}"
    picture = draw_small_curve(curve, report.curve, _point(score), title)
    facts = f"{curve.gold:,} gold, AP {_average(curve)}"
    return _figure(picture, f"<b>{escape(label)}</b><br/>{facts}")


def _average(curve: Curve) -> str:
    return percent(curve.average_precision if curve.gold else None)


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _point(score: PRFScore) -> Point:
    return score.recall, score.precision


def _reliability(report: Report) -> Section:
    picture = draw_reliability(report.bins, "Share of right candidates by probability")
    n = sum(own.n for own in report.bins)
    caption = (
        f"{number_of(n, 'candidate')}; expected calibration error "
        f"{percent(report.calibration_error)}&#160;%."
    )
    figure = _figure(picture, caption)
    return Section(
        "reliability",
        "Reliability",
        "Of the candidates with a probability of 70&#160;%, 70&#160;% should be right: "
        "the dashed line. Below it the pipeline is too sure. Vertical lines are "
        "intervals of 95&#160;%, columns the numbers of candidates.",
        f'<div class="charts">{figure}{bins_table(report.bins)}</div>',
    )


def _worst(report: Report) -> Section:
    colors: Dict[str, str] = assign_colors(report.labels)
    return Section(
        "documents",
        "Worst documents",
        "Those with the greatest product of mistakes and 1&#160;−&#160;F1.",
        draw_documents(report.worst, colors),
    )
