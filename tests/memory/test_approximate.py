"""Approximate search for the nearest keys."""

from __future__ import annotations

import pickle
import sys

import pytest
import torch
from torch.nn.functional import normalize

from spacy_globalpointer.memory import approximate as module
from spacy_globalpointer.memory.approximate import (
    LARGE,
    ApproximateIndex,
    approximate_index,
)
from spacy_globalpointer.memory.entries import Entries, Mention
from spacy_globalpointer.memory.mention_memory import MentionMemory
from spacy_globalpointer.memory.nearest import nearest
from spacy_globalpointer.memory.whitening import Whitening


def clustered(n, width=16, n_clusters=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(n_clusters, width, generator=torch.Generator().manual_seed(9))
    which = torch.randint(n_clusters, (n,), generator=generator)
    noise = torch.randn(n, width, generator=generator)
    return normalize(centres[which] + 0.5 * noise, dim=1)


KEYS = clustered(4000)
QUERIES = clustered(50, seed=1)


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss")


def memory_of(n, of_another_text=0):
    mentions = [Mention("ORG", str(i), "abc", 0, 1) for i in range(n)]
    for i in range(of_another_text):
        mentions[i] = mentions[i]._replace(text="another text")
    whitening = Whitening(torch.zeros(49), torch.eye(49, 16))
    return MentionMemory(Entries.of(mentions, KEYS[:n]), whitening)


def recall(memory):
    """The entries of the only pool, and those that are nearest to the queries."""
    starts = torch.arange(len(QUERIES))
    [(pool, found)] = memory.recall(QUERIES, starts, starts, 5).parts
    return pool.entries, found


def test_search_is_exact_without_faiss(monkeypatch):
    monkeypatch.setattr(module, "LARGE", 100)
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert approximate_index(KEYS) is None
    memory = memory_of(300)
    entries, found = recall(memory)
    assert entries is memory.entries and entries.index is None
    expected = nearest(normalize(QUERIES, dim=1), memory.entries.keys, 5)
    assert torch.equal(found.rows, expected.rows)


def test_faiss_is_not_imported_for_a_small_memory(monkeypatch):
    monkeypatch.setattr(module, "ApproximateIndex", None)
    assert LARGE == 500_000
    assert approximate_index(KEYS) is None
    assert approximate_index(torch.zeros(LARGE, 1)) is None
    with pytest.raises(TypeError):
        approximate_index(torch.zeros(LARGE + 1, 1))


def test_most_neighbours_are_found_with_the_bits_of_the_exact_search(faiss):
    found = ApproximateIndex(KEYS).nearest(QUERIES, 30)
    exact = nearest(QUERIES, KEYS, 30)
    assert found.rows.dtype == torch.int64
    assert found.similarities.dtype == torch.float32
    same = [len({*a} & {*b}) for a, b in zip(found.rows.tolist(), exact.rows.tolist())]
    assert sum(same) > 0.98 * exact.rows.numel()
    for i, rows in enumerate(found.rows):
        known = dict(zip(exact.rows[i].tolist(), exact.similarities[i].tolist()))
        for row, x in zip(rows.tolist(), found.similarities[i].tolist()):
            assert known.get(row, x) == x
    assert (found.similarities.diff(dim=1) <= 0).all()


def test_search_of_all_lists_is_the_exact_search(faiss, monkeypatch):
    monkeypatch.setattr(module, "PROBES", 1000)
    found, exact = ApproximateIndex(KEYS).nearest(QUERIES, 30), None
    exact = nearest(QUERIES, KEYS, 30)
    assert torch.equal(found.rows, exact.rows)
    assert torch.equal(found.similarities, exact.similarities)


def test_same_keys_make_the_same_index_with_any_number_of_threads(faiss, monkeypatch):
    monkeypatch.setattr(module, "PROBES", 2)  # so that some neighbours are missed
    expected = ApproximateIndex(KEYS).nearest(QUERIES, 30)
    assert not torch.equal(expected.rows, nearest(QUERIES, KEYS, 30).rows)
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(2)
        index = ApproximateIndex(KEYS)
        parts = [index.nearest(own, 30) for own in QUERIES.split(7)]
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)
    assert torch.equal(torch.cat([own.rows for own in parts]), expected.rows)
    similarities = torch.cat([own.similarities for own in parts])
    assert torch.equal(similarities, expected.similarities)


def test_queries_whose_lists_are_short_are_searched_exactly(faiss, monkeypatch):
    monkeypatch.setattr(module, "PROBES", 1)
    found = ApproximateIndex(KEYS).nearest(QUERIES, 1000)
    exact = nearest(QUERIES, KEYS, 1000)
    assert torch.equal(found.rows, exact.rows)
    assert torch.equal(found.similarities, exact.similarities)


def test_few_keys_are_all_found(faiss):
    found = ApproximateIndex(KEYS[:5]).nearest(QUERIES, 9)
    assert torch.equal(found.rows, nearest(QUERIES, KEYS[:5], 9).rows)
    assert ApproximateIndex(KEYS).nearest(QUERIES[:0], 9).rows.shape == (0, 9)


def test_pickled_index_is_made_again(faiss):
    index = ApproximateIndex(KEYS)
    again = pickle.loads(pickle.dumps(index))
    expected = index.nearest(QUERIES, 9)
    assert torch.equal(again.nearest(QUERIES, 9).rows, expected.rows)


def test_large_memory_is_searched_with_an_index(faiss, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 2999)
    memory = memory_of(3000)
    _, found = recall(memory)
    index = memory.entries.index
    assert isinstance(index, ApproximateIndex) and memory.entries.index is index
    expected = index.nearest(normalize(QUERIES, dim=1), 5)
    assert torch.equal(found.rows, expected.rows)


def test_search_without_a_text_is_exact(faiss, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 2999)
    memory = memory_of(3001, of_another_text=1)
    assert memory.without("a third text") is memory
    entries, found = recall(memory.without("another text"))
    assert "index" not in vars(memory.entries) and "index" not in vars(entries)
    assert len(entries) == 3000
    expected = nearest(normalize(QUERIES, dim=1), entries.keys, 5)
    assert torch.equal(found.rows, expected.rows)
