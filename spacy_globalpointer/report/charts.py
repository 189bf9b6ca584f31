"""Charts, as shapes that a template draws in SVG. The style sheet has their colours."""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy
from spacy.scorer import PRFScore

from ..evaluation.calibration import Bin
from ..evaluation.curves import Curve, FloatArray

Point = Tuple[float, float]  # both from 0 to 1
#: Texts along an axis, by their place from 0 to 1.
Ticks = Mapping[float, str]

#: F1 values of the thin lines in the background.
LEVELS = (0.2, 0.4, 0.6, 0.8)
TICKS = {tick / 100: str(tick) for tick in (0, 20, 40, 60, 80, 100)}
FEW_TICKS = {0.0: "0", 0.5: "50", 1.0: "100"}
#: Number of colours of spans.css.
N_COLORS = 10
#: Height of the space above a plot.
TOP = 10


class Line(NamedTuple):
    """A line or the outline of a box: a CSS class, and a path of SVG."""

    kind: str
    path: str


class Dot(NamedTuple):
    """A dot: a CSS class, its place in the picture and its radius."""

    kind: str
    x: float
    y: float
    radius: int


class Caption(NamedTuple):
    """A text: a CSS class, its place in the picture, its words, the part of it that is
    at the place ("start", "middle" or "end"), and whether it is written upwards."""

    kind: str
    x: float
    y: float
    text: str
    anchor: str
    is_upward: bool = False


class Chart:
    """A square from 0 to 1, with the origin at the bottom left.

    title (str): What the chart shows.
    size (int): Width and height of the square.
    left (int): Width of the space at the left, for ticks.
    bottom (int): Height of the space at the bottom.
    right (int): Width of the space at the right.
    """

    def __init__(
        self, title: str, size: int, *, left: int, bottom: int, right: int
    ) -> None:
        self.title, self.size, self.left = title, size, left
        self.width, self.height = left + size + right, size + bottom + TOP
        self.lines: List[Line] = []
        self.dots: List[Dot] = []
        self.captions: List[Caption] = []

    def at(self, x: float, y: float) -> Point:
        """RETURNS (Point): The place of a point in the picture."""
        return (
            round(self.left + x * self.size, 1),
            round(TOP + (1 - y) * self.size, 1),
        )

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through points."""
        if points:
            places = (self.at(x, y) for x, y in points)
            self.lines.append(Line(kind, "M" + "L".join(f"{x},{y}" for x, y in places)))

    def box(self, left: float, right: float, height: float, kind: str) -> None:
        """Draw a column that stands on the x axis."""
        points = [(left, 0.0), (left, height), (right, height), (right, 0.0)]
        self.line([*points, points[0]], kind)

    def dot(self, x: float, y: float, kind: str, radius: int = 4) -> None:
        """Draw a dot."""
        self.dots.append(Dot(kind, *self.at(x, y), radius))

    def axes(self, x_name: str, y_name: str, x_ticks: Ticks, y_ticks: Ticks) -> None:
        """Draw a grid with ticks, and the names of the axes."""
        below = TOP + self.size + 16
        for place, text in x_ticks.items():
            self.line([(place, 0), (place, 1)], "grid")
            x = self.at(place, 0)[0]
            self.captions.append(Caption("tick", x, below, text, "middle"))
        for place, text in y_ticks.items():
            self.line([(0, place), (1, place)], "grid")
            y = self.at(0, place)[1]
            self.captions.append(Caption("tick", self.left - 5, y + 4, text, "end"))
        x, y = self.at(0.5, 0.5)
        if x_name:
            self.captions.append(Caption("axis", x, self.height - 3, x_name, "middle"))
        if y_name:
            self.captions.append(Caption("axis", 13, y, y_name, "middle", True))


def draw_curve(curve: Curve, total: PRFScore) -> Chart:
    """Draw precision by recall, over lines of equal F1.

    curve (Curve): The curve.
    total (PRFScore): The scores of the pipeline with its settings.
    RETURNS (Chart): The chart.
    """
    chart = Chart("Precision by recall, all labels", 360, left=48, bottom=42, right=44)
    chart.axes("Recall (%)", "Precision (%)", TICKS, TICKS)
    for level in LEVELS:
        least = level / (2 - level)
        # More points where the line bends.
        recalls = [least + (1 - least) * (i / 24) ** 2 for i in range(25)]
        chart.line([(x, level * x / (2 * x - level)) for x in recalls], "level")
        x, y = chart.at(1, least)
        text = f"F1 {100 * level:.0f}"
        chart.captions.append(Caption("hint", x + 5, y + 4, text, "start"))
    chart.line(list(zip(*thin_out(curve, 200))), "curve")
    chart.dot(total.recall, total.precision, "point", radius=5)
    return chart


def draw_small_curve(curve: Curve, whole: Curve, score: PRFScore, label: str) -> Chart:
    """Draw precision by recall of a label, in front of the curve of all labels.

    curve (Curve): The curve of the label.
    whole (Curve): The curve of all labels.
    score (PRFScore): The scores of the label with the settings of the pipeline.
    label (str): The label.
    RETURNS (Chart): The chart.
    """
    title = f"Precision by recall, {label}"
    chart = Chart(title, 150, left=30, bottom=20, right=12)
    chart.axes("", "", FEW_TICKS, FEW_TICKS)
    for own, kind in ((whole, "behind"), (curve, "curve")):
        chart.line(list(zip(*thin_out(own, 75))), kind)
    chart.dot(score.recall, score.precision, "point")
    return chart


def draw_reliability(bins: Sequence[Bin]) -> Chart:
    """Draw the fraction of right candidates by probability, with Wilson's interval of
    95 %, over columns of their numbers.

    bins (Sequence[Bin]): The bins. Empty ones are left out.
    RETURNS (Chart): The chart.
    """
    title = "Fraction of right candidates by probability"
    chart = Chart(title, 360, left=48, bottom=42, right=44)
    chart.axes("Probability (%)", "Right candidates (%)", TICKS, TICKS)
    filled = [own for own in bins if own.n]
    most = max((own.n for own in filled), default=1)
    for own in filled:
        chart.box(own.low + 0.005, own.high - 0.005, 0.25 * own.n / most, "count")
    chart.line([(0, 0), (1, 1)], "diagonal")
    for own in filled:
        ends = _interval(own.precision, own.n)
        chart.line([(own.probability, end) for end in ends], "interval")
    chart.line([(own.probability, own.precision) for own in filled], "curve")
    for own in filled:
        chart.dot(own.probability, own.precision, "point")
    return chart


def draw_latencies(series: Sequence[Dict[int, float]], title: str) -> Chart:
    """Draw the time of a text by its length, both on logarithmic scales.

    series (Sequence[Dict[int, float]]): For each line, the seconds by number of tokens.
    title (str): What the chart shows.
    RETURNS (Chart): The chart.
    """
    chart = Chart(title, 360, left=60, bottom=42, right=24)
    lengths = sorted({length for own in series for length in own})
    times = [1000 * seconds for own in series for seconds in own.values()]
    first, last = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    last = max(last, first + 1)

    def place(value: float, low: float, high: float) -> float:
        spread = math.log(high / low)
        return math.log(value / low) / spread if spread else 0.5

    xs = {length: place(length, lengths[0], lengths[-1]) for length in lengths}
    y_ticks = {
        (power - first) / (last - first): f"{10.0**power:,.{max(-power, 0)}f}"
        for power in range(first, last + 1)
    }
    x_ticks = {x: f"{length:,}" for length, x in xs.items()}
    chart.axes("Tokens", "Milliseconds", x_ticks, y_ticks)
    for i, own in enumerate(series):
        points = [
            (xs[n], place(1000 * y, 10.0**first, 10.0**last)) for n, y in own.items()
        ]
        kind = f"c{i % N_COLORS}"
        chart.line(sorted(points), f"series {kind}")
        for x, y in points:
            chart.dot(x, y, f"series {kind}")
    return chart


def thin_out(curve: Curve, points: int) -> Tuple[FloatArray, FloatArray]:
    """Choose points to draw: the highest and the last precision of each step of recall.

    curve (Curve): The curve.
    points (int): Number of steps from recall 0 to 1.
    RETURNS (Tuple[FloatArray, FloatArray]): Recall and precision, at most two points
        per step.
    """
    steps = numpy.floor(curve.recall * points)
    chosen: List[int] = []
    for step in numpy.unique(steps):
        own = numpy.flatnonzero(steps == step)
        best = own[curve.precision[own].argmax()]
        chosen.extend(sorted({int(best), int(own[-1])}))
    return curve.recall[chosen], curve.precision[chosen]


def _interval(fraction: float, n: int) -> Point:
    z = 1.96
    middle = (fraction + z * z / (2 * n)) / (1 + z * z / n)
    spread = (
        z
        * (fraction * (1 - fraction) / n + z * z / (4 * n * n)) ** 0.5
        / (1 + z * z / n)
    )
    return middle - spread, middle + spread
