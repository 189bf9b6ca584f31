"""Tables that `debug` prints."""

from __future__ import annotations

import textwrap
from itertools import combinations
from typing import Callable, Iterator, List, Sequence, Tuple

from wasabi import msg

from ..diagnostics.checked_settings import CheckedSettings
from ..diagnostics.file_report import Reports, labels_of
from ..diagnostics.findings import LARGE_SHARE, LEAST_SPANS, Finding
from ..diagnostics.piece_statistics import PieceStatistics
from ..pipeline.span_loss import make_span_loss_v1
from ._util import NO_SHARE, print_table

#: Highest number of characters in a line of notes.
WIDTH = 76
Row = Tuple[object, ...]  # name of the row, and a value for each file


def print_statistics(reports: Reports, settings: CheckedSettings) -> None:
    """Print the statistics of the files next to each other.

    reports (Dict[str, FileReport]): The files by name.
    settings (CheckedSettings): The settings that the files were checked against.
    """
    rows = [*_size_rows(reports), *_span_rows(reports, settings)]
    rows.extend(_tokenizer_rows(reports))
    rows.extend(_piece_rows(reports))
    print_table("Data", list(reports), rows)


def print_shared(reports: Reports) -> None:
    """Print the texts that each file has in common with the files before it.

    reports (Dict[str, FileReport]): The files by name.
    """
    rows: List[Row] = []
    for (first, a), (second, b) in combinations(reports.items(), 2):
        shared = b.prints.shared_with(a.prints)
        numbers = shared.documents, shared.sentences, f"{shared.percent:.1f}"
        rows.append((f"{second} in {first}", *numbers))
    if rows:
        columns = ["Documents", "Long sentences", "% of these"]
        print_table("The same text", columns, rows)


def print_small(findings: Sequence[Finding]) -> None:
    """Print the findings that are only notes.

    findings (Sequence[Finding]): All findings.
    """
    small = [finding for finding in findings if not finding.is_large]
    if small:
        limits = f"Below {LEAST_SPANS} spans or {100 * LARGE_SHARE:g} %"
        msg.table(
            [(finding.file, _wrap(finding.sentences)) for finding in small],
            header=["Notes", limits],
            divider=True,
            max_col=WIDTH,
            multiline=True,
        )


def _wrap(text: str) -> List[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _size_rows(reports: Reports) -> Iterator[Row]:
    stats = [report.statistics for report in reports.values()]
    yield "Documents", *(s.documents for s in stats)
    yield "  without the key", *(s.documents_without_key for s in stats)
    yield "  without spans", *(s.documents_without_spans for s in stats)
    yield "  more than once", *(r.prints.repeated for r in reports.values())
    yield "Tokens", *(s.tokens for s in stats)
    yield "Longest document (tokens)", *(s.longest_document for s in stats)


def _span_rows(reports: Reports, settings: CheckedSettings) -> Iterator[Row]:
    stats = [report.statistics for report in reports.values()]
    yield "Spans", *(s.spans for s in stats)
    for label in labels_of(reports):
        yield f"  {label}", *(s.labels[label] for s in stats)
    if settings.weights_by_number is not None:
        yield from _weight_rows(reports, settings.weights_by_number)
    yield "Gold lost in conversion", *(s.n_lost_gold for s in stats)
    for percent in (50, 95, 99):
        lengths = [s.percentile(percent) for s in stats]
        yield f"Span length, {percent} % (tokens)", *lengths
    yield "Longest span (tokens)", *(s.longest_span for s in stats)
    if settings.chunk_size:
        size = settings.chunk_size
        yield f"  longer than a chunk ({size:,})", *(s.longer_than(size) for s in stats)
    yield "Nesting depth", *(s.nesting_depth for s in stats)
    yield "Crossing pairs", *(s.crossing_pairs for s in stats)
    yield "Whitespace at an edge", *(s.whitespace_edges for s in stats)


def _weight_rows(reports: Reports, by_number: str) -> Iterator[Row]:
    """Yield the label weights of a training on each file."""
    labels, loss = labels_of(reports), make_span_loss_v1(label_weights=by_number)
    counts = [report.statistics.labels for report in reports.values()]
    weights = [loss.weights_of(labels, count) or [] for count in counts]
    yield f'Weights, "{by_number}", if trained on', *([""] * len(counts))
    for label, *values in zip(labels, *weights):
        shown = [f"{w:.2f}" if n[label] else NO_SHARE for w, n in zip(values, counts)]
        yield f"  {label}", *shown


def _tokenizer_rows(reports: Reports) -> Iterator[Row]:
    checks = [r.tokenizer for r in reports.values() if r.tokenizer is not None]
    if checks:
        yield "Documents tokenized differently", *(c.documents for c in checks)
        yield "  spans misaligned by that", *(c.misaligned for c in checks)


def _piece_rows(reports: Reports) -> Iterator[Row]:
    counts = [r.pieces for r in reports.values() if r.pieces is not None]
    numbers: List[Tuple[str, Callable[[PieceStatistics], object]]] = [
        ("Word pieces", lambda p: p.pieces),
        ("  per token, mean", lambda p: f"{p.per_token:.2f}"),
        ("  per token, 99 %", lambda p: p.percentile(99)),
        ("  unknown", lambda p: p.unknown),
        ("  unknown, share", lambda p: p.unknown_percent),
        ("Tokens without a word piece", lambda p: p.without_piece),
        ("Longest document (word pieces)", lambda p: p.longest_document),
    ]
    if any(p.capacity is not None for p in counts):
        numbers.append(("Windows", lambda p: p.windows))
        numbers.append(("  of a document, at most", lambda p: p.most_windows))
        numbers.append(("Spans longer than a window", lambda p: p.spans_over_window))
    if counts:
        for name, number in numbers:
            yield name, *(number(p) for p in counts)
