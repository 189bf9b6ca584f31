"""The F1 of each label as lines of text, to print below a row of scores."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Dict, Iterator, List, Mapping

from tqdm.utils import disp_len, disp_trim

from ..wording import visible

#: Highest number of lines for a component. If it has more labels, those with the lowest
#: F1 are shown.
MOST_LINES = 8
#: Highest width of the name of a label, in columns of the terminal.
WIDEST = 24


def label_lines(scores: Mapping[str, Any], width: int) -> List[str]:
    """Lay out the F1 of each label.

    scores (Mapping[str, Any]): The scores of a pipeline, from 0 to 1. Those by label
        are under names such as spans_sc_per_type.
    width (int): Columns of the terminal.
    RETURNS (List[str]): The lines, in percent; none if there are no scores by label.
    """
    by_label = {}
    for key, values in scores.items():
        match = re.fullmatch(r"(.+)_per_(type|feat)", key)
        if match and isinstance(values, Mapping):
            by_label[match[1]] = {
                label: 100 * own["f"]
                for label, own in values.items()
                if isinstance(own, Mapping) and own.get("f") is not None
            }
    lines: List[str] = []
    for key, labels in by_label.items():
        title = "  F1" if len(by_label) == 1 else f"  {key} F1"
        lines += _in_columns(title, labels, width)
    return lines


def _in_columns(title: str, scores: Dict[str, float], width: int) -> Iterator[str]:
    names = {label: disp_trim(visible(str(label)), WIDEST) for label in scores}
    widest = max(map(disp_len, names.values()), default=0)
    cell = widest + len("   100.0")
    per_line = max(1, (width - len(title)) // cell)
    lowest = sorted(scores, key=scores.__getitem__)
    shown = set(lowest[: per_line * MOST_LINES])
    texts = (
        " " * (cell - disp_len(names[label]) - 6)
        + f"{names[label]} {scores[label]:5.1f}"
        for label in sorted(scores)
        if label in shown
    )
    begin = title
    while line := "".join(islice(texts, per_line)):
        yield begin + line
        begin = " " * len(title)
    if len(lowest) > len(shown):
        more, least = len(lowest) - len(shown), scores[lowest[len(shown)]]
        yield f"{begin}  and {more} more, from {least:.1f} up"
