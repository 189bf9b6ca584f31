"""A text is cut where spans begin and end."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.report.marks import (
    BLOCK,
    DrawnSpan,
    assign_lines,
    cut_text,
    make_legend,
    split_blocks,
)

TEXT = "abcdefghij"
PLACES = st.tuples(st.integers(0, 9), st.integers(1, 5)).map(
    lambda place: (place[0], min(sum(place), len(TEXT)))
)
SPANS = st.lists(
    st.builds(
        lambda place, label: DrawnSpan(*place, label), PLACES, st.sampled_from("XY")
    ),
    max_size=10,
    unique=True,
)


def nested(pieces):
    """The pieces as XML, which is well-formed if the marks are properly nested."""
    xml = ""
    for piece in pieces:
        xml += piece.text
        for mark, ends in piece.closed:
            xml += f"<end id='{hash(mark)}'/>" * ends + "</m>"
        xml += "".join(f"<m id='{hash(mark)}'>" for mark in piece.opened)
    return ElementTree.fromstring(f"<t>{xml}</t>")


@given(SPANS)
def test_each_mark_holds_the_text_of_its_span_and_ends_once(spans):
    marks = assign_lines(spans)
    tree = nested(cut_text(TEXT, spans))
    assert "".join(tree.itertext()) == TEXT
    for mark in marks:
        own = [m for m in tree.iter("m") if m.get("id") == str(hash(mark))]
        text = "".join("".join(m.itertext()) for m in own)
        assert text == TEXT[mark.span.start : mark.span.end]
        ends = [m for m in tree.iter("end") if m.get("id") == str(hash(mark))]
        assert len(ends) == 1 and ends[0] in list(own[-1])


def test_a_nested_span_is_one_mark_inside_another():
    spans = [DrawnSpan(0, 6, "X"), DrawnSpan(2, 4, "Y"), DrawnSpan(4, 6, "Y")]
    [outer] = nested(cut_text(TEXT, spans)).findall("m")
    assert ["".join(m.itertext()) for m in outer.findall("m")] == ["cd", "ef"]


def test_of_crossing_spans_the_one_that_ends_first_is_split():
    tree = nested(cut_text(TEXT, [DrawnSpan(0, 4, "X"), DrawnSpan(2, 8, "Y")]))
    first, second = tree.findall("m")
    assert ("".join(first.itertext()), "".join(second.itertext())) == ("ab", "cdefgh")
    assert ["".join(m.itertext()) for m in second.findall("m")] == ["cd"]


def test_an_excerpt_has_parts_of_spans_marked_as_cut():
    spans = [DrawnSpan(0, 3, "X"), DrawnSpan(4, 5, "X"), DrawnSpan(8, 9, "X")]
    pieces = list(cut_text(TEXT, spans, 2, 7))
    assert "".join(piece.text for piece in pieces) == "cdefg"
    marks = [mark.span for piece in pieces for mark in piece.opened]
    assert [(s.start, s.end, s.is_cut) for s in marks] == [(2, 3, True), (4, 5, False)]


@given(SPANS)
def test_no_two_spans_of_a_line_overlap(spans):
    marks = assign_lines(spans)
    assert sorted(mark.span for mark in marks) == sorted(spans)
    cells = [(m.line, i) for m in marks for i in range(m.span.start, m.span.end)]
    assert len(cells) == len(set(cells))


def test_a_span_is_above_those_that_it_holds_and_lines_are_used_again():
    spans = [DrawnSpan(0, 1, "X"), DrawnSpan(0, 3, "X"), DrawnSpan(5, 6, "X")]
    lines = {mark.span: mark.line for mark in assign_lines(spans)}
    assert list(map(lines.get, spans)) == [1, 0, 0]


def test_blocks_end_at_line_feeds_outside_of_spans():
    line = "x" * 99 + "\n"
    text = line * 100
    spans = [DrawnSpan(i, i + 300, "X") for i in range(50, len(text) - 300, 1000)]
    blocks = list(split_blocks(cut_text(text, spans)))
    assert len(blocks) == 5
    texts = ["".join(piece.text for piece in block) for block in blocks]
    assert "".join(texts) == text
    for block, own in zip(blocks[:-1], texts):
        nested(block)
        assert own.endswith("\n") and BLOCK <= len(own) < BLOCK + 500


def test_a_text_without_line_feeds_is_one_block():
    assert len(list(split_blocks(cut_text("x" * 5 * BLOCK, [])))) == 1


def test_legend_counts_spans_and_rounds_the_lowest_probability_down():
    spans = [
        DrawnSpan(0, 1, "B", "right", 0.879),
        DrawnSpan(0, 1, "A", "missed"),
        DrawnSpan(1, 2, "B", "spurious", 0.999),
    ]
    legend = make_legend(spans)
    assert legend.numbers == {"A": 0, "B": 1} and legend.labels == {"A": 1, "B": 2}
    assert legend.kinds == {"right": 1, "missed": 1, "spurious": 1}
    assert legend.lowest == 0.87
    assert make_legend([DrawnSpan(0, 1, "A")]).lowest is None
