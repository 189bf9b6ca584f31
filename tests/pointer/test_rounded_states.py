"""Rounded states: no cell is missed, and each score is that of exact states."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import pointer_scores

from spacy_globalpointer.pointer.heads import (
    EfficientGlobalPointerHead,
    GlobalPointerHead,
)
from spacy_globalpointer.pointer.products import Scratch, rounded_products
from spacy_globalpointer.pointer.rounded_states import _spectral_norms
from spacy_globalpointer.pointer.search import search_spans, sift_cells
from spacy_globalpointer.pointer.tiles import walk

N_INPUT, WIDTH = 24, 8


@st.composite
def heads_and_vectors(draw):
    """A head, the vectors of some documents, and their lengths."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    head = GlobalPointerHead(
        n_input=N_INPUT,
        n_labels=draw(st.integers(1, 4)),
        head_width=WIDTH,
        rope=draw(st.booleans()),
        label_bias=draw(st.sampled_from([None, -6.0, 3.0])),
    )
    with torch.no_grad():
        head.projection.bias.normal_(0, draw(st.sampled_from([0.0, 2.0])))
    lengths = draw(st.lists(st.integers(0, 30), min_size=1, max_size=5))
    scale = draw(st.sampled_from([1e-3, 1.0, 5.0, 100.0]))
    return head, scale * torch.randn(sum(lengths), N_INPUT), lengths


def exact_states(head, vectors, lengths):
    with torch.no_grad():
        return head.double()(vectors.double(), lengths)


def search(head, vectors, lengths, floors, **bounds):
    with torch.no_grad():
        states = head.search_states(vectors, lengths)
    assert states.queries.dtype == torch.bfloat16
    return search_spans(states, floors, **bounds)


@given(
    heads_and_vectors(),
    st.floats(-8, 8),
    st.sampled_from([1, 4, None]),
    st.sampled_from([3, None]),
)
def test_spans_and_scores_are_those_of_exact_states(given, floor, band, size):
    head, vectors, lengths = given
    floors = [floor] * head.n_labels
    found = search(head, vectors, lengths, floors, max_span_length=band, size=size)
    exact = exact_states(head, vectors, lengths)
    for doc, spans in enumerate(found):
        cells = pointer_scores(exact, doc, band)
        columns = (spans.labels, spans.starts, spans.ends, spans.scores)
        own = {(k, i, j): s for k, i, j, s in zip(*(x.tolist() for x in columns))}
        size_of_terms = 1 + max((abs(s) for s in cells.values()), default=0)
        for cell, score in own.items():
            assert score == pytest.approx(cells[cell], abs=2e-5 * size_of_terms)
        sure = {c for c, s in cells.items() if s > floor + 2e-5 * size_of_terms}
        assert sure <= own.keys()


@given(heads_and_vectors())
def test_error_of_a_product_is_within_its_bound(given):
    head, vectors, lengths = given
    with torch.no_grad():
        states = head.search_states(vectors, lengths)
    exact = exact_states(head, vectors, lengths)
    for doc, (offset, length) in enumerate(zip(states.offsets, lengths)):
        own = slice(offset, offset + length)
        rounded, true = (
            torch.einsum("ihd,jhd->hij", x.queries[own].double(), x.keys[own].double())
            * x.scale
            for x in (states, exact)
        )
        error = (rounded - true).abs().flatten(1)
        assert (error <= states.exact.errors[doc][:, None]).all()


def test_few_cells_are_sifted():
    """The bound is of use: it lets few cells pass that are not spans."""
    torch.manual_seed(0)
    head = GlobalPointerHead(
        n_input=64, n_labels=3, head_width=64, rope=True, label_bias=-6.0
    )
    vectors = torch.randn(300, 64)
    with torch.no_grad():
        states = head.search_states(vectors, [300])
        exact = head(vectors, [300])
    floors = torch.zeros(3, dtype=torch.float64)
    n_cells = 3 * 300 * 301 / 2
    n_rounded, n_exact = (sum(map(len, sift_cells(x, floors))) for x in (states, exact))
    assert n_exact <= n_rounded < n_exact + 0.01 * n_cells


def test_products_are_zero_where_no_span_is_allowed():
    torch.manual_seed(0)
    head = GlobalPointerHead(
        n_input=N_INPUT, n_labels=2, head_width=WIDTH, rope=True, label_bias=None
    )
    with torch.no_grad():
        states = head.search_states(torch.randn(20, N_INPUT), [20])
    [tile] = walk(states)
    products = rounded_products(states, tile, max_span_length=5, scratch=Scratch())
    rows, columns = torch.arange(20)[:, None], torch.arange(20)
    allowed = (rows <= columns) & (columns - rows < 5)
    assert products.shape == (1, 2, 20, 20)
    assert (products[..., ~allowed] == 0).all()
    assert (products[..., allowed] != 0).all()


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_document_of_huge_vectors_does_not_affect_others(value):
    torch.manual_seed(0)
    head = GlobalPointerHead(
        n_input=N_INPUT, n_labels=2, head_width=WIDTH, rope=True, label_bias=0.0
    )
    vectors = torch.randn(30, N_INPUT)
    good = search(head, vectors, [20, 10], [0.5, 0.5])
    vectors[25] = value
    bad = search(head, vectors, [20, 10], [0.5, 0.5])
    assert good[0].n_above
    assert good[0].scores.tolist() == bad[0].scores.tolist()


@given(st.integers(0, 2**31), st.sampled_from([1e-12, 1.0, 1e6]))
def test_spectral_norm_is_bounded_closely(seed, scale):
    torch.manual_seed(seed)
    matrices = scale * torch.randn(3, 8, 20)
    true = torch.linalg.matrix_norm(matrices.double(), 2)
    bound = _spectral_norms(matrices)
    assert (true <= bound).all() and (bound < 1.34 * true).all()


def test_efficient_head_is_not_rounded():
    head = EfficientGlobalPointerHead(
        n_input=N_INPUT, n_labels=2, head_width=WIDTH, rope=True, label_bias=None
    )
    with torch.no_grad():
        assert head.search_states(torch.randn(4, N_INPUT), [4]).exact is None
