"""Locks between processes, which the system drops when a process ends."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Iterator, Tuple

#: How a file system says that it has no locks.
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK)
#: How a system says that another process has the lock.
HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
#: Whether a file can be removed while it is open.
_IS_POSIX = os.name == "posix"


@contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file, and remove it at the end. One that a killed process has left
    is no obstacle.

    path (Path): The file; its folder exists.
    YIELDS (bool): Whether it is locked; False where the file system has no locks.
    RAISES (BlockingIOError): Another process, or thread, holds it.
    """
    stream, is_locked = _open_locked(path)
    with stream:
        try:
            yield is_locked
        finally:
            if _IS_POSIX:
                path.unlink(missing_ok=True)
    if not _IS_POSIX:
        with suppress(OSError):  # another process has opened it
            path.unlink()


def take_lock(stream: IO) -> bool:
    """Lock an open file until it is closed.

    stream (IO): The file.
    RETURNS (bool): Whether that could be done; False where there are no locks.
    RAISES (BlockingIOError): Another process has locked it.
    """
    try:
        _lock_or_fail(stream)
    except OSError as error:
        if error.errno in HELD:
            raise BlockingIOError(error.errno, error.strerror, stream.name) from error
        if error.errno not in NO_LOCKS:
            raise
        return False
    return True


def _open_locked(path: Path) -> Tuple[IO, bool]:
    while True:
        stream = path.open("w")
        try:
            is_locked = take_lock(stream)
        except BaseException:
            stream.close()
            raise
        if not is_locked or _is_at(path, stream):
            return stream, is_locked
        stream.close()  # the process that held it has removed it


def _is_at(path: Path, stream: IO) -> bool:
    """RETURNS (bool): Whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock_or_fail(stream: IO) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        windows: Any = msvcrt
        windows.locking(stream.fileno(), windows.LK_NBLCK, 1)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
