"""Thinc layers for the heads, and the model architectures built on them."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Optional, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model, Optimizer, chain, get_torch_default_device
from thinc.types import ArgsKwargs, Floats2d
from thinc.util import torch2xp, xp2torch

from ..errors import Errors
from ..pointer.heads import HEADS, PointerHead
from ..pointer.states import PointerStates
from ..torch_shim import TorchShim
from ..values import Setting, is_number, is_whole
from .flat_vectors import flatten
from .no_gradient import no_gradient
from .storage import load_tensors, module_to_bytes, read_module


def build_global_pointer_v1(
    tok2vec: Model[List[Doc], List[Floats2d]],
    head_width: Setting = 64,
    rope: Setting = True,
    label_bias: Setting = -6.0,
    learn_rate_scale: Setting = 1.0,
    nO: Setting = None,
) -> Model[List[Doc], PointerStates]:
    """Build `spacy-globalpointer.GlobalPointer.v1`: a query and a key for each label.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any model of token vectors.
    head_width (int): Width of queries and keys, even.
    rope (bool): Rotate queries and keys by their position.
    label_bias (Optional[float]): Initial value of a constant that is learned for each
        label; null leaves the constant out, as in the original code.
    learn_rate_scale (float): Factor of the optimizer's learning rate for the head.
    nO (Optional[int]): Number of labels; set by the component.
    RETURNS (Model[List[Doc], PointerStates]): The model.
    RAISES (ValueError): GP063 if a setting is of the wrong type.
    """
    settings = _settings(head_width, rope, label_bias)
    _check_others(learn_rate_scale, nO)
    head = pointer_head("GlobalPointer", settings, learn_rate_scale, nO)
    return _chain(tok2vec, head)


def build_efficient_global_pointer_v1(
    tok2vec: Model[List[Doc], List[Floats2d]],
    head_width: Setting = 64,
    rope: Setting = True,
    label_bias: Setting = -6.0,
    learn_rate_scale: Setting = 1.0,
    nO: Setting = None,
) -> Model[List[Doc], PointerStates]:
    """Build `spacy-globalpointer.EfficientGlobalPointer.v1`: one query and key for all
    labels, and a linear term for each. A label has 4 · head_width + 2 parameters.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any model of token vectors.
    head_width (int): Width of the query and the key, even.
    rope (bool): Rotate query and key by their position.
    label_bias (Optional[float]): Initial value of each label's constant; null means 0,
        as in the original code.
    learn_rate_scale (float): Factor of the optimizer's learning rate for the head.
    nO (Optional[int]): Number of labels; set by the component.
    RETURNS (Model[List[Doc], PointerStates]): The model.
    RAISES (ValueError): GP063 if a setting is of the wrong type.
    """
    settings = _settings(head_width, rope, label_bias)
    _check_others(learn_rate_scale, nO)
    head = pointer_head("EfficientGlobalPointer", settings, learn_rate_scale, nO)
    return _chain(tok2vec, head)


def _settings(head_width: int, rope: bool, label_bias: Optional[float]) -> dict:
    rule = "an even number of at least 2"
    _check("head_width", head_width, is_whole(head_width, least=1), rule)
    _check("rope", rope, isinstance(rope, bool), "true or false")
    fits = label_bias is None or is_number(label_bias)
    _check("label_bias", label_bias, fits, "a number, or null for no constant")
    bias = (
        None if label_bias is None else float(label_bias)
    )  # configs have -6 as an int
    return {"head_width": head_width, "rope": rope, "label_bias": bias}


def _check_others(learn_rate_scale: float, nO: Optional[int]) -> None:
    fits = is_number(learn_rate_scale) and learn_rate_scale >= 0
    _check("learn_rate_scale", learn_rate_scale, fits, "a number of at least 0")
    fits = nO is None or is_whole(nO, least=1)
    _check("nO", nO, fits, "null, because it is set automatically")


def _check(name: str, value: object, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))


def _chain(
    tok2vec: Model[List[Doc], List[Floats2d]], head: Model[List[Floats2d], Any]
) -> Model[List[Doc], PointerStates]:
    chained = chain(tok2vec, head)
    return Model(
        chained.name,
        _run_chain,
        init=chained.init,
        layers=chained.layers,
        dims={name: chained.maybe_get_dim(name) for name in chained.dim_names},
        attrs={"resize_output": resize_output},
        refs={"tok2vec": tok2vec, "output_layer": head},
    )


def resize_output(
    model: Model[List[Doc], PointerStates], new_nO: int
) -> Model[List[Doc], PointerStates]:
    """Resize a model to score more labels. spaCy calls it by this name (`set_output`).

    model (Model[List[Doc], PointerStates]): The model of one of the architectures. A
        head that is not built yet is unchanged: `init` builds it with all labels.
    new_nO (int): Number of labels.
    RETURNS (Model[List[Doc], PointerStates]): The same model.
    RAISES (ValueError): GP080 if there would be fewer labels.
    """
    layer = model.get_ref("output_layer")
    shim = cast(PointerShim, layer.shims[0])
    if isinstance(shim._model, PointerHead):
        shim._model = shim._model.with_labels(new_nO)
        for node in (model, layer):
            node.set_dim("nO", new_nO, force=True)
    return model


def _run_chain(
    model: Model[List[Doc], PointerStates], docs: List[Doc], is_train: bool
) -> Tuple[PointerStates, Callable]:
    """Run the layers like Thinc's chain, but free memory in prediction: Thinc keeps the
    data for tok2vec's gradient while the head runs. For a book it is as large as the
    vectors."""
    tok2vec, head = model.layers
    if not is_train:
        return head.predict(tok2vec.predict(docs)), no_gradient
    vectors, backprop_tok2vec = tok2vec.begin_update(docs)
    states, backprop_head = head.begin_update(vectors)
    return states, lambda d_states: backprop_tok2vec(backprop_head(d_states))


def pointer_head(
    kind: str, settings: dict, learn_rate_scale: float, nO: Optional[int] = None
) -> Model[List[Floats2d], PointerStates]:
    """Wrap a torch head as a Thinc layer.

    The layer's structure is fixed before initialization: the torch module inside
    its shim is built when the widths are known, or when it is loaded.

    kind (str): One of `pointer.heads.HEADS`.
    settings (dict): The head's settings except its sizes.
    learn_rate_scale (float): Factor of the optimizer's learning rate.
    nO (Optional[int]): Number of labels.
    RETURNS (Model[List[Floats2d], PointerStates]): The layer.
    """
    return Model(
        "pointer_head",
        forward,
        init=init,
        attrs={"kind": kind, "settings": settings, "dropout_rate": 0.0},
        shims=[PointerShim(kind, settings, learn_rate_scale)],
        dims={"nI": None, "nO": nO},
    )


def init(
    model: Model[List[Floats2d], PointerStates],
    X: Optional[List[Floats2d]] = None,
    Y: Any = None,
) -> None:
    """Build the torch module. The number of labels must have been set."""
    if X and model.has_dim("nI") is None:
        model.set_dim("nI", X[0].shape[1])
    head = HEADS[model.attrs["kind"]](
        n_input=model.get_dim("nI"),
        n_labels=model.get_dim("nO"),
        **model.attrs["settings"],
    )
    shim = cast(PointerShim, model.shims[0])
    shim._model = head.to(get_torch_default_device())


def forward(
    model: Model[List[Floats2d], PointerStates], X: List[Floats2d], is_train: bool
) -> Tuple[PointerStates, Callable[[PointerStates], List[Floats2d]]]:
    """Compute pointer states from token vectors. The callback accepts the gradient of
    the states."""
    shim = cast(PointerShim, model.shims[0])
    if is_train:
        cast(PointerHead, shim._model).dropout.p = model.attrs["dropout_rate"]
    lengths = [len(x) for x in X]
    flat = flatten(model.ops, X, model.get_dim("nI"))
    vectors = xp2torch(flat, requires_grad=is_train, device=shim.device)
    states, backprop_torch = shim(ArgsKwargs((vectors, lengths), {}), is_train)

    def backprop(d_states: PointerStates) -> List[Floats2d]:
        gradients = ArgsKwargs(
            (states.tensors(),), {"grad_tensors": list(d_states.tensors())}
        )
        backprop_torch(gradients)
        gradient = cast(Floats2d, torch2xp(cast(torch.Tensor, vectors.grad)))
        return model.ops.unflatten(gradient, model.ops.asarray1i(lengths))

    return states, backprop


def search_states(
    model: Model[List[Floats2d], PointerStates], vectors: List[Floats2d]
) -> PointerStates:
    """Compute states for `pointer.search.search_spans` alone, which may be rounded; see
    `pointer.heads.PointerHead.search_states`. Only a CPU that computes fast in bfloat16
    gains by it.

    model (Model[List[Floats2d], PointerStates]): The layer.
    vectors (List[Floats2d]): The token vectors of each document.
    RETURNS (PointerStates): The states.
    """
    flat = xp2torch(flatten(model.ops, vectors, model.get_dim("nI")))
    shim = cast(PointerShim, model.shims[0])
    with torch.no_grad(), shim.module_for_prediction() as head:
        return cast(PointerHead, head).search_states(flat, [len(x) for x in vectors])


class PointerShim(TorchShim):
    """Shim that stores its head as safetensors, rebuilds it from them alone, and scales
    the learning rate.

    kind (str): One of `pointer.heads.HEADS`.
    settings (dict): The head's settings except its sizes.
    learn_rate_scale (float): Factor of the optimizer's learning rate.
    """

    def __init__(self, kind: str, settings: dict, learn_rate_scale: float) -> None:
        super().__init__(
            torch.nn.Identity(),
            serialize_model=partial(serialize_head, kind),
            deserialize_model=partial(deserialize_head, kind, settings),
        )
        self.learn_rate_scale = learn_rate_scale

    def learn_rate_factor(self, name: str) -> float:
        """Return the same factor for all parameters of the head."""
        return self.learn_rate_scale

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the parameters.

        optimizer (Optimizer): The optimizer.
        """
        head = self._model
        trained = any(x.grad is not None for x in head.parameters())
        if trained and isinstance(head, PointerHead) and head.label_blocks:
            head.merge_labels()
            self.forget_copies()
        super().finish_update(optimizer)


def serialize_head(kind: str, head: PointerHead) -> bytes:
    """Serialize a head as safetensors, with its settings in the metadata.

    kind (str): The head's name in `HEADS`.
    head (PointerHead): An initialized head. A layer that is not initialized has no
        bytes.
    RETURNS (bytes): The file's content.
    """
    if not isinstance(head, PointerHead):
        return b""
    description = {"kind": kind, "settings": head.settings()}
    return module_to_bytes(head, "head", description)


def deserialize_head(
    kind: str, settings: dict, _: Any, data: bytes, device: torch.device
) -> torch.nn.Module:
    """Rebuild a head from `serialize_head`'s bytes.

    kind (str): The head's name in `HEADS` that the config asks for.
    settings (dict): The settings that the config asks for, without the sizes.
    data (bytes): The file's content.
    device (torch.device): Device for the head.
    RETURNS (torch.nn.Module): The head.
    RAISES (ValueError): GP004 if the bytes are not a stored head; GP005 if the stored
        head is not the one that the config asks for.
    """
    if not data:
        return torch.nn.Identity()
    description, tensors = read_module(data, "head")
    stored = description["settings"]
    if description["kind"] != kind or _form(stored) != _form(settings):
        raise ValueError(
            Errors.GP005.format(
                stored=(description["kind"], stored), wanted=(kind, settings)
            )
        )
    head = HEADS[kind](**stored)
    load_tensors(head, tensors, "head")
    return head.to(device)


def _form(settings: dict) -> Tuple[int, bool, bool]:
    """Return the settings that determine the form of a stored head, without initial
    values."""
    has_bias = settings["label_bias"] is not None
    return settings["head_width"], settings["rope"], has_bias
