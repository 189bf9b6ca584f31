"""Gold and found spans, matched."""

from __future__ import annotations

from evaluation_helpers import VOCAB, example, matched
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_globalpointer.evaluation.matching import Mentions, Nesting, Tokens
from spacy_globalpointer.types import LOST_GOLD

WORDS = ["The", "Bank", "of", "Leith"]


def test_gold_and_found_spans_are_matched_as_one():
    gold, found = [(0, 4, "ORG"), (3, 4, "GPE")], [(0, 4, "ORG"), (3, 4, "ORG")]
    spans = matched(example(WORDS, gold, found, [0.75, 0.25]))
    sides = [(s.start, s.end, s.label, s.is_gold, s.is_found, s.score) for s in spans]
    assert sides == [
        (0, 17, "ORG", True, True, 0.75),
        (12, 17, "GPE", True, False, None),
        (12, 17, "ORG", False, True, 0.25),
    ]


def test_documents_without_the_key_are_left_out():
    without = example(WORDS, None, [(0, 1, "A")])
    spans = matched(without, example(WORDS, [(0, 1, "A")], []))
    assert [(s.document, s.is_gold) for s in spans] == [(1, True)]


def test_lost_gold_has_the_tokens_that_it_touches():
    own = example(WORDS, [], [])
    own.reference.user_data[LOST_GOLD] = [[5, 10, "ORG"]]
    [span] = matched(own)
    assert span.is_gold and not span.is_found and span.tokens == (1, 3)


def test_distances_are_computed_from_tokens():
    own = example(WORDS, [(1, 3, "A")], [])
    [span] = matched(own, distances=[lambda start, end: 10 * start + end])
    assert span.seam == 13


@given(st.lists(st.sampled_from(["a", "bcd", " ", "\n\n"]), max_size=6), st.data())
def test_tokens_are_those_that_share_a_character(words, data):
    doc = Doc(VOCAB, words=words)
    start = data.draw(st.integers(0, len(doc.text)))
    end = data.draw(st.integers(start, len(doc.text)))
    touched = [t.i for t in doc if t.idx < end and t.idx + len(t) > start]
    first, last = Tokens(doc).touched(start, end)
    if start < end:
        assert list(range(first, last)) == touched


PLACES = st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda p: (p[0], sum(p)))


@given(st.lists(PLACES, max_size=8), PLACES)
def test_nesting_is_that_of_any_pair(places, own):
    nesting, (start, end) = Nesting(places), own
    others = [place for place in places if place != own]
    assert nesting.is_inside(*own) == any(a <= start and end <= b for a, b in others)
    assert nesting.is_holding(*own) == any(start <= a and b <= end for a, b in others)


@given(st.text("aA \n", max_size=12), st.lists(PLACES, max_size=8), PLACES)
def test_later_is_that_of_any_pair(text, places, own):
    def words(place):
        return text[slice(*place)].lower().split()

    before = [place for place in places if place[0] < own[0]]
    expected = any(words(place) == words(own) for place in before)
    assert Mentions(text, places).is_later(*own) == expected


def test_words_are_compared_without_case_and_kinds_of_white_space():
    words = ["New", "York", "new", "\n", "York", "NEW", "York"]
    gold = [(0, 2, "A"), (2, 5, "B"), (5, 7, "A")]
    spaces = [True, True, False, False, True, True, False]
    spans = matched(example(words, gold, [], spaces=spaces))
    assert [span.is_later for span in spans] == [False, True, True]


def test_lost_gold_can_be_the_first_mention():
    own = example(["Leith", ",", "Leith"], [(2, 3, "A")], [])
    own.reference.user_data[LOST_GOLD] = [[0, 5, "A"]]
    assert [span.is_later for span in matched(own)] == [False, True]


def test_a_mention_in_another_document_is_not_before():
    own = example(["Leith"], [(0, 1, "A")], [])
    assert [span.is_later for span in matched(own, own)] == [False, False]
