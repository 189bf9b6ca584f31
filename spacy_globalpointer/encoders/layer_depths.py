"""Which layer of an encoder each of its parameters belongs to."""

from __future__ import annotations

import re
from typing import Dict, Optional

import torch

from ..errors import Errors

# encoder.layer.3, transformer.layer.3, layers.3, encoder.albert_layer_groups.0
_LAYER = re.compile(r"(?:^|\.)\w*layer\w*\.(\d+)\.")


def layer_depths(module: torch.nn.Module) -> Dict[str, int]:
    """The depth of each parameter of an encoder.

    module (torch.nn.Module): An encoder of transformers.
    RETURNS (Dict[str, int]): By parameter name: 0 for embeddings and what lies between
        them and the first layer, 1 for the first layer, and so on. What belongs to no
        layer and is no embedding, such as a last normalisation, is as deep as the
        last. Layers that share their parameters, as ALBERT's, are one.
    """
    names = [name for name, _ in module.named_parameters()]
    found = {name: _LAYER.search(name) for name in names}
    layers = {name: 1 + int(match[1]) for name, match in found.items() if match}
    deepest = max(layers.values(), default=0)
    others = {name: 0 if "embedding" in name else deepest for name in names}
    return {**others, **layers}


def learn_rate_factors(module: torch.nn.Module, decay: float) -> Dict[str, float]:
    """Factors of the learning rate that fall from layer to layer (Howard & Ruder 2018,
    arXiv 1801.06146; Clark et al. 2020, arXiv 2003.10555).

    module (torch.nn.Module): An encoder of transformers.
    decay (float): Factor from a layer to the one below it.
    RETURNS (Dict[str, float]): By parameter name; 1 for the last layer.
    RAISES (ValueError): GP047 if the encoder's layers are not known.
    """
    depths = layer_depths(module)
    deepest = _deepest(depths, "layer_decay", decay != 1)
    return {name: decay ** (deepest - depth) for name, depth in depths.items()}


def freeze_layers(module: torch.nn.Module, frozen_layers: Optional[int]) -> None:
    """Keep the lowest layers of an encoder as they are.

    module (torch.nn.Module): An encoder of transformers.
    frozen_layers (Optional[int]): Layers to freeze beside the embeddings; 0 for the
        embeddings alone, None for nothing.
    RAISES (ValueError): GP046 if the encoder has not so many; GP047 if its layers are
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
