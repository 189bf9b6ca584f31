from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import pointer_scores
from strategies import batches, random_states

from spacy_globalpointer.pointer.probability import lowest_score, probability
from spacy_globalpointer.pointer.search import search_spans
from spacy_globalpointer.pointer.states import PointerStates
from spacy_globalpointer.pointer.tiles import tile_size, walk


def found_cells(found):
    return list(zip(*(x.tolist() for x in (found.starts, found.ends, found.labels))))


@given(batches(), st.floats(-2, 2), st.sampled_from([1, 2, 3, 5, None]))
def test_finds_exactly_the_spans_above_the_threshold(batch, threshold, size):
    states, band, _ = batch
    thresholds = [threshold + label / 2 for label in range(states.n_labels)]
    found = search_spans(states, thresholds, max_span_length=band, size=size)
    assert len(found) == len(states.lengths)
    for doc, spans in enumerate(found):
        cells = pointer_scores(states, doc, band)
        above = {c: s for c, s in cells.items() if s >= thresholds[c[0]]}
        assert found_cells(spans) == sorted((i, j, label) for label, i, j in above)
        assert spans.n_above == len(above)
        expected = [above[label, i, j] for i, j, label in found_cells(spans)]
        assert spans.scores.tolist() == pytest.approx(expected, abs=1e-12)


@given(batches(), st.integers(1, 20), st.sampled_from([1, 3, None]))
def test_limit_keeps_the_best(batch, limit, size):
    states, band, _ = batch
    floor = [-math.inf] * states.n_labels
    every = search_spans(states, floor, max_span_length=band)
    kept = search_spans(states, floor, max_span_length=band, limit=limit, size=size)
    for spans, best in zip(every, kept):
        ranked = sorted(zip((-spans.scores).tolist(), found_cells(spans)))[:limit]
        assert found_cells(best) == sorted(cell for _, cell in ranked)
        assert best.n_above == len(spans.scores)


def test_ties_are_kept_in_order():
    zeros = torch.zeros(30, 2, 4)
    states = PointerStates(zeros, zeros, None, None, (30,), 0.5)
    for size in (4, 7, None):
        [found] = search_spans(states, [0.0, 0.0], limit=3, size=size)
        assert found_cells(found) == [(0, 0, 0), (0, 0, 1), (0, 1, 0)]


def test_threshold_of_zero_probability_skips_impossible_spans():
    states = random_states([4], 1)
    [found] = search_spans(states, [lowest_score(0.0)], max_span_length=2)
    assert len(found.scores) == 4 + 3


@given(st.floats(0, 1))
def test_lowest_score_loses_nothing(p):
    below = lowest_score(p) - 1e-3
    if math.isfinite(below):
        assert float(probability(torch.tensor(below))) <= p
    at = torch.tensor(lowest_score(p) + 1e-2)
    assert math.isinf(at) or float(probability(at)) > p - 1e-6


def test_score_zero_is_probability_one_half():
    assert float(probability(torch.tensor(0.0))) == 0.5


def test_walk_covers_the_band_and_little_more():
    states = random_states([1000], 1)
    tiles = list(walk(states, max_span_length=10, size=50))
    assert len(tiles) == 20 + 19
    assert len(list(walk(states, size=50))) == 20 * 21 / 2


@pytest.mark.parametrize("n_labels,size", [(1, 512), (9, 336), (100, 96), (10**6, 32)])
def test_tile_size_bounds_memory(n_labels, size):
    assert tile_size(n_labels) == size


def test_states_are_checked():
    x = torch.zeros(5, 2, 4)
    with pytest.raises(ValueError, match="GP001"):
        PointerStates(x, x, None, None, (4,), 1.0)
    with pytest.raises(ValueError, match="GP001"):
        PointerStates(x, x, torch.zeros(5, 3), None, (5,), 1.0)
