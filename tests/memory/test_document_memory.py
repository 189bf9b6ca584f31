"""Revision of doubtful spans by sure spans of the same words."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.document_memory import DocumentMemory

MEMORY = DocumentMemory(0.5, (0.25, 0.75))
PER, ORG = 0, 1


def name_of(words):
    """All words and the last one, unless that has one character."""
    last = words.split(" ")[-1]
    return words, last if len(last) > 1 else words


def revise(*rows, memory=MEMORY):
    """The probabilities of rows (probability, label, start, words)."""
    probabilities, labels, starts, words = zip(*rows)
    ends = [start + len(own.split()) - 1 for start, own in zip(starts, words)]
    columns = (numpy.array(labels), numpy.array(starts), numpy.array(ends))
    names = [name_of(own) for own in words]
    found = memory.revise(numpy.array(probabilities, "float32"), *columns, names)
    return found.tolist()


def test_doubtful_span_moves_to_the_share_of_sure_ones():
    found = revise(
        (0.5, PER, 0, "a"),
        (0.9, PER, 1, "a"),
        (0.8, PER, 2, "a"),
        (0.9, ORG, 3, "a"),
    )
    assert found == pytest.approx([0.5 + 0.5 * 3 / 4 * (2 / 3 - 0.5), 0.9, 0.8, 0.9])


def test_another_label_elsewhere_speaks_against_a_span():
    assert revise((0.5, PER, 0, "a"), (0.9, ORG, 1, "a"))[0] < 0.5


def test_place_with_both_labels_speaks_for_both():
    rows = [(0.9, ORG, 1, "a"), (0.9, PER, 1, "a")]
    assert revise((0.5, PER, 0, "a"), *rows)[0] == pytest.approx(0.625)


def test_sure_span_at_the_same_place_does_not_count():
    assert revise((0.5, PER, 0, "a"), (0.9, ORG, 0, "a"))[0] == 0.5


def test_same_words_count_before_the_last_word():
    known = (0.9, PER, 1, "mr darcy")
    other = (0.9, ORG, 4, "darcy")
    assert revise((0.5, PER, 0, "darcy"), known)[0] > 0.5
    assert revise((0.5, PER, 0, "darcy"), known, other)[0] < 0.5


@pytest.mark.parametrize(
    "words, other, is_related",
    [
        ("darcy", "mr darcy", True),
        ("new york", "york", True),
        ("young mr darcy", "mr darcy", True),
        ("young darcy", "mr darcy", False),
        ("the uk gdpr and the bribery act 2010", "the data act 2010", False),
        ("ew york", "new york", False),
        ("york", "newyork", False),
        ("b", "a b", False),
    ],
)
def test_last_word_counts_if_all_words_of_one_span_end_the_other(
    words, other, is_related
):
    for own, known in [(words, other), (other, words)]:
        found = revise((0.5, PER, 0, own), (0.9, PER, 10, known))
        assert found[0] == (0.625 if is_related else 0.5)


def test_span_that_overlaps_the_doubtful_one_does_not_count():
    for own, start in [("darcy", 11), ("dear mr darcy", 9), ("darcy", 10)]:
        doubtful, known = (0.5, PER, start, own), (0.9, PER, 10, "mr darcy")
        assert revise(doubtful, known)[0] == 0.5
        # The same words elsewhere still count.
        assert revise(doubtful, known, (0.9, ORG, 20, own))[0] < 0.5
        assert revise(doubtful, known, (0.9, PER, 20, "mr darcy"))[0] == 0.625


def test_same_words_that_overlap_do_not_count():
    known = (0.9, PER, 1, "la la")
    assert revise((0.5, PER, 0, "la la"), known)[0] == 0.5
    assert revise((0.5, PER, 0, "la la"), known, (0.9, PER, 2, "la la"))[0] == 0.625


def test_longer_and_shorter_names_count_together():
    rows = [(0.9, PER, 10, "darcy"), (0.9, ORG, 20, "young mr darcy")]
    found = revise((0.5, PER, 0, "mr darcy"), *rows, (0.9, PER, 30, "mrs darcy"))
    assert found[0] == 0.5
    found = revise((0.6, PER, 0, "mr darcy"), *rows)
    assert found[0] == pytest.approx(0.6 + 0.5 * 2 / 3 * (0.5 - 0.6))


@pytest.mark.parametrize("probability", [0.2499, 0.75, 1.0])
def test_spans_outside_the_band_stay(probability):
    found = revise((probability, PER, 0, "a"), (0.9, ORG, 1, "a"))
    assert found[0] == numpy.float32(probability)


def test_words_at_many_places_take_linear_time():
    n = 30_000
    names = [("a", "a")] * n
    probabilities = numpy.tile(numpy.float32([0.5, 0.9]), n // 2)
    labels, places = numpy.zeros(n, dtype=int), numpy.arange(n)
    found = MEMORY.revise(probabilities, labels, places, places, names)
    expected = 0.5 + 0.5 * 0.5 * (n // 2) / (n // 2 + 1)
    assert found[::2] == pytest.approx(expected)


@pytest.mark.parametrize("sure, doubtful", [("{} aa", "aa"), ("aa", "{} aa")])
def test_many_longer_or_shorter_names_take_linear_time(sure, doubtful):
    n = 30_000
    names = [name_of([doubtful, sure][i % 2].format(i)) for i in range(n)]
    probabilities = numpy.tile(numpy.float32([0.5, 0.9]), n // 2)
    labels, starts = numpy.zeros(n, dtype=int), 2 * numpy.arange(n)
    found = MEMORY.revise(probabilities, labels, starts, starts, names)
    expected = 0.5 + 0.5 * 0.5 * (n // 2) / (n // 2 + 1)
    assert found[::2] == pytest.approx(expected)


def test_nested_names_take_linear_time():
    n = 30_000
    names = [name_of(" ".join(["aa"] * (1 + i % 50))) for i in range(n)]
    probabilities = numpy.tile(numpy.float32([0.5, 0.9]), n // 2)
    labels, starts = numpy.zeros(n, dtype=int), 50 * numpy.arange(n)
    found = MEMORY.revise(probabilities, labels, starts, starts + 49, names)
    expected = 0.5 + 0.5 * 0.5 * (n // 2) / (n // 2 + 1)
    assert found[::2] == pytest.approx(expected)


texts = st.lists(st.sampled_from(["aa", "bb", "b", "xaa"]), min_size=7, max_size=7)
places = st.tuples(st.integers(0, 6), st.integers(0, 3)).map(
    lambda place: (place[0], min(sum(place), 6))
)
rows = st.dictionaries(
    st.tuples(places, st.integers(0, 2)),
    st.integers(0, 20).map(lambda n: n / 20),
    max_size=14,
)
memories = st.builds(
    DocumentMemory,
    st.floats(0, 1),
    st.tuples(st.sampled_from([0.1, 0.3]), st.sampled_from([0.5, 0.9])),
)


def plain(text, rows, memory):
    """The revised probabilities, by the definition."""
    low, high = memory.band
    sure = {}
    for (place, label), p in rows.items():
        if numpy.float32(p) >= high:
            sure.setdefault(place, set()).add(label)
    revised = {}
    for ((start, end), label), p in rows.items():
        own, same, related = text[start : end + 1], [], []
        for (a, b), labels in sure.items():
            other = text[a : b + 1]
            n = min(len(own), len(other))
            if b < start or end < a:
                same += [label in labels] * (own == other)
                is_long = len(own[-1]) > 1
                related += [label in labels] * (is_long and own[-n:] == other[-n:])
        counted = same or related
        p = numpy.float32(p)
        if low <= p < high and counted:
            v = memory.weight * len(counted) / (len(counted) + 1)
            p = (1 - v) * p + v * sum(counted) / len(counted)
        revised[(start, end), label] = p
    return revised


@given(texts, rows, memories, st.randoms())
def test_revision_follows_its_definition_in_any_order(text, rows, memory, random):
    keys = list(rows)
    random.shuffle(keys)
    columns = [(a, b, label) for (a, b), label in keys]
    starts, ends, labels = numpy.array(columns, dtype=int).reshape(-1, 3).T
    probabilities = numpy.array([rows[key] for key in keys], dtype="float32")
    words = [name_of(" ".join(text[a : b + 1])) for (a, b), _ in keys]
    found = memory.revise(probabilities, labels, starts, ends, words)
    expected = plain(text, rows, memory)
    assert found == pytest.approx([expected[key] for key in keys], abs=1e-6)
