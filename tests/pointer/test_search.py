from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import pointer_scores
from strategies import batches, random_states

from spacy_globalpointer.pointer import search
from spacy_globalpointer.pointer.probability import lowest_score, probability
from spacy_globalpointer.pointer.search import search_spans
from spacy_globalpointer.pointer.states import PointerStates
from spacy_globalpointer.pointer.tiles import (
    TILE_CELLS,
    TILE_OVERHEAD,
    tile_size,
    walk,
)


def found_cells(found):
    return list(zip(*(x.tolist() for x in (found.starts, found.ends, found.labels))))


@given(batches(), st.floats(-2, 2), st.sampled_from([1, 2, 3, 5, None]))
def test_search_finds_exactly_the_spans_above_the_threshold(batch, threshold, size):
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


@given(batches(), st.integers(1, 20), st.floats(-2, 2), st.floats(0, 2))
def test_spans_are_counted_from_a_higher_score(batch, limit, threshold, more):
    states, band, _ = batch
    low, high = ([x] * states.n_labels for x in (threshold, threshold + more))
    above = search_spans(states, high, max_span_length=band)
    found = search_spans(states, low, max_span_length=band, limit=limit, counted=high)
    plain = search_spans(states, low, max_span_length=band, limit=limit)
    for own, counted, other in zip(found, above, plain):
        assert own.n_above == len(counted.scores)
        assert found_cells(own) == found_cells(other)


def same(one, other):
    """Whether two results are equal to the last bit."""
    return all(
        a.n_above == b.n_above
        and all(
            torch.equal(getattr(a, name), getattr(b, name))
            for name in ("labels", "starts", "ends", "scores")
        )
        for a, b in zip(one, other)
    )


def only(states, doc):
    """A batch of one of the documents."""
    offset, length = states.offsets[doc], states.lengths[doc]
    parts = {
        name: None if x is None else x[offset : offset + length]
        for name, x in vars(states).items()
        if name in ("queries", "keys", "start", "end")
    }
    return replace(states, lengths=(length,), **parts)


@given(batches(max_length=40), st.floats(-2, 2), st.integers(1, 40))
def test_spans_depend_only_on_the_document_in_float32(batch, threshold, size):
    """Neither tiles, nor the rest of the batch, nor the run."""
    states, band, _ = batch
    states, floors = states.map(torch.Tensor.float), [threshold] * states.n_labels
    found = search_spans(states, floors, max_span_length=band)
    assert same(found, search_spans(states, floors, max_span_length=band))
    assert same(found, search_spans(states, floors, max_span_length=band, size=size))
    for doc, spans in enumerate(found):
        alone = only(states, doc)
        assert same([spans], search_spans(alone, floors, max_span_length=band))


@given(batches(), st.floats(-2, 2))
def test_float32_scores_are_the_nearest_to_the_true_ones(batch, threshold):
    states, band, _ = batch
    low = states.map(torch.Tensor.float)
    found = search_spans(low, [threshold] * low.n_labels, max_span_length=band)
    for doc, spans in enumerate(found):
        cells = pointer_scores(low, doc, band)
        nearest = {cell: float(torch.tensor(s)) for cell, s in cells.items()}
        above = {cell for cell, s in nearest.items() if s >= threshold}
        assert found_cells(spans) == sorted((i, j, label) for label, i, j in above)
        for (i, j, label), score in zip(found_cells(spans), spans.scores.tolist()):
            assert score == pytest.approx(nearest[label, i, j], rel=1e-7, abs=1e-30)


@given(batches(scale=60.0), st.floats(-3000, 3000))
def test_huge_and_infinite_scores_are_compared_exactly(batch, threshold):
    states, band, _ = batch
    states = states.map(torch.Tensor.float)
    if states.start is not None and len(states.start):
        states.start[0] = -math.inf  # no span starts here
    found = search_spans(states, [threshold] * states.n_labels, max_span_length=band)
    for doc, spans in enumerate(found):
        cells = pointer_scores(states, doc, band)
        above = [c for c, s in cells.items() if float(torch.tensor(s)) >= threshold]
        assert found_cells(spans) == sorted((i, j, label) for label, i, j in above)


def test_products_of_low_precision_lose_nothing(monkeypatch):
    """A setting of torch, by which float32 products round their operands."""
    states = random_states([40], 2, width=8).map(torch.Tensor.float)
    exact = search_spans(states, [0.3, 0.3])
    score_tile = search.score_tile

    def rounded(states, tile, **settings):
        low = states.map(lambda x: x.bfloat16().float())
        return score_tile(low, tile, **settings)

    monkeypatch.setattr(search, "score_tile", rounded)
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")
    assert same(exact, search_spans(states, [0.3, 0.3]))


def test_document_with_nan_does_not_affect_others():
    states = random_states([20, 9, 8], 2, end=True).map(torch.Tensor.float)
    good = search_spans(states, [0.5, 0.5])
    assert good[0].n_above and good[2].n_above
    for value in (math.nan, math.inf):
        states.keys[22] = value
        bad = search_spans(states, [0.5, 0.5])
        assert same([good[0], good[2]], [bad[0], bad[2]])


def test_states_of_any_scale():
    for scale in (-0.5, 0.5):
        for size in (1e-18, 1e-9, 1.0, 1e12):
            states = random_states([30], 1, start=False, end=False, scale=size)
            states = replace(states.map(torch.Tensor.float), scale=scale)
            [found] = search_spans(states, [0.0])
            cells = pointer_scores(states, 0, None)
            above = [c for c, s in cells.items() if float(torch.tensor(s)) >= 0]
            assert found_cells(found) == sorted((i, j, k) for k, i, j in above)


def test_more_labels_than_a_tile_has_and_many_documents():
    for shared in (False, True):
        states = random_states([3] * 400, 40, shared=shared).map(torch.Tensor.float)
        found = search_spans(states, [1.0] * 40)
        for doc in (0, 137, 399):
            cells = pointer_scores(states, doc, None)
            above = [c for c, s in cells.items() if float(torch.tensor(s)) >= 1]
            assert found_cells(found[doc]) == sorted((i, j, k) for k, i, j in above)


def test_empty_batch_has_no_spans():
    assert search_spans(random_states([], 2), [0.0, 0.0]) == []


def test_each_label_can_have_its_threshold():
    with pytest.raises(ValueError, match="GP007.*1 thresholds for 2 labels"):
        search_spans(random_states([3], 2), [0.0])


def test_mixed_precision_settings_of_torch_are_accepted(monkeypatch):
    def complain():
        raise RuntimeError("mixed")

    states = random_states([40], 2).map(torch.Tensor.float)
    exact = search_spans(states, [0.3, 0.3])
    monkeypatch.setattr(torch, "get_float32_matmul_precision", complain)
    assert same(exact, search_spans(states, [0.3, 0.3]))


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


@given(st.floats(0, 1), st.sampled_from([0.1, 1.0, 3.7]))
def test_lowest_score_loses_nothing(p, temperature):
    below = lowest_score(p, temperature) - 2e-3 * temperature
    if math.isfinite(below):
        assert float(probability(torch.tensor(below), temperature)) <= p
    at = torch.tensor(lowest_score(p, temperature) + 2e-2 * temperature)
    assert math.isinf(at) or float(probability(at, temperature)) > p - 1e-6


@pytest.mark.parametrize("temperature", [1.0, 0.3, 5.0])
def test_score_zero_is_probability_one_half(temperature):
    assert float(probability(torch.tensor(0.0), temperature)) == 0.5


def test_temperature_divides_the_score():
    scores = torch.linspace(-3, 3, 7)
    assert torch.equal(probability(scores, 2.0), probability(scores / 2))


def test_walk_covers_the_band_and_little_more():
    states = random_states([1000], 1)
    tiles = list(walk(states, max_span_length=10, size=50))
    assert len(tiles) == 20 + 19
    assert len(list(walk(states, size=50))) == 20 * 21 / 2


@given(st.integers(1, 700), st.sampled_from([1, 30, None]), st.integers(1, 200))
def test_sides_can_be_multiples(length, band, size):
    states = random_states([length], 1)
    covered = torch.zeros(length, length, dtype=torch.int64)
    for tile in walk(states, max_span_length=band, size=size, multiple=64):
        rows = slice(tile.row, tile.row + tile.n_rows)
        columns = slice(tile.column, tile.column + tile.n_columns)
        covered[rows, columns] += 1
        for side in (rows, columns):
            assert side.start % 64 == 0 and side.start < side.stop
    assert covered.max() == 1
    allowed = torch.ones(length, length, dtype=torch.int64).triu()
    if band is not None:
        allowed = allowed.tril(band - 1)
    assert (covered >= allowed).all()


@pytest.mark.parametrize("n_labels", [1, 9, 16])
@pytest.mark.parametrize("length", [1, 40, 3000, 10**6])
def test_tile_size_is_the_cheapest_that_fits(length, n_labels):
    def cost(side):
        overhead = length**2 / (2 * side**2) * TILE_OVERHEAD
        return overhead + length * side * n_labels / 2

    side = tile_size(length, n_labels, None, TILE_CELLS)
    assert side**2 * n_labels <= TILE_CELLS
    others = [other for other in range(16, 1024) if other**2 * n_labels <= TILE_CELLS]
    assert cost(side) <= 1.01 * min(map(cost, others))


def test_states_are_checked():
    x = torch.zeros(5, 2, 4)
    with pytest.raises(ValueError, match="GP001"):
        PointerStates(x, x, None, None, (4,), 1.0)
    with pytest.raises(ValueError, match="GP001"):
        PointerStates(x, x, torch.zeros(5, 3), None, (5,), 1.0)
