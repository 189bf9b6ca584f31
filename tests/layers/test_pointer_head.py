from __future__ import annotations

import gc
import json
import weakref

import numpy
import pytest
import torch
from thinc.api import Adam, Model, NumpyOps, set_dropout_rate

from spacy_globalpointer.layers.pointer_head import (
    build_global_pointer_v1,
    deserialize_head,
    pointer_head,
    serialize_head,
)
from spacy_globalpointer.pointer.heads import HEADS
from spacy_globalpointer.pointer.loss import span_loss

SETTINGS = {"head_width": 4, "rope": True, "label_bias": -1.0}
ROWS = torch.tensor([[0, 0, 0, 2], [2, 1, 1, 1]])


def make(kind="GlobalPointer", rate=1.0, **settings):
    head = pointer_head(kind, {**SETTINGS, **settings}, rate, 2)
    X = [NumpyOps().asarray2f(numpy.random.randn(n, 5)) for n in (3, 0, 4)]
    head.initialize(X=X)
    return head, X


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_begin_update_matches_predict(kind):
    head, X = make(kind)
    predicted, (updated, _) = head.predict(X), head.begin_update(X)
    for a, b in zip(predicted.tensors(), updated.tensors()):
        assert torch.equal(a, b)
    assert updated.lengths == (3, 0, 4)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_backprop_is_that_of_torch(kind):
    head, X = make(kind)
    states, backprop = head.begin_update(X)
    dX = backprop(span_loss(states, ROWS)[1])
    assert [x.shape for x in dX] == [x.shape for x in X]
    module = head.shims[0]._model
    ours = {name: p.grad.clone() for name, p in module.named_parameters()}
    module.zero_grad()
    flat = torch.tensor(numpy.concatenate(X), requires_grad=True)
    again = module(flat, [3, 0, 4])
    torch.autograd.backward(again.tensors(), span_loss(again, ROWS)[1].tensors())
    assert numpy.allclose(numpy.concatenate(dX), flat.grad.numpy(), atol=1e-7)
    for name, parameter in module.named_parameters():
        assert torch.allclose(ours[name], parameter.grad, atol=1e-7)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_gradient_is_the_slope_of_the_loss(kind):
    head, X = make(kind)
    states, backprop = head.begin_update(X)
    dX, step = backprop(span_loss(states, ROWS)[1]), 1e-2
    for i, j in [(0, 0), (1, 3), (2, 4)]:
        values = []
        for sign in (1, -1):
            moved = [x.copy() for x in X]
            moved[0][i, j] += sign * step
            values.append(float(span_loss(head.predict(moved), ROWS)[0]))
        slope = (values[0] - values[1]) / (2 * step)
        assert dX[0][i, j] == pytest.approx(slope, rel=2e-2, abs=1e-4)


def test_learning_lowers_the_loss():
    head, X = make()
    optimizer, losses = Adam(0.05), []
    for _ in range(20):
        states, backprop = head.begin_update(X)
        loss, d_states = span_loss(states, ROWS)
        backprop(d_states)
        head.finish_update(optimizer)
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 4


def test_dropout_reaches_the_head():
    head, X = make()
    set_dropout_rate(head, 0.5)
    first, second = (head.begin_update(X)[0].queries for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(head.predict(X).queries, head.predict(X).queries)


def test_batch_of_empty_documents_is_accepted():
    head, _ = make()
    states, backprop = head.begin_update([NumpyOps().alloc2f(0, 5)])
    assert [x.shape for x in backprop(states.map(torch.zeros_like))] == [(0, 5)]


@pytest.mark.parametrize("kind", sorted(HEADS))
@pytest.mark.parametrize("label_bias", [-1.0, None])
def test_bytes_round_trip(kind, label_bias):
    head, X = make(kind, label_bias=label_bias)
    data = head.to_bytes()
    settings = {**SETTINGS, "label_bias": label_bias}
    empty = pointer_head(kind, settings, 1.0)
    assert isinstance(empty, Model)
    loaded = empty.from_bytes(data)
    assert loaded.to_bytes() == data
    assert loaded.get_dim("nI") == 5 and loaded.get_dim("nO") == 2
    for a, b in zip(head.predict(X).tensors(), loaded.predict(X).tensors()):
        assert torch.equal(a, b)


def test_layer_that_is_not_initialized_round_trips():
    data = pointer_head("GlobalPointer", SETTINGS, 1.0).to_bytes()
    assert pointer_head("GlobalPointer", SETTINGS, 1.0).from_bytes(data)


def test_stored_head_is_plain_safetensors():
    from safetensors.torch import load

    head, _ = make()
    module = head.shims[0]._model
    data = serialize_head("GlobalPointer", module)
    assert set(load(data)) == set(module.state_dict())


def damaged():
    head, _ = make()
    data = serialize_head("GlobalPointer", head.shims[0]._model)
    other = json.dumps({"format": "99"}).replace('"', r"\"").encode()
    yield data[:20]
    yield b"\x80\x04pickle"
    yield data.replace(b'{"__metadata__":{"head"', b'{"__metadata__":{"tail"')
    start = data.index(b'"{') + 1
    end = data.index(b'}}"') + 3
    filled = other + b" " * (end - start - 1 - len(other))
    yield data[:start] + filled + data[end - 1 :]


def test_damaged_bytes_are_refused():
    for data in damaged():
        with pytest.raises(ValueError, match="GP004"):
            deserialize_head("GlobalPointer", SETTINGS, None, data, torch.device("cpu"))


def test_copy_is_independent():
    head, X = make(rate=3.0)
    copy = head.copy()
    assert copy.shims[0].learn_rate_scale == 3.0
    _, backprop = copy.begin_update(X)
    backprop(span_loss(copy.predict(X), ROWS)[1])
    copy.finish_update(Adam(0.1))
    assert not torch.equal(head.predict(X).queries, copy.predict(X).queries)


def test_predicting_keeps_nothing_of_tok2vec():
    """Its gradient would need as much memory as a book's vectors."""
    alive = []

    class Needed:
        pass

    def vectors(model, docs, is_train):
        needed = Needed()
        alive.append(weakref.ref(needed))
        X = [numpy.ones((n, 5), dtype="float32") for n in docs]
        return X, lambda dX: (needed, dX)[1]

    def seen(model, X, is_train):
        gc.collect()
        kept.append(alive[-1]() is not None)
        return head_forward(model, X, is_train)

    kept = []
    model = build_global_pointer_v1(Model("vectors", vectors), head_width=4, nO=2)
    model.initialize(X=[3, 4])
    head = model.get_ref("output_layer")
    head_forward, head._func = head._func, seen
    predicted = model.predict([3, 4])
    updated, backprop = model.begin_update([3, 4])
    assert kept == [False, True]
    assert torch.equal(predicted.queries, updated.queries)
    assert [x.shape for x in backprop(updated)] == [(3, 5), (4, 5)]
    with pytest.raises(ValueError, match="GP043"):
        model([3, 4], is_train=False)[1](updated)
