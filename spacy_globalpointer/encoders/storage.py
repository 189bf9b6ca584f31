"""Storage of an encoder and its tokenizer as bytes, which are enough to rebuild both.
The bytes of an accelerated encoder have the files of its runner instead of weights."""

from __future__ import annotations

import hashlib
import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple, cast

import safetensors
import safetensors.torch
import srsly
import torch
from transformers import AutoConfig, AutoTokenizer

from ..errors import Errors, is_coded
from ..machine_faults import is_shortage, temporary_folder
from .pretrained import Encoder, build_encoder
from .remote_code import is_trusted, remote_code, wants_code
from .runners.kinds import load_runner
from .runners.runner import ExportedRunner

#: Versions of the format of the bytes: with weights, and with a runner.
FORMAT, ACCELERATED = "1", "2"


def encoder_to_bytes(
    encoder: Encoder, runner: Optional[ExportedRunner] = None
) -> bytes:
    """Serialize the encoder's settings, weights (safetensors) and tokenizer files.

    encoder (Encoder): The encoder.
    runner (Optional[ExportedRunner]): What to store instead of its weights.
    RETURNS (bytes): MessagePack.
    """
    with temporary_folder() as folder:
        encoder.module.config.save_pretrained(folder)
        encoder.tokenizer.save_pretrained(folder)
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        files = {path.name: path.read_bytes() for path in paths}
    if runner is not None:
        kind, precision = runner.kind, runner.precision
        weights = srsly.msgpack_dumps([kind, precision, runner.files])
    else:
        tensors = {
            name: x.detach().cpu().contiguous()
            for name, x in encoder.module.state_dict().items()
        }
        weights = safetensors.torch.save(tensors)
    version = FORMAT if runner is None else ACCELERATED
    message = {"format": version, "digest": _digest(files, weights)}
    return srsly.msgpack_dumps({**message, "files": files, "weights": weights})


def encoder_from_bytes(data: bytes, *, with_weights: bool = True) -> Encoder:
    """Rebuild an encoder, without a network, its original folder or unpickling.

    data (bytes): The result of `encoder_to_bytes`, or the bytes of a transformer of
        spacy-transformers 1.x or 2.x.
    with_weights (bool): See `load_encoder`.
    RETURNS (Encoder): The encoder on the CPU.
    RAISES (ValueError): GP038 if the bytes are damaged or of another kind; GP065 if
        the encoder needs code that is not trusted; GP235 if it has a runner instead of
        weights.
    """
    with _damage_reported():
        message = _read_message(data)
        if with_weights and _is_accelerated(message):
            raise ValueError(Errors.GP235)
        return _build(message, with_weights)


def read_encoder(data: bytes) -> Tuple[Encoder, Optional[ExportedRunner]]:
    """Rebuild an encoder that may be accelerated.

    data (bytes): As for `encoder_from_bytes`.
    RETURNS (Tuple[Encoder, Optional[ExportedRunner]]): The encoder on the CPU, and its
        runner; None if it has weights.
    RAISES (ValueError): GP038, GP065 or GP237 as `encoder_from_bytes` and
        `load_runner`.
    RAISES (ImportError): GP232 if the library of the runner is not installed.
    """
    with _damage_reported():
        message = _read_message(data)
        if not _is_accelerated(message):
            return _build(message, with_weights=True), None
        encoder = _build(message, with_weights=False)
        return encoder, load_runner(*srsly.msgpack_loads(message["weights"]))


def _is_accelerated(message: Dict[str, Any]) -> bool:
    return message.get("format") == ACCELERATED


def _build(message: Dict[str, Any], with_weights: bool) -> Encoder:
    config, tokenizer = _read_files(_files(message))
    weights = _weights(message) if with_weights else None
    return build_encoder("the stored model", config, tokenizer, weights)


@contextmanager
def _damage_reported() -> Iterator[None]:
    """Raise GP038 or GP065 instead of what libraries raise."""
    try:
        yield
    except Exception as error:  # four libraries, whose errors have no common base class
        if is_coded(error) or is_shortage(error):
            raise
        raise _damaged(error) from error


def _damaged(error: Exception) -> ValueError:
    if wants_code(error):
        return remote_code("the stored model", "it has code of its own")
    reason = f"{type(error).__name__}: {error}"
    return ValueError(Errors.GP038.format(reason=reason))


def _read_message(data: bytes) -> Dict[str, Any]:
    """Read the stored message and check its digest. Older encoders have none."""
    message = srsly.msgpack_loads(data)
    if _is_spacy_transformers(message) or "digest" not in message:
        return message
    if message["digest"] != _digest(message["files"], message["weights"]):
        raise ValueError("its content does not match the digest next to it")
    return message


def _digest(files: Dict[str, bytes], weights: bytes) -> str:
    """Compute a digest of names and contents."""
    digest = hashlib.sha256()
    for name, content in [*sorted(files.items()), ("weights", weights)]:
        digest.update(json.dumps([name, len(content)]).encode("ascii"))
        digest.update(content)
    return digest.hexdigest()


def _is_spacy_transformers(message: Dict[str, Any]) -> bool:
    return "state" in message and "tokenizer" in message


def _files(message: Dict[str, Any]) -> Dict[str, bytes]:
    """Return the files of the encoder's settings and of its tokenizer, by name."""
    if _is_spacy_transformers(message):
        stored = message["tokenizer"].items()
        files = {
            name: content for name, content in stored if isinstance(content, bytes)
        }
        files["config.json"] = json.dumps(message["config"]).encode("utf-8")
        return files
    if message["format"] not in (FORMAT, ACCELERATED):
        known = f"{FORMAT!r} or {ACCELERATED!r}"
        raise ValueError(f"its format is {message['format']!r}, not {known}")
    return cast(Dict[str, bytes], message["files"])


def _weights(message: Dict[str, Any]) -> Dict[str, Any]:
    if not _is_spacy_transformers(message):
        return safetensors.torch.load(message["weights"])
    state = message["state"]
    if state[:2] == b"PK":  # an archive of torch.save; only tensors are read
        weights = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    else:
        weights = safetensors.torch.load(state)
    # Older versions of transformers stored the positions 0, 1, 2, … as a weight.
    return {k: x for k, x in weights.items() if not k.endswith("position_ids")}


def _read_files(files: Dict[str, bytes]) -> Tuple[Any, Any]:
    """Read the encoder's settings and its tokenizer from files."""
    with temporary_folder() as folder:
        for name, content in files.items():
            (folder / Path(name).name).write_bytes(content)
        trust = {"trust_remote_code": is_trusted()}
        config = AutoConfig.from_pretrained(folder, **trust)
        return config, AutoTokenizer.from_pretrained(folder, use_fast=True, **trust)


def encoder_from_pipeline(folder: Path, *, with_weights: bool = True) -> Encoder:
    """Rebuild the encoder of a trained pipeline's `transformer`.

    folder (Path): The component's folder, which holds the file `model`.
    with_weights (bool): See `load_encoder`.
    RETURNS (Encoder): The encoder on the CPU.
    RAISES (ValueError): GP038 if the folder contains none.
    """
    return encoder_from_bytes(_stored_in(folder), with_weights=with_weights)


def _stored_in(folder: Path) -> bytes:
    try:
        message = srsly.msgpack_loads((folder / "model").read_bytes())
        [data] = [shim for node in message["shims"] for shim in node if shim]
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{folder / 'model'} holds no encoder"
        raise ValueError(Errors.GP038.format(reason=reason)) from error
    return cast(bytes, data)
