"""Entries of a mention memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.entries import Entries, Mention

LABELS = st.sampled_from([None, "ORG", "PER"])
MENTIONS = st.builds(
    Mention,
    label=LABELS,
    source=st.sampled_from(["", "a", "b"]),
    text=st.sampled_from(["Ada of Leith", "Leith \u2028\n é 👩‍🔬"]),
    start=st.integers(0, 3),
    end=st.integers(4, 6),
)
DIFFERENT = st.lists(MENTIONS, max_size=20, unique=True)


def key_of(mention):
    """A key that depends on the mention alone."""
    seed = torch.Generator().manual_seed(mention.id)
    return torch.randn(3, generator=seed)


def entries_of(mentions):
    keys = [key_of(one) for one in mentions]
    return Entries.of(mentions, torch.stack(keys) if keys else torch.zeros(0, 3))


def assert_same(one, other):
    assert one.ids.tobytes() == other.ids.tobytes()
    assert one.ids.dtype == other.ids.dtype == "int64"
    assert one.mentions == other.mentions
    assert one.keys.dtype == other.keys.dtype == torch.float32
    assert torch.equal(one.keys, other.keys)
    assert one.label_names == other.label_names
    assert torch.equal(one.label_numbers, other.label_numbers)
    assert torch.equal(one.weights, other.weights)


@given(DIFFERENT, st.randoms(), st.integers(0, 20))
def test_order_of_adding_does_not_matter(mentions, random, first):
    expected = entries_of(mentions)
    moved = random.sample(mentions, len(mentions))
    found = entries_of(moved[:first]).with_others(entries_of(moved[first:]))
    assert_same(found, expected)
    assert [one.id for one in found.mentions] == found.ids.tolist()
    assert found.ids.tolist() == sorted({one.id for one in mentions})


@given(DIFFERENT, DIFFERENT)
def test_adding_and_removing_leaves_the_same(mentions, others):
    others = [one for one in others if one not in mentions]
    before = entries_of(mentions)
    after = before.with_others(entries_of(others))
    assert len(after) == len(mentions) + len(others)
    assert_same(after.only(lambda one: one not in others), before)


@given(DIFFERENT)
def test_each_mention_keeps_its_key(mentions):
    found = entries_of(mentions)
    for one, key in zip(found.mentions, found.keys):
        assert torch.equal(key, key_of(one))


@given(DIFFERENT)
def test_adding_again_changes_nothing(mentions):
    entries = entries_of(mentions)
    again = Entries(entries.ids, entries.keys + 1, entries.mentions)
    assert_same(entries.with_others(again), entries)
    assert_same(Entries.of([*mentions, *mentions], again_keys(mentions)), entries)


def again_keys(mentions):
    """The keys of mentions, then other ones."""
    keys = torch.stack([key_of(one) for one in mentions] or [torch.zeros(3)])
    return torch.cat([keys, keys + 1])


@pytest.mark.parametrize("width", [0, 3])
def test_adding_no_entries_changes_nothing(width):
    entries = entries_of([Mention("ORG", "", "Leith", 0, 5)])
    assert_same(entries.with_others(Entries.none(width)), entries)
    assert_same(Entries.none(width).with_others(entries), entries)
    assert len(Entries.none(width).with_others(Entries.none())) == 0


def test_no_entries_have_no_labels():
    entries = Entries.none(3)
    assert len(entries) == entries.n_labelled == 0
    assert entries.keys.shape == (0, 3)
    assert entries.label_names == ()
    assert entries.label_numbers.shape == entries.weights.shape == (0,)
    assert_same(entries.at_most(0), entries)
    assert_same(entries.only(lambda one: True), entries)


@given(DIFFERENT, st.integers(0, 20))
def test_entries_without_label_are_dropped_first(mentions, n):
    entries = entries_of(mentions)
    kept = entries.at_most(n)
    assert len(kept) == min(n, len(entries))
    order = sorted(mentions, key=lambda one: (one.label is None, one.id))
    assert {*kept.mentions} == {*order[:n]}
    assert_same(kept, entries_of(order[:n]))


@given(DIFFERENT, st.randoms(), st.integers(0, 20), st.integers(0, 20))
def test_bound_does_not_depend_on_the_order_of_adding(mentions, random, first, n):
    moved = random.sample(mentions, len(mentions))
    found = entries_of(moved[:first]).at_most(n)
    found = found.with_others(entries_of(moved[first:])).at_most(n)
    assert_same(found, entries_of(mentions).at_most(n))


@given(DIFFERENT)
def test_labels_are_numbered_in_alphabetical_order(mentions):
    entries = entries_of(mentions)
    names = [*entries.label_names, None]
    assert names[:-1] == sorted({one.label for one in mentions} - {None})
    assert [names[i] for i in entries.label_numbers.tolist()] == [
        one.label for one in entries.mentions
    ]
    assert entries.n_labelled == sum(one.label is not None for one in mentions)


@pytest.mark.parametrize(
    "labels,weights",
    [
        (["A", "B", None], [1.0, 1.0, 1.0]),
        (["A", None, None, None, None], [1.0, 0.25, 0.25, 0.25, 0.25]),
        ([None, None], [0.5, 0.5]),
        (["A"], [1.0]),
    ],
)
def test_entries_without_label_weigh_at_most_as_much_as_those_with(labels, weights):
    mentions = [Mention(x, "", "abcdefgh", i, i + 1) for i, x in enumerate(labels)]
    entries = entries_of(mentions)
    found = dict(zip(entries.mentions, entries.weights.tolist()))
    assert [found[one] for one in mentions] == weights
    assert entries.weights.dtype == torch.float64


@given(MENTIONS, MENTIONS)
def test_id_depends_on_every_field(one, other):
    assert (one.id == other.id) == (one == other)
    assert 0 <= one.id < 2**63


def test_label_named_null_is_no_missing_label():
    assert Mention(None, "", "a", 0, 1).id != Mention("null", "", "a", 0, 1).id


def test_id_never_changes_between_versions():
    one = Mention("ORG", "ä", "Bank of Leith \ud800", 0, 4)
    assert one.id == 8924311934480734271


def test_words_are_those_of_the_span():
    assert Mention(None, "", "Bank of Leith", 8, 13).words == "Leith"
