"""Read the raw texts of files, in parts of bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, List, Sequence

from spacy.vocab import Vocab

from ..corpus.docbin import parse_docs, read_bytes
from ..corpus.formats.files import SourceFile, find_files
from ..corpus.plain_texts import FORMAT, JSONL, TXT, is_plain, read_plain_texts
from ..errors import Errors

SPACY = ".spacy"
SUFFIXES = (TXT, JSONL, SPACY)
#: A longer text is read in parts of at most this many characters.
PART = 20_000


def find_texts(paths: Sequence[Path]) -> List[SourceFile]:
    """Find the files with texts.

    paths (Sequence[Path]): Files that end in .txt, .jsonl or .spacy, the first two also
        with .gz, and folders of them.
    RETURNS (List[SourceFile]): The files, as given, those of a folder by their names.
    RAISES (ValueError): GP201 for any other file, and for one in a folder that ends in
        .spacy.gz; GP165 for a folder without texts.
    """
    files: List[SourceFile] = []
    for path in paths:
        if not path.exists():
            raise ValueError(Errors.GP201.format(path=path))
        files += find_files(path, SUFFIXES, format=FORMAT)
    for file in files:
        if not (is_plain(file.path) or file.path.suffix == SPACY):
            raise ValueError(Errors.GP201.format(path=file.path))
    return files


def read_texts(file: SourceFile) -> Iterator[str]:
    """Read the texts of a file. A text is a whole .txt file, "text" in a line of a
    .jsonl file, or a Doc of a .spacy file.

    file (SourceFile): The file. A .spacy file is read at once, others are streamed.
    YIELDS (str): The texts; longer ones in parts of at most `PART` characters, which
        end with a line or a word where there is one.
    RAISES (ValueError): GP103, GP118, GP146, GP160 or GP169 for a damaged file.
    """
    if is_plain(file.path):
        for _, blocks in read_plain_texts(file):
            yield from cut_parts(blocks)
    else:
        for doc in parse_docs(read_bytes(file), Vocab(), path=file.path):
            yield from cut_parts([doc.text])


def cut_parts(blocks: Iterable[str]) -> Iterator[str]:
    """Cut a text into parts.

    blocks (Iterable[str]): The text, in blocks of any size.
    YIELDS (str): Its parts, none empty; together they are the text.
    """
    rest = ""
    for block in blocks:
        rest, begin = rest + block, 0
        while len(rest) - begin > PART:
            end = _end_of_part(rest, begin)
            yield rest[begin:end]
            begin = end
        rest = rest[begin:]
    if rest:
        yield rest


def _end_of_part(text: str, begin: int) -> int:
    """Return the end of the last line, or else word, that ends in the second half."""
    middle, limit = begin + PART // 2, begin + PART
    for separator in ("\n", " "):
        place = text.rfind(separator, middle, limit)
        if place >= 0:
            return place + 1
    return limit
