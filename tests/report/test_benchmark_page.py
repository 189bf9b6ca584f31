"""The measurements of pipelines as a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from page_checks import NAMES, CheckedPage

from spacy_globalpointer.benchmarking.benchmark import Benchmark, Timing
from spacy_globalpointer.report.benchmark_page import make_benchmark_page, milliseconds
from spacy_globalpointer.report.templates import POLICY

TEXT = ".*"
ALLOWED = {
    **dict.fromkeys(["head", "title", "style", "header", "h1", "h2", "main"], {}),
    **dict.fromkeys(["section", "figure", "figcaption", "caption"], {}),
    **dict.fromkeys(["thead", "tbody", "tr"], {}),
    "html": {"lang": "en"},
    "meta": {
        "charset": "utf-8",
        "http-equiv": "Content-Security-Policy",
        "name": "viewport",
        "content": f"{re.escape(POLICY)}|width=device-width, initial-scale=1",
    },
    "body": {"class": "gp page"},
    "p": {"class": "note"},
    "div": {
        "class": "scroll|charts",
        "tabindex": "0",
        "role": "region",
        "aria-label": TEXT,
    },
    "table": {"class": "scores speeds|"},
    "th": {"scope": "col|row"},
    "td": {"class": "wide"},
    "i": {"class": r"swatch c\d"},
    "svg": {
        "class": "bar|chart",
        "viewbox": r"0 0 \d+ \d+",
        "preserveaspectratio": "none",
        "role": "img",
        "aria-label": TEXT,
        "aria-hidden": "true",
    },
    "rect": {"class": "rail|fill", "width": r"[\d.]+", "height": "10"},
    "path": {"class": r"grid|series c\d", "d": r"[ML\d.,-]+"},
    "circle": {"class": r"series c\d", **dict.fromkeys(["cx", "cy", "r"], r"[\d.]+")},
    "text": {
        **{"class": "tick|axis", "text-anchor": "start|middle|end", "x": r"[\d.]+"},
        **{"y": r"[\d.]+", "transform": r"translate\([\d.]+,[\d.]+\) rotate\(-90\)"},
    },
}
MACHINE = {
    **{"platform": "Linux", "processor": "<CPU>", "cpus": 2, "python": "3.11"},
    "spacy": "3.8",
}
SETTINGS = {
    **{"words": 20, "words_available": 7, "texts": 3, "are_examples": False},
    **{"repeated_lengths": [], "batch_size": None, "runs": 3, "turns": 2},
    "machine": MACHINE,
}


def timing(name, threads=1, latencies=((16, [0.004]), (128, [0.01, 0.03])), size=1e6):
    times = {"load": 1.0, "first_text": 0.1, "cold_start": 2.0}
    return Timing(
        name,
        "en_pipeline 0.0.0",
        threads,
        size,
        **times,
        peak_memory=None if size is None else 2**28,
        words_per_second=[900.0, 1100.0],
        latencies=dict(latencies),
    )


def page_of(*timings):
    return make_benchmark_page(Benchmark(SETTINGS, list(timings)))


def test_page_has_every_pipeline_and_length():
    page = page_of(timing("a"), timing("b", size=None), timing("a", 2))
    tree = ElementTree.fromstring(page.split("\n", 1)[1])
    rows = ["|".join(x.itertext()) for x in tree.iter("tr")]
    assert sum(" b|" in row for row in rows) == 1 + 2
    assert [x.text for x in tree.iter("h2")] == ["1 thread", "2 threads"]
    lines = [x for x in tree.iter("path") if "series" in x.get("class")]
    assert [x.get("class") for x in lines] == ["series c0", "series c1", "series c0"]
    assert "repeated from 7" in page and "1,000" in page and "&lt;CPU&gt;" in page


@pytest.mark.parametrize("latencies", [(), [(16, [0.5])], [(9, [1e-6]), (99, [900.0])]])
def test_any_times_are_drawn(latencies):
    page = page_of(timing("a", latencies=latencies))
    assert CheckedPage(page, ALLOWED).problems == []
    assert page.count('class="chart"') == bool(latencies)


@given(name=NAMES)
@settings(max_examples=20)
def test_names_cannot_break_out(name):
    assert CheckedPage(page_of(timing(name)), ALLOWED).problems == []


@pytest.mark.parametrize(
    "seconds, text", [(0.00012, "0.12"), (0.0123, "12.3"), (1.5, "1,500.0")]
)
def test_milliseconds_have_two_digits_or_more(seconds, text):
    assert milliseconds(seconds) == text
