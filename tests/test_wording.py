"""Numbers and texts of others in sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.wording import list_of, number_of, visible


@pytest.mark.parametrize(
    "n,text", [(0, "0 spans"), (1, "1 span"), (2, "2 spans"), (1024, "1,024 spans")]
)
def test_nouns_agree_with_their_number(n, text):
    assert number_of(n, "span") == text


@pytest.mark.parametrize("n,text", [(1, "1 copy has"), (2, "2 copies have")])
def test_given_plural_is_used(n, text):
    assert number_of(n, "copy has", "copies have") == text


@pytest.mark.parametrize(
    "text,shown",
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x07\x08\x7f\x9b", r"\x07\x08\x7f\x9b"),
        ("a\u2028b\u202eb", r"a\u2028b\u202eb"),
        ("\udcff", r"\udcff"),
        ("人 é می‌خواهم 👩‍🔬 \u3000\\", "人 é می‌خواهم 👩‍🔬 \u3000\\"),
    ],
)
def test_control_characters_are_escaped(text, shown):
    assert visible(text) == shown


def test_characters_to_keep_are_kept():
    assert visible("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@given(st.text(st.characters(), max_size=20))
def test_visible_text_is_printable_and_stable(text):
    shown = visible(text)
    assert shown.encode("utf-8") and shown == visible(shown) or not text
    assert not any(ord(x) < 32 or 127 <= ord(x) < 160 for x in shown)


@pytest.mark.parametrize(
    "n,text", [(0, "none"), (2, "'0', '1'"), (23, None), (1021, "1,001 more")]
)
def test_names_are_listed_up_to_a_bound(n, text):
    found = list_of([str(i) for i in range(n)])
    assert text in (None, found) or found.endswith(f"'19', {text}")
    assert found.count("'") == 2 * min(n, 20)
