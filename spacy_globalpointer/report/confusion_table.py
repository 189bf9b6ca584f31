"""The confusion of labels as a table."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..evaluation.breakdown import Scores, labels_by_size
from ..evaluation.confusion import Confusion

#: Number of labels with a row and a column of their own.
MOST_LABELS = 20
# Keys of rows and columns are 1-tuples, so that they differ from all labels.
BOUNDARIES, MISSED, SPURIOUS = ("boundaries",), ("missed",), ("spurious",)


class Cell(NamedTuple):
    """A cell of the table.

    n (Optional[int]): Number of spans; None if there cannot be any.
    fraction (float): Their fraction of the row.
    is_right (bool): Whether gold and predicted label are the same.
    """

    n: Optional[int]
    fraction: float
    is_right: bool


class ConfusionTable(NamedTuple):
    """Gold labels and what was predicted instead.

    columns (List[str]): Names of the columns of labels.
    rows (List[Tuple[str, List[Cell]]]): For each row its name and its cells: those of
        the labels, of spans with other boundaries and of missed spans.
    """

    columns: List[str]
    rows: List[Tuple[str, List[Cell]]]


def make_confusion_table(confusion: Confusion, labels: Scores) -> ConfusionTable:
    """Make the table of gold and predicted labels.

    confusion (Confusion): The counts.
    labels (Scores): Scores by label. The labels with the most gold spans are shown,
        the others as one.
    RETURNS (ConfusionTable): The table.
    """
    shown = labels_by_size(labels)
    rest = shown[MOST_LABELS:]
    shown = shown[:MOST_LABELS] if len(rest) > 1 else shown
    keys: List[object] = [*shown, *([None] if len(labels) > len(shown) else [])]
    names = [f"{len(rest)} others" if key is None else str(key) for key in keys]
    counts = _count(confusion, shown)
    columns = [*keys, BOUNDARIES, MISSED]
    rows = [
        (name, _make_row(counts, gold, columns))
        for gold, name in zip([*keys, SPURIOUS], [*names, "spurious"])
    ]
    return ConfusionTable(names, rows)


def _count(
    confusion: Confusion, shown: Iterable[str]
) -> Counter[Tuple[object, object]]:
    """Count by row and column; None stands for the labels that are not shown."""
    names: Dict[str, Optional[str]] = {label: label for label in shown}
    counts: Counter[Tuple[object, object]] = Counter()
    for (gold, found), n in confusion.pairs.items():
        counts[names.get(gold), names.get(found)] += n
    for column, group in (
        (BOUNDARIES, confusion.borders),
        (MISSED, confusion.missed),
    ):
        for label, n in group.items():
            counts[names.get(label), column] += n
    for label, n in confusion.spurious.items():
        counts[SPURIOUS, names.get(label)] += n
    return counts


def _make_row(
    counts: Counter[Tuple[object, object]], gold: object, columns: List[object]
) -> List[Cell]:
    total = sum(counts[gold, column] for column in columns) or 1
    return [
        Cell(
            None if gold == SPURIOUS and isinstance(column, tuple) else n,
            n / total,
            gold == column and gold is not None,
        )
        for column in columns
        for n in [counts[gold, column]]
    ]
