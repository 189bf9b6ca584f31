"""Write files and folders so that they are never half-written."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Sequence

from .errors import Warnings
from .machine_faults import DISK_FULL, FORBIDDEN, NOT_MOVED, number_of

#: Ending of the name, in a folder of drafts, of the file or folder that a draft
#: replaces.
_BEFORE = "before"
#: Ending of the name, there, of a folder with the files that several drafts replace.
_OLD = "old"
#: Name, there, of the list of these drafts. It exists while they are moved.
_UNFINISHED = ".unfinished.json"
#: Longest name, in bytes, that the name of a folder of drafts contains in full.
_LONGEST = 100
#: Whether a signal can check that a process exists, and a folder can be opened.
_IS_POSIX = os.name == "posix"
#: Link that identifies the namespace of process numbers. Not all systems have one.
_NAMESPACE = "/proc/self/ns/pid"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Write a file so that it is never half-written.

    path (Path): The file. Its folder is made if it does not exist. An existing file is
        replaced and keeps its mode. For a link, the file that it leads to is replaced.
        A device or pipe, such as /dev/null, is written to directly.
    YIELDS (Path): A new path of the same name, in a temporary folder on the same disk.
        The file that is written there replaces the old one at the end. After an error,
        nothing remains of it.
    """
    if path.is_char_device() or path.is_fifo():
        yield path
        return
    path = path.resolve()
    with drafts_beside(path) as folder:
        yield folder / path.name
        _keep_modes(path, folder / path.name)
        os.replace(folder / path.name, path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Write a folder so that it is never half-written.

    path (Path): The folder. Its parent is made if it does not exist. An existing folder
        is replaced as a whole. It keeps its mode, and so does each file that is in
        both. The replacement takes two moves. If the process is killed between them,
        `clear_drafts` (or writing the folder again) restores the old folder.
    YIELDS (Path): An empty folder of the same name, in a temporary folder on the same
        disk. It replaces the old folder at the end. After an error, nothing remains of
        it.
    """
    path = path.resolve()
    with drafts_beside(path) as folder:
        draft = folder / path.name
        draft.mkdir()
        yield draft
        _keep_modes(path, draft)
        if path.exists():
            os.replace(path, _aside(folder, path, _BEFORE))
        os.replace(draft, path)


def move_into(folder: Path, path: Path, outdated: Iterable[str], last: str) -> None:
    """Move drafts into a folder that also has other files: all of them or none.

    The old files are moved away first, so that old and new ones are never mixed. After
    an error they are restored at once. If the process is killed, `clear_drafts`
    restores them.

    folder (Path): The folder of drafts, as `drafts_beside(path)` gave it.
    path (Path): The folder to move them into. It is made if it does not exist.
    outdated (Iterable[str]): Names of files in it to remove if no draft replaces them.
    last (str): The draft whose presence in the folder shows that all the others are in
        place. The old one is removed first, and the new one is moved last.
    """
    path = path.resolve()
    drafts = sorted(part.name for part in folder.iterdir() if part.name != last)
    old, unfinished = _aside(folder, path, _OLD), folder / _UNFINISHED
    for name in (*drafts, last):
        _keep_modes(path / name, folder / name)
    old.mkdir()
    note = {"drafts": [*drafts, last], "is_new": not path.exists()}
    (old / _UNFINISHED).write_text(json.dumps(note), encoding="utf-8")
    os.replace(old / _UNFINISHED, unfinished)
    path.mkdir(exist_ok=True)
    for name in (last, *sorted({*drafts, *outdated} - {last})):
        if os.path.lexists(path / name):
            os.replace(path / name, old / name)
    for name in (*drafts, last):
        os.replace(folder / name, path / name)
    unfinished.unlink()


@contextmanager
def drafts_beside(path: Path, *, home: Optional[Path] = None) -> Iterator[Path]:
    """Make a folder for drafts, and remove it at the end.

    path (Path): What the drafts are for.
    home (Optional[Path]): Where to make it; None for the parent of path.
    YIELDS (Path): A temporary folder on the same disk. Those that killed processes left
        are removed.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_drafts(path, home=home)
    prefix = f".{_short(path.name)}.{_host()}.{os.getpid()}."
    with _naming(path, (*DISK_FULL, *FORBIDDEN)):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=home or path.parent))
    try:
        with _naming(path, (*DISK_FULL, *NOT_MOVED)):
            yield folder
    finally:
        _discard(folder, path)


def clear_drafts(
    path: Path,
    *,
    of_all: bool = False,
    is_locked: bool = False,
    home: Optional[Path] = None,
) -> None:
    """Remove the drafts of killed processes. If one was about to replace a file or
    folder, restore that with a warning. Drafts of running processes and of other
    machines stay.

    path (Path): What the drafts are for.
    of_all (bool): Whether to remove those too, because nobody else writes there.
    is_locked (bool): Whether to undo the moves of other machines too, because nobody
        else moves drafts there (`move_into`).
    home (Optional[Path]): Where the drafts are; None for the parent of path.
    """
    path = path.resolve()
    home = home or path.parent
    if not home.is_dir():
        return
    name = rf"\.{re.escape(_short(path.name))}\.([\w-]+)\.(\d+)\.[^.]+"
    for folder in home.iterdir():
        match = re.fullmatch(name, folder.name)
        if not match or not folder.is_dir():
            continue
        is_dead = match[1] == _host() and not _is_alive(int(match[2]))
        is_dead |= is_locked and (folder / _UNFINISHED).is_file()
        if (of_all or is_dead) and _discard(folder, path):
            warnings.warn(Warnings.GPW125.format(path=path), stacklevel=2)


def home_of_drafts(path: Path) -> Path:
    """Find the place for drafts that `move_into` will move into a folder.

    path (Path): The folder.
    RETURNS (Path): The parent of the folder; or the folder itself, if it is a separate
        disk, such as a container's volume, or if nothing may be made next to it.
    """
    path = path.resolve()
    above = path.parent
    if not path.is_dir():
        return above
    is_disk = path.stat().st_dev != above.stat().st_dev
    return path if is_disk or not os.access(above, os.W_OK) else above


def hidden_file(path: Path, ending: str, home: Path) -> Path:
    """RETURNS (Path): The path of a hidden file that is named after another path."""
    return home / f".{_short(path.name)}.{ending}"


def sync(path: Path, *, deep: bool = True) -> None:
    """Make the system write its buffers to the disk, so that a power cut loses nothing.

    path (Path): A file or folder.
    deep (bool): Whether to include the content of the folder.
    """
    if path.is_dir() and deep:
        for part in path.iterdir():
            sync(part)
    if path.is_dir() and not _IS_POSIX:
        return
    # Windows cannot sync a file that is open only for reading.
    writing = os.O_RDWR | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDONLY if _IS_POSIX else writing)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(folder: Path, path: Path) -> bool:
    """Remove drafts, and restore the files that they were about to replace. RETURNS
    (bool): Whether anything was restored."""
    before, unfinished = _aside(folder, path, _BEFORE), folder / _UNFINISHED
    is_back = False
    if unfinished.is_file() and path.is_dir():
        is_back = _move_back(folder, path, **json.loads(unfinished.read_text("utf-8")))
        unfinished.unlink()
    elif before.exists() and not path.exists():
        os.replace(before, path)
        is_back = True
    shutil.rmtree(folder, ignore_errors=True)
    return is_back


def _move_back(folder: Path, path: Path, drafts: List[str], is_new: bool) -> bool:
    """Undo the moves of `move_into`, unless all were done. If this is interrupted, it
    can be repeated. RETURNS (bool): Whether anything was undone."""
    if not os.path.lexists(folder / drafts[-1]):
        return False
    for name in drafts:
        if os.path.lexists(path / name) and not os.path.lexists(folder / name):
            os.replace(path / name, folder / name)
    old = _aside(folder, path, _OLD)
    for name in sorted(os.listdir(old), key=drafts[-1].__eq__):
        os.replace(old / name, path / name)
    if is_new:
        with suppress(OSError):  # another process has put something there
            path.rmdir()
    return True


def _aside(folder: Path, path: Path, kind: str) -> Path:
    return folder / f"{_short(path.name)}.{kind}"


def _short(name: str) -> str:
    """Shorten a name that a file system could refuse once an ending is added."""
    data = os.fsencode(name)
    if len(data) <= _LONGEST:
        return name
    return f"{name[: _LONGEST // 4]}-{hashlib.sha256(data).hexdigest()[:8]}"


def _keep_modes(old: Path, new: Path) -> None:
    """Give new files and folders the modes of the old ones that they replace."""
    if not old.exists() or old.is_dir() != new.is_dir():
        return
    if new.is_dir():
        for part in new.iterdir():
            _keep_modes(old / part.name, part)
    with suppress(OSError):  # the file system has no modes
        shutil.copymode(old, new)


@contextmanager
def _naming(path: Path, numbers: Sequence[int]) -> Iterator[None]:
    """Put a path into errors that name a draft or no file."""
    try:
        yield
    except Exception as error:
        number, own = number_of(error), getattr(error, "filename", None)
        is_elsewhere = own and path.parent not in Path(os.fsdecode(own)).parents
        if number is None or number not in numbers or is_elsewhere:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _host() -> str:
    """Return a name of the machine and its container. A process of another one cannot
    be checked."""
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
