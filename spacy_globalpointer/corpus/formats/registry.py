"""All formats, found by their names or detected from a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ...errors import Errors
from ..annotations import Document
from ..listing import list_files
from .brat import BRAT
from .chip import CHIP
from .cluener import CLUENER
from .cmeee import CMEEE
from .conll import CONLL
from .doccano import DOCCANO
from .faults import find_first_fault
from .files import (
    GZ,
    SourceFile,
    check_encoding,
    malformed,
    read_blocks,
)
from .format import Format
from .huggingface import HF_TOKENS
from .json_detection import find_json_formats, is_json
from .jsonl import JSONL
from .label_studio import LABEL_STUDIO
from .prodigy import PRODIGY
from .spacy_docbin import SPACY
from .spacy_json import SPACY_JSON
from .storable import why_not_storable

#: Formats by name. Those that are detected with the highest certainty come first.
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
    RAISES (ValueError): GP163 if there is no format of that name.
    """
    if name not in FORMATS:
        raise ValueError(Errors.GP163.format(value=name, known=", ".join(FORMATS)))
    return FORMATS[name]


def detect_format(
    path: Path, *, encoding: str = "utf-8", exclude: Sequence[str] = ()
) -> Format:
    """Detect the format of a corpus.

    path (Path): A file; or a folder, in which the first file of a known format decides.
    encoding (str): Encoding of its files.
    exclude (Sequence[str]): Patterns of names that are left out.
    RETURNS (Format): The format.
    RAISES (ValueError): GP104 for an unknown encoding. If the format is not known:
        GP103 or GP169 if a file could not be read, GP127 or GP128 for a JSON file,
        otherwise GP162.
    """
    check_encoding(encoding)
    endings = tuple(end for format in FORMATS.values() for end in format.suffixes)
    fault: Optional[ValueError] = None
    for place, file in _places(path, exclude):
        try:
            found = explaining_formats(place, file, encoding=encoding)
        except ValueError as err:
            if file == path or place.name.endswith(endings):
                fault = fault or err
        else:
            if found:
                return found[0]
    raise fault or _unknown_format(path, encoding, exclude)


def _unknown_format(path: Path, encoding: str, exclude: Sequence[str]) -> ValueError:
    """Return GP162 with the fault of one file: the first whose name fits a format, or
    else the first."""
    endings = tuple(end for format in FORMATS.values() for end in format.suffixes)
    files = [file for _, file in _places(path, exclude) if file.is_file()]
    likely = [f for f in files if f.name.removesuffix(GZ).endswith(endings)] or files
    fault = "it has no file"
    if likely:
        file = likely[0]
        name = file.relative_to(path) if path.is_dir() else Path(file.name)
        line, reason = find_first_fault(_read_head(file, encoding)[0])
        fault = f"{name.as_posix()}:{line}: {reason}"
    fields = {"path": path, "fault": fault, "known": ", ".join(FORMATS)}
    return ValueError(Errors.GP162.format(**fields))


def explaining_formats(place: Path, file: Path, *, encoding: str) -> List[Format]:
    """Find the possible formats of a file, or of a folder as a whole.

    place (Path): Its path without .gz.
    file (Path): Its path.
    encoding (str): Its encoding.
    RETURNS (List[Format]): The formats, the surest first. Those that are JSON explain
        the whole file, the others its beginning.
    RAISES (ValueError): GP103 or GP169 if it cannot be read and its name does not show
        the format; GP127 or GP128 for JSON of no known format.
    """
    head, unread = _read_head(file, encoding)
    if is_json(place, head):
        source = SourceFile(file, file.name)
        return find_json_formats(source, list(FORMATS.values()), encoding=encoding)
    found = [f for f in FORMATS.values() if f.looks_like(place, head)]
    if not found and unread is not None:
        raise unread
    return found


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
    limit (int): Largest size of a document in MiB, or of a .spacy file, unpacked; 0 for
        no limit.
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
    """YIELDS (Tuple[Path, Path]): For the folder and each of its files, or for the
    file: the path without .gz, and the path."""
    if path.is_dir():
        yield path, path
    for file in list_files(path, exclude=exclude).values():
        yield file.with_name(file.name.removesuffix(GZ)), file


def _read_head(path: Path, encoding: str) -> Tuple[str, Optional[ValueError]]:
    """RETURNS (Tuple[str, Optional[ValueError]]): The beginning of a file's text, and
    the error if it cannot be read. The text of a folder is ""."""
    if path.is_dir():
        return "", None
    try:
        blocks = read_blocks(SourceFile(path, path.name), encoding=encoding)
        return next(blocks, ""), None
    except ValueError as err:
        return "", err
