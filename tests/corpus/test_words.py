"""The words of a part of a text, against what str says of the part itself."""

from __future__ import annotations

import pytest
from corpus_helpers import trim
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.words import Words

TEXTS = st.text("ab \n\u00a0\u200b", max_size=12)


@given(text=TEXTS, data=st.data())
def test_words_of_a_part_are_those_of_str_split(text, data):
    edges = st.integers(0, len(text))
    start, end = sorted((data.draw(edges), data.draw(edges)))
    words, part = Words(text), text[start:end]
    assert words.within(start, end) == bool(part.strip())
    expected = trim(text, start, end) if part.strip() else None
    assert words.trim(start, end) == expected
    assert words.are(start, end, part.split())
    other = data.draw(TEXTS).split()
    assert words.are(start, end, other) == (other == part.split())


@pytest.mark.parametrize("start,end", [(-3, 0), (9, 12), (2, 1)])
def test_part_outside_of_the_text_has_no_words(start, end):
    words = Words("ab cd")
    assert not words.within(start, end)
    assert words.trim(start, end) is None
