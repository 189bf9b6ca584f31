"""Checkpoints: all that a run needs to go on as if it had not been interrupted.

One safetensors file, in whose header is the rest as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Dict

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ...atomic import atomic_file
from ...errors import Errors
from .optimizer import optimizer_tensors, restore_optimizer
from .run import Run

FILE = "checkpoint.safetensors"
_FORMAT = "1"
_MODEL, _OPTIMIZER, _STREAM = "model.", "optimizer.", "stream."


def identity(run: Run, name: str) -> Dict[str, Any]:
    """What must be the same for a run to go on from a checkpoint.

    run (Run): The run.
    name (str): What the user calls the encoder.
    RETURNS (Dict[str, Any]): Values by name, as JSON has them.
    """
    settings = dataclasses.asdict(run.settings)
    return {"encoder": name, "texts": run.fingerprint, **settings}


def save_checkpoint(run: Run, name: str, folder: Path) -> None:
    """Write a checkpoint in place of the one before.

    run (Run): The run, between two steps.
    name (str): What the user calls the encoder.
    folder (Path): The folder; the file in it is there as a whole or not at all.
    """
    place, arrays = run.stream.state()
    tensors: Dict[str, Tensor] = {}
    for prefix, part in (
        (_MODEL, dict(run.model.named_parameters())),
        (_OPTIMIZER, optimizer_tensors(run.optimizer)),
        (_STREAM, {key: torch.from_numpy(x) for key, x in arrays.items()}),
    ):
        for key, value in part.items():
            tensors[prefix + key] = value.detach().cpu().contiguous()
    state = {"step": run.step, "words": run.words, "place": place}
    header = {"format": _FORMAT, "identity": identity(run, name), "state": state}
    texts = {key: json.dumps(value) for key, value in header.items()}
    with atomic_file(folder / FILE) as draft:
        safetensors.torch.save_file(tensors, draft, texts)


def load_checkpoint(run: Run, name: str, folder: Path) -> None:
    """Bring a run to where a checkpoint was written.

    run (Run): A run that has not begun.
    name (str): What the user calls the encoder.
    folder (Path): The checkpoint's folder.
    RAISES (ValueError): GP204 if there is none or it is damaged, GP205 if it is of
        another run.
    """
    path = folder / FILE
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = {k: json.loads(x) for k, x in (file.metadata() or {}).items()}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        stored, state = header["identity"], header["state"]
        if header["format"] != _FORMAT:
            raise ValueError(f"its format is {header['format']!r}")
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise ValueError(Errors.GP204.format(path=path, reason=error)) from error
    _check_identity(path, stored, identity(run, name))
    _load_parameters(run, _part(tensors, _MODEL))
    restore_optimizer(run.optimizer, _part(tensors, _OPTIMIZER))
    arrays = {key: x.numpy() for key, x in _part(tensors, _STREAM).items()}
    run.stream.restore(state["place"], arrays)
    run.step, run.words = state["step"], state["words"]


def _part(tensors: Dict[str, Tensor], prefix: str) -> Dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value
        for key, value in tensors.items()
        if key.startswith(prefix)
    }


def _check_identity(path: Path, stored: Dict[str, Any], mine: Dict[str, Any]) -> None:
    others = [
        f"{key} {stored.get(key)!r} (now {mine.get(key)!r})"
        for key in {**stored, **mine}
        if stored.get(key) != mine.get(key)
    ]
    if others:
        fields = {"path": path, "others": ", ".join(others)}
        raise ValueError(Errors.GP205.format(**fields))


def _load_parameters(run: Run, weights: Dict[str, Tensor]) -> None:
    with torch.no_grad():
        for key, parameter in run.model.named_parameters():
            parameter.copy_(weights[key])
