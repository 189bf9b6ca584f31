"""Offsets in other units: the same places as the encoded text has."""

from __future__ import annotations

import pytest
import regex
from format_helpers import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.offsets import UNITS, Offsets

TEXT = "a😀é\u0301北"


def encoded_length(text, unit):
    """Independent of the module: how long the encoded text is."""
    if unit == "utf-16":
        return len(text.encode("utf-16-le")) // 2
    return len(text.encode("utf-8")) if unit == "bytes" else len(text)


@pytest.mark.parametrize(
    "unit,expected",
    [
        ("code-points", [0, 1, 2, 3, 4, 5]),
        ("utf-16", [0, 1, 3, 4, 5, 6]),
        ("bytes", [0, 1, 5, 7, 9, 12]),
        ("graphemes", [0, 1, 2, None, 3, 4]),
    ],
)
def test_from_points_counts_units_before_each_code_point(unit, expected):
    offsets = Offsets(TEXT, unit)
    assert [offsets.from_points(i) for i in range(len(TEXT) + 1)] == expected


def test_offset_within_a_surrogate_pair_gives_none():
    assert Offsets(TEXT, "utf-16").to_points(2) is None


def test_offset_within_the_bytes_of_a_character_gives_none():
    assert [Offsets(TEXT, "bytes").to_points(i) for i in (2, 3, 4)] == [None] * 3


@pytest.mark.parametrize("unit", UNITS)
def test_offsets_outside_of_the_text_stay_outside(unit):
    offsets = Offsets(TEXT, unit)
    end = offsets.from_points(len(TEXT))
    assert [offsets.to_points(n) for n in (-3, end + 2)] == [-3, len(TEXT) + 2]


def test_line_ends_and_joined_emoji_are_one_grapheme_cluster_each():
    offsets = Offsets("\r\n👩\u200d🚒!", "graphemes")
    assert [offsets.to_points(i) for i in range(4)] == [0, 2, 5, 6]


@given(st.text(CHARACTERS), st.sampled_from(UNITS[:3]))
def test_units_are_those_of_the_encoded_text(text, unit):
    offsets = Offsets(text, unit)
    for i in range(len(text) + 1):
        place = encoded_length(text[:i], unit)
        assert offsets.from_points(i) == place
        assert offsets.to_points(place) == i


@given(st.text(CHARACTERS), st.sampled_from(UNITS))
def test_converting_back_gives_the_same_offset(text, unit):
    offsets = Offsets(text, unit)
    for place in range(-2, 4 * len(text) + 3):
        point = offsets.to_points(place)
        assert point is None or offsets.from_points(point) == place


@given(st.text("🇩🇪a\u0301\u200d👩\u0600\u0903\r\n\u1100\u1161\ufe0f", max_size=12))
def test_grapheme_clusters_are_those_of_unicode(text):
    ends = [match.end() for match in regex.finditer(r"\X", text)]
    places = Offsets(text, "graphemes")
    assert [places.to_points(i) for i in range(len(ends) + 1)] == [0, *ends]
