"""The table that grows by a row with each evaluation."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from tqdm import tqdm

from .evaluation import Evaluation
from .scores import ScoreGroup, group_scores
from .text import format_loss, pad, shorten, text_width

#: Space between columns.
GAP = 2
#: Rank of what becomes columns last, and only if its title is not cut off.
LAST = 2
#: Before the row of the best evaluation so far.
BEST = "*"
#: Lines with the labels of one component below a row. If there are more labels, those
#: with the lowest F1 are shown.
MOST_LINES = 8
#: Widest name of a label or component, in columns of the terminal.
WIDEST_NAME, WIDEST_LOSS = 24, 11


class Block(NamedTuple):
    """Cells that stay together, as columns of the table or on lines below the row.

    title (str): What they are.
    cells (Dict[str, str]): Values by the name of the column.
    least (int): Least width of a column.
    rank (int): Those with a low one become columns first.
    """

    title: str
    cells: Dict[str, str]
    least: int = 5
    rank: int = LAST

    @property
    def widths(self) -> List[int]:
        """RETURNS (List[int]): Widths of the columns, with the gap before each."""
        cells = self.cells.items()
        return [GAP + max(self.least, text_width(k), len(v)) for k, v in cells]

    @property
    def width(self) -> int:
        """RETURNS (int): Width of all columns."""
        return sum(self.widths)

    @property
    def fits_title(self) -> bool:
        """RETURNS (bool): Whether the title fits above the columns."""
        return GAP + text_width(self.title) <= self.width


class ProgressTable:
    """Lays out a row for each evaluation, and a header when the columns change."""

    def __init__(self, training: Mapping[str, Any], *, per_label: bool) -> None:
        """Begin a table.

        training (Mapping[str, Any]): The config's [training].
        per_label (bool): Whether the F1 of each label is shown.
        """
        self._weights: Dict[str, Optional[float]] = training["score_weights"]
        self._step_width = max(5, len(str(training["max_steps"])))
        self._per_label = per_label
        self._labels: Dict[str, Set[str]] = {}
        self._header: List[str] = []

    def lines(self, evaluation: Evaluation, width: int) -> List[str]:
        """Lay out an evaluation.

        evaluation (Evaluation): The evaluation.
        width (int): Columns of the terminal.
        RETURNS (List[str]): The header, if it is another than before, the row, and
            lines below it for what does not fit.
        """
        groups = group_scores(evaluation.scores, self._weights)
        first = self._first(evaluation)
        last = _last(evaluation, with_score=not self._has_score(groups))
        blocks = [_losses(evaluation), *self._blocks(groups)]
        room = width + GAP - first.width - last.width
        columns, below = _share_out([block for block in blocks if block.cells], room)
        row = [first, *columns, last]
        lines = ["".join(_padded(b.cells.values(), b.widths) for b in row)[GAP:]]
        for block in below:
            lines += _lines_below(block, width)
        return [*self._new_header(row), *lines]

    def _first(self, evaluation: Evaluation) -> Block:
        step = str(evaluation.step).rjust(self._step_width)
        mark = BEST if evaluation.is_best else ""
        epoch = f"{mark}{str(evaluation.epoch):>{5 - len(mark)}}"
        return Block("", {"epoch": epoch, "step": step})

    def _blocks(self, groups: List[ScoreGroup]) -> List[Block]:
        blocks = []
        for i, group in enumerate(groups):
            totals = {name: _percent(value) for name, value in group.totals.items()}
            blocks.append(Block(group.name, totals, rank=LAST if i else 0))
            seen = self._labels.setdefault(group.name, set())
            seen.update(group.labels)
            if self._per_label:
                title = "F1" if len(groups) == 1 else f"{group.name} F1"
                cells = {_clean(k): _percent(group.labels.get(k)) for k in sorted(seen)}
                blocks.append(Block(title, cells))
        return blocks

    def _has_score(self, groups: List[ScoreGroup]) -> bool:
        """Whether the score that chooses the model is one of those in the table."""
        weights = {key: weight for key, weight in self._weights.items() if weight}
        shown = {
            f"{group.name}_{name.lower()}" if group.name else name
            for group in groups
            for name in group.totals
        }
        return list(weights.values()) == [1.0] and set(weights) <= shown

    def _new_header(self, row: List[Block]) -> List[str]:
        titles = "".join(_title(block) for block in row)
        names = "".join(_padded(block.cells, block.widths) for block in row)
        header = [line for line in (titles[GAP:].rstrip(), names[GAP:]) if line]
        if header == self._header:
            return []
        again, self._header = bool(self._header), header
        return ["", *header] if again else header


def _losses(evaluation: Evaluation) -> Block:
    losses = evaluation.losses.items()
    cells = {shorten(k, WIDEST_LOSS): format_loss(v) for k, v in losses}
    return Block("loss", cells, least=8, rank=1)


def _last(evaluation: Evaluation, *, with_score: bool) -> Block:
    cells = {"score": f"{100 * evaluation.score:.1f}"} if with_score else {}
    speed = evaluation.words_per_second
    cells["words/s"] = "-" if speed is None else f"{speed:,.0f}"
    cells["time"] = tqdm.format_interval(evaluation.seconds)
    return Block("", cells, least=7)


def _share_out(blocks: List[Block], room: int) -> Tuple[List[Block], List[Block]]:
    """The blocks that fit beside each other, and the others. What all spans scored
    comes before the losses, and these before the labels."""
    columns: List[Block] = []
    for block in sorted(blocks, key=lambda block: block.rank):
        if block.width <= room and (block.rank < LAST or block.fits_title):
            room -= block.width
            columns.append(block)
    below = [block for block in blocks if block not in columns]
    return [block for block in blocks if block in columns], below


def _padded(texts: Iterable[str], widths: List[int]) -> str:
    return "".join(pad(text, width) for text, width in zip(texts, widths))


def _title(block: Block) -> str:
    if not block.title:
        return " " * block.width
    width = block.width - GAP
    return " " * GAP + f" {shorten(block.title, width - 2)} ".center(width, "-")


def _lines_below(block: Block, width: int) -> List[str]:
    """The cells of a block side by side, on as many lines as they need."""
    begin = " " * GAP + block.title
    names = {name: shorten(name, WIDEST_NAME) for name in block.cells}
    name_width = max(text_width(name) for name in names.values())
    value_width = 1 + max(block.least, *map(len, block.cells.values()))
    room = width - text_width(begin)
    per_line = max(1, room // (GAP + name_width + value_width))
    cells, rest = _lowest(block.cells, per_line * MOST_LINES)
    texts = [
        pad("", GAP + name_width - text_width(names[name]))
        + names[name]
        + pad(value, value_width)
        for name, value in cells.items()
    ]
    lines = ["".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    lines += [" " * GAP + rest] if rest else []
    begins = [begin, *([pad("", text_width(begin))] * (len(lines) - 1))]
    return [first + line for first, line in zip(begins, lines)]


def _lowest(cells: Dict[str, str], n: int) -> Tuple[Dict[str, str], str]:
    """The n cells with the lowest values, in their order, and a word on the others."""
    if len(cells) <= n:
        return cells, ""
    order = sorted(cells, key=lambda name: _value(cells[name]))
    kept = set(order[:n])
    shown = {name: value for name, value in cells.items() if name in kept}
    return shown, f"and {len(cells) - n} more, from {cells[order[n]]} up"


def _value(cell: str) -> float:
    return float("inf") if cell == "-" else float(cell)


def _percent(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.1f}"


def _clean(label: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in label)
