"""All formats, found by name or by the look of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Tuple

from ...errors import Errors
from ..annotations import Document
from .brat import BRAT
from .chip import CHIP
from .cluener import CLUENER
from .cmeee import CMEEE
from .conll import CONLL
from .doccano import DOCCANO
from .files import (
    GZ,
    SourceFile,
    check_encoding,
    is_excluded,
    malformed,
    read_blocks,
)
from .format import Format
from .huggingface import HF_TOKENS
from .jsonl import JSONL
from .label_studio import LABEL_STUDIO
from .prodigy import PRODIGY
from .spacy_docbin import SPACY
from .spacy_json import SPACY_JSON
from .storable import why_not_storable

#: From the one that is told with most certainty to the least.
FORMATS: Dict[str, Format] = {
    format.name: format
    for format in (
        SPACY,
        BRAT,
        LABEL_STUDIO,
        PRODIGY,
        CMEEE,
        CLUENER,
        DOCCANO,
        CHIP,
        SPACY_JSON,
        HF_TOKENS,
        JSONL,
        CONLL,
    )
}


def get_format(name: str) -> Format:
    """Find a format by its name.

    name (str): The name.
    RETURNS (Format): The format.
    RAISES (ValueError): GP163 if there is none of that name.
    """
    if name not in FORMATS:
        raise ValueError(Errors.GP163.format(value=name, known=", ".join(FORMATS)))
    return FORMATS[name]


def detect_format(
    path: Path, *, encoding: str = "utf-8", exclude: Sequence[str] = ()
) -> Format:
    """Tell the format of a corpus by its look.

    path (Path): A file; or a folder, of which the first file that is of a format
        decides.
    encoding (str): Encoding of its files.
    exclude (Sequence[str]): Patterns of names that are left out.
    RETURNS (Format): The format.
    RAISES (ValueError): GP104 for an unknown encoding. If it is no format that is
        known: GP103 or GP169 if a file could not be read, else GP162.
    """
    check_encoding(encoding)
    endings = tuple(end for format in FORMATS.values() for end in format.suffixes)
    fault: Optional[ValueError] = None
    for place, file in _places(path, exclude):
        head, unread = _read_head(file, encoding)
        for format in FORMATS.values():
            if format.looks_like(place, head):
                return format
        if file == path or place.name.endswith(endings):
            fault = fault or unread
    raise fault or ValueError(Errors.GP162.format(path=path, known=", ".join(FORMATS)))


def read_documents(
    format: Format,
    path: Path,
    *,
    encoding: str = "utf-8",
    exclude: Sequence[str] = (),
    limit: int = 0,
    options: Optional[Dict[str, object]] = None,
) -> Iterator[Document]:
    """Read a corpus, one document at a time.

    format (Format): Its format.
    path (Path): A file or folder.
    encoding (str): Encoding of its files.
    exclude (Sequence[str]): Patterns of names to leave out.
    limit (int): MiB of one document, at the most; of .spacy files, of one file,
        unpacked. 0 for no bound.
    options (Optional[Dict[str, object]]): Options of the format.
    YIELDS (Document): The documents, each with its rejects.
    RAISES (ValueError): What the format's reader raises; GP164 for a document that
        no Doc can hold.
    """
    given = {"encoding": encoding, "exclude": exclude, "limit": limit}
    documents = format.read(Path(path), **given, **(options or {}))
    for document, rejects in documents:
        reason = why_not_storable(document)
        if reason is not None:
            raise malformed(document.source, format.name, reason)
        yield document, rejects


def _places(path: Path, exclude: Sequence[str]) -> Iterator[Tuple[Path, Path]]:
    """YIELDS (Tuple[Path, Path]): The folder and each of its files, or the file: the
    path without .gz, and the path itself."""
    if path.is_dir():
        yield path, path
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        local = file.relative_to(path) if path.is_dir() else Path(file.name)
        hidden = any(part.startswith(".") for part in local.parts)
        if file.is_file() and not hidden and not is_excluded(local.as_posix(), exclude):
            yield file.with_name(file.name.removesuffix(GZ)), file


def _read_head(path: Path, encoding: str) -> Tuple[str, Optional[ValueError]]:
    """RETURNS (Tuple[str, Optional[ValueError]]): The beginning of a file's text, ""
    for a folder; or "" and why it cannot be read."""
    if path.is_dir():
        return "", None
    try:
        blocks = read_blocks(SourceFile(path, path.name), encoding=encoding)
        return next(blocks, ""), None
    except ValueError as err:
        return "", err
