"""Digests of files and folders, to see whether their content has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Callable, List, Sequence

from .formats.files import SourceFile
from .listing import walk_folder

#: Bytes to read at once.
_BLOCK = 1 << 20
#: Size in bytes above which `files_digest` does not read the files.
LARGE = 2**30


def _ignore(n_bytes: int) -> None:
    pass


def file_digest(file: Path, on_read: Callable[[int], object] = _ignore) -> str:
    """Compute the SHA-256 of a file.

    file (Path): The file.
    on_read (Callable[[int], object]): Called with the number of bytes of each block.
    RETURNS (str): The digest, in hexadecimal.
    """
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            on_read(len(block))
    return digest.hexdigest()


def content_digest(path: Path, on_read: Callable[[int], object] = _ignore) -> str:
    """Compute a digest of a file, or of the names and contents of a folder's files.

    path (Path): The file or folder. Hidden files of a folder are left out.
    on_read (Callable[[int], object]): Called with the number of bytes of each block.
    RETURNS (str): The digest, in hexadecimal.
    """
    if not path.is_dir():
        return file_digest(path, on_read)
    lines = [
        f"{file_digest(file, on_read)} {file.relative_to(path).as_posix()}\n"
        for file in list_content(path)
    ]
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def list_content(path: Path) -> List[Path]:
    """List the files that `content_digest` reads.

    path (Path): A file or folder.
    RETURNS (List[Path]): The file itself, or the files of the folder.
    """
    return list(walk_folder(path).files.values()) if path.is_dir() else [path]


def files_digest(files: Sequence[SourceFile]) -> str:
    """Compute a digest of names and contents, in the order of reading. If the files are
    larger than `LARGE`, their sizes stand for their contents.

    files (Sequence[SourceFile]): The files.
    RETURNS (str): The digest, in hexadecimal.
    """
    sizes = [file.path.stat().st_size for file in files]
    is_large = sum(sizes) > LARGE
    digest = hashlib.sha256()
    for file, size in zip(files, sizes):
        content = size if is_large else content_digest(file.path)
        digest.update(f"{content} {file.name}\n".encode())
    return digest.hexdigest()
