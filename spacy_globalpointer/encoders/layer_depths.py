"""Depths of the layers that the parameters of an encoder belong to."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Tuple

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


def find_layers(module: Any) -> Tuple[str, Any]:
    """Find the layers of an encoder.

    module (PreTrainedModel): An encoder of transformers.
    RETURNS (Tuple[str, ModuleList]): The name of the list of layers, such as
        "encoder.layer", and the list.
    RAISES (ValueError): GP243 if they are not known, or share their weights.
    """
    config = module.config
    names = [name for name, _ in module.named_parameters()]
    found = [(name, _LAYER.search(name)) for name in names]
    places = sorted({name[: match.start(1) - 1] for name, match in found if match})
    if len(places) != 1:
        reason = f"the names of its parameters do not show them, such as {names[-3:]}"
        raise no_layers(config.model_type, reason)
    stack = module.get_submodule(places[0])
    if len(stack) != config.num_hidden_layers:
        n = f"{config.num_hidden_layers} layers share {len(stack)} set"
        reason = f"its {n}{'s' * (len(stack) > 1)} of weights"
        raise no_layers(config.model_type, reason)
    return places[0], stack


def no_layers(kind: str, reason: str) -> ValueError:
    """Return the error GP243.

    kind (str): Type of the encoder.
    reason (str): Why its layers cannot be separated.
    """
    return ValueError(Errors.GP243.format(kind=kind, reason=reason))


def _deepest(depths: Dict[str, int], setting: str, is_used: bool) -> int:
    deepest = max(depths.values(), default=0)
    if is_used and not deepest:
        raise ValueError(Errors.GP047.format(setting=setting, names=list(depths)[-3:]))
    return deepest
