"""Storage of torch modules as safetensors, without pickle."""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

import safetensors
import torch
from torch import Tensor

from ..errors import Errors
from ..tensor_files import tensors_from_bytes, tensors_to_bytes

#: Version of the format in which a module is stored.
FORMAT = "1"


def module_to_bytes(
    module: torch.nn.Module, part: str, description: Dict[str, Any]
) -> bytes:
    """Serialize the tensors of a module, with a description in the metadata.

    module (torch.nn.Module): The module.
    part (str): The part of the model that it is, such as "head".
    description (Dict[str, Any]): What else is needed to rebuild it, as JSON values.
    RETURNS (bytes): The content of a safetensors file.
    """
    about = {"format": FORMAT, **description}
    return tensors_to_bytes(module.state_dict(), part, about)


def read_module(data: bytes, part: str) -> Tuple[Dict[str, Any], Dict[str, Tensor]]:
    """Read the bytes of `module_to_bytes`.

    data (bytes): The content of a safetensors file.
    part (str): The part of the model that it should be.
    RETURNS (Tuple[Dict[str, Any], Dict[str, Tensor]]): The description, and the tensors
        by their names in the module.
    RAISES (ValueError): GP004 if the bytes are damaged, or if a newer version wrote
        them.
    """
    try:
        tensors, description = tensors_from_bytes(data, part)
    except (safetensors.SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(Errors.GP004.format(part=part, reason=error)) from error
    if description.get("format") != FORMAT:
        reason = f"its format is {description.get('format')!r}, not {FORMAT!r}"
        raise ValueError(Errors.GP004.format(part=part, reason=reason))
    return description, tensors


def load_tensors(
    module: torch.nn.Module, tensors: Dict[str, Tensor], part: str
) -> None:
    """Replace the tensors of a module.

    module (torch.nn.Module): The module.
    tensors (Dict[str, Tensor]): The tensors, by their names in the module.
    part (str): The part of the model that it is, such as "head".
    RAISES (ValueError): GP004 if names or shapes are not those of the module.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(Errors.GP004.format(part=part, reason=error)) from error
