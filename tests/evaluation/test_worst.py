"""The documents with the most mistakes."""

from __future__ import annotations

from evaluation_helpers import example, matched
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.evaluation.worst import EXCERPT, EXCERPTS, excerpts, find_worst


def worst_of(group, n=5):
    docs = [own.predicted for own in group]
    return find_worst(docs, [f"d{i}" for i in range(len(group))], matched(*group), n)


def test_order_is_by_mistakes_and_f1():
    words = list("abcdef")
    right = [(i, i + 1, "A") for i in range(4)]
    group = [
        example(words, right, right),  # no mistake
        example(words, right, right[:2]),  # 2 mistakes, F1 2/3
        example(words, right[:1], []),  # 1 mistake, F1 0
        example(words, right, right[1:]),  # 1 mistake, F1 6/7
        example(words, right, []),  # 4 mistakes, F1 0
        example(words, None, right),  # not annotated
    ]
    assert [d.title for d in worst_of(group)] == ["d4", "d2", "d1", "d3"]
    [first] = worst_of(group, 1)
    assert (first.index, first.mistakes, first.mistakes_shown) == (4, 4, 4)
    assert worst_of(group, 0) == []


def test_short_documents_are_shown_whole():
    own = example(["a"] * 200, [(0, 1, "A")], [])
    assert worst_of([own])[0].excerpts == [(0, 200)]


def test_long_documents_are_cropped_around_mistakes():
    words = ["a", "."] * 1000
    gold = [(700, 701, "A"), (720, 721, "A"), (1500, 1503, "A"), (3, 4, "A")]
    [document] = worst_of([example(words, gold, gold[3:])])
    assert document.mistakes_shown == document.mistakes == 3
    first, second = document.excerpts
    assert first.start <= 700 and first.end >= 721
    assert second.start <= 1500 and second.end >= 1503
    assert sum(end - start for start, end in document.excerpts) <= 3 * EXCERPT


def test_a_long_span_does_not_make_an_excerpt_long():
    own = example(["a"] * 5000, [(0, 5000, "A"), (2000, 2001, "A")], [])
    [document] = worst_of([own])
    assert sum(end - start for start, end in document.excerpts) <= EXCERPT * EXCERPTS
    assert document.mistakes_shown == 2


def test_a_chain_of_overlapping_spans_is_cut():
    spans = [(i, i + 3, "A") for i in range(0, 5000, 2)]
    [document] = worst_of([example(["a"] * 5003, spans, [])])
    assert sum(end - start for start, end in document.excerpts) <= 6 * EXCERPT


@given(st.lists(st.integers(0, 590), max_size=20))
def test_excerpts_are_in_order_and_cut_no_short_span(starts):
    own = example(["a"] * 600, [(i, i + 5, "A") for i in set(starts)], [])
    spans = matched(own)
    parts = excerpts(own.predicted, spans)
    edges = [edge for part in parts for edge in part]
    assert edges == sorted(set(edges))
    if len(set(starts)) < 5:
        inner = [i for s in spans for i in range(s.tokens[0] + 1, s.tokens[1])]
        assert not set(inner) & set(edges)
