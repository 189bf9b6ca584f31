"""Revision of doubtful spans by sure spans of the same words."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.document_memory import DocumentMemory

MEMORY = DocumentMemory(0.5, (0.25, 0.75))
PER, ORG = 0, 1


def revise(*rows, memory=MEMORY):
    """The probabilities of rows (probability, label, start, names), spans of a token
    each."""
    probabilities, labels, starts, words = zip(*rows)
    columns = (numpy.array(labels), numpy.array(starts), numpy.array(starts))
    found = memory.revise(numpy.array(probabilities, "float32"), *columns, words)
    return found.tolist()


def test_doubtful_span_moves_to_the_share_of_sure_ones():
    found = revise(
        (0.5, PER, 0, ("a",)),
        (0.9, PER, 1, ("a",)),
        (0.8, PER, 2, ("a",)),
        (0.9, ORG, 3, ("a",)),
    )
    assert found == pytest.approx([0.5 + 0.5 * 3 / 4 * (2 / 3 - 0.5), 0.9, 0.8, 0.9])


def test_another_label_elsewhere_speaks_against_a_span():
    assert revise((0.5, PER, 0, ("a",)), (0.9, ORG, 1, ("a",)))[0] < 0.5


def test_place_with_both_labels_speaks_for_both():
    rows = [(0.9, ORG, 1, ("a",)), (0.9, PER, 1, ("a",))]
    assert revise((0.5, PER, 0, ("a",)), *rows)[0] == pytest.approx(0.625)


def test_sure_span_at_the_same_place_does_not_count():
    assert revise((0.5, PER, 0, ("a",)), (0.9, ORG, 0, ("a",)))[0] == 0.5


def test_later_names_count_if_the_first_is_unknown():
    known = (0.9, PER, 1, ("mr darcy", "darcy"))
    other = (0.9, ORG, 2, ("darcy", "darcy"))
    assert revise((0.5, PER, 0, ("young darcy", "darcy")), known)[0] > 0.5
    assert revise((0.5, PER, 0, ("darcy", "darcy")), known, other)[0] < 0.5
    assert (
        revise((0.5, PER, 0, ("darcy", "x")), (0.9, PER, 1, ("x", "darcy")))[0] == 0.5
    )


@pytest.mark.parametrize("probability", [0.2499, 0.75, 1.0])
def test_spans_outside_the_band_stay(probability):
    found = revise((probability, PER, 0, ("a",)), (0.9, ORG, 1, ("a",)))
    assert found[0] == numpy.float32(probability)


def test_words_at_many_places_take_linear_time():
    n = 30_000
    names = [("a", "a")] * n
    probabilities = numpy.tile(numpy.float32([0.5, 0.9]), n // 2)
    labels, places = numpy.zeros(n, dtype=int), numpy.arange(n)
    found = MEMORY.revise(probabilities, labels, places, places, names)
    expected = 0.5 + 0.5 * 0.5 * (n // 2) / (n // 2 + 1)
    assert found[::2] == pytest.approx(expected)


places = st.tuples(st.integers(0, 4), st.integers(0, 2))
rows = st.dictionaries(
    st.tuples(places, st.integers(0, 2)),
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.sampled_from("ab")),
    max_size=12,
)
memories = st.builds(
    DocumentMemory,
    st.floats(0, 1),
    st.tuples(st.sampled_from([0.1, 0.3]), st.sampled_from([0.5, 0.9])),
)


def plain(rows, memory):
    """The revised probabilities, by the definition."""
    low, high = memory.band
    revised = {}
    for (place, label), (p, word) in rows.items():
        revised[place, label] = p = numpy.float32(p)
        sure = {
            other: {
                x
                for (o, x), (q, w) in rows.items()
                if o == other and w == word and numpy.float32(q) >= high
            }
            for (other, _), (_, w) in rows.items()
            if w == word and other != place
        }
        sure = {other: labels for other, labels in sure.items() if labels}
        if low <= p < high and sure:
            r = sum(label in labels for labels in sure.values()) / len(sure)
            v = memory.weight * len(sure) / (len(sure) + 1)
            revised[place, label] = (1 - v) * p + v * r
    return revised


@given(rows, memories, st.randoms())
def test_revision_follows_its_definition_in_any_order(rows, memory, random):
    keys = list(rows)
    random.shuffle(keys)
    columns = [(a, b, label) for (a, b), label in keys]
    starts, ends, labels = numpy.array(columns, dtype=int).reshape(-1, 3).T
    probabilities = numpy.array([rows[key][0] for key in keys], dtype="float32")
    words = [(rows[key][1],) for key in keys]
    found = memory.revise(probabilities, labels, starts, ends, words)
    expected = plain(rows, memory)
    assert found == pytest.approx([expected[key] for key in keys], abs=1e-6)
