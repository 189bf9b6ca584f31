"""Locks between processes, which the system drops when a process ends."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from filelock import FileLock, Timeout

#: Error numbers of a file system without locks.
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK)
#: Seconds to try again, if the holder removes the file after we open it and before we
#: lock it.
_WAIT = 0.2


@contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file, and remove it at the end. A file that a killed process left
    does not count as a lock.

    path (Path): The file; its folder exists.
    YIELDS (bool): Whether it is locked; False where the file system has no locks.
    RAISES (BlockingIOError): Another process, or thread, holds it.
    """
    lock = FileLock(path, timeout=_WAIT, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        message = "It is locked"
        raise BlockingIOError(errno.EAGAIN, message, str(path)) from error
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield lock.is_locked
    finally:
        with suppress(OSError):  # on Windows the library removes it
            path.unlink()
        lock.release()
