"""Checkpoints: all that a run needs to go on as if it had not been interrupted.

One safetensors file, in whose header is the rest as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ...atomic import atomic_file
from ...errors import Errors
from ...machine_faults import is_shortage
from .identity import Identity, differences
from .optimizer import optimizer_tensors, restore_optimizer
from .run import Run

FILE = "checkpoint.safetensors"
_FORMAT = "1"
_MODEL, _OPTIMIZER, _STREAM = "model.", "optimizer.", "stream."


def save_checkpoint(run: Run, identity: Identity, folder: Path) -> None:
    """Write a checkpoint in place of the one before.

    run (Run): The run, between two steps.
    identity (Identity): What it depends on.
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
    header = {"format": _FORMAT, "identity": _whole(identity, run), "state": state}
    texts = {key: json.dumps(value) for key, value in header.items()}
    with atomic_file(folder / FILE) as draft:
        safetensors.torch.save_file(tensors, draft, texts)


def load_checkpoint(run: Run, identity: Identity, folder: Path) -> None:
    """Bring a run to where a checkpoint was written.

    run (Run): A run that has not begun.
    identity (Identity): What it depends on.
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
        if is_shortage(error):
            raise
        raise ValueError(Errors.GP204.format(path=path, reason=error)) from error
    check_identity(path, stored, _whole(identity, run))
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


def check_identity(path: Path, stored: Identity, mine: Identity) -> None:
    """Check that what is there is of this run.

    path (Path): Where that stands, for messages.
    stored (Identity): What it was made from.
    mine (Identity): What the run depends on.
    RAISES (ValueError): GP205 if it is of another run.
    """
    others = differences(stored, mine)
    if others:
        raise ValueError(Errors.GP205.format(path=path, others=others))


def _whole(identity: Identity, run: Run) -> Identity:
    """With what was read, which tells large texts better than their sizes do."""
    contents = {**identity["contents"], "sequences": run.fingerprint}
    return {**identity, "contents": contents}


def _load_parameters(run: Run, weights: Dict[str, Tensor]) -> None:
    with torch.no_grad():
        for key, parameter in run.model.named_parameters():
            parameter.copy_(weights[key])
