"""Architecture of token vectors with a memory of learned slots."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model, get_torch_default_device
from thinc.types import ArgsKwargs, Floats2d
from thinc.util import torch2xp, xp2torch

from ..errors import Errors
from ..memory.slots import SlotMemory
from ..torch_shim import TorchShim
from ..values import Setting, is_number, is_whole
from .flat_vectors import flatten
from .no_gradient import no_gradient
from .storage import load_tensors, module_to_bytes, read_module

#: The name of the module in messages and in its file.
PART = "memory"


def build_external_memory_v1(
    tok2vec: Model[List[Doc], List[Floats2d]],
    slots: Setting = 256,
    heads: Setting = 4,
    head_width: Setting = 32,
    top_k: Setting = 16,
    learn_rate_scale: Setting = 1.0,
    value_learn_rate_scale: Setting = 10.0,
) -> Model[List[Doc], List[Floats2d]]:
    """Build `spacy-globalpointer.ExternalMemory.v1`: token vectors that also read a
    memory of learned slots (see `memory.slots.SlotMemory`). An untrained memory does
    not change a bit of the vectors.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any model of token vectors.
    slots (int): Slots of each head.
    heads (int): Heads, each with keys and values of its own.
    head_width (int): Width of the queries, keys and values of a head.
    top_k (int): Slots of the hard reading, at most `slots`. With all slots it equals
        the soft reading.
    learn_rate_scale (float): Factor of the optimizer's learning rate for the memory,
        except its values.
    value_learn_rate_scale (float): Factor of the optimizer's learning rate for the
        values.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model. Its vectors have the width of
        those of tok2vec.
    RAISES (ValueError): GP063 if a setting is of the wrong type or out of its range.
    """
    sizes = {"slots": slots, "heads": heads, "head_width": head_width}
    for name, value in sizes.items():
        fits = is_whole(value, least=1)
        _check(name, value, fits, "a whole number of at least 1")
    fits = is_whole(top_k, least=1) and top_k <= slots
    _check("top_k", top_k, fits, f"a whole number from 1 to slots, which is {slots}")
    rates = {
        "learn_rate_scale": learn_rate_scale,
        "value_learn_rate_scale": value_learn_rate_scale,
    }
    for name, value in rates.items():
        fits = is_number(value) and value >= 0
        _check(name, value, fits, "a number of at least 0")
    settings = {**sizes, "top_k": top_k}
    return Model(
        "external_memory",
        forward,
        init=init,
        attrs={"dropout_rate": 0.0},
        layers=[tok2vec],
        shims=[MemoryShim(settings, learn_rate_scale, value_learn_rate_scale)],
        dims={"nO": tok2vec.maybe_get_dim("nO")},
    )


def _check(name: str, value: object, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))


def init(
    model: Model[List[Doc], List[Floats2d]],
    X: Optional[List[Doc]] = None,
    Y: Any = None,
) -> None:
    """Initialize tok2vec, and build the memory for the width of its vectors. X may be
    missing if tok2vec knows its width."""
    [tok2vec] = model.layers
    tok2vec.initialize(X=X)
    if X and not tok2vec.has_dim("nO"):
        model.set_dim("nO", tok2vec.predict(X[:1])[0].shape[1])
    else:
        model.set_dim("nO", tok2vec.get_dim("nO"))
    cast(MemoryShim, model.shims[0]).build(model.get_dim("nO"))


def forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable[[List[Floats2d]], Any]]:
    """Compute token vectors, and let them read the memory."""
    [tok2vec] = model.layers
    if not is_train:  # tok2vec's data for a gradient would need much memory
        return _read(model, tok2vec.predict(docs), False)[0], no_gradient
    vectors, backprop_tok2vec = tok2vec.begin_update(docs)
    result, backprop_memory = _read(model, vectors, True)
    return result, lambda d_result: backprop_tok2vec(backprop_memory(d_result))


def _read(
    model: Model[List[Doc], List[Floats2d]], vectors: List[Floats2d], is_train: bool
) -> Tuple[List[Floats2d], Callable[[List[Floats2d]], List[Floats2d]]]:
    shim = cast(MemoryShim, model.shims[0])
    if is_train:
        cast(SlotMemory, shim._model).dropout.p = model.attrs["dropout_rate"]
    ops, width = model.ops, model.get_dim("nO")
    lengths = ops.asarray1i([len(x) for x in vectors])
    flat = flatten(ops, vectors, width)
    given = xp2torch(flat, requires_grad=is_train, device=shim.device)
    result, backprop_torch = shim(ArgsKwargs((given,), {}), is_train)

    def backprop(d_result: List[Floats2d]) -> List[Floats2d]:
        gradient = xp2torch(flatten(ops, d_result, width), device=result.device)
        backprop_torch(ArgsKwargs(((result,),), {"grad_tensors": (gradient,)}))
        d_vectors = cast(Floats2d, torch2xp(cast(torch.Tensor, given.grad)))
        return ops.unflatten(d_vectors, lengths)

    return ops.unflatten(cast(Floats2d, torch2xp(result.detach())), lengths), backprop


class MemoryShim(TorchShim):
    """Shim that builds a memory, stores it as safetensors, and gives its values a
    learning rate of their own.

    settings (Dict[str, int]): The memory's settings except its width.
    learn_rate_scale (float): Factor of the learning rate of all parameters but the
        values.
    value_learn_rate_scale (float): Factor of the learning rate of the values.
    """

    def __init__(
        self,
        settings: Dict[str, int],
        learn_rate_scale: float,
        value_learn_rate_scale: float,
    ) -> None:
        super().__init__(
            torch.nn.Identity(),
            serialize_model=serialize_memory,
            deserialize_model=partial(deserialize_memory, settings),
        )
        self.settings = settings
        self.learn_rate_scale = learn_rate_scale
        self.value_learn_rate_scale = value_learn_rate_scale

    def build(self, n_input: int) -> None:
        """Build a new memory.

        n_input (int): Width of a token vector.
        """
        memory = SlotMemory(n_input=n_input, **self.settings)
        self._model = memory.to(get_torch_default_device())

    def learn_rate_factor(self, name: str) -> float:
        """Return the factor of a parameter.

        name (str): The parameter's name in the memory.
        RETURNS (float): The factor.
        """
        is_value = name == "values"
        return self.value_learn_rate_scale if is_value else self.learn_rate_scale


def serialize_memory(memory: torch.nn.Module) -> bytes:
    """Serialize a memory as safetensors, with its settings in the metadata.

    memory (torch.nn.Module): An initialized memory. A layer that is not initialized has
        no bytes.
    RETURNS (bytes): The file's content.
    """
    if not isinstance(memory, SlotMemory):
        return b""
    return module_to_bytes(memory, PART, {"settings": memory.settings()})


def deserialize_memory(
    settings: Dict[str, int], _: Any, data: bytes, device: torch.device
) -> torch.nn.Module:
    """Rebuild a memory from `serialize_memory`'s bytes.

    settings (Dict[str, int]): The settings that the config asks for.
    data (bytes): The file's content.
    device (torch.device): Device for the memory.
    RETURNS (torch.nn.Module): The memory.
    RAISES (ValueError): GP004 if the bytes are not a stored memory; GP081 if the stored
        memory is not the one that the config asks for.
    """
    if not data:
        return torch.nn.Identity()
    description, tensors = read_module(data, PART)
    stored = description.get("settings")
    if stored != settings:
        raise ValueError(Errors.GP081.format(stored=stored, wanted=settings))
    bias = tensors.get("output.bias", torch.empty(1))
    memory = SlotMemory(n_input=len(bias), **settings)
    load_tensors(memory, tensors, PART)
    return memory.to(device)
