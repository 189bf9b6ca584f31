"""Files and folders that appear whole or not at all."""

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

#: Ending, in a folder of drafts, of the name of what makes way for a draft.
_BEFORE = "before"
#: Ending there of the name of a folder of what makes way for several drafts.
_OLD = "old"
#: Name there of the list of these drafts, which is there while they are moved.
_UNFINISHED = ".unfinished.json"
#: Bytes of a longer name that a folder of drafts has in its own.
_LONGEST = 100
#: Whether a signal can ask after a process, and a folder can be opened.
_IS_POSIX = os.name == "posix"
#: Of the namespace that this process' number is of, where there are such.
_NAMESPACE = "/proc/self/ns/pid"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Write a file so that it is never there in part.

    path (Path): The file. Its folder is made if it does not exist. What is there is
        replaced, and its mode stays; or what it links to if it is a link. A device or
        pipe, such as /dev/null, is written to as it is.
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
        _keep_modes(path, folder / path.name)
        os.replace(folder / path.name, path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Write a folder so that it is never there in part.

    path (Path): The folder. The one above is made if it does not exist. What is there
        is replaced as a whole; its mode stays, and that of each file that is in both.
        That takes two moves: of a process killed between them, `clear_drafts` (or
        writing the folder again) puts back what was there.
    YIELDS (Path): An empty folder of the same name, in a temporary folder of its own
        on the same disk. It takes the folder's place at the end; of an error, nothing
        remains.
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
    """Move all drafts into a folder that has other files, too; all of them or none.

    First what they replace makes way, so that old and new files never stand side by
    side. Of an error, what was there comes back at once; of a killed process, with
    `clear_drafts`.

    folder (Path): The folder of drafts, as `drafts_beside(path)` gave it.
    path (Path): The folder to move them into; is made if it does not exist.
    outdated (Iterable[str]): Names there of what goes, if there is no draft of it.
    last (str): The draft whose presence there says that all the others are in place.
        It is the first to go and the last to come.
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
    home (Optional[Path]): Where to make it; None for the folder that path lies in.
    YIELDS (Path): A temporary folder on the same disk. What killed processes left of
        theirs is removed.
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
    """Remove the drafts of processes that were killed, and put back, with a warning,
    what one was about to replace. Those of running processes and other machines stay.

    path (Path): What the drafts are for.
    of_all (bool): Remove those, too: nobody else writes there.
    is_locked (bool): Nobody else moves drafts there (`move_into`): undo the moves of
        other machines, too.
    home (Optional[Path]): Where the drafts are; None for the folder that path lies in.
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
    """Find where drafts can be that `move_into` moves into a folder.

    path (Path): The folder.
    RETURNS (Path): The folder that it lies in; or itself, if it is a disk of its own,
        such as a container's volume, or if nothing may be made next to it.
    """
    path = path.resolve()
    above = path.parent
    if not path.is_dir():
        return above
    is_disk = path.stat().st_dev != above.stat().st_dev
    return path if is_disk or not os.access(above, os.W_OK) else above


def hidden_file(path: Path, ending: str, home: Path) -> Path:
    """RETURNS (Path): A hidden file for a purpose of its own, named after a path."""
    return home / f".{_short(path.name)}.{ending}"


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


def _discard(folder: Path, path: Path) -> bool:
    """Remove drafts. What made way for them, for nothing, comes back. RETURNS (bool):
    Whether there was such a thing."""
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
    """Undo what `move_into` has done, unless it has done all. If this is interrupted,
    it can be done again. RETURNS (bool): Whether anything was undone."""
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
    """A name, cut if a file system could refuse it with more added."""
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
    """Name a path in errors that name a draft or nothing."""
    try:
        yield
    except Exception as error:
        number, own = number_of(error), getattr(error, "filename", None)
        is_elsewhere = own and path.parent not in Path(os.fsdecode(own)).parents
        if number is None or number not in numbers or is_elsewhere:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


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
