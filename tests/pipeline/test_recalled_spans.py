"""Candidates that a memory of spans has revised."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from spacy_globalpointer.memory.entries import Entries, Mention
from spacy_globalpointer.memory.mention_memory import MentionMemory
from spacy_globalpointer.memory.span_features import span_features
from spacy_globalpointer.memory.whitening import Whitening
from spacy_globalpointer.pipeline.recalled_spans import propose, revise_by_memory
from spacy_globalpointer.pointer.probability import probability
from spacy_globalpointer.pointer.search import FoundSpans

N_TOKENS = 6
VECTORS = torch.randn(N_TOKENS, 4, generator=torch.Generator().manual_seed(0))
TOKENS = torch.arange(N_TOKENS)
WHITENING = Whitening.fit(span_features(VECTORS, TOKENS, TOKENS), 5)
KNOWN = ["ORG", "PER"]
MEMORY_LABELS = ["DRUG", "ORG"]
LABELS = [*KNOWN, "DRUG"]
TEMPERATURE, MEMORY_TEMPERATURE = 1.5, 0.1


def found_of(rows):
    """Candidates of rows (first token, last token, label, score)."""
    rows = sorted(rows)
    columns = torch.tensor([row[:3] for row in rows], dtype=torch.int64).view(-1, 3)
    starts, ends, labels = columns.unbind(1)
    scores = torch.tensor([row[3] for row in rows])
    return FoundSpans(labels, starts, ends, scores, len(rows))


def memory_of(rows):
    """A memory of rows (label, first token, last token)."""
    mentions = [Mention(label, "", "abcdef", a, b + 1) for label, a, b in rows]
    places = torch.tensor([row[1:] for row in rows], dtype=torch.int64).view(-1, 2)
    keys = WHITENING.keys(span_features(VECTORS, *places.unbind(1)))
    return MentionMemory(Entries.of(mentions, keys), WHITENING)


def revise(found, memory, *, weight=0.3, lowest=(0.1, 0.1, 0.1)):
    names = memory.entries.label_names
    labels = [*KNOWN, *(x for x in names if x not in KNOWN)]
    recall = memory.recall(VECTORS, *propose(found, []), 4)
    return revise_by_memory(
        found,
        recall,
        labels=labels,
        n_known=len(KNOWN),
        lowest=[*lowest][: len(labels)],
        temperature=TEMPERATURE,
        weight=weight,
        memory_temperature=MEMORY_TEMPERATURE,
    )


def rows_of(found):
    columns = found.starts, found.ends, found.labels, found.scores
    return [*zip(*(x.tolist() for x in columns))]


def reference(found, memory, weight, lowest):
    """Probabilities of the result by (first token, last token, label)."""
    given = {row[:3]: row[3] for row in rows_of(found)}
    places = sorted({row[:2] for row in given})
    names = memory.entries.label_names
    result = {}
    for place in places:
        own = torch.tensor(place)[:, None]
        votes = memory.recall(VECTORS, own[0], own[1], 4).votes(MEMORY_TEMPERATURE)
        votes = dict(zip(names, votes[0].tolist()))
        for label, name in enumerate([*KNOWN, *(x for x in names if x not in KNOWN)]):
            score = given.get((*place, label))
            p = 0.0
            if score is not None:
                p = float(probability(torch.tensor(score), TEMPERATURE))
            share = 0 if name not in votes else weight if name in KNOWN else 1
            p = (1 - share) * p + share * votes.get(name, 0)
            if p >= lowest[label] and p > 0:
                result[(*place, label)] = p
    return result


CANDIDATES = st.dictionaries(
    st.tuples(
        st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted), st.integers(0, 1)
    ).map(lambda x: (*x[0], x[1])),
    st.floats(-8, 8, width=32),
    max_size=8,
).map(lambda own: [(*cell, score) for cell, score in own.items()])
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([None, *MEMORY_LABELS]),
        st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted),
    ).map(lambda x: (x[0], *x[1])),
    max_size=8,
    unique=True,
)


@given(CANDIDATES, ENTRIES, st.floats(0, 1), st.tuples(*[st.floats(0, 0.9)] * 3))
def test_revision_matches_the_definition(candidates, entries, weight, lowest):
    found, memory = found_of(candidates), memory_of(entries)
    revised = revise(found, memory, weight=weight, lowest=lowest)
    expected = reference(found, memory, weight, lowest)
    p = probability(revised.scores, TEMPERATURE).tolist()
    own = {row[:3]: x for row, x in zip(rows_of(revised), p)}
    for cell in {*own} ^ {*expected}:  # rounding at the threshold
        at = own.get(cell, expected.get(cell))
        assert at == pytest.approx(lowest[cell[2]], abs=1e-6)
    for cell in {*own} & {*expected}:
        assert own[cell] == pytest.approx(expected[cell], abs=1e-6)
    cells = [row[:3] for row in rows_of(revised)]
    assert cells == sorted(cells)
    assert revised.scores.dtype == torch.float32
    assert revised.n_above == found.n_above


@given(CANDIDATES, ENTRIES)
def test_without_weight_the_known_labels_keep_their_bits(candidates, entries):
    found = found_of(candidates)
    revised = revise(found, memory_of(entries), weight=0.0, lowest=(0, 0, 0))
    assert [x for x in rows_of(revised) if x[2] < len(KNOWN)] == rows_of(found)


@given(CANDIDATES, st.floats(0, 1))
def test_memory_without_labels_changes_nothing(candidates, weight):
    found, memory = found_of(candidates), memory_of([(None, 0, 1), (None, 2, 2)])
    revised = revise(found, memory, weight=weight, lowest=(0, 0))
    assert rows_of(revised) == rows_of(found)
    assert revised.names == tuple(KNOWN)


@pytest.mark.parametrize("entries", [[], [("DRUG", 0, 1)], [(None, 0, 1)]])
def test_no_candidates_stay_none(entries):
    revised = revise(FoundSpans.none(), memory_of(entries))
    assert rows_of(revised) == [] and revised.n_above == 0
    assert revised.take(numpy.zeros(0, dtype="int64")).names == revised.names


def test_memory_of_which_nothing_is_left_changes_nothing():
    found = found_of([(0, 1, 0, 0.5)])
    memory = memory_of([("DRUG", 0, 1)]).without("abcdef")
    recall = memory.recall(VECTORS, *propose(found, []), 4)
    revised = revise_by_memory(
        found,
        recall,
        labels=LABELS,
        n_known=2,
        lowest=[0.1] * 3,
        temperature=TEMPERATURE,
        weight=1.0,
        memory_temperature=MEMORY_TEMPERATURE,
    )
    assert rows_of(revised) == rows_of(found)


def test_label_that_only_the_memory_knows_is_added():
    found = found_of([(0, 1, 1, -2.0), (3, 3, 0, 2.0)])
    revised = revise(found, memory_of([("DRUG", 0, 1)]), lowest=(0.5, 0.5, 0.5))
    assert [row[:3] for row in rows_of(revised)] == [(0, 1, 2), (3, 3, 0)]
    assert revised.names == tuple(LABELS)
    assert probability(revised.scores, TEMPERATURE)[0] > 0.9
    assert revised.scores[1] == 2.0
    evidence = revised.evidence(0, "DRUG", MEMORY_TEMPERATURE)
    assert [one.mention.words for one in evidence] == ["ab"]


def test_places_are_proposed_once_in_order():
    rows = [(3, 3, 0, 1.0), (0, 2, 1, 1.0), (0, 2, 0, 1.0), (0, 1, 1, 1.0)]
    starts, ends = propose(found_of(rows), [])
    assert starts.tolist() == [0, 0, 3] and ends.tolist() == [1, 2, 3]
    assert starts.dtype == torch.int64
    assert [len(x) for x in propose(FoundSpans.none(), [])] == [0, 0]


@given(CANDIDATES, ENTRIES, st.randoms())
def test_taken_spans_keep_their_evidence(candidates, entries, random):
    revised = revise(found_of(candidates), memory_of(entries), lowest=(0, 0, 0))
    n = len(revised.scores)
    rows = random.sample(range(n), random.randint(0, n))
    taken = revised.take(numpy.array(rows, dtype="int64"))
    all_rows = rows_of(revised)
    assert rows_of(taken) == [all_rows[row] for row in rows]
    assert (taken.names, taken.n_above) == (revised.names, revised.n_above)
    for i, row in enumerate(rows):
        name = revised.names[int(revised.labels[row])]
        own = taken.evidence(i, name, MEMORY_TEMPERATURE)
        assert own == revised.evidence(row, name, MEMORY_TEMPERATURE)
        place = revised.proposals[row]
        assert revised.recall.starts[place] == revised.starts[row]
        assert revised.recall.ends[place] == revised.ends[row]


def test_equal_keys_of_a_large_document_are_revised_alike():
    """A place's result does not depend on how many other places there are."""
    vectors = normalize(torch.ones(300, 4), dim=1)
    memory = memory_of([("ORG", 0, 0), ("DRUG", 2, 3)])
    starts = torch.arange(300)
    votes = memory.recall(vectors, starts, starts, 4).votes(0.1)
    assert (votes == votes[0]).all()
    one = memory.recall(vectors, starts[:1], starts[:1], 4).votes(0.1)
    torch.testing.assert_close(one, votes[:1], rtol=1e-12, atol=0)
