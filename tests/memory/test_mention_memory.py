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


def memory_of(*rows):
    """A memory of rows (label, text, first token, last token)."""
    mentions = [
        Mention(label, f"{text}.txt", TEXTS[text], start, end + 1)
        for label, text, start, end in rows
    ]
    places = torch.tensor([row[2:] for row in rows], dtype=torch.int64).view(-1, 2)
    keys = WHITENING.keys(span_features(VECTORS, *places.unbind(1)))
    return MentionMemory(Entries.of(mentions, keys), WHITENING, "12:34")


def recall(memory, *spans, k=5, **settings):
    places = torch.tensor(spans, dtype=torch.int64).view(-1, 2)
    return memory.recall(VECTORS, *places.unbind(1), k, **settings)


def reference(memory, span, k, temperature):
    """Votes of a span by label, without torch's reductions."""
    places = [torch.tensor([x]) for x in span]
    query = WHITENING.keys(span_features(VECTORS, *places))[0].tolist()
    mentions = memory.entries.mentions
    keys = memory.entries.keys.tolist()
    products = [math.fsum(a * b for a, b in zip(query, key)) for key in keys]
    best = sorted(range(len(keys)), key=lambda i: (-products[i], i))[:k]
    labelled = sum(one.label is not None for one in mentions)
    other = min(1.0, max(labelled, 1) / max(len(mentions) - labelled, 1))
    powers = {
        i: math.exp(products[i] / temperature)
        * (other if mentions[i].label is None else 1)
        for i in best
    }
    total = sum(powers.values()) + math.exp(NOTHING / temperature)
    votes = {one.label: 0.0 for one in mentions if one.label is not None}
    for i, power in powers.items():
        if mentions[i].label is not None:
            votes[mentions[i].label] += power / total
    return [votes[label] for label in sorted(votes)]


ROWS = st.lists(
    st.tuples(st.sampled_from([None, "ORG", "PER"]), st.integers(0, 1), PLACES).map(
        lambda row: (row[0], row[1], *row[2])
    ),
    max_size=12,
    unique=True,
)


@given(ROWS, st.lists(PLACES, max_size=4), st.integers(1, 15), st.floats(0.05, 2.0))
def test_votes_match_the_definition(rows, spans, k, temperature):
    memory = memory_of(*rows)
    votes = recall(memory, *spans, k=k).votes(temperature)
    assert votes.shape == (len(spans), len(memory.entries.label_names))
    assert votes.dtype == torch.float64
    for own, span in zip(votes.tolist(), spans):
        expected = reference(memory, span, k, temperature)
        assert own == pytest.approx(expected, rel=1e-5, abs=1e-9)
        assert sum(own) <= 1 + 1e-12


@given(ROWS, st.lists(PLACES, min_size=1, max_size=6))
def test_span_has_the_same_votes_alone(rows, spans):
    memory = memory_of(*rows)
    together = recall(memory, *spans).votes(0.1)
    for own, span in zip(together, spans):
        torch.testing.assert_close(
            recall(memory, span).votes(0.1)[0], own, rtol=1e-12, atol=1e-15
        )


@given(ROWS, st.lists(PLACES, max_size=4), st.integers(0, 1))
def test_left_out_text_is_as_if_it_was_never_remembered(rows, spans, text):
    found = recall(memory_of(*rows), *spans, leave_out=TEXTS[text])
    expected = recall(memory_of(*(x for x in rows if x[1] != text)), *spans)
    assert found.entries.mentions == expected.entries.mentions
    assert torch.equal(found.neighbours.rows, expected.neighbours.rows)
    assert torch.equal(found.votes(0.1), expected.votes(0.1))


def test_nothing_left_votes_for_nothing():
    memory = memory_of(("ORG", 0, 1, 2), ("PER", 0, 4, 4))
    found = recall(memory, (1, 2), (3, 3), leave_out=TEXTS[0])
    assert found.votes(0.1).shape == (2, 0)
    assert found.evidence(0, "ORG", 0.1) == ()


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
    doubted = recall(memory_of(("ORG", 0, 1, 2), (None, 1, 1, 2)), (1, 2)).votes(0.1)
    assert float(alone) > 0.99
    assert float(doubted) == pytest.approx(0.5, abs=0.01)


def test_evidence_has_the_shares_of_the_vote():
    rows = [("ORG", 0, 1, 2), ("ORG", 1, 1, 3), ("PER", 0, 1, 2), ("ORG", 0, 5, 5)]
    found = recall(memory_of(*rows), (4, 4), (1, 2), k=3)
    evidence = found.evidence(1, "ORG", 0.5)
    assert [one.mention.words for one in evidence] == ["bc", "nop"]
    weights = [one.weight for one in evidence]
    assert weights == sorted(weights, reverse=True)
    votes = dict(zip(found.entries.label_names, found.votes(0.5)[1].tolist()))
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
    assert memory_of(*rows).stats() == {
        "entries": 4,
        "labels": {"ORG": 2, "PER": 1},
        "no_label": 1,
        "sources": {"0.txt": 2, "1.txt": 2},
        "width": 8,
    }
    assert [*memory_of(*rows).stats()["labels"]] == ["ORG", "PER"]
    assert MentionMemory.empty().stats() == {
        "entries": 0,
        "labels": {},
        "no_label": 0,
        "sources": {},
        "width": 0,
    }


def test_stats_of_many_sources_take_linear_time():
    n = 50_000
    mentions = [Mention("ORG", str(i), "abc", 0, 1) for i in range(n)]
    memory = MentionMemory(Entries.of(mentions, torch.zeros(n, 8)), WHITENING)
    assert len(memory.stats()["sources"]) == n
