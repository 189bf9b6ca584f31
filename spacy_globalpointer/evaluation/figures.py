"""Charts in SVG, to stand in the page. Colours and sizes are the style sheet's."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from .calibration import Bin
from .curves import Curve, thin_out
from .markup import escape, percent

Point = Tuple[float, float]  # both from 0 to 1

#: F1 of the thin lines behind precision and recall.
LEVELS = (0.2, 0.4, 0.6, 0.8)
#: Room above a plot.
TOP = 10


class Plot:
    """A square from 0 to 1, drawn with an origin at the bottom left.

    size (int): Its width and height.
    left (int): Room at the left, for ticks.
    bottom (int): Room at the bottom.
    right (int): Room at the right.
    """

    def __init__(self, size: int, *, left: int, bottom: int, right: int) -> None:
        self.size, self.left = size, left
        self.width, self.height = left + size + right, size + bottom + TOP
        self.parts: List[str] = []

    def at(self, x: float, y: float) -> str:
        """RETURNS (str): A point's place in the picture."""
        return f"{self.left + x * self.size:.1f},{TOP + (1 - y) * self.size:.1f}"

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through points, of a CSS class."""
        if points:
            path = "L".join(self.at(x, y) for x, y in points)
            self.parts.append(f'<path class="{kind}" d="M{path}"/>')

    def box(self, left: float, right: float, height: float, kind: str) -> None:
        """Draw a column that stands on the x axis, of a CSS class."""
        points = [(left, 0.0), (left, height), (right, height), (right, 0.0)]
        self.line([*points, points[0]], kind)

    def dot(self, x: float, y: float, kind: str, radius: float = 4) -> None:
        """Draw a dot of a CSS class."""
        cx, cy = self.at(x, y).split(",")
        self.parts.append(
            f'<circle class="{kind}" cx="{cx}" cy="{cy}" r="{radius:g}"/>'
        )

    def text(self, x: float, y: float, text: str, anchor: str, kind: str) -> None:
        """Write at a place of the picture, in its own units."""
        self.parts.append(
            f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def axes(self, x_name: str, y_name: str, ticks: Sequence[float]) -> None:
        """Draw a grid with ticks in per cent, and the names of the axes."""
        for tick in ticks:
            self.line([(tick, 0), (tick, 1)], "grid")
            self.line([(0, tick), (1, tick)], "grid")
            x, y = (float(v) for v in self.at(tick, tick).split(","))
            self.text(x, TOP + self.size + 16, f"{100 * tick:.0f}", "middle", "tick")
            self.text(self.left - 5, y + 4, f"{100 * tick:.0f}", "end", "tick")
        middle = self.left + self.size / 2
        if x_name:
            self.text(middle, self.height - 3, x_name, "middle", "axis")
        if y_name:
            self.parts.append(
                f'<text class="axis" text-anchor="middle" transform="translate(13,'
                f'{TOP + self.size / 2:g}) rotate(-90)">{escape(y_name)}</text>'
            )

    def svg(self, title: str) -> str:
        """RETURNS (str): The picture; the title says what it shows."""
        title = escape(title)
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{title}"><title>{title}</title>{"".join(self.parts)}</svg>'
        )


def draw_curve(curve: Curve, point: Point, title: str) -> str:
    """Draw precision by recall, over lines of equal F1.

    curve (Curve): The curve.
    point (Point): Recall and precision of the pipeline as it is.
    title (str): What the picture shows.
    RETURNS (str): An <svg>.
    """
    plot = Plot(360, left=48, bottom=42, right=44)
    plot.axes("Recall (%)", "Precision (%)", [0, 0.2, 0.4, 0.6, 0.8, 1])
    for level in LEVELS:
        least = level / (2 - level)
        recalls = [least + (1 - least) * step for step in _steps(24)]
        plot.line([(x, level * x / (2 * x - level)) for x in recalls], "level")
        x, y = (float(v) for v in plot.at(1, least).split(","))
        plot.text(x + 5, y + 4, f"F1 {100 * level:.0f}", "start", "hint")
    recall, precision = thin_out(curve, 200)
    plot.line(list(zip(recall, precision)), "curve")
    plot.dot(*point, "point", radius=5)
    return plot.svg(title)


def draw_small_curve(curve: Curve, whole: Curve, point: Point, title: str) -> str:
    """Draw precision by recall of a label, before the curve of all spans.

    curve (Curve): The label's curve.
    whole (Curve): The curve of all spans.
    point (Point): Recall and precision of the pipeline as it is.
    title (str): What the picture shows.
    RETURNS (str): An <svg>.
    """
    plot = Plot(150, left=30, bottom=20, right=12)
    plot.axes("", "", [0, 0.5, 1])
    for own, kind in ((whole, "behind"), (curve, "curve")):
        recall, precision = thin_out(own, 75)
        plot.line(list(zip(recall, precision)), kind)
    plot.dot(*point, "point")
    return plot.svg(title)


def draw_reliability(bins: Sequence[Bin], title: str) -> str:
    """Draw how often candidates are right by their probability, with an interval of
    95 % (Wilson's), over columns of their numbers.

    bins (Sequence[Bin]): The bins; empty ones are left out.
    title (str): What the picture shows.
    RETURNS (str): An <svg>.
    """
    plot = Plot(360, left=48, bottom=42, right=44)
    names = ("Probability (%)", "Candidates that are right (%)")
    plot.axes(*names, [0, 0.2, 0.4, 0.6, 0.8, 1])
    filled = [own for own in bins if own.n]
    most = max((own.n for own in filled), default=1)
    for own in filled:
        plot.box(own.low + 0.005, own.high - 0.005, 0.25 * own.n / most, "count")
    plot.line([(0, 0), (1, 1)], "diagonal")
    for own in filled:
        ends = _interval(own.precision, own.n)
        plot.line([(own.probability, end) for end in ends], "interval")
    plot.line([(own.probability, own.precision) for own in filled], "curve")
    for own in filled:
        plot.dot(own.probability, own.precision, "point")
    return plot.svg(title)


def draw_bar(value: Optional[float]) -> str:
    """Draw a bar for a table's cell, beside the number that it shows.

    value (Optional[float]): Its length, from 0 to 1; None draws none.
    RETURNS (str): An <svg> that is hidden from those who hear the page.
    """
    width = percent(value or 0.0)
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true"><rect class="rail" width="100" height="10"/>'
        f'<rect class="fill" width="{width}" height="10"/></svg>'
    )


def _steps(n: int) -> List[float]:
    # More of them where the lines bend.
    return [(i / n) ** 2 for i in range(n + 1)]


def _interval(share: float, n: int) -> Point:
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    spread = (
        z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    )
    return middle - spread, middle + spread
