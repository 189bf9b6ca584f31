"""A mention memory as files: keys as safetensors, mentions as JSON lines."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any, Dict, List, Tuple, cast

import numpy
import safetensors
import torch
from torch import Tensor

from ..errors import Errors
from ..tensor_files import tensors_from_bytes, tensors_to_bytes
from ..values import is_text
from .entries import Entries, Mention
from .mention_memory import MentionMemory
from .pools import Annotated
from .whitening import Whitening

FORMAT = "1"
#: Names of the tensors.
NAMES = ("ids", "keys", "mean", "matrix")
#: Length of a key, with its rounding.
LONGEST = 1.0001


def to_files(memory: MentionMemory) -> Tuple[bytes, bytes]:
    """Serialize a memory.

    memory (MentionMemory): The memory, with its map of features to keys.
    RETURNS (Tuple[bytes, bytes]): The safetensors file and the file of JSON lines. Each
        line has a text, its source and its spans: first character, character after the
        last, label or null.
    """
    entries, whitening = memory.entries, cast(Whitening, memory.whitening)
    tensors = {
        "ids": torch.from_numpy(entries.ids),
        "keys": entries.keys,
        "mean": whitening.mean,
        "matrix": whitening.matrix,
    }
    about: Dict[str, Any] = {"format": FORMAT, "digest": memory.digest}
    if memory.annotated:
        own = sorted(memory.annotated.items())
        about["annotated"] = {source: sorted(labels) for source, labels in own}
    data = tensors_to_bytes(tensors, "memory", about)
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
) -> MentionMemory:
    """Read what `to_files` wrote.

    data (bytes): The safetensors file.
    lines (bytes): The file of JSON lines.
    name (str): The component's name, for messages.
    source (object): Where the files come from, for messages.
    RETURNS (MentionMemory): The memory.
    RAISES (ValueError): GP070 if the files are damaged or do not fit each other; GP071
        if they are of another format.
    """
    place = {"name": name, "source": source}
    try:
        tensors, about = tensors_from_bytes(data, "memory")
        if about["format"] != FORMAT:
            fields = {"found": about["format"], "known": FORMAT}
            raise ValueError(Errors.GP071.format(**fields, **place))
        digest = str(about["digest"])
        annotated = _read_annotated(about.get("annotated", {}))
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
    return MentionMemory(entries, Whitening(mean, matrix), digest, annotated)


def _read_annotated(content: Any) -> Annotated:
    """Read the labels that sources annotate. Older files have none."""
    is_object = isinstance(content, dict)
    if not is_object or not all(isinstance(x, list) for x in content.values()):
        raise TypeError(f"{content!r} has no list of labels for each source")
    if not all(is_text(label) for own in content.values() for label in own):
        raise TypeError(f"{content!r} has labels that are no labels")
    return {source: frozenset(labels) for source, labels in content.items()}


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
