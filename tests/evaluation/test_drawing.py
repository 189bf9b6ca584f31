"""Spans drawn on text."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.evaluation.drawing import (
    DrawnSpan,
    Word,
    assign_lanes,
    draw_spans,
)

COLORS = {"A": "#aaa", "<b>": "#bbb"}


def span(start, end, label="A", mark="", is_wrong=False):
    return DrawnSpan(start, end, label, mark, is_wrong, label)


def draw(words, *spans):
    return ElementTree.fromstring(draw_spans(words, spans, COLORS))


def words(text):
    return [Word(word, True) for word in text.split()]


def test_text_is_kept():
    drawn = draw([Word("a", True), Word("b", False), Word("c", True)], span(1, 2))
    tags = [tag.text for tag in drawn.iter("b")]
    assert tags == ["A"]
    assert "".join(drawn.itertext()).replace("A", "") == "a bc "


def test_a_label_stands_at_the_first_word_alone():
    drawn = draw(words("a b c"), span(0, 3), span(1, 2))
    tokens = [(t.text, [b.text for b in t.iter("b")]) for t in drawn.findall("span")]
    assert tokens == [("a ", ["A"]), ("b ", ["A"]), ("c", [])]
    assert len(list(drawn.iter("i"))) == 4


def test_mistakes_are_marked():
    drawn = draw(words("a b"), span(0, 1, mark="✗", is_wrong=True), span(1, 2))
    kinds = [(tag.text, tag.get("class")) for tag in drawn.iter("b")]
    assert kinds == [("✗ A", "tag wrong"), ("A", "tag")]


def test_all_is_escaped():
    html = draw_spans([Word("<i>&", False)], [span(0, 1, "<b>")], COLORS)
    drawn = ElementTree.fromstring(html)
    assert drawn.find("span").text == "<i>&"
    assert [(tag.text, tag.get("title")) for tag in drawn.iter("b")] == [("<b>", "<b>")]


def test_characters_that_xml_lacks_are_replaced():
    assert "\ufffd" in draw_spans([Word("a\x00\x0b", False)], [], COLORS)


def test_line_ends_are_kept_and_long_tokens_are_not():
    drawn = draw([Word("a", False), Word("\n\n", False), Word("b" * 500, False)])
    assert len(drawn.findall("br")) == 1
    assert len("".join(drawn.itertext())) < 100


PLACES = st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda p: (p[0], sum(p)))


@given(st.lists(PLACES, max_size=10))
def test_no_two_spans_of_a_lane_overlap(places):
    placed = assign_lanes([span(*place) for place in places])
    assert sorted((s.start, s.end) for _, s in placed) == sorted(places)
    cells = [(lane, i) for lane, s in placed for i in range(s.start, s.end)]
    assert len(cells) == len(set(cells))


def test_a_span_is_above_those_that_it_holds():
    placed = assign_lanes([span(0, 1), span(0, 3)])
    lanes = {s.end - s.start: lane for lane, s in placed}
    assert lanes == {3: 0, 1: 1}
