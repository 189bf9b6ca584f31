"""Reads .spacy files, one Doc at a time."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Iterator, Union

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import Errors
from .formats.files import SourceFile, find_files, open_binary

FORMAT = "spacy"
SUFFIXES = (".spacy",)
#: What spaCy raises for data that is no DocBin, or a damaged one.
_BROKEN = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError),
    *(AssertionError, struct.error),
)


def read_docs(path: Union[str, Path], vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a .spacy file, or of all such files in a folder; .gz may follow.

    path (Union[str, Path]): The file or folder.
    vocab (Vocab): The vocab to share.
    YIELDS (Doc): The Docs, files in the order of their names.
    RAISES (ValueError): A file is not in this format; GP165 if a folder has none, GP190
        for a part of it that cannot be read.
    """
    for file in find_files(Path(path), SUFFIXES, format=FORMAT):
        yield from parse_docs(read_bytes(file), vocab, path=file.path)


def read_bytes(file: SourceFile) -> bytes:
    """Read a file, unpacked.

    file (SourceFile): The file.
    RETURNS (bytes): Its content.
    RAISES (ValueError): GP169 for a damaged .gz.
    """
    with open_binary(file) as stream:
        try:
            return stream.read()
        except (EOFError, zlib.error, gzip.BadGzipFile) as err:
            raise ValueError(Errors.GP169.format(file=file.path, reason=err)) from err


def parse_docs(data: bytes, vocab: Vocab, *, path: Union[str, Path]) -> Iterator[Doc]:
    """Read the Docs of a .spacy file's content.

    data (bytes): The content.
    vocab (Vocab): The vocab to share.
    path (Union[str, Path]): The file, for messages.
    YIELDS (Doc): The Docs.
    RAISES (ValueError): GP118 if it is not in this format.
    """
    try:
        yield from DocBin().from_bytes(data).get_docs(vocab)
    except _BROKEN as err:
        raise ValueError(Errors.GP118.format(path=path, reason=err)) from err
