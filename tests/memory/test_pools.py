"""Entries that speak on the same labels."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.entries import Entries, Mention
from spacy_globalpointer.memory.pools import annotated_labels, pools_of

LABELS = ["BANK", "ORG", "PER"]
ROWS = st.lists(
    st.tuples(st.sampled_from([None, *LABELS]), st.sampled_from("xyz")), max_size=8
)
ANNOTATED = st.dictionaries(
    st.sampled_from("wxyz"), st.frozensets(st.sampled_from([*LABELS, "LAW"]))
)


def entries_of(rows):
    """Entries of rows (label, source), each in a text of its own."""
    mentions = [Mention(label, x, f"a{i}", 0, 1) for i, (label, x) in enumerate(rows)]
    return Entries.of(mentions, torch.zeros(len(rows), 2))


def as_dict(pools):
    return {pool.labels: {*pool.entries.mentions} for pool in pools}


def test_labels_of_different_sources_are_in_different_pools():
    entries = entries_of([("ORG", "x"), (None, "x"), ("BANK", "y"), (None, "y")])
    own = {x: {one for one in entries.mentions if one.source == x} for x in "xy"}
    assert as_dict(pools_of(entries, {})) == {("BANK",): own["y"], ("ORG",): own["x"]}
    more = {"x": frozenset(["BANK"])}
    expected = {("BANK",): own["x"] | own["y"], ("ORG",): own["x"]}
    assert as_dict(pools_of(entries, more)) == expected


def test_one_source_has_one_pool_with_the_same_entries():
    entries = entries_of([("ORG", "x"), (None, "x"), ("BANK", "x")])
    [pool] = pools_of(entries, {})
    assert pool.labels == ("BANK", "ORG") and pool.entries is entries


@given(ROWS, ANNOTATED)
def test_pool_has_all_entries_of_the_sources_that_annotate_its_labels(rows, annotated):
    entries = entries_of(rows)
    pools = pools_of(entries, annotated)
    assert sorted(x for pool in pools for x in pool.labels) == [*entries.label_names]
    known = annotated_labels(entries, annotated)
    assert [*known] == sorted({source for _, source in rows})
    for pool in pools:
        for label in pool.labels:
            sources = {x for x, own in known.items() if label in own}
            has = [one for one in entries.mentions if one.source in sources]
            assert [*pool.entries.mentions] == has
    assert len({pool.entries.mentions for pool in pools}) == len(pools)


@given(ROWS, ANNOTATED, st.randoms())
def test_order_of_entries_does_not_change_the_pools(rows, annotated, random):
    entries = entries_of(rows)
    order = random.sample(range(len(entries)), len(entries))
    moved = Entries.of([entries.mentions[i] for i in order], entries.keys)
    for one, other in zip(pools_of(entries, annotated), pools_of(moved, annotated)):
        assert one.labels == other.labels
        assert one.entries.mentions == other.entries.mentions
