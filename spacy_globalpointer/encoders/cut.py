"""An encoder with some of the layers of another."""

from __future__ import annotations

import copy
from typing import Any, Dict, Mapping, Sequence

import torch
from torch import Tensor
from transformers.utils import logging

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
    expected = _run(_without_others(encoder.module, place, layers), ids)
    found = _run(copy.deepcopy(module), ids)
    if not torch.allclose(found, expected, rtol=1e-4, atol=1e-4):
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


def _without_others(module: Any, place: str, layers: Sequence[int]) -> Any:
    """Copy an encoder without its other layers."""
    copies: Dict[int, Any] = {}
    whole = module.get_submodule(place)
    kept = [copy.deepcopy(whole[layer], copies) for layer in layers]
    # deepcopy takes what is in `copies` already, so it does not copy the other layers.
    copies[id(whole)] = type(whole)(kept)
    return copy.deepcopy(module, copies)


def _run(module: Any, ids: Tensor) -> Tensor:
    """Run an encoder, which may change: BigBird then attends differently to texts of
    all lengths, and warns."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with torch.inference_mode():
            output = module.eval()(ids, torch.ones_like(ids))
    finally:
        logging.set_verbosity(level)
    hidden: Tensor = output.last_hidden_state
    return hidden
