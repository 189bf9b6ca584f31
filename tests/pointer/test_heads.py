from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import efficient, global_pointer, pointer_scores

from spacy_globalpointer.pointer import heads
from spacy_globalpointer.pointer.heads import (
    EfficientGlobalPointerHead,
    GlobalPointerHead,
    rotate,
)

LENGTHS = [5, 0, 1, 7]
SIZES = {"n_input": 6, "n_labels": 3, "head_width": 4}


def make(head_class, **settings):
    torch.manual_seed(0)
    head = head_class(
        **{**SIZES, "rope": True, "label_bias": -2.0, **settings}
    ).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return head.eval(), torch.randn(sum(LENGTHS), 6, dtype=torch.float64)


def numbers(head):
    return {name: p.detach().numpy() for name, p in head.named_parameters()}


def assert_scores_equal(states, expected):
    offset = 0
    for doc, length in enumerate(LENGTHS):
        ours, theirs = pointer_scores(states, doc, None), expected(offset, length)
        assert ours.keys() == theirs.keys()
        assert numpy.allclose(list(ours.values()), [theirs[c] for c in ours])
        offset += length


@pytest.mark.parametrize("rope", [True, False])
@pytest.mark.parametrize("label_bias", [-2.0, None])
@torch.no_grad()
def test_global_pointer_is_the_authors_formula(rope, label_bias):
    head, x = make(GlobalPointerHead, rope=rope, label_bias=label_bias)
    p = numbers(head)
    constant = p.get("bias", numpy.zeros(3))

    def expected(offset, n):
        vectors = x[offset : offset + n].numpy()
        weight, bias = p["projection.weight"], p["projection.bias"]
        return global_pointer(vectors, weight, bias, constant, 4, rope)

    assert ("bias" in p) == (label_bias is not None)
    assert_scores_equal(head(x, LENGTHS), expected)


@pytest.mark.parametrize("rope", [True, False])
@torch.no_grad()
def test_efficient_is_the_authors_formula(rope):
    head, x = make(EfficientGlobalPointerHead, rope=rope)
    p = numbers(head)

    def expected(offset, n):
        vectors = x[offset : offset + n].numpy()
        return efficient(vectors, *(p[name] for name in p), rope)

    assert list(p) == [
        *("projection.weight", "projection.bias"),
        *("typing.weight", "typing.bias"),
    ]
    assert_scores_equal(head(x, LENGTHS), expected)


@pytest.mark.parametrize(
    "head_class,per_label,shared",
    [
        (GlobalPointerHead, 2 * 768 * 64 + 2 * 64, 0),
        (EfficientGlobalPointerHead, 258, 98432),
    ],
)
def test_parameter_counts_of_the_papers(head_class, per_label, shared):
    head = head_class(
        n_input=768, n_labels=9, head_width=64, rope=True, label_bias=None
    )
    assert sum(p.numel() for p in head.parameters()) == 9 * per_label + shared


@pytest.mark.parametrize("head_class", [GlobalPointerHead, EfficientGlobalPointerHead])
def test_untrained_head_finds_few_spans(head_class):
    torch.manual_seed(0)
    head = head_class(
        n_input=384, n_labels=9, head_width=64, rope=True, label_bias=-6.0
    )
    with torch.no_grad():
        states = head(torch.randn(100, 384), [100])
        scores = list(pointer_scores(states, 0, None).values())
    share = numpy.mean(numpy.array(scores) > 0)
    assert 0 <= share < 1e-3
    assert abs(numpy.mean(scores) + 6) < 0.5


def test_rotation_depends_on_the_distance_alone():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 64, dtype=torch.float64)
    many = [x.expand(2000, 1, 64) for x in (q, k)]
    turned_q, turned_k = (rotate(x, torch.arange(2000)) for x in many)
    at = [float(turned_q[i, 0] @ turned_k[i + 7, 0]) for i in (0, 1, 500, 1992)]
    assert numpy.allclose(at, at[0], rtol=1e-12)
    assert float(turned_q[0, 0] @ turned_k[8, 0]) != pytest.approx(at[0], rel=1e-3)


def test_rotation_stays_exact_far_from_the_start():
    x = torch.ones(1, 1, 2).expand(10**6 + 1, 1, 2)
    far = rotate(x, torch.arange(10**6 + 1))[10**6, 0].double()
    angle = torch.tensor(10.0**6, dtype=torch.float64)
    exact = torch.stack([angle.cos() - angle.sin(), angle.cos() + angle.sin()])
    assert torch.allclose(far, exact, atol=1e-6)


def test_tokens_without_a_vector_are_not_covered():
    head, x = make(GlobalPointerHead)
    x[3] = 0
    covered = head(x, LENGTHS).covered
    assert (~covered).nonzero().flatten().tolist() == [3]


@given(
    head_class=st.sampled_from([GlobalPointerHead, EfficientGlobalPointerHead]),
    labels=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    width=st.sampled_from([1, 64, 384]),
    tokens=st.integers(1, 40),
    label_bias=st.sampled_from([-2.0, None]),
)
@torch.no_grad()
def test_more_labels_do_not_change_a_bit_of_the_others(
    head_class, labels, width, tokens, label_bias
):
    head = head_class(
        **{"n_input": width, "n_labels": labels[0], "head_width": 64},
        **{"rope": True, "label_bias": label_bias},
    )
    x = torch.randn(tokens, width)
    before = head(x, [tokens]).tensors()
    for added in labels[1:]:
        head = head.with_labels(head.n_labels + added)
    again = head_class(**head.settings())
    again.load_state_dict(head.state_dict())
    for grown in (head, again):
        after = grown(x, [tokens])
        assert after.n_labels == sum(labels)
        for old, new in zip(before, after.tensors(), strict=True):
            assert torch.equal(old, new[:, : old.shape[1]])
    head.merge_labels()
    for old, new in zip(after.tensors(), head(x, [tokens]).tensors()):
        assert torch.allclose(old, new, atol=1e-4)


@pytest.mark.parametrize("bad", [{"head_width": 5}, {"n_labels": 0}, {"n_input": 0}])
def test_sizes_are_checked(bad):
    with pytest.raises(ValueError, match="GP003"):
        GlobalPointerHead(**{**SIZES, **bad}, rope=True, label_bias=None)


@pytest.mark.parametrize("label_bias", [-2.0, None])
@pytest.mark.parametrize("head_class", [GlobalPointerHead, EfficientGlobalPointerHead])
def test_books_are_projected_in_chunks(monkeypatch, head_class, label_bias):
    head, x = make(head_class, label_bias=label_bias)
    whole = head(x, LENGTHS)  # with a gradient, and so at once
    for chunk in (1, 3, 13):
        monkeypatch.setattr(heads, "CHUNK", chunk)
        with torch.no_grad():
            parts = head(x, LENGTHS)
        assert len(whole.tensors()) == len(parts.tensors())
        for one, other in zip(whole.tensors(), parts.tensors()):
            assert torch.allclose(one, other, atol=1e-12)
