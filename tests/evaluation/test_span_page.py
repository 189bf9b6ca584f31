"""Documents with their spans as a page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from page_checks import HOSTILE, NAMES, SPAN_PAGE, TEXTS, CheckedPage
from spacy import displacy
from spacy.attrs import LANG
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_globalpointer.evaluation.colors import assign_colors
from spacy_globalpointer.evaluation.markup import printable
from spacy_globalpointer.evaluation.span_page import draw

NLP = spacy.blank("en")


def make_doc(words, spans, title=None, vocab=NLP.vocab, key="sc"):
    doc = Doc(vocab, words=words)
    doc.spans[key] = [
        Span(doc, start, end, label=label, kb_id=kb_id)
        for start, end, label, kb_id in spans
    ]
    if title is not None:
        doc.user_data["title"] = title
    return doc


def parse(page):
    parsed = CheckedPage(page, SPAN_PAGE)
    assert parsed.problems == []
    return parsed


def shown(text):
    """A text as a page holds it, which has one white space for many."""
    return " ".join(printable(text).split())


PLACES = st.tuples(st.integers(0, 3), st.integers(1, 4))


@given(
    words=st.lists(NAMES, min_size=4, max_size=4),
    places=st.lists(st.tuples(PLACES, NAMES, TEXTS), max_size=5),
    title=TEXTS,
    key=TEXTS,
)
def test_data_make_no_elements_and_no_attributes(words, places, title, key):
    spans = [(a, min(a + n, 4), label, kb_id) for (a, n), label, kb_id in places]
    page = parse(draw([make_doc(words, spans, title, key=key)], key))
    [text] = page.texts["div"]
    for _, _, label, kb_id in spans:
        assert shown(label) in shown(text)
        assert shown(kb_id) in shown(text)
    assert all(shown(word) in shown(text) for word in words)
    assert [shown(h) for h in page.texts.get("h2", [])] == [shown(title)] * bool(title)


@pytest.mark.parametrize("value", [*HOSTILE, "", "x" * 9, "en us"])
def test_language_and_direction_are_those_that_html_has(value):
    getters = {LANG: lambda _: value}
    vocab = Vocab(lex_attr_getters=getters, writing_system={"direction": value})
    page = draw([make_doc(["a"], [], vocab=vocab)], "sc")
    parse(page)
    assert "<html>" in page and "direction: ltr" in page


def test_arabic_is_written_from_right_to_left():
    nlp = spacy.blank("ar")
    page = draw([make_doc(["a"], []), nlp.make_doc("مرحبا")], "sc")
    assert '<html lang="ar">' in page and page.count("direction: rtl") == 3
    assert "direction: ltr" not in page
    parse(page)


def test_colors_of_other_packages_are_not_used(monkeypatch):
    evil = {"ORG": "red;background:url(//x)", "org": "url(//y)"}
    get_all = spacy.registry.displacy_colors.get_all
    monkeypatch.setattr(
        spacy.registry.displacy_colors, "get_all", lambda: {**get_all(), "x": evil}
    )
    page = draw([make_doc(["a"], [(0, 1, "ORG", ""), (0, 1, "org", "")])], "sc")
    assert "url" not in page
    parse(page)


def test_nothing_may_be_loaded_or_run():
    page = draw([make_doc(["a"], [])], "sc")
    assert "default-src 'none'" in page.partition("<body")[0].replace("&#39;", "'")


@pytest.mark.parametrize("title", [5, ["a", "<b>"], {"a": "<script>"}, None])
def test_a_title_may_be_anything(title):
    page = parse(draw([make_doc(["a"], [], title)], "sc"))
    assert page.texts.get("h2", []) == ([] if title is None else [str(title)])


def test_an_id_that_no_vocab_has_is_not_drawn():
    doc = make_doc(["a"], [])
    doc.spans["sc"] = [Span(doc, 0, 1, label="X", kb_id=12345)]
    assert "a" not in parse(draw([doc], "sc")).elements


class Stream(HTMLParser):
    """Elements with their attributes, and words, in their order."""

    def __init__(self, page):
        super().__init__()
        self.parts = []
        self.feed(page[page.index("<figure") :])

    def handle_starttag(self, tag, attrs):
        self.parts.append((tag, {k: (v or "").rstrip(";") for k, v in attrs}))

    def handle_endtag(self, tag):
        self.parts.append(tag)

    def handle_data(self, data):
        self.parts += data.split()


@pytest.mark.filterwarnings("ignore:.*W117")
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(1, 8), st.sampled_from("ABC")),
        max_size=8,
        unique=True,
    )
)
def test_the_picture_is_that_of_displacy(places):
    words = ["Mary", "<saw>", "\n\n", "Leith", ".", " ", "She", "left"]
    spans = [(a, min(a + n, 8), label, "") for a, n, label in places]
    spans.append((0, 1, "A", "Q42"))
    docs = [make_doc(words, spans, "Title"), make_doc(["x"], [])]
    options = {"spans_key": "sc", "colors": assign_colors([s[2] for s in spans])}
    theirs = displacy.render(
        docs, style="span", page=True, jupyter=False, options=options
    )
    assert Stream(draw(docs, "sc")).parts == Stream(theirs).parts
