"""Safetensors files with a description in their metadata."""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

import safetensors.torch
from torch import Tensor

#: Bytes before the header, which hold its length.
_LENGTH = 8


def tensors_to_bytes(tensors: Dict[str, Tensor], name: str, about: Any) -> bytes:
    """Serialize tensors.

    tensors (Dict[str, Tensor]): The tensors by name.
    name (str): Key of the description. There is only one, because safetensors writes
        several ones in any order.
    about (Any): The description, as JSON values.
    RETURNS (bytes): The content of a safetensors file.
    """
    whole = {key: x.contiguous() for key, x in tensors.items()}
    return safetensors.torch.save(whole, metadata={name: json.dumps(about)})


def tensors_from_bytes(data: bytes, name: str) -> Tuple[Dict[str, Tensor], Any]:
    """Read what `tensors_to_bytes` wrote.

    data (bytes): The content of a safetensors file.
    name (str): Key of the description.
    RETURNS (Tuple[Dict[str, Tensor], Any]): The tensors, and the description.
    RAISES (safetensors.SafetensorError): The file is damaged.
    RAISES (KeyError): It has no such description.
    RAISES (json.JSONDecodeError): The description is no JSON.
    """
    tensors = safetensors.torch.load(data)
    size = int.from_bytes(data[:_LENGTH], "little")
    header = json.loads(data[_LENGTH : _LENGTH + size])
    return tensors, json.loads(header["__metadata__"][name])
