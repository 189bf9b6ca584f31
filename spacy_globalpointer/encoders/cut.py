"""An encoder with some of the layers of another."""

from __future__ import annotations

import copy
from typing import Any, Dict, Mapping, Sequence

import torch
from torch import Tensor

from ..errors import Errors
from .layer_depths import find_layers, no_layers
from .pretrained import Encoder, module_with

#: Settings of encoders that may be lists with a value for each layer.
PER_LAYER = ("attention_window", "layer_types")
#: Number of pieces on which both encoders are compared.
COMPARED = 16


def cut(encoder: Encoder, layers: Sequence[int]) -> Encoder:
    """Make an encoder of chosen layers. Its vectors are those of the whole encoder
    without the other layers. Train it before you use it.

    encoder (Encoder): An encoder each of whose layers has weights of its own.
    layers (Sequence[int]): Numbers of the layers to keep, from 0, ascending.
    RETURNS (Encoder): The encoder, with weights of its own.
    RAISES (ValueError): GP242 if there are no such layers; GP243 if the encoder's
        layers cannot be found, share their weights, or depend on their place.
    """
    place, stack = find_layers(encoder.module)
    if not layers or sorted({*layers} & {*range(len(stack))}) != list(layers):
        fields = {"layers": list(layers), "n": len(stack), "last": len(stack) - 1}
        raise ValueError(Errors.GP242.format(**fields))
    config = copy.deepcopy(encoder.module.config)
    config.num_hidden_layers = len(layers)
    for name in PER_LAYER:
        values = getattr(config, name, None)
        if isinstance(values, (list, tuple)):
            setattr(config, name, [values[layer] for layer in layers])
    weights = _choose(encoder.module.state_dict(), place, layers)
    kind = config.model_type
    try:
        module = module_with(config, weights)
    except RuntimeError as error:  # torch lists the weights in several lines
        raise no_layers(kind, str(error).splitlines()[-1].strip()) from error
    n_pieces = min(COMPARED, encoder.max_window or COMPARED)
    ids = torch.arange(n_pieces)[None] % config.vocab_size
    expected = _run_layers(encoder.module, place, layers, ids)
    if not torch.allclose(_run(module, ids), expected, rtol=1e-4, atol=1e-4):
        raise no_layers(kind, "what a layer computes depends on its number")
    return Encoder(module, copy.deepcopy(encoder.tokenizer))


def _choose(
    weights: Mapping[str, Tensor], place: str, layers: Sequence[int]
) -> Dict[str, Tensor]:
    """Keep the weights of layers, with their new numbers, and those outside."""
    chosen = {}
    for name, x in weights.items():
        number, _, rest = name.removeprefix(f"{place}.").partition(".")
        if not name.startswith(f"{place}."):
            chosen[name] = x
        elif int(number) in layers:
            chosen[f"{place}.{layers.index(int(number))}.{rest}"] = x
    return chosen


def _run_layers(module: Any, place: str, layers: Sequence[int], ids: Tensor) -> Tensor:
    """Run an encoder without its other layers, and leave it unchanged."""
    parent, _, name = place.rpartition(".")
    owner, was_training = module.get_submodule(parent), module.training
    whole = getattr(owner, name)
    try:
        setattr(owner, name, type(whole)([whole[layer] for layer in layers]))
        return _run(module.eval(), ids)
    finally:
        setattr(owner, name, whole)
        module.train(was_training)


def _run(module: Any, ids: Tensor) -> Tensor:
    with torch.inference_mode():
        hidden: Tensor = module(ids, torch.ones_like(ids)).last_hidden_state
    return hidden
