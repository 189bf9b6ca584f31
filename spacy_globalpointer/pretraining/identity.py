"""Describe what a run depends on: settings, and the contents of encoder and texts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Sequence

from ..corpus.digest import content_digest, files_digest
from ..corpus.formats.files import SourceFile
from ..encoders.pretrained import Encoder
from .settings import PretrainSettings

Identity = Dict[str, Any]


def identify(
    name: str,
    encoder: Encoder,
    files: Sequence[SourceFile],
    settings: PretrainSettings,
) -> Identity:
    """Describe what a run depends on.

    name (str): Name of the encoder, as the user gave it.
    encoder (Encoder): The encoder of that name.
    files (Sequence[SourceFile]): The texts.
    settings (PretrainSettings): The settings.
    RETURNS (Identity): "contents" of encoder and texts, and "settings", as JSON.
    """
    contents = {
        "encoder": _encoder_content(name, encoder),
        "texts": files_digest(files),
    }
    return {"contents": contents, "settings": dataclasses.asdict(settings)}


def differences(old: Identity, new: Identity) -> str:
    """Compare two runs.

    old (Identity): The earlier one.
    new (Identity): The present one.
    RETURNS (str): The differences; empty if there are none.
    """
    found = []
    for kind in ("contents", "settings"):
        before, now = old.get(kind, {}), new[kind]
        for key in {**before, **now}:
            pair = before.get(key), now.get(key)
            values = " (another content)" if kind == "contents" else " {!r} (now {!r})"
            if pair[0] != pair[1]:
                found.append(key + values.format(*pair))
    return ", ".join(found)


def _encoder_content(name: str, encoder: Encoder) -> str:
    """Return a digest of a folder; for a hub, the name and the commit."""
    if Path(name).exists():
        return content_digest(Path(name))
    return f"{name} {getattr(encoder.module.config, '_commit_hash', None)}"
