"""Reads .spacy files, one Doc at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Union

from spacy.tokens import Doc, DocBin
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.vocab import Vocab

from ..errors import Errors


def read_docs(path: Union[str, Path], vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a .spacy file, or of all such files in a folder.

    path (Union[str, Path]): The file or folder.
    vocab (Vocab): The vocab to share.
    YIELDS (Doc): The Docs, files in the order of their names.
    RAISES (ValueError): A file is not in this format.
    """
    for file in walk_corpus(path, FILE_TYPE):
        data = file.read_bytes()
        try:
            doc_bin = DocBin().from_bytes(data)
        except (ValueError, KeyError, TypeError) as err:
            raise ValueError(Errors.GP118.format(path=file, reason=err)) from err
        yield from doc_bin.get_docs(vocab)
