from __future__ import annotations

import math

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from spacy_globalpointer.memory import slots as slots_module
from spacy_globalpointer.memory.slots import SlotMemory, best_slots

SIZES = {"n_input": 6, "slots": 7, "heads": 2, "head_width": 3, "top_k": 3}


def make(dtype=torch.float64, **sizes):
    """A memory whose parameters are all random, as after a training."""
    torch.manual_seed(0)
    memory = SlotMemory(**{**SIZES, **sizes}).to(dtype)
    with torch.no_grad():
        for parameter in memory.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
    return memory.eval()


def vectors(n, width=6, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, dtype=dtype, generator=generator)


def softmax(x):
    powers = numpy.exp(x - x.max())
    return powers / powers.sum()


def reference(memory, x):
    """The formulas of SlotMemory's docstring for one token, head by head."""
    p = {name: t.detach().numpy() for name, t in memory.named_parameters()}
    u = (x - x.mean()) / math.sqrt(x.var() + 1e-5)
    u = u * p["norm.weight"] + p["norm.bias"]
    query = p["query.weight"] @ u + p["query.bias"]
    own = p["own.weight"] @ u + p["own.bias"]
    a, b, c = softmax(p["mix.weight"] @ u + p["mix.bias"])
    width, mixed = memory.head_width, []
    for h in range(memory.heads):
        part = slice(h * width, (h + 1) * width)
        keys, values = p["keys"][h], p["values"][h]
        s = keys @ query[part] / math.sqrt(width)
        best = sorted(range(len(s)), key=lambda i: (-s[i], i))[: memory.top_k]
        soft, hard = softmax(s) @ values, softmax(s[best]) @ values[best]
        mixed.append(a * own[part] + b * soft + c * hard)
    return x - (p["output.weight"] @ numpy.concatenate(mixed) + p["output.bias"])


@pytest.mark.parametrize("top_k", [1, 3, 7])
@torch.no_grad()
def test_memory_is_the_formula(top_k):
    memory, x = make(top_k=top_k), vectors(20)
    expected = [reference(memory, token) for token in x.numpy()]
    assert numpy.allclose(memory(x).numpy(), expected, rtol=1e-12, atol=1e-12)
    single = memory.float()(x.float())
    assert numpy.allclose(single.numpy(), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_top_k_of_all_slots_reads_twice_the_same():
    memory = make(top_k=7)
    other = make(top_k=7)
    other.mix.weight.zero_()
    memory.mix.weight.zero_()
    memory.mix.bias.copy_(torch.tensor([-50.0, 1.0, -50.0]))
    other.mix.bias.copy_(torch.tensor([-50.0, -50.0, 1.0]))
    assert torch.allclose(memory(vectors(5)), other(vectors(5)))
    assert not torch.allclose(make(top_k=1)(vectors(5)), make(top_k=7)(vectors(5)))


def test_gradients_are_those_of_finite_differences():
    memory, x = make(), vectors(4).requires_grad_()
    names = [name for name, _ in memory.named_parameters()]

    def run(x, *parameters):
        return torch.func.functional_call(memory, dict(zip(names, parameters)), (x,))

    parameters = [p.detach().requires_grad_() for p in memory.parameters()]
    assert torch.autograd.gradcheck(run, (x, *parameters))


def test_hard_reading_gives_no_gradient_to_other_slots():
    memory = make()
    with torch.no_grad():
        memory.mix.weight.zero_()
        memory.mix.bias.copy_(torch.tensor([-1000.0, -1000.0, 0.0]))
    memory(vectors(1)).square().sum().backward()
    for parameter in (memory.values, memory.keys):
        moved = (parameter.grad.abs() > 1e-12).any(dim=2)
        assert moved.sum(dim=1).tolist() == [3, 3]


def bits(x):
    return x.detach().numpy().tobytes()


@pytest.mark.parametrize("training", [False, True])
def test_untrained_memory_returns_its_input_bit_for_bit(training):
    memory = SlotMemory(n_input=6, slots=7, heads=2, head_width=3, top_k=3)
    memory.train(training)
    memory.dropout.p = 0.5
    x = vectors(50, dtype=torch.float32) * 1e3
    x[0, :3] = -0.0
    x[1] = 0.0
    x[2] = -0.0
    x[3] = torch.finfo(torch.float32).tiny / 8  # subnormal
    assert bits(memory(x)) == bits(x)
    with torch.no_grad():
        assert bits(memory(x)) == bits(x)


def test_every_parameter_has_a_gradient_from_the_second_step_on():
    memory = SlotMemory(n_input=6, slots=7, heads=2, head_width=3, top_k=3)
    x, target = vectors(30, dtype=torch.float32), vectors(30, seed=2).float()
    optimizer = torch.optim.SGD(memory.parameters(), lr=0.1)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = (memory(x) - target).square().mean()
        loss.backward()
        if not losses:
            assert memory.output.weight.grad.ne(0).all()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 2:
            grads = {n: p.grad.ne(0).any() for n, p in memory.named_parameters()}
            assert all(grads.values()), grads
    assert losses[-1] < losses[0] * 0.9


@torch.no_grad()
def test_dropout_acts_only_in_training():
    memory, x = make(), vectors(5)
    memory.dropout.p = 0.5
    assert torch.equal(memory(x), memory(x))
    memory.train()
    assert not torch.equal(memory(x), memory(x))


@torch.no_grad()
def test_token_without_a_vector_stays_without_one():
    x = vectors(3)
    x[1] = 0.0
    result = make()(x)
    assert result[1].eq(0).all() and result[[0, 2]].ne(x[[0, 2]]).any(dim=1).all()


def gradients(memory, x):
    x = x.clone().requires_grad_()
    memory.zero_grad()
    result = memory(x)
    (result * torch.arange(result.numel()).view_as(result).cos()).sum().backward()
    return result, x.grad, *(p.grad.clone() for p in memory.parameters())


def test_chunks_have_the_same_result_and_gradients(monkeypatch):
    memory, x = make().train(), vectors(20)
    at_once = gradients(memory, x)
    monkeypatch.setattr(slots_module, "CHUNK", 3)
    for ours, theirs in zip(gradients(memory, x), at_once):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_recomputed_chunks_drop_the_same_features(monkeypatch):
    """The slope of the result with fixed random numbers is the gradient."""
    monkeypatch.setattr(slots_module, "CHUNK", 2)
    memory, x = make().train(), vectors(5).requires_grad_()
    memory.dropout.p = 0.5

    def run(x):
        torch.manual_seed(3)
        return memory(x)

    assert torch.autograd.gradcheck(run, (x,))


@torch.no_grad()
def test_prediction_in_chunks_is_the_same(monkeypatch):
    memory, x = make(), vectors(20)
    at_once = memory(x)
    monkeypatch.setattr(slots_module, "CHUNK", 3)
    assert torch.allclose(memory(x), at_once, rtol=1e-12)


class Sizes(TorchDispatchMode):
    """Collects the number of values of each array that torch makes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.found.append(result.numel())
        return result


def test_a_book_needs_memory_for_the_scores_of_one_chunk_only():
    memory, x = make(slots=100, top_k=5).train(), vectors(20_000)
    largest = max(x.numel(), slots_module.CHUNK * 2 * 100)
    with torch.no_grad(), Sizes() as sizes:
        memory(x)
    assert max(sizes.found) == largest < len(x) * 100
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: kept.append(saved.numel()), lambda _: None
    ):
        memory(x.requires_grad_())
    assert sum(kept) < 5 * x.numel()


@given(
    n=st.integers(0, 9),
    slots=st.integers(1, 9),
    heads=st.integers(1, 3),
    width=st.integers(1, 4),
    chunk=st.integers(1, 10),
    data=st.data(),
)
@torch.no_grad()
def test_any_sizes_are_the_formula(n, slots, heads, width, chunk, data):
    top_k = data.draw(st.integers(1, slots))
    memory = make(slots=slots, heads=heads, head_width=width, top_k=top_k)
    x = vectors(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots_module, "CHUNK", chunk)
        result = memory(x)
    expected = numpy.array([reference(memory, token) for token in x.numpy()])
    assert result.shape == (n, 6)
    assert numpy.allclose(result.numpy(), expected.reshape(n, 6), atol=1e-10)


@given(data=st.data())
def test_best_slots_are_the_first_of_equal_ones(data):
    """Scores of few different values have many ties."""
    n, slots = data.draw(st.integers(0, 4)), data.draw(st.integers(1, 8))
    row = st.lists(st.integers(0, 2), min_size=slots, max_size=slots)
    scores = torch.tensor(
        data.draw(st.lists(row, min_size=n, max_size=n)), dtype=torch.float32
    ).reshape(n, slots)
    top_k = data.draw(st.integers(1, slots))
    marked = best_slots(scores, top_k)
    for own, marks in zip(scores.tolist(), marked.tolist()):
        order = sorted(range(slots), key=lambda i: (-own[i], i))[:top_k]
        assert marks == [float(i in order) for i in range(slots)]
    assert torch.equal(best_slots(scores.expand(2, n, slots), top_k)[1], marked)


def test_border_on_other_devices_is_the_same(monkeypatch):
    """Without a GPU: its branch is called with an array that claims to be on one."""
    scores = vectors(6, width=9)
    expected = slots_module._border(scores, 4)

    class OnGpu:
        device = torch.device("cuda")
        topk = scores.topk

    for ours, theirs in zip(slots_module._border(OnGpu(), 4), expected):
        assert torch.equal(ours, theirs)


def test_settings_rebuild_the_memory():
    memory = make()
    again = SlotMemory(n_input=6, **memory.settings()).double()
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again(vectors(4)), memory(vectors(4)))
