"""Reads .spacy files, one Doc at a time."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Iterator, Union

from spacy.tokens import Doc, DocBin
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.vocab import Vocab

from ..errors import Errors

#: What spaCy raises for data that is no DocBin, or a damaged one.
_BROKEN = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError),
    *(AssertionError, struct.error),
)


def read_docs(path: Union[str, Path], vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a .spacy file, or of all such files in a folder.

    path (Union[str, Path]): The file or folder.
    vocab (Vocab): The vocab to share.
    YIELDS (Doc): The Docs, files in the order of their names.
    RAISES (ValueError): A file is not in this format.
    """
    for file in walk_corpus(path, FILE_TYPE):
        yield from parse_docs(file.read_bytes(), vocab, path=file)


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
