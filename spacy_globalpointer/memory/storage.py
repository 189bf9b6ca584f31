"""Entries of a mention memory as files: keys as safetensors, mentions as JSON lines."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any, Dict, List, Tuple

import numpy
import safetensors.torch
import torch
from torch import Tensor

from ..errors import Errors
from ..values import is_text
from .entries import Entries, Mention
from .whitening import Whitening

FORMAT = "1"
#: Names of the tensors.
NAMES = ("ids", "keys", "mean", "matrix")
#: Length of a key, with its rounding.
LONGEST = 1.0001


def to_files(
    entries: Entries, whitening: Whitening, digest: str
) -> Tuple[bytes, bytes]:
    """Serialize entries.

    entries (Entries): The entries.
    whitening (Whitening): The map that made their keys.
    digest (str): Digest of the weights that made their features.
    RETURNS (Tuple[bytes, bytes]): The safetensors file and the file of JSON lines. Each
        line has a text, its source and its spans: first character, character after the
        last, label or null.
    """
    tensors = {
        "ids": torch.from_numpy(entries.ids),
        "keys": entries.keys.contiguous(),
        "mean": whitening.mean,
        "matrix": whitening.matrix.contiguous(),
    }
    about = {"format": FORMAT, "digest": digest}
    data = safetensors.torch.save(tensors, metadata={"memory": json.dumps(about)})
    order = sorted(entries.mentions, key=_by_place)
    lines = [
        json.dumps(
            {
                "text": text,
                "source": source,
                "spans": [[one.start, one.end, one.label] for one in own],
            }
        )
        for (text, source), own in groupby(order, lambda one: (one.text, one.source))
    ]
    return data, "".join(f"{line}\n" for line in lines).encode("ascii")


def _by_place(one: Mention) -> Tuple[str, str, int, int, str]:
    return one.text, one.source, one.start, one.end, one.label or ""


def from_files(
    data: bytes, lines: bytes, *, name: str, source: object
) -> Tuple[Entries, Whitening, str]:
    """Read what `to_files` wrote.

    data (bytes): The safetensors file.
    lines (bytes): The file of JSON lines.
    name (str): The component's name, for messages.
    source (object): Where the files come from, for messages.
    RETURNS (Tuple[Entries, Whitening, str]): The entries, the map and the digest.
    RAISES (ValueError): GP070 if the files are damaged or do not fit each other; GP071
        if they are of another format.
    """
    place = {"name": name, "source": source}
    try:
        tensors = safetensors.torch.load(data)
        size = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["memory"])
        if about["format"] != FORMAT:
            fields = {"found": about["format"], "known": FORMAT}
            raise ValueError(Errors.GP071.format(**fields, **place))
        digest = str(about["digest"])
        ids, keys, mean, matrix = (tensors[name] for name in NAMES)
        mentions = [own for line in lines.splitlines() for own in _read_line(line)]
    except (safetensors.SafetensorError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(Errors.GP070.format(reason=repr(error), **place)) from error
    except ValueError as error:
        if str(error).startswith("[GP071]"):
            raise
        raise ValueError(Errors.GP070.format(reason=repr(error), **place)) from error
    mentions.sort(key=lambda one: one.id)
    own = numpy.array([one.id for one in mentions], dtype=numpy.int64)
    fits = ids.dtype == torch.int64 and numpy.array_equal(ids.numpy(), own)
    is_single = len({*own.tolist()}) == len(own)
    if not (fits and is_single and _fit_each_other(keys, mean, matrix, len(own))):
        reason = "the texts and the vectors do not belong together"
        raise ValueError(Errors.GP070.format(reason=reason, **place))
    entries = Entries(own, keys, tuple(mentions))
    return entries, Whitening(mean, matrix), digest


def _fit_each_other(keys: Tensor, mean: Tensor, matrix: Tensor, n: int) -> bool:
    """Return whether the numbers are finite, of the right shape, and keys short enough
    for the search."""
    is_float = all(x.dtype == torch.float32 for x in (keys, mean, matrix))
    if not is_float or matrix.ndim != 2 or mean.shape != matrix.shape[:1]:
        return False
    is_finite = all(bool(x.isfinite().all()) for x in (keys, mean, matrix))
    is_whole = keys.shape == (n, matrix.shape[1])
    return is_finite and is_whole and bool((keys.norm(dim=1) < LONGEST).all())


def _read_line(line: bytes) -> List[Mention]:
    content: Dict[str, Any] = json.loads(line)
    text, source = content["text"], content["source"]
    mentions = [
        Mention(label, source, text, start, end)
        for start, end, label in content["spans"]
    ]
    for one in mentions:
        are_texts = isinstance(text, str) and isinstance(source, str)
        is_label = one.label is None or is_text(one.label)
        is_place = type(one.start) is int and type(one.end) is int
        if not are_texts or not is_label or not is_place:
            raise TypeError(f"{one!r} is no mention")
        if not 0 <= one.start < one.end <= len(text):
            raise ValueError(f"the span {one.start} to {one.end} is not in its text")
    return mentions
