"""The measurements of pipelines as one HTML page without scripts or other files."""

from __future__ import annotations

from typing import Any, Dict, List

from ..benchmarking.benchmark import PERCENTILES, Benchmark, Timing
from .charts import N_COLORS, Chart, draw_latencies
from .templates import POLICY, render_template


def make_benchmark_page(result: Benchmark) -> str:
    """Make the page. The same measurements make the same page.

    result (Benchmark): The measurements.
    RETURNS (str): The page, which is well-formed XML too.
    """
    groups: Dict[int, List[Timing]] = {}
    for own in result.timings:
        groups.setdefault(own.threads, []).append(own)
    return render_template(
        "benchmark.html.jinja",
        policy=POLICY,
        settings=result.settings,
        groups=groups,
        charts=_draw(groups),
        fastest=max(own.speed for own in result.timings),
        labels=[f"p{percentile} (ms)" for percentile in PERCENTILES],
        milliseconds=milliseconds,
        n_colors=N_COLORS,
    )


def milliseconds(seconds: float) -> str:
    """RETURNS (str): A time in milliseconds, with two digits or more."""
    time = 1000 * seconds
    return f"{time:,.1f}" if time >= 10 else f"{time:.2f}"


def _draw(groups: Dict[int, List[Timing]]) -> Dict[int, Chart]:
    charts: Dict[Any, Chart] = {}
    for threads, timings in groups.items():
        medians = [{n: own.percentiles(n)[0] for n in own.latencies} for own in timings]
        if all(medians):
            title = f"Median time of a text by its length, threads: {threads}"
            charts[threads] = draw_latencies(medians, title)
    return charts
