"""Places of a text with known words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.known_words import find_known_words


def find(tokens, words):
    """The places in a text of tokens with spaces between them."""
    text = " ".join(tokens)
    first = [len(" ".join([*tokens[:i], ""])) for i in range(len(tokens))]
    after = [begin + len(token) for begin, token in zip(first, tokens)]
    return find_known_words(text, first, after, words)


def test_words_are_known_in_lower_case_and_between_tokens():
    tokens = ["The", "BANK", "of", "Leithers", "."]
    assert find(tokens, {"bank of", "leith", "the bank", "."}) == [
        (0, 1),
        (1, 2),
        (4, 4),
    ]


def test_letters_that_become_two_in_lower_case_keep_the_places():
    assert find(["İİ", "Bank"], {"bank"}) == [(1, 1)]


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "A"]), max_size=8),
    st.sets(st.sampled_from(["a", "b", "ab", "a b", "b a a", "ab a"])),
)
def test_places_are_those_of_all_pairs_of_tokens(tokens, words):
    pairs = [(a, b) for a in range(len(tokens)) for b in range(a, len(tokens))]
    expected = [
        (a, b) for a, b in pairs if " ".join(tokens[a : b + 1]).lower() in words
    ]
    assert sorted(find(tokens, words)) == expected
