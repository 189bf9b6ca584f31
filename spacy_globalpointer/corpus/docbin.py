"""Read .spacy files one Doc at a time, and check their content."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Union

import numpy
import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import Errors
from ..machine_faults import is_shortage
from ..types import LOST_GOLD
from .formats.files import find_files, read_bytes

FORMAT = "spacy"
SUFFIXES = (".spacy",)
#: Size of an attribute of a token, in bytes.
_ATTR = 8
#: Bytes to unpack at a time, and packed bytes to pass at a time.
_BLOCK, _PIECE = 2**20, 2**16


def read_docs(path: Union[str, Path], vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a .spacy or .spacy.gz file, or of all such files in a folder.

    path (Union[str, Path]): The file or folder.
    vocab (Vocab): The vocab to share.
    YIELDS (Doc): The Docs, files in the order of their names.
    RAISES (ValueError): GP118 if a file is not in this format, GP150 if it is a pipe or
        device; GP165 if a folder has none, GP190 for a part of it that cannot be read.
    """
    for file in find_files(Path(path), SUFFIXES, format=FORMAT):
        yield from parse_docs(read_bytes(file), vocab, path=file.path)


def parse_docs(
    data: bytes,
    vocab: Vocab,
    *,
    path: Union[str, Path],
    check_size: Optional[Callable[[int], None]] = None,
) -> Iterator[Doc]:
    """Read the Docs of a .spacy file's content.

    data (bytes): The content.
    vocab (Vocab): The vocab to share.
    path (Union[str, Path]): The file, for messages.
    check_size (Optional[Callable[[int], None]]): Called with the size of the content as
        it is unpacked; it may raise an error.
    YIELDS (Doc): The Docs.
    RAISES (ValueError): GP118 if it is not in this format.
    """
    if check_size is not None:
        for size in _unpacked_sizes(data):
            check_size(size)
    try:
        _check(srsly.msgpack_loads(zlib.decompress(data)))
        for doc in DocBin().from_bytes(data).get_docs(vocab):
            _check_doc(doc)
            yield doc
    except Exception as err:  # spaCy checks little, and may raise any error
        if is_shortage(err):
            raise
        reason = str(err) or type(err).__name__
        raise ValueError(Errors.GP118.format(path=path, reason=reason)) from err


def _unpacked_sizes(data: bytes) -> Iterator[int]:
    """YIELDS (int): The number of bytes unpacked so far; the bytes are not kept."""
    decoder = zlib.decompressobj()
    size = 0
    try:
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            while piece and not decoder.eof:
                size += len(decoder.decompress(piece, _BLOCK))
                yield size
                piece = decoder.unconsumed_tail
    except zlib.error:
        return  # the reader reports the error


def _check(record: Any) -> None:
    """Raise ValueError if the parts of a DocBin's record do not match each other.
    DocBin itself cuts some of them to size, and fails at others."""
    if not isinstance(record, dict):
        raise ValueError("it does not contain Docs")
    attrs, strings = record["attrs"], record["strings"]
    if not _is_list(attrs, int) or not attrs or not _is_list(strings, str):
        raise ValueError("the names of its columns, or its strings, are not a list")
    lengths = numpy.frombuffer(record["lengths"], dtype="int32").astype("int64")
    if (lengths < 0).any():
        raise ValueError(f"a Doc has {lengths.min()} tokens")
    n_docs, n_tokens = len(lengths), int(lengths.sum())
    for key, size in (("tokens", n_tokens * len(attrs) * _ATTR), ("spaces", n_tokens)):
        found = len(record[key])
        if found != size:
            raise ValueError(f"it has {found} bytes of {key}, not {size}")
    for key, kind in (("cats", dict), ("flags", dict), ("span_groups", bytes)):
        values = record[key] if key in record else [kind()] * n_docs
        if not _is_list(values, kind) or len(values) != n_docs:
            raise ValueError(f"there are not {n_docs} {key}, one for each Doc")


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(entry, kind) for entry in value)


def _check_doc(doc: Doc) -> None:
    """Raise ValueError if a span is outside the tokens of its Doc, or has no label."""
    n_tokens, n_chars = len(doc), len(doc.text)
    strings: Any = doc.vocab.strings
    for key, group in doc.spans.items():
        if not isinstance(key, str):
            raise ValueError(f"it has spans under the key {key!r}")
        for span in group:
            in_tokens = 0 <= span.start <= span.end <= n_tokens
            in_text = 0 <= span.start_char <= span.end_char <= n_chars
            if not in_tokens or not in_text:
                reason = f"the span from token {span.start} to {span.end}"
                raise ValueError(f"{reason} is not within the {n_tokens} tokens")
            if span.label not in strings:
                raise ValueError(f"the label {span.label} of a span has no string")
    for ent in doc.ents:
        if ent.label not in strings:
            raise ValueError(f"the label {ent.label} of an entity has no string")
    lost = doc.user_data.get(LOST_GOLD, [])
    if not is_lost_gold(lost):
        raise ValueError(f"its value under {LOST_GOLD!r} is not a list of spans")


def is_lost_gold(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a list of [start, end, label]."""
    return isinstance(value, (list, tuple)) and all(map(_is_entry, value))


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, (list, tuple)) or len(entry) != 3:
        return False
    start, end, label = entry
    return type(start) is int and type(end) is int and isinstance(label, str)
