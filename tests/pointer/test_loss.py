from __future__ import annotations

import math

import pytest
import torch
from gradients import gradcheck
from hypothesis import given
from hypothesis import strategies as st
from reference import loss, pointer_scores
from strategies import as_rows, batches, random_states

from spacy_globalpointer.pointer import shared_pair
from spacy_globalpointer.pointer.heads import (
    EfficientGlobalPointerHead,
    GlobalPointerHead,
)
from spacy_globalpointer.pointer.log_sums import own_pairs_negatives, shifted_negatives
from spacy_globalpointer.pointer.loss import span_loss, teacher_loss
from spacy_globalpointer.pointer.shared_pair import shared_pair_negatives
from spacy_globalpointer.pointer.states import PointerStates

sizes = st.sampled_from([1, 2, 5, None])


@pytest.fixture(autouse=True, scope="module")
def _shared_exponentials_of_few_cells_too():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_pair, "TILE_OVERHEAD", 0)
        yield


def reference_loss(states, gold, band):
    scores = [pointer_scores(states, doc, band) for doc in range(len(states.lengths))]
    return loss(scores, gold, states.n_labels)


def dense_loss(tensors, states, gold, band):
    """The textbook form on the n × n × labels array, for autograd."""
    queries, keys, *terms = tensors
    start = terms.pop(0) if states.start is not None else None
    end = terms.pop(0) if states.end is not None else None
    parts, offset = [], 0
    for cells, n in zip(gold, states.lengths):
        rows = slice(offset, offset + n)
        s = torch.einsum("ihd,jhd->hij", queries[rows], keys[rows]) * states.scale
        s = s.expand(states.n_labels, n, n)
        s = s if start is None else s + start[rows].T[:, :, None]
        s = s if end is None else s + end[rows].T[:, None, :]
        allowed = torch.ones(n, n).triu() - torch.ones(n, n).triu(band or n)
        y = torch.zeros(states.n_labels, n, n, dtype=torch.float64)
        for cell in cells:
            y[cell] = 1
        zero = torch.zeros(states.n_labels, 1, dtype=torch.float64)
        neg = s.masked_fill((allowed == 0) | (y == 1), -math.inf).flatten(1)
        pos = (-s).masked_fill(y == 0, -math.inf).flatten(1)
        for part in (neg, pos):
            if n:
                parts.append(torch.cat([zero, part], 1).logsumexp(1).mean())
        offset += n
    return torch.stack(parts).sum() / (len(parts) / 2)


@given(batches(), sizes)
def test_loss_is_the_formula(batch, size):
    states, band, gold = batch
    ours, _ = span_loss(states, as_rows(gold), max_span_length=band, size=size)
    assert float(ours) == pytest.approx(reference_loss(states, gold, band), abs=1e-12)


@given(batches(), sizes)
def test_gradient_is_that_of_autograd(batch, size):
    states, band, gold = batch
    if not sum(states.lengths):
        return
    _, gradient = span_loss(states, as_rows(gold), max_span_length=band, size=size)
    tensors = [x.clone().requires_grad_() for x in states.tensors()]
    dense_loss(tensors, states, gold, band).backward()
    for ours, leaf in zip(gradient.tensors(), tensors):
        assert torch.allclose(ours, leaf.grad, atol=1e-10)


@pytest.mark.parametrize(
    "shared,start,end", [(False, 1, 0), (False, 0, 0), (True, 1, 1)]
)
def test_gradient_passes_gradcheck(shared, start, end):
    states = random_states([6, 0, 3], 2, shared=shared, start=start, end=end)
    rows = as_rows([{(0, 1, 2), (0, 0, 5), (1, 2, 2)}, set(), {(1, 0, 2)}])

    assert gradcheck(lambda x: span_loss(x, rows, max_span_length=6, size=2), states)


@pytest.mark.parametrize("head_class", [GlobalPointerHead, EfficientGlobalPointerHead])
@pytest.mark.parametrize("rope", [True, False])
def test_gradient_reaches_every_weight_of_the_head(head_class, rope):
    torch.manual_seed(0)
    head = head_class(n_input=5, n_labels=2, head_width=4, rope=rope, label_bias=-1.0)
    head, lengths = head.double(), [4, 0, 3]
    gold = [{(0, 1, 2), (1, 0, 3)}, set(), {(1, 2, 2)}]
    x = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    states = head(x, lengths)
    _, gradient = span_loss(states, as_rows(gold), max_span_length=3 + 1)
    torch.autograd.backward(states.tensors(), gradient.tensors())
    ours = [p.grad.clone() for p in (x, *head.parameters())]
    x.grad = None
    head.zero_grad()
    states = head(x, lengths)
    dense_loss(states.tensors(), states, gold, 4).backward()
    for mine, parameter in zip(ours, (x, *head.parameters())):
        assert torch.allclose(mine, parameter.grad, atol=1e-10)
        assert parameter.grad.abs().sum() > 0


def soft_loss(tensors, states, teacher, band):
    """The author's loss for soft labels on the n × n × labels array."""
    queries, keys, *terms = tensors
    start = terms.pop(0) if states.start is not None else None
    end = terms.pop(0) if states.end is not None else None
    parts, offset = [], 0
    for doc, n in enumerate(states.lengths):
        rows = slice(offset, offset + n)
        s = torch.einsum("ihd,jhd->hij", queries[rows], keys[rows]) * states.scale
        s = s.expand(states.n_labels, n, n)
        s = s if start is None else s + start[rows].T[:, :, None]
        s = s if end is None else s + end[rows].T[:, None, :]
        degrees = pointer_scores(teacher, doc, band)
        for label in range(states.n_labels if n else 0):
            cells = [c for c in degrees if c[0] == label]
            t = torch.tensor([1 / (1 + math.exp(-2 * degrees[c])) for c in cells])
            own = torch.stack([s[c] for c in cells])
            parts.append((1 + (t * (-own).exp()).sum()).log())
            parts.append((1 + ((1 - t) * own.exp()).sum()).log())
        offset += n
    n_docs = sum(n > 0 for n in states.lengths)
    return torch.stack(parts).sum() / (n_docs * states.n_labels)


@given(batches(max_length=7), sizes, st.integers(0, 99))
def test_loss_with_a_teacher_is_the_formula(batch, size, seed):
    torch.set_default_dtype(torch.float64)  # of t, which a list of floats becomes
    states, band, _ = batch
    teacher = random_states(states.lengths, states.n_labels, seed=seed)
    try:
        if not sum(states.lengths):
            return
        ours, gradient = teacher_loss(states, teacher, max_span_length=band, size=size)
        tensors = [x.clone().requires_grad_() for x in states.tensors()]
        theirs = soft_loss(tensors, states, teacher, band)
        theirs.backward()
    finally:
        torch.set_default_dtype(torch.float32)
    assert float(ours) == pytest.approx(theirs.item(), abs=1e-10)
    for mine, leaf in zip(gradient.tensors(), tensors):
        assert torch.allclose(mine, leaf.grad, atol=1e-10)


@given(batches(), sizes)
def test_teacher_with_certain_scores_equals_gold(batch, size):
    states, band, gold = batch
    lengths, n_labels = states.lengths, states.n_labels
    eye, offset = torch.zeros(sum(lengths), n_labels, sum(lengths)), 0
    keys = torch.eye(sum(lengths))[:, None].expand(-1, n_labels, -1).contiguous()
    for cells, n in zip(gold, lengths):
        for label, start, end in cells:
            eye[offset + start, label, offset + end] = 1
        offset += n
    if not offset:
        return
    start = torch.full((offset, n_labels), -50.0)
    teacher = PointerStates(eye, keys, start, None, lengths, 100.0)
    hard, d_hard = span_loss(states, as_rows(gold), max_span_length=band, size=size)
    soft, d_soft = teacher_loss(states, teacher, max_span_length=band, size=size)
    assert float(soft) == pytest.approx(float(hard), abs=1e-10)
    for one, other in zip(d_hard.tensors(), d_soft.tensors()):
        assert torch.allclose(one, other, atol=1e-10)


def quick_negatives(states):
    shared = states.queries.shape[1] < states.n_labels
    return shared_pair_negatives if shared else own_pairs_negatives


@given(batches(max_length=30), sizes)
def test_both_ways_to_sum_agree(batch, size):
    """The quick way is only quicker; it gives up where scores are high."""
    states, band, gold = batch
    gold = as_rows(gold).unique(dim=0)
    factors, log_rest = torch.rand(2, len(states.lengths), states.n_labels).double()
    results = []
    for function in (quick_negatives(states), shifted_negatives):
        gradient = states.map(lambda x: torch.zeros_like(x).contiguous())
        bounds = {"max_span_length": band, "size": size}
        sums = function(states, gold, log_rest, factors, gradient, **bounds)
        results.append([sums, *gradient.tensors()])
    for one, other in zip(*results):
        assert torch.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("shared", [False, True])
def test_quick_sums_give_up_before_they_overflow(shared):
    states = random_states([9], 2, shared=shared, scale=12.0).map(torch.Tensor.float)
    gold, factors = as_rows([set()]), torch.ones(1, 2)
    gradient = states.map(torch.zeros_like)
    sums = quick_negatives(states)(
        states, gold, 0 * factors, factors, gradient, max_span_length=None, size=None
    )
    assert sums is None
    assert not any(x.any() for x in gradient.tensors())


def test_sharing_exponentials_of_few_cells_does_not_pay(monkeypatch):
    states = random_states([9], 2, shared=True)
    factors, gradient = torch.ones(1, 2).double(), states.map(torch.zeros_like)
    bounds = {"max_span_length": None, "size": None}
    for overhead, pays in ((9 * 9 * 2, True), (9 * 9 * 2 + 1, False)):
        monkeypatch.setattr(shared_pair, "TILE_OVERHEAD", overhead)
        gold = as_rows([set()])
        sums = shared_pair_negatives(
            states, gold, 0 * factors, factors, gradient, **bounds
        )
        assert (sums is not None) == pays


@pytest.mark.parametrize("shared", [False, True])
def test_labels_with_all_or_no_spans_gold_have_the_exact_loss(shared):
    states = random_states([6], 2, shared=shared)
    gold = [{(0, i, j) for i in range(6) for j in range(i, 6)}]
    ours, gradient = span_loss(states, as_rows(gold), size=4)
    assert float(ours) == pytest.approx(reference_loss(states, gold, None), abs=1e-12)
    tensors = [x.clone().requires_grad_() for x in states.tensors()]
    dense_loss(tensors, states, gold, None).backward()
    for mine, leaf in zip(gradient.tensors(), tensors):
        assert torch.allclose(mine, leaf.grad, atol=1e-10)


@pytest.mark.parametrize("shared", [False, True])
def test_the_same_to_the_last_bit_from_run_to_run(shared):
    """Also where threads would race for the tokens that many gold spans share."""
    lengths, n_labels, threads = [300, 90, 88, 0, 7], 20, torch.get_num_threads()
    states = random_states(lengths, n_labels, shared=shared, end=shared, width=16)
    states = states.map(torch.Tensor.float)
    spans = {(i % n_labels, i // n_labels % 30, 30 + i % 97) for i in range(3000)}
    rows = as_rows([spans, {(1, 0, 0)}, set(), set(), set()])
    torch.set_num_threads(4)
    try:
        first, d_first = span_loss(states, rows)
        for _ in range(5):
            again, d_again = span_loss(states, rows)
            assert torch.equal(first, again)
            for one, other in zip(d_first.tensors(), d_again.tensors()):
                assert torch.equal(one, other)
    finally:
        torch.set_num_threads(threads)


def test_targets_of_another_size_are_refused():
    states = random_states([3, 2], 2)
    with pytest.raises(ValueError, match="GP006.*3 labels"):
        teacher_loss(states, random_states([3, 2], 3))
    with pytest.raises(ValueError, match=r"GP006.*\(5,\) tokens"):
        teacher_loss(states, random_states([5], 2))


@pytest.mark.parametrize("shared", [False, True])
def test_batch_without_documents_has_loss_zero(shared):
    loss_value, gradient = span_loss(random_states([], 2, shared=shared), as_rows([]))
    assert float(loss_value) == 0 and gradient.queries.shape[0] == 0


def test_repeated_positives_count_once():
    states = random_states([5], 1)
    rows = as_rows([{(0, 1, 2), (0, 0, 4)}])
    once, d_once = span_loss(states, rows)
    twice, d_twice = span_loss(states, torch.cat([rows, rows]))
    assert once == twice
    assert torch.equal(d_once.queries, d_twice.queries)


@pytest.mark.parametrize("score", [10.0, 14.0, 16.0, 20.0, 30.0])
def test_no_cancellation_in_float32(score):
    """Where the author's sparse form returns −0.118 to 13.88: one positive of a
    high score among negatives of −20."""
    n = 20
    start = torch.full((n, 1), -20.0)
    end = torch.zeros(n, 1)
    start[0, 0], end[n - 1, 0] = -20.0, score + 20.0
    end_only = PointerStates(
        torch.zeros(n, 1, 2), torch.zeros(n, 1, 2), start, end, (n,), 1.0
    )
    gold = {(0, i, n - 1) for i in range(n)}
    loss_value, _ = span_loss(end_only, as_rows([gold]))
    exact = reference_loss(end_only.map(torch.Tensor.double), [gold], None)
    assert float(loss_value) == pytest.approx(exact, rel=1e-5, abs=1e-12)
    assert float(loss_value) >= 0


@given(batches(scale=60.0))
def test_loss_of_huge_scores_is_exact(batch):
    states, band, gold = batch
    states = states.map(torch.Tensor.float)
    loss_value, gradient = span_loss(states, as_rows(gold), max_span_length=band)
    assert math.isfinite(loss_value) and loss_value >= 0
    exact = reference_loss(states.map(torch.Tensor.double), gold, band)
    assert float(loss_value) == pytest.approx(exact, rel=1e-5, abs=1e-12)
    assert all(x.isfinite().all() for x in gradient.tensors())
    soft, gradient = teacher_loss(states, states, max_span_length=band)
    assert math.isfinite(soft) and soft >= 0
    assert all(x.isfinite().all() for x in gradient.tensors())


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("band", [None, 1])
@pytest.mark.parametrize("term", [-19.0, 9.0, 19.0])
@pytest.mark.parametrize("product", [-300.0, -80.0, -55.0, 20.0])
def test_terms_and_products_of_opposite_signs_keep_precision(
    shared, band, term, product
):
    n, heads = 60, 1 if shared else 2
    x = torch.ones(n, heads, 1)
    terms = torch.full((n, 2), term)
    states = PointerStates(x * product, x, terms, terms, (n,), 1.0)
    gold = [{(0, 3, 3)}]
    ours, gradient = span_loss(states, as_rows(gold), max_span_length=band)
    exact = reference_loss(states, gold, band)
    assert float(ours) == pytest.approx(exact, rel=1e-5, abs=1e-12)
    double = states.map(torch.Tensor.double)
    tensors = [x.clone().requires_grad_() for x in double.tensors()]
    dense_loss(tensors, double, gold, band).backward()
    for mine, leaf in zip(gradient.tensors(), tensors):
        assert torch.allclose(mine.double(), leaf.grad, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_more_labels_than_a_tile_has(shared, dtype):
    states = random_states([23, 5], 40, shared=shared, end=shared).map(
        lambda x: x.to(dtype)
    )
    gold = [{(0, 1, 2), (17, 3, 22), (39, 0, 0)}, {(16, 4, 4)}]
    ours, gradient = span_loss(states, as_rows(gold), size=9)
    assert all(x.dtype == dtype for x in gradient.tensors())
    assert float(ours) == pytest.approx(reference_loss(states, gold, None), rel=1e-5)
    double = states.map(torch.Tensor.double)
    tensors = [x.clone().requires_grad_() for x in double.tensors()]
    dense_loss(tensors, double, gold, None).backward()
    for mine, leaf in zip(gradient.tensors(), tensors):
        assert torch.allclose(mine.double(), leaf.grad, rtol=2e-3, atol=1e-6)


def test_bfloat16_states_are_scored_in_float32():
    states = random_states([40], 2)
    low = states.map(torch.Tensor.bfloat16)
    exact = reference_loss(low, [{(0, 3, 4)}], None)
    loss_value, gradient = span_loss(low, as_rows([{(0, 3, 4)}]))
    assert float(loss_value) == pytest.approx(exact, rel=1e-5)
    assert gradient.queries.dtype == torch.bfloat16


def test_batch_without_tokens_has_loss_zero():
    states = random_states([0, 0], 2)
    loss_value, gradient = span_loss(states, as_rows([set(), set()]))
    assert float(loss_value) == 0
    assert gradient.queries.shape == (0, 2, 4)


@pytest.mark.parametrize(
    "row",
    [
        (0, 0, 2, 1),
        (0, 0, 0, 3),
        (0, 2, 0, 0),
        (1, 0, 0, 0),
        (0, 0, -1, 0),
        (0, 0, 0, 2),
    ],
)
def test_positives_outside_the_region_are_refused(row):
    states = random_states([3], 2)
    with pytest.raises(ValueError, match="GP002"):
        span_loss(states, torch.tensor([row]), max_span_length=2)
