"""Save and load the state of a pre-training, so that it can continue exactly.

A checkpoint is one safetensors file. What is not a tensor is JSON in its header.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Tuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..atomic import atomic_file
from ..errors import Errors
from ..machine_faults import is_shortage
from ..values import is_whole
from .identity import Identity, differences
from .optimizer import optimizer_tensors, restore_optimizer
from .run import Run

FILE = "checkpoint.safetensors"
_FORMAT = "1"
_MODEL, _OPTIMIZER, _STREAM = "model.", "optimizer.", "stream."
_DIGEST, _SEQUENCES = "digest", "sequences"
#: Errors that reading a damaged file raises.
_DAMAGE = (
    *(OSError, LookupError, ValueError, TypeError, AttributeError),
    *(RecursionError, safetensors.SafetensorError),
)


def save_checkpoint(run: Run, identity: Identity, folder: Path) -> None:
    """Write a checkpoint, which replaces the previous one.

    run (Run): The run, between two steps.
    identity (Identity): What the run depends on.
    folder (Path): The folder. The file in it is never half-written.
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
    texts[_DIGEST] = json.dumps(_digest(tensors, texts))
    with atomic_file(folder / FILE) as draft:
        safetensors.torch.save_file(tensors, draft, texts)


def load_checkpoint(run: Run, identity: Identity, folder: Path) -> None:
    """Restore the state in which a checkpoint was written.

    run (Run): A run that has not begun.
    identity (Identity): What the run depends on.
    folder (Path): The checkpoint's folder.
    RAISES (ValueError): GP204 if there is none or it is damaged, GP205 if it belongs
        to another run.
    """
    path = folder / FILE
    header, tensors = _read(path)
    check_identity(path, header["identity"], _whole(identity, run))
    try:
        _restore(run, header["state"], tensors)
    except (LookupError, ValueError, TypeError, RuntimeError) as error:
        raise _unusable(path, f"{type(error).__name__}: {error}") from error


def is_checkpoint_of(identity: Identity, folder: Path) -> bool:
    """Check whether a checkpoint belongs to a run.

    identity (Identity): What the run depends on, as far as it is known without reading
        all texts.
    folder (Path): The checkpoint's folder.
    RETURNS (bool): False as well if there is none or it is damaged.
    """
    try:
        with safetensors.safe_open(folder / FILE, "pt") as file:
            stored = json.loads((file.metadata() or {})["identity"])
        contents = {k: x for k, x in stored["contents"].items() if k != _SEQUENCES}
        return not differences({**stored, "contents": contents}, identity)
    except _DAMAGE:
        return False


def _read(path: Path) -> Tuple[Dict[str, Any], Dict[str, Tensor]]:
    """Return the header of a checkpoint and its tensors. RAISES: GP204."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            texts = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        header = {key: json.loads(text) for key, text in texts.items()}
        if header["format"] != _FORMAT:
            raise ValueError(f"its format is {header['format']!r}")
        # Checkpoints of the first versions have no digest.
        if _DIGEST in header and header[_DIGEST] != _digest(tensors, texts):
            raise ValueError("its content does not match the digest in it")
        _check_types(header)
    except _DAMAGE as error:
        if is_shortage(error):
            raise
        raise _unusable(path, error) from error
    return header, tensors


def _check_types(header: Dict[str, Any]) -> None:
    parts = [header["identity"][key] for key in ("contents", "settings")]
    place = header["state"]["place"]
    numbers = [place[key] for key in ("epoch", "n_texts")]
    numbers += [header["state"][key] for key in ("step", "words")]
    for value in parts:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} in its identity is not an object")
    for value in numbers:
        if not is_whole(value, least=0):
            raise ValueError(
                f"{value!r} in its state is not a whole number of at least 0"
            )


def _unusable(path: Path, reason: object) -> ValueError:
    return ValueError(Errors.GP204.format(path=path, reason=reason))


def _digest(tensors: Dict[str, Tensor], texts: Dict[str, str]) -> str:
    """Compute a digest of the content, independent of the layout of the file."""
    digest = hashlib.sha256()
    others = {key: text for key, text in texts.items() if key != _DIGEST}
    digest.update(json.dumps(others, sort_keys=True).encode("ascii"))
    for key in sorted(tensors):
        array = tensors[key].numpy()
        form = json.dumps([key, str(array.dtype), array.shape])
        digest.update(form.encode("ascii"))
        digest.update(array.tobytes())
    return digest.hexdigest()


def _restore(run: Run, state: Dict[str, Any], tensors: Dict[str, Tensor]) -> None:
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
    """Check that a checkpoint or an encoder belongs to this run.

    path (Path): The file that says so, for messages.
    stored (Identity): What it was made from.
    mine (Identity): What the run depends on.
    RAISES (ValueError): GP205 if it belongs to another run.
    """
    others = differences(stored, mine)
    if others:
        raise ValueError(Errors.GP205.format(path=path, others=others))


def _whole(identity: Identity, run: Run) -> Identity:
    """Add a fingerprint of the texts, because `identify` reads only the sizes of large
    ones."""
    contents = {**identity["contents"], _SEQUENCES: run.fingerprint}
    return {**identity, "contents": contents}


def _load_parameters(run: Run, weights: Dict[str, Tensor]) -> None:
    with torch.no_grad():
        for key, parameter in run.model.named_parameters():
            parameter.copy_(weights[key])
