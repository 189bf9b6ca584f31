"""What a memory of spans says about other spans."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.memory.entries import Entries, Mention
from spacy_globalpointer.memory.mention_memory import MentionMemory
from spacy_globalpointer.memory.span_features import span_features
from spacy_globalpointer.memory.vote import NOTHING
from spacy_globalpointer.memory.whitening import Whitening

N_TOKENS = 12
VECTORS = torch.randn(N_TOKENS, 6, generator=torch.Generator().manual_seed(0))
TOKENS = torch.arange(N_TOKENS)
TEXTS = ["abcdefghijkl", "mnopqrstuvwx"]
WHITENING = Whitening.fit(span_features(VECTORS, TOKENS, TOKENS), 8)
PLACES = st.tuples(st.integers(0, 11), st.integers(0, 11)).map(sorted)


def memory_of(*rows, **annotated):
    """A memory of rows (label, text, first token, last token). The source of a text is
    "a" or "b"; further labels that it annotates are given by its name."""
    mentions = [
        Mention(label, "ab"[text], TEXTS[text], start, end + 1)
        for label, text, start, end in rows
    ]
    places = torch.tensor([row[2:] for row in rows], dtype=torch.int64).view(-1, 2)
    keys = WHITENING.keys(span_features(VECTORS, *places.unbind(1)))
    more = {source: frozenset(labels) for source, labels in annotated.items()}
    return MentionMemory(Entries.of(mentions, keys), WHITENING, "12:34", more)


def recall(memory, *spans, k=5):
    places = torch.tensor(spans, dtype=torch.int64).view(-1, 2)
    return memory.recall(VECTORS, *places.unbind(1), k)


def reference(memory, span, k, temperature):
    """Votes of a span by label, without torch's reductions."""
    places = [torch.tensor([x]) for x in span]
    query = WHITENING.keys(span_features(VECTORS, *places))[0].tolist()
    entries = list(zip(memory.entries.mentions, memory.entries.keys.tolist()))
    annotated = {
        one.source: {*memory.annotated.get(one.source, ())} for one, _ in entries
    }
    for one, _ in entries:
        annotated[one.source].add(one.label)
    votes = []
    for label in sorted({one.label for one, _ in entries} - {None}):
        own = [entry for entry in entries if label in annotated[entry[0].source]]
        products = [math.fsum(a * b for a, b in zip(query, key)) for _, key in own]
        best = sorted(range(len(own)), key=lambda i: (-products[i], i))[:k]
        labels = [one.label for one, _ in own]
        n_none = labels.count(None)
        share = min(1.0, (len(labels) - n_none) / max(n_none, 1))
        powers = {
            i: math.exp(products[i] / temperature) * (1 if labels[i] else share)
            for i in best
        }
        total = sum(powers.values()) + math.exp(NOTHING / temperature)
        votes.append(sum(x for i, x in powers.items() if labels[i] == label) / total)
    return votes


ROWS = st.lists(
    st.tuples(st.sampled_from([None, "ORG", "PER"]), st.integers(0, 1), PLACES).map(
        lambda row: (row[0], row[1], *row[2])
    ),
    max_size=12,
    unique=True,
)


LABELS = st.sets(st.sampled_from(["ORG", "PER", "LOC"]))


@given(
    *(ROWS, st.lists(PLACES, max_size=4), st.integers(1, 15), st.floats(0.05, 2.0)),
    st.dictionaries(st.sampled_from("ab"), LABELS),
)
def test_votes_match_the_definition(rows, spans, k, temperature, annotated):
    memory = memory_of(*rows, **annotated)
    votes = recall(memory, *spans, k=k).votes(temperature)
    assert votes.shape == (len(spans), len(memory.entries.label_names))
    assert votes.dtype == torch.float64
    for own, span in zip(votes.tolist(), spans):
        expected = reference(memory, span, k, temperature)
        assert own == pytest.approx(expected, rel=1e-5, abs=1e-9)
        assert all(0 <= x <= 1 + 1e-12 for x in own)


@given(ROWS, st.lists(PLACES, min_size=1, max_size=6))
def test_span_has_the_same_votes_alone(rows, spans):
    memory = memory_of(*rows)
    together = recall(memory, *spans).votes(0.1)
    for own, span in zip(together, spans):
        torch.testing.assert_close(
            recall(memory, span).votes(0.1)[0], own, rtol=1e-12, atol=1e-15
        )


@given(ROWS, st.lists(PLACES, max_size=4), st.integers(0, 1), LABELS)
def test_left_out_text_is_as_if_it_was_never_remembered(rows, spans, text, labels):
    found = recall(memory_of(*rows, a=labels).without(TEXTS[text]), *spans)
    rest = memory_of(*(x for x in rows if x[1] != text), a=labels)
    expected = recall(rest, *spans)
    assert found.label_names == expected.label_names
    for (pool, own), (other, theirs) in zip(found.parts, expected.parts):
        assert pool.entries.mentions == other.entries.mentions
        assert torch.equal(own.rows, theirs.rows)
    assert torch.equal(found.votes(0.1), expected.votes(0.1))


def test_nothing_left_votes_for_nothing():
    memory = memory_of(("ORG", 0, 1, 2), ("PER", 0, 4, 4))
    found = recall(memory.without(TEXTS[0]), (1, 2), (3, 3))
    assert found.votes(0.1).shape == (2, 0)
    assert found.evidence(0, "ORG", 0.1) == ()


@given(ROWS, ROWS, st.lists(PLACES, min_size=1, max_size=4))
def test_source_does_not_vote_on_labels_that_it_does_not_annotate(own, others, spans):
    own = [(label and "LOC", 0, *place) for label, _, *place in own]
    others = [(label, 1, *place) for label, _, *place in others]
    alone, both = memory_of(*own), memory_of(*{*own, *others})
    if "LOC" in alone.entries.label_names:
        votes = recall(both, *spans).votes(0.1)
        column = votes[:, both.entries.label_names.index("LOC")]
        assert torch.equal(column, recall(alone, *spans).votes(0.1)[:, 0])


@pytest.mark.parametrize("label", [None, "PER"])
def test_entry_counts_against_stated_labels_of_its_source(label):
    rows = [("ORG", 0, 1, 2), (label, 1, 1, 2)]
    silent = recall(memory_of(*rows), (1, 2)).votes(0.1)[0, 0]
    against = recall(memory_of(*rows, b=["ORG"]), (1, 2)).votes(0.1)[0, 0]
    assert silent > 0.99 and float(against) == pytest.approx(0.5, abs=0.01)


def test_stated_label_that_nothing_has_is_not_voted_on():
    found = recall(memory_of(("ORG", 0, 1, 2), a=["PER"], c=["ORG"]), (1, 2))
    assert found.label_names == ("ORG",)
    assert torch.equal(
        found.votes(0.1), recall(memory_of(("ORG", 0, 1, 2)), (1, 2)).votes(0.1)
    )


def test_forgotten_label_is_not_annotated_any_more():
    rows = [("ORG", 0, 1, 2), ("PER", 0, 4, 4), ("ORG", 1, 5, 5)]
    memory = memory_of(*rows, a=["ORG", "LOC"], b=["ORG", "PER"])
    left = memory.forget("ORG", "a")
    assert left.annotated == {"a": {"LOC"}, "b": {"ORG", "PER"}}
    assert memory.forget(None, "a").annotated == {"b": {"ORG", "PER"}}
    assert memory.forget("ORG", None).annotated == {"a": {"LOC"}}
    assert memory.forget("DRUG", None) is memory
    assert len(memory.forget(None, None)) == 0


def test_memory_before_anything_is_remembered_votes_for_nothing():
    memory = MentionMemory.empty()
    assert len(memory) == 0
    found = recall(memory, (1, 2), (3, 3))
    assert found.votes(0.1).shape == (2, 0)


def test_entries_without_label_vote_for_nothing():
    found = recall(memory_of((None, 0, 1, 2), (None, 1, 4, 4)), (1, 2))
    assert found.votes(0.1).shape == (1, 0)
    assert found.evidence(0, "ORG", 0.1) == ()


def test_no_spans_have_no_votes():
    assert recall(memory_of(("ORG", 0, 1, 2))).votes(0.1).shape == (0, 1)


def test_one_entry_votes_for_its_own_span():
    memory = memory_of(("ORG", 0, 1, 2))
    own, other = recall(memory, (1, 2), (7, 11)).votes(0.05)[:, 0].tolist()
    assert own == pytest.approx(1 / (1 + math.exp((NOTHING - 1) / 0.05)))
    assert other < 0.5


def test_entry_without_label_takes_away_from_the_same_span():
    alone = recall(memory_of(("ORG", 0, 1, 2)), (1, 2)).votes(0.1)
    doubted = recall(memory_of(("ORG", 0, 1, 2), (None, 0, 1, 2)), (1, 2)).votes(0.1)
    assert float(alone) > 0.99
    assert float(doubted) == pytest.approx(0.5, abs=0.01)


def test_evidence_has_the_shares_of_the_vote():
    rows = [("ORG", 0, 1, 2), ("ORG", 1, 1, 3), ("PER", 0, 1, 2), ("ORG", 0, 5, 5)]
    found = recall(memory_of(*rows, b=["PER"]), (4, 4), (1, 2), k=3)
    evidence = found.evidence(1, "ORG", 0.5)
    assert [one.mention.words for one in evidence] == ["bc", "nop"]
    weights = [one.weight for one in evidence]
    assert weights == sorted(weights, reverse=True)
    votes = dict(zip(found.label_names, found.votes(0.5)[1].tolist()))
    assert sum(weights) == pytest.approx(votes["ORG"])
    assert found.evidence(1, "PER", 0.5)[0].weight == pytest.approx(votes["PER"])
    assert found.evidence(1, "LOC", 0.5) == ()


@pytest.mark.parametrize("most,n", [(0, 0), (1, 1), (3, 3), (9, 4)])
def test_evidence_is_bounded(most, n):
    rows = [("ORG", i % 2, 1, 2 + i) for i in range(4)]
    found = recall(memory_of(*rows), (1, 2))
    assert len(found.evidence(0, "ORG", 0.5, most)) == n


def test_stats_count_the_entries():
    rows = [("PER", 0, 1, 2), ("ORG", 1, 1, 3), ("ORG", 1, 4, 5), (None, 0, 7, 8)]
    assert memory_of(*rows, b=["LOC", "ORG"]).stats() == {
        "entries": 4,
        "labels": {"ORG": 2, "PER": 1},
        "no_label": 1,
        "sources": {"a": 2, "b": 2},
        "annotated": {"a": ["PER"], "b": ["LOC", "ORG"]},
        "width": 8,
    }
    assert [*memory_of(*rows).stats()["labels"]] == ["ORG", "PER"]
    assert MentionMemory.empty().stats() == {
        "entries": 0,
        "labels": {},
        "no_label": 0,
        "sources": {},
        "annotated": {},
        "width": 0,
    }


def test_stats_of_many_sources_take_linear_time():
    n = 50_000
    mentions = [Mention("ORG", str(i), "abc", 0, 1) for i in range(n)]
    memory = MentionMemory(Entries.of(mentions, torch.zeros(n, 8)), WHITENING)
    assert len(memory.stats()["sources"]) == n
