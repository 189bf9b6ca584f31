"""Depths of the layers that the parameters of an encoder belong to."""

from __future__ import annotations

import re
from typing import Dict, Optional

import torch

from ..errors import Errors

# encoder.layer.3, transformer.layer.3, layers.3, encoder.albert_layer_groups.0
_LAYER = re.compile(r"(?:^|\.)\w*layer\w*\.(\d+)\.")


def layer_depths(module: torch.nn.Module) -> Dict[str, int]:
    """Find the depth of each parameter of an encoder.

    module (torch.nn.Module): An encoder of transformers.
    RETURNS (Dict[str, int]): The depth by parameter name: 0 for embeddings and
        parameters between them and the first layer, 1 for the first layer, and so on.
        Other parameters outside the layers, such as a last normalisation, are as deep
        as the last layer. Layers that share their parameters, as in ALBERT, count as
        one.
    """
    names = [name for name, _ in module.named_parameters()]
    found = {name: _LAYER.search(name) for name in names}
    layers = {name: 1 + int(match[1]) for name, match in found.items() if match}
    deepest = max(layers.values(), default=0)
    others = {name: 0 if "embedding" in name else deepest for name in names}
    return {**others, **layers}


def learn_rate_factors(module: torch.nn.Module, decay: float) -> Dict[str, float]:
    """Return factors of the learning rate that decrease from layer to layer (Howard &
    Ruder 2018, arXiv 1801.06146; Clark et al. 2020, arXiv 2003.10555).

    module (torch.nn.Module): An encoder of transformers.
    decay (float): Factor from a layer to the layer below.
    RETURNS (Dict[str, float]): The factor by parameter name; 1 for the last layer.
    RAISES (ValueError): GP047 if the encoder's layers are not known.
    """
    depths = layer_depths(module)
    deepest = _deepest(depths, "layer_decay", decay != 1)
    return {name: decay ** (deepest - depth) for name, depth in depths.items()}


def freeze_layers(module: torch.nn.Module, frozen_layers: Optional[int]) -> None:
    """Freeze the lowest layers of an encoder.

    module (torch.nn.Module): An encoder of transformers.
    frozen_layers (Optional[int]): Number of layers to freeze in addition to the
        embeddings. 0 freezes only the embeddings, None nothing.
    RAISES (ValueError): GP046 if the encoder has fewer layers; GP047 if its layers are
        not known.
    """
    depths = layer_depths(module)
    deepest = _deepest(depths, "frozen_layers", frozen_layers is not None)
    if frozen_layers is not None and not 0 <= frozen_layers <= deepest:
        raise ValueError(Errors.GP046.format(value=frozen_layers, layers=deepest))
    lowest = -1 if frozen_layers is None else frozen_layers
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(depths[name] > lowest)


def _deepest(depths: Dict[str, int], setting: str, is_used: bool) -> int:
    deepest = max(depths.values(), default=0)
    if is_used and not deepest:
        raise ValueError(Errors.GP047.format(setting=setting, names=list(depths)[-3:]))
    return deepest
