"""Numbers in sentences."""

from __future__ import annotations

import pytest

from spacy_globalpointer.wording import number_of


@pytest.mark.parametrize(
    "n,text", [(0, "0 spans"), (1, "1 span"), (2, "2 spans"), (1024, "1,024 spans")]
)
def test_a_noun_agrees_with_its_number(n, text):
    assert number_of(n, "span") == text


@pytest.mark.parametrize("n,text", [(1, "1 copy has"), (2, "2 copies have")])
def test_what_takes_no_s(n, text):
    assert number_of(n, "copy has", "copies have") == text
