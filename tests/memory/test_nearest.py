"""Exact search for the nearest keys."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from spacy_globalpointer.memory import nearest as module
from spacy_globalpointer.memory.nearest import nearest


def vectors(n, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(n, width, generator=generator), dim=1)


def reference(queries, keys, k):
    """All exact sums, rounded once, sorted: the highest first, then the lower row."""
    rows, similarities = [], []
    for query in queries.tolist():
        products = [
            math.fsum(a * b for a, b in zip(query, key)) for key in keys.tolist()
        ]
        own = torch.tensor(products, dtype=torch.float64).float().tolist()
        best = sorted(range(len(own)), key=lambda row: (-own[row], row))[:k]
        rows.append(best)
        similarities.append([own[row] for row in best])
    return rows, similarities


@st.composite
def searches(draw):
    """Queries, keys and k. Some keys are equal, some almost, and some are zero."""
    n, width = draw(st.integers(0, 40)), draw(st.integers(1, 5))
    keys = vectors(n, width, draw(st.integers(0, 2**16)))
    kinds = st.integers(0, 3)
    for i in range(n):
        kind, other = draw(kinds), draw(st.integers(0, n - 1))
        if kind == 1:
            keys[i] = keys[other]
        elif kind == 2:
            keys[i] = keys[other] * (1 - 2**-23)
        elif kind == 3 and i % 5 == 0:
            keys[i] = 0
    queries = vectors(draw(st.integers(0, 6)), width, draw(st.integers(0, 2**16)))
    return queries, keys, draw(st.integers(1, 50))


@given(searches())
def test_search_matches_sorting_of_exact_sums(search):
    rows, similarities = reference(*search)
    found = nearest(*search)
    k = min(search[2], len(search[1]))
    assert found.rows.shape == found.similarities.shape == (len(search[0]), k)
    assert found.similarities.dtype == torch.float32
    assert found.rows.tolist() == rows
    assert found.similarities.tolist() == similarities


@given(searches(), st.integers(1, 200), st.integers(1, 9))
def test_chunks_do_not_change_results(search, cells, pairs):
    expected = nearest(*search)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CELLS", cells)
        patch.setattr(module, "PAIRS", pairs)
        found = nearest(*search)
    assert torch.equal(found.rows, expected.rows)
    assert torch.equal(found.similarities, expected.similarities)


def test_other_queries_and_threads_do_not_change_results():
    keys, queries = vectors(3000, 64), vectors(70, 64, seed=1)
    keys[2000:] = keys[:1000]  # every second neighbour is tied
    expected = nearest(queries, keys, 33)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for size in (1, 2, 5, 70):
                parts = [nearest(own, keys, 33) for own in queries.split(size)]
                rows = torch.cat([own.rows for own in parts])
                similarities = torch.cat([own.similarities for own in parts])
                assert torch.equal(rows, expected.rows)
                assert torch.equal(similarities, expected.similarities)
    finally:
        torch.set_num_threads(before)


def test_order_of_keys_does_not_change_which_are_found():
    keys, queries = vectors(500, 16), vectors(9, 16, seed=1)
    order = torch.randperm(500, generator=torch.Generator().manual_seed(0))
    found, other = nearest(queries, keys, 20), nearest(queries, keys[order], 20)
    assert torch.equal(order[other.rows], found.rows)
    assert torch.equal(other.similarities, found.similarities)


def test_equal_keys_are_found_by_row():
    keys = vectors(2, 3)[torch.tensor([0] * 40 + [1] + [0] * 40)]
    found = nearest(keys[:1], keys, 45)
    assert found.rows[0].tolist() == [*range(40), *range(41, 46)]


def test_zero_keys_are_found_by_row():
    found = nearest(vectors(2, 4), torch.zeros(30, 4), 3)
    assert found.rows.tolist() == [[0, 1, 2]] * 2
    assert found.similarities.tolist() == [[0.0] * 3] * 2


def test_keys_without_width_are_all_equal():
    found = nearest(torch.zeros(2, 0), torch.zeros(3, 0), 2)
    assert found.rows.tolist() == [[0, 1]] * 2


@pytest.mark.parametrize("n,n_keys,k", [(0, 0, 5), (0, 3, 2), (2, 0, 5), (2, 1, 5)])
def test_no_queries_or_few_keys(n, n_keys, k):
    found = nearest(vectors(n, 4), vectors(n_keys, 4), k)
    assert found.rows.shape == found.similarities.shape == (n, min(k, n_keys))
    assert found.rows.dtype == torch.int64
