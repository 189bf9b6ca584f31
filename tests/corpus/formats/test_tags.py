"""Tags to spans and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.tags import (
    SCHEMES,
    TagRun,
    find_scheme,
    is_tag,
    read_runs,
    read_scheme,
    write_tags,
)

#: One text of eight tokens with the spans below, in each scheme.
SPANS = [TagRun("A", 0, 1, True), TagRun("A", 1, 4, True), TagRun("B", 4, 6, True)]
SPANS += [TagRun("B", 7, 8, True)]
WRITTEN = {
    "IOB1": "I-A B-A I-A I-A I-B I-B O I-B",
    "IOB2": "B-A B-A I-A I-A B-B I-B O B-B",
    "BIOES": "S-A B-A I-A E-A B-B E-B O S-B",
    "BMES": "S-A B-A M-A E-A B-B E-B O S-B",
    "BILOU": "U-A B-A I-A L-A B-B L-B O U-B",
}


def spans(text, scheme):
    return [(run.label, run.start, run.end) for run in read_runs(text.split(), scheme)]


def regular(text, scheme):
    return [run.is_regular for run in read_runs(text.split(), scheme)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_is_read_written_and_detected(scheme):
    tags = WRITTEN[scheme].split()
    assert read_runs(tags, scheme) == SPANS
    assert write_tags(8, SPANS, scheme) == tags
    assert find_scheme([tags]) == scheme


@pytest.mark.parametrize(
    "tags,expected",
    [
        ("O I-A I-A O", [("A", 1, 3)]),
        ("B-A I-B I-B", [("A", 0, 1), ("B", 1, 3)]),
        ("I-A", [("A", 0, 1)]),
    ],
)
def test_iob2_inside_that_continues_nothing_begins_a_span(tags, expected):
    assert spans(tags, "IOB2") == expected
    assert False in regular(tags, "IOB2")
    assert all(regular(tags, "IOB1"))


@pytest.mark.parametrize(
    "tags,expected",
    [
        ("B-A I-A O", [("A", 0, 2)]),  # no end
        ("B-A", [("A", 0, 1)]),
        ("B-A S-A", [("A", 0, 1), ("A", 1, 2)]),
        ("O E-A O", [("A", 1, 2)]),  # an end without a beginning
        ("S-A I-A E-A", [("A", 0, 1), ("A", 1, 3)]),
        ("B-A E-B", [("A", 0, 1), ("B", 1, 2)]),
        ("B-A E-A I-A", [("A", 0, 2), ("A", 2, 3)]),
    ],
)
def test_irregular_order_of_bioes_tags_makes_irregular_spans(tags, expected):
    assert spans(tags, "BIOES") == expected
    assert False in regular(tags, "BIOES")


@pytest.mark.parametrize(
    "tag,scheme",
    [
        *[("B-", "IOB2"), ("I-", "IOB2"), ("B", "IOB2"), ("X-A", "IOB2"), ("", "IOB2")],
        *[("E-A", "IOB2"), ("S-A", "IOB1"), ("L-A", "BIOES"), ("M-A", "BIOES")],
        *[("I-A", "BMES"), ("E-A", "BILOU"), ("b-A", "IOB2"), ("o", "IOB2")],
    ],
)
def test_invalid_tag_is_reported_and_outside_any_span(tag, scheme):
    runs = read_runs(["B-A", tag, "O"], scheme)
    assert [(run.label, run.start, run.end) for run in runs] == [
        ("A", 0, 1),
        ("", 1, 2),
    ]
    assert not runs[1].is_regular


def test_first_hyphen_separates_prefix_and_label():
    tags = ["B-creative-work", "I-creative-work", "B--", "I--"]
    assert [run.label for run in read_runs(tags, "IOB2")] == ["creative-work", "-"]


def test_sentence_without_tokens_has_no_spans():
    assert read_runs([], "IOB2") == [] and write_tags(0, [], "BIOES") == []
    assert find_scheme([]) == "IOB2"


def test_one_stray_end_does_not_make_iob2_bioes():
    assert find_scheme([["B-A", "I-A", "B-B", "S-C"]]) == "IOB2"


def test_one_stray_inside_does_not_make_iob2_iob1():
    assert find_scheme([["B-A", "O", "I-A"], ["B-B"]]) == "IOB2"


@pytest.mark.parametrize(
    "value,scheme",
    [("auto", ""), ("bio", "IOB2"), ("IOBES", "BIOES"), ("BIOLU", "BILOU")],
)
def test_other_names_of_schemes_are_known(value, scheme):
    assert read_scheme(value, "conll") == scheme


def test_unknown_scheme_is_an_error():
    with pytest.raises(ValueError, match="GP167.*scheme.*'BIEO'.*BIOES"):
        read_scheme("BIEO", "conll")


@st.composite
def runs(draw):
    found, at = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)))):
        label = draw(st.sampled_from(["A", "B", "A-B", "O"]))
        found.append(TagRun(label, at + gap, at + gap + length, True))
        at += gap + length
    return at + draw(st.integers(0, 2)), found


@given(case=runs(), scheme=st.sampled_from(sorted(SCHEMES)))
def test_written_spans_are_read_again(case, scheme):
    length, expected = case
    tags = write_tags(length, expected, scheme)
    assert read_runs(tags, scheme) == expected
    assert all(is_tag(tag) for tag in tags)


def conlleval_spans(tags):
    """Spans as the Perl script finds them, for prefixes B, I and O."""
    pairs = [("O", ""), *((t[0], t[2:]) for t in tags), ("O", "")]
    found, start = [], None
    for i in range(1, len(pairs)):
        (before, old), (tag, label) = pairs[i - 1], pairs[i]
        ends = before in "BI" and (tag in "BO" or old != label)
        starts = tag == "B" or (tag == "I" and (before == "O" or old != label))
        if ends:
            found.append((old, start - 1, i - 1))
        start = i if starts else start
    return found


@given(
    tags=st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=12),
    scheme=st.sampled_from(["IOB1", "IOB2"]),
)
def test_spans_are_those_of_conlleval(tags, scheme):
    found = [(run.label, run.start, run.end) for run in read_runs(tags, scheme)]
    assert found == conlleval_spans(tags)


@given(
    tags=st.lists(st.sampled_from([*"BIESLUMO", "", "B-A", "M-A", "E-A", "S-B", "I-"])),
    scheme=st.sampled_from(sorted(SCHEMES)),
)
def test_every_tag_except_o_belongs_to_one_run(tags, scheme):
    places = [i for run in read_runs(tags, scheme) for i in range(run.start, run.end)]
    assert places == [i for i, tag in enumerate(tags) if tag != "O"]
