"""The report as a page."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from evaluation_helpers import example, matched
from hypothesis import given, settings
from hypothesis import strategies as st
from page_checks import CONTROLS, DRAWN, NAMES, CheckedPage, merge

from spacy_globalpointer.evaluation.evaluate import summarize
from spacy_globalpointer.evaluation.worst import find_worst
from spacy_globalpointer.report.confusion_table import MOST_LABELS
from spacy_globalpointer.report.evaluation_page import MOST_CURVES, make_page
from spacy_globalpointer.report.templates import POLICY, printable

WORDS = [
    "Mary",
    "</style><script>alert(1)</script>",
    "of",
    "'\"Leith&",
    "\x00",
    ".",
] * 8
EVIL = "<script src=//x>"
GOLD = [(0, 4, "PER"), (3, 4, EVIL), (10, 12, "PER")]
FOUND = [(0, 4, "PER"), (3, 4, "PER"), (10, 11, "PER"), (20, 21, EVIL)]
SETTINGS = {
    **{"pipeline": "en_<b>", "version": "0.0.0", "lang": "en", "component": "gp"},
    **{"data": "<i>.spacy", "documents": 1, "documents_not_annotated": 2},
    **{"tokens": 48, "spans_key": "<sc>", "threshold": 0.5, "thresholds": {EVIL: 0.4}},
    **{"overlap": "any", "temperature": 1.5, "lowest": 0.02},
    **{"document_memory": 0.0, "document_band": [0.1, 0.9]},
    **{"memory_entries": 0, "memory_weight": 0.25, "memory_temperature": 0.1},
    **{"memory_neighbours": 64, "memory_lowest": 0.02, "memory_limit": 100_000},
}


def report_of(*group, name=EVIL, settings=SETTINGS, **kwargs):
    spans = matched(*group, **kwargs)
    docs = [own.predicted for own in group]
    worst = find_worst(docs, [f"{name} {i}" for i in range(len(docs))], spans, 5)
    return summarize(spans, spans, worst=worst, settings=settings)


@pytest.fixture
def report():
    own = example(WORDS, GOLD, FOUND, [0.99, 0.6, 0.5, 0.7])
    return report_of(own, distances=[lambda start, end: start - 1])


def parse(page):
    return ElementTree.fromstring(page.split("\n", 1)[1])


def texts(tree, tag):
    return ["".join(node.itertext()) for node in tree.iter(tag)]


def test_page_is_well_formed_and_has_all_sections(report):
    page = make_page(report)
    assert page.startswith("<!DOCTYPE html>\n")
    names = "Labels|Length|Nesting|Order of mention|Window seams|Confusion"
    others = ["Precision and recall", "Reliability", "Worst documents"]
    names = [*names.split("|"), *others]
    assert texts(parse(page), "h2") == names
    anchors = [a.get("href") for a in parse(page).iter("a")]
    assert anchors == [f"#{s.get('id')}" for s in parse(page).iter("section")]


def test_nothing_is_loaded(report):
    page = make_page(report)
    tree = parse(page)
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert {node.tag for node in tree.iter()}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "base", "image", "use"}
    )
    attributes = {name for node in tree.iter() for name in node.attrib}
    assert not {a for a in attributes if a.startswith("on") or "src" in a}
    assert "@import" not in page
    [policy] = [m.get("content") for m in tree.iter("meta") if m.get("http-equiv")]
    assert policy == POLICY and "default-src 'none'" in POLICY


def test_text_from_the_data_is_escaped(report):
    page = make_page(report, title="<script>")
    tree = parse(page)
    assert "<script" not in page and "\x00" not in page
    assert texts(tree, "h1") == texts(tree, "title")[:1] == ["<script>"]
    assert f"{EVIL} 0" in texts(tree, "h3")
    assert "</style><script>alert(1)</script>" in " ".join(texts(tree, "article"))
    assert len(texts(tree, "style")) == 2
    assert EVIL in texts(tree, "th")


TEXT = ".*"  # attributes that hold a text
NUMBER = r"-?[\d.]+"
ALLOWED = merge(
    DRAWN,
    CONTROLS,
    {
        **dict.fromkeys(["head", "title", "style", "header", "h1", "main"], {}),
        **dict.fromkeys(["dt", "dd", "h2", "h3", "caption", "thead", "tbody"], {}),
        **dict.fromkeys(["figure", "figcaption", "article", "tr", "br"], {}),
        "html": {"lang": "en"},
        "meta": {
            "charset": "utf-8",
            "http-equiv": "Content-Security-Policy",
            "name": "viewport",
            "content": f"{re.escape(POLICY)}|width=device-width, initial-scale=1",
        },
        "body": {"class": "gp page"},
        "nav": {"aria-label": "Contents"},
        "a": {"href": "#[a-z]+"},
        "section": {"id": "[a-z]+"},
        "p": {"class": "note|gap"},
        "dl": {"class": "tiles"},
        "div": {
            "class": "scroll|charts|small",
            "tabindex": "0",
            "role": "region",
            "aria-label": TEXT,
        },
        "table": {"class": "scores|matrix|"},
        "th": {"scope": "col|row"},
        "td": {
            "class": "wide|((zero|right|wrong) )?(edge)?",
            "style": r"--f:[01]\.\d\d",
        },
        "svg": {
            "class": "chart|bar",
            "viewbox": "[\\d ]+",
            "role": "img",
            "aria-label": TEXT,
            "aria-hidden": "true",
            "preserveaspectratio": "none",
        },
        "path": {"class": "[a-z]+", "d": r"M[\d.,L-]+"},
        "circle": {"class": "[a-z]+", "cx": NUMBER, "cy": NUMBER, "r": NUMBER},
        "rect": {"class": "rail|fill", "width": NUMBER, "height": NUMBER},
        "text": {
            "class": "[a-z]+",
            "x": NUMBER,
            "y": NUMBER,
            "text-anchor": "start|middle|end",
            "transform": rf"translate\(13,{NUMBER}\) rotate\(-90\)",
        },
    },
)


@settings(max_examples=40)
@given(
    words=st.lists(NAMES, min_size=4, max_size=4),
    labels=st.lists(NAMES, min_size=2, max_size=2),
    name=NAMES,
    title=st.none() | NAMES,
    setting=NAMES,
)
def test_data_make_no_elements_and_no_attributes(words, labels, name, title, setting):
    first, second = labels
    own = example(
        words * 3,
        [(0, 2, first), (1, 2, second), (5, 7, first)],
        [(0, 2, first), (1, 2, first), (4, 7, second)],
    )
    texts = ("pipeline", "version", "lang", "component", "data", "spans_key", "overlap")
    known = {**SETTINGS, **dict.fromkeys(texts, setting), "thresholds": {first: 0.4}}
    report = report_of(own, name=name, settings=known)
    page = CheckedPage(make_page(report, title=title), ALLOWED)
    assert page.problems == []
    assert not any(
        printable(label) in page.texts["style"][1] for label in labels if len(label) > 9
    )
    assert page.texts["h1"] == [printable(title or f"{setting} on {setting}")]
    assert page.texts["h3"] == [printable(f"{name} 0")]
    for label in labels:
        assert printable(label) in page.texts["th"]
    whole = " ".join(page.texts["div"])
    assert all(printable(word) in whole for word in words)


def test_title_names_pipeline_and_data(report):
    assert texts(parse(make_page(report)), "h1") == ["en_<b> on <i>.spacy"]


def test_same_report_makes_the_same_page(report):
    again = example(WORDS, GOLD[::-1], FOUND, [0.99, 0.6, 0.5, 0.7])
    other = report_of(again, distances=[lambda start, end: start - 1])
    assert make_page(report) == make_page(other)


def test_page_is_readable_on_a_phone_and_in_dark_mode(report):
    page = make_page(report)
    assert 'content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme: dark" in page and "@media print" in page
    boxes = [n for n in parse(page).iter("div") if n.get("class") == "scroll"]
    assert len(boxes) == len(list(parse(page).iter("table")))


def test_pictures_have_names(report):
    for svg in parse(make_page(report)).iter("svg"):
        if svg.get("class") == "bar":
            assert svg.get("aria-hidden") == "true"
        else:
            assert svg.get("role") == "img" and svg.get("aria-label")
            assert svg.find("title").text == svg.get("aria-label")


def test_undefined_fraction_is_shown_as_a_dash():
    page = parse(make_page(report_of(example(WORDS, GOLD, []))))
    rows = [["".join(c.itertext()) for c in row] for row in page.iter("tr")]
    assert ["PER", "–", "0.0", "0.0", "", "0.0", "2", "0", "0"] in rows
    tiles = dict(zip(texts(page, "dt"), texts(page, "dd")))
    assert (tiles["Precision"], tiles["Recall"], tiles["F1"]) == ("–", "0.0", "0.0")
    assert any("A dash stands for" in text for text in texts(page, "p"))


def test_scores_are_those_of_the_report(report):
    tree = parse(make_page(report))
    rows = [["".join(c.itertext()) for c in row] for row in tree.iter("tr")]
    assert ["PER", "33.3", "50.0", "40.0", "", "50.0", "2", "3", "1"] in rows
    assert ["all", "25.0", "33.3", "28.6", "", "33.3", "3", "4", "1"] in rows
    assert "28.6" in texts(tree, "dd")


def test_scores_by_order_of_mention_are_those_of_the_report():
    gold, found = [(0, 1, "A"), (1, 2, "A")], [(0, 1, "A"), (2, 3, "A")]
    tree = parse(make_page(report_of(example(["a", "A", "a"], gold, found))))
    rows = [["".join(c.itertext()) for c in row] for row in tree.iter("tr")]
    assert ["first", "100.0", "100.0", "100.0", "", "1", "1", "1"] in rows
    assert ["later", "0.0", "0.0", "0.0", "", "1", "1", "0"] in rows


def test_confusion_has_a_row_for_each_gold_label(report):
    [matrix] = [
        t for t in parse(make_page(report)).iter("table") if t.get("class") == "matrix"
    ]
    rows = [["".join(c.itertext()) for c in row] for row in matrix.iter("tr")]
    assert rows == [
        ["gold ↓ predicted →", "PER", EVIL, "other boundaries", "missed"],
        ["PER", "1", "·", "1", "·"],
        [EVIL, "1", "·", "·", "·"],
        ["spurious", "·", "1", "", ""],
    ]


def test_worst_documents_compare_gold_and_predicted(report):
    [article] = parse(make_page(report)).iter("article")
    marks = {
        ("".join(mark.itertext()), mark.get("class").split(" ", 2)[2])
        for mark in article.iter("mark")
    }
    script = WORDS[1]
    assert marks == {
        (f"Mary {script} of '\"Leith&+PER−{EVIL}PER", "right"),
        (f"'\"Leith&+PER−{EVIL}", "missed"),
        ("'\"Leith&+PER", "spurious"),
        ("\ufffd+PER .−PER", "missed"),
        ("\ufffd+PER", "spurious"),
        (f"of+{EVIL}", "spurious"),
    }


def test_parts_of_long_documents_state_the_tokens_left_out():
    own = example(["word"] * 900, [(500, 501, "A"), (505, 507, "A")], [(505, 507, "A")])
    page = parse(make_page(report_of(own)))
    gaps = [p.text for p in page.iter("p") if p.get("class") == "gap"]
    shown = [d for d in page.iter("div") if (d.get("class") or "") == "text"]
    assert len(gaps) == 2 and len(shown) == 1
    left_out = sum(int(gap.split()[1]) for gap in gaps)
    text = "".join(shown[0].itertext())
    assert left_out + text.count("word") == 900 and "−A" in text


def test_no_mistakes_and_no_seams_need_no_sections():
    page = make_page(report_of(example(["a"], [(0, 1, "A")], [(0, 1, "A")])))
    assert texts(parse(page), "h2")[-1] == "Reliability"
    assert "Window seams" not in page


def test_precision_without_found_spans_is_a_dash():
    tree = parse(make_page(report_of(example(["a"], [(0, 1, "A")], []))))
    rows = [["".join(c.itertext()) for c in row] for row in tree.iter("tr")]
    assert ["A", "–", "0.0", "0.0", "", "0.0", "1", "0", "0"] in rows


def test_many_labels_stay_readable():
    n = 60
    gold = [(i, i + 1, f"L{i:02}") for i in range(n)]
    found = [(i, i + 1, f"L{i // 2:02}") for i in range(n)]
    page = make_page(report_of(example(["a"] * n, gold, found)))
    tree = parse(page)
    [matrix] = [t for t in tree.iter("table") if t.get("class") == "matrix"]
    rows = [["".join(c.itertext()) for c in row] for row in matrix.iter("tr")]
    assert (len(rows), len(rows[0])) == (MOST_LABELS + 3, MOST_LABELS + 4)
    numbers = [int(x) for row in rows[1:] for x in row[1:] if x.isdigit()]
    assert sum(numbers) == n and f"{n - MOST_LABELS} others" in rows[0]
    pictures = [s for s in tree.iter("svg") if s.get("class") == "chart"]
    assert len(pictures) == MOST_CURVES + 2
    assert f"{n - MOST_CURVES} rarest" in page


def test_a_large_corpus_makes_no_large_page():
    n = 1500
    gold = [(i, i + 3, "A") for i in range(0, n - 3, 2)]
    found = [(i, i + 3, "A") for i in range(1, n - 3, 2)]
    group = [example(["word"] * n, gold, found) for _ in range(3)]
    assert len(make_page(report_of(*group)).encode()) < 600_000


def test_thresholds_of_single_labels_are_shown(report):
    page = make_page(replace(report, settings={**SETTINGS, "temperature": 1.0}))
    assert "threshold 0.5 (&lt;script src=//x&gt; 0.4)" in page
    assert "temperature" not in page and "temperature 1.5" in make_page(report)


def test_a_memory_of_spans_is_shown_if_it_has_entries(report):
    page = make_page(replace(report, settings={**SETTINGS, "memory_entries": 1200}))
    shown = "memory of 1,200 entries, weight 0.25, temperature 0.1, 64 neighbours, from"
    assert shown in page and "neighbours" not in make_page(report)


def test_a_document_memory_is_shown_if_there_is_one(report):
    page = make_page(replace(report, settings={**SETTINGS, "document_memory": 0.75}))
    assert "document memory 0.75 from 0.1 to 0.9" in page
    assert "document memory" not in make_page(report)
