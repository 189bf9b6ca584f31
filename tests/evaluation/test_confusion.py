"""What was found in the place of gold spans."""

from __future__ import annotations

from collections import Counter

from evaluation_helpers import example, examples, matched
from hypothesis import given, settings

from spacy_globalpointer.evaluation.confusion import confuse

WORDS = list("abcdefghij")


def confusion(gold, found):
    return confuse(matched(example(WORDS, gold, found)))


def test_counts():
    gold = [(0, 2, "A"), (2, 4, "A"), (4, 6, "B"), (6, 8, "B")]
    found = [(0, 2, "A"), (2, 4, "B"), (4, 7, "B"), (9, 10, "A")]
    counted = confusion(gold, found)
    assert counted.pairs == {("A", "A"): 1, ("A", "B"): 1}
    assert counted.borders == {"B": 1}
    assert counted.missed == {"B": 1}
    assert counted.spurious == {"A": 1}
    assert counted.labels == ["A", "B"]
    assert counted.to_dict() == {
        "same_place": {"A": {"A": 1, "B": 1}},
        **{"borders": {"B": 1}, "missed": {"B": 1}, "spurious": {"A": 1}},
    }


def test_a_right_span_is_confused_with_no_other_of_its_place():
    counted = confusion([(0, 2, "A")], [(0, 2, "A"), (0, 2, "B")])
    assert counted.pairs == {("A", "A"): 1} and counted.spurious == {"B": 1}


def test_other_label_and_other_borders_is_missed_and_spurious():
    counted = confusion([(0, 3, "A")], [(0, 2, "B")])
    assert not counted.pairs and not counted.borders
    assert counted.missed == {"A": 1} and counted.spurious == {"B": 1}


def test_wrong_borders_are_paired_by_greatest_overlap():
    counted = confusion([(0, 1, "A"), (2, 6, "A")], [(0, 5, "A")])
    assert counted.borders == {"A": 1} and counted.missed == {"A": 1}
    counted = confusion([(0, 4, "A"), (4, 9, "A")], [(1, 6, "A"), (5, 9, "A")])
    assert counted.borders == {"A": 2}


def test_neighbours_do_not_overlap():
    counted = confusion([(0, 2, "A")], [(2, 4, "A")])
    assert not counted.borders


@settings(max_examples=40)
@given(examples())
def test_every_span_is_counted_once(group):
    spans = matched(*group)
    counted = confuse(spans)
    gold, found = Counter(counted.missed), Counter(counted.spurious)
    for (own, other), n in counted.pairs.items():
        gold[own] += n
        found[other] += n
    assert gold + counted.borders == Counter(s.label for s in spans if s.is_gold)
    assert found + counted.borders == Counter(s.label for s in spans if s.is_found)
    assert sum(counted.pairs[x, x] for x in "AB") == sum(s.is_right for s in spans)
