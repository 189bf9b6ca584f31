"""Tables of scores and of mistakes, in HTML."""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Optional, Sequence, Tuple

from spacy.scorer import PRFScore

from .breakdown import Scores, labels_by_size, shares
from .calibration import Bin
from .confusion import Confusion
from .figures import draw_bar
from .markup import escape, percent, table

#: Labels with a row and a column of their own.
MOST_LABELS = 20
SHARES, COUNTS = ("precision", "recall", "F1"), ("gold", "found", "right")


def scores_table(
    caption: str,
    first: str,
    scores: Scores,
    total: PRFScore,
    average_precision: Optional[Dict[str, float]] = None,
) -> str:
    """Draw a table of scores by bin, the last row that of all spans.

    caption (str): What it shows.
    first (str): Name of the bins.
    scores (Scores): The scores.
    total (PRFScore): Those of all spans.
    average_precision (Optional[Dict[str, float]]): By bin, and under "" of all spans;
        None for no such column.
    RETURNS (str): The table.
    """
    columns = [first, *SHARES, "", *COUNTS]
    if average_precision is not None:
        columns.insert(5, '<abbr title="average precision">AP</abbr>')
    rows = []
    for name, score in [*scores.items(), ("", total)]:
        own = shares(score)
        bar = f'<td class="wide">{draw_bar(score.fscore)}</td>'
        counts = [_gold(score), score.tp + score.fp, score.tp]
        cells = [*map(percent, own), bar, *(f"{n:,}" for n in counts)]
        if average_precision is not None:
            value = average_precision[name] if _gold(score) else None
            cells.insert(4, percent(value))
        rows.append([escape(name) or "all", *cells])
    return table(caption, columns, rows, "scores")


def _gold(score: PRFScore) -> int:
    return score.tp + score.fn


def bins_table(bins: Sequence[Bin]) -> str:
    """Draw a table of probabilities and what they are worth.

    bins (Sequence[Bin]): The bins; empty ones are left out.
    RETURNS (str): The table.
    """
    rows = [
        [
            f"{own.low:.2f}–{own.high:.2f}",
            f"{own.n:,}",
            percent(own.probability),
            percent(own.precision),
        ]
        for own in bins
        if own.n
    ]
    columns = ["probability", "candidates", "mean (%)", "right (%)"]
    return table("Candidates by probability", columns, rows)


def confusion_table(confusion: Confusion, labels: Scores) -> str:
    """Draw the matrix of gold and found labels.

    confusion (Confusion): The counts.
    labels (Scores): Scores by label; the labels with the most gold spans are shown,
        others as one.
    RETURNS (str): The table.
    """
    shown = labels_by_size(labels)
    rest = shown[MOST_LABELS:]
    shown = shown[:MOST_LABELS] if len(rest) > 1 else shown
    names: Dict[str, Optional[str]] = {label: label for label in shown}
    counts: Counter[Tuple[object, object]] = Counter()
    for (gold, found), n in confusion.pairs.items():
        counts[names.get(gold), names.get(found)] += n
    for column, group in (("borders", confusion.borders), ("missed", confusion.missed)):
        for label, n in group.items():
            counts[names.get(label), (column,)] += n
    for label, n in confusion.spurious.items():
        counts[("spurious",), names.get(label)] += n
    own: List[object] = [*shown, *([None] if len(labels) > len(shown) else [])]
    others = f"{len(rest)} others"
    titles = [others if label is None else escape(str(label)) for label in own]
    rows = [
        [title, *_matrix_row(counts, gold, [*own, ("borders",), ("missed",)])]
        for gold, title in zip([*own, ("spurious",)], [*titles, "spurious"])
    ]
    columns = ["gold ↓ found →", *titles, "other borders", "missed"]
    return table(
        "Gold labels and what was found in their place", columns, rows, "matrix"
    )


def _matrix_row(
    counts: Counter[Tuple[object, object]], gold: object, columns: List[object]
) -> List[str]:
    total = sum(counts[gold, column] for column in columns)
    cells = []
    for column in columns:
        n = counts[gold, column]
        kind = "edge" if column == ("borders",) else ""
        if gold == ("spurious",) and isinstance(column, tuple):
            cells.append(f'<td class="{kind}"></td>')
        elif not n:
            cells.append(f'<td class="zero {kind}">·</td>')
        else:
            color = "right" if gold == column and gold is not None else "wrong"
            shade = f"background:rgba(var(--{color}),{0.08 + 0.4 * n / total:.2f})"
            cells.append(f'<td class="{kind}" style="{shade}">{n:,}</td>')
    return cells
