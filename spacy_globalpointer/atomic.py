"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

#: Name, in a folder of drafts, of what a draft is about to take the place of.
_BEFORE = "before"
#: Whether a signal can ask after a process, and a folder can be opened.
_IS_POSIX = os.name == "posix"
#: Of the namespace that this process' number is of, where there are such.
_NAMESPACE = "/proc/self/ns/pid"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Write a file so that it is never there in part.

    path (Path): The file. Its folder is made if it does not exist. What is there is
        replaced, or what it links to if it is a link. A device or pipe, such as
        /dev/null, is written to as it is.
    YIELDS (Path): A path of the same name, where nothing is yet, in a temporary folder
        of its own on the same disk. What is written there takes the file's place at
        the end; of an error, nothing remains.
    """
    if path.is_char_device() or path.is_fifo():
        yield path
        return
    path = path.resolve()
    with drafts_beside(path) as folder:
        yield folder / path.name
        os.replace(folder / path.name, path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Write a folder so that it is never there in part.

    path (Path): The folder. The one above is made if it does not exist. What is there
        is replaced as a whole. That takes two moves: of a process killed between them,
        `clear_drafts` (or writing the folder again) puts back what was there.
    YIELDS (Path): An empty folder of the same name, in a temporary folder of its own
        on the same disk. It takes the folder's place at the end; of an error, nothing
        remains.
    """
    path = path.resolve()
    with drafts_beside(path) as folder:
        draft = folder / path.name
        draft.mkdir()
        yield draft
        if path.exists():
            os.replace(path, folder / f"{path.name}.{_BEFORE}")
        os.replace(draft, path)


@contextmanager
def drafts_beside(path: Path) -> Iterator[Path]:
    """Make a folder for drafts, and remove it at the end.

    path (Path): What the drafts are for.
    YIELDS (Path): A temporary folder on the same disk. What killed processes left of
        theirs is removed.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_drafts(path)
    prefix = f".{path.name}.{_host()}.{os.getpid()}."
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        yield folder
    finally:
        _discard(folder, path)


def clear_drafts(path: Path, *, of_all: bool = False) -> None:
    """Remove the drafts of processes that were killed, and put back a folder that one
    was about to replace. Those of running processes and other machines stay.

    path (Path): What the drafts are for.
    of_all (bool): Remove those, too: nobody else writes there.
    """
    path = path.resolve()
    if not path.parent.is_dir():
        return
    host = r"[\w-]+" if of_all else _host()
    name = rf"\.{re.escape(path.name)}\.{host}\.(\d+)\.[^.]+"
    for folder in path.parent.iterdir():
        match = re.fullmatch(name, folder.name)
        if not match or not folder.is_dir():
            continue
        if of_all or not _is_alive(int(match[1])):
            _discard(folder, path)


def sync(path: Path, *, deep: bool = True) -> None:
    """Have the disk write what the system holds back, so that it outlasts a power cut.

    path (Path): A file or folder.
    deep (bool): Whether to include what is in the folder.
    """
    if path.is_dir() and deep:
        for part in path.iterdir():
            sync(part)
    if path.is_dir() and not _IS_POSIX:
        return
    # Windows syncs no file that is open for reading only.
    writing = os.O_RDWR | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDONLY if _IS_POSIX else writing)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(folder: Path, path: Path) -> None:
    """Remove drafts. What was moved there to make way, for nothing, comes back."""
    before = folder / f"{path.name}.{_BEFORE}"
    if before.exists() and not path.exists():
        os.replace(before, path)
    shutil.rmtree(folder, ignore_errors=True)


def _host() -> str:
    """The names of the machine and of the container's processes: those of others
    cannot be asked after."""
    name = re.sub(r"[^\w-]", "_", platform.node()) or "_"
    if not os.path.lexists(_NAMESPACE):
        return name
    return f"{name}-{re.sub('[^0-9]', '', os.readlink(_NAMESPACE))}"


def _is_alive(pid: int) -> bool:
    if not _IS_POSIX:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
