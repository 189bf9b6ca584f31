"""Errors of the machine: a full disk, no permission, no memory, no temporary folder."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from .errors import Errors, is_coded

#: Error numbers of a disk or quota that is full.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: Error numbers of a missing permission.
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
#: Error numbers of a file or folder that cannot be moved to its place.
NOT_MOVED = (errno.EXDEV, errno.EBUSY)
#: The system's error number in the text of errors that lack it as an attribute: those
#: of shutil.copytree, and of libraries in Rust, such as tokenizers and safetensors.
_NUMBER = re.compile(r"\[Errno (\d+)\]|\(os error (\d+)\)|\bOs \{ code: (\d+)")
#: Texts of the errors that torch raises if there is too little memory. On the CPU it
#: has no class for them.
_NO_MEMORY = re.compile("out of memory|allocate memory|not enough memory", re.I)


class NoTemporaryFolder(OSError):
    """Error of a machine without a folder for temporary files."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end.

    YIELDS (Path): The folder.
    RAISES (NoTemporaryFolder): GP198 if it cannot be made.
    """
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise NoTemporaryFolder(Errors.GP198.format(reason=error)) from error
    with folder as path:
        yield Path(path)


def explain(error: BaseException) -> Optional[str]:
    """Explain an error that the machine caused.

    error (BaseException): Any error.
    RETURNS (Optional[str]): A message with a code; None for another error.
    """
    number = number_of(error)
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    path = getattr(error, "filename", None) or "The output"
    if isinstance(error, NoTemporaryFolder):
        return str(error)
    if _is_of_memory(error, number):
        return Errors.GP197.format(reason=reason)
    if number in DISK_FULL:
        return Errors.GP196.format(path=path, reason=reason)
    if number in FORBIDDEN:
        return Errors.GP192.format(path=path, reason=reason)
    if number in NOT_MOVED:
        return Errors.GP199.format(path=path, reason=reason)
    return None


def describe(error: BaseException) -> str:
    """Describe any error, such as one that a pipeline raised.

    error (BaseException): The error.
    RETURNS (str): Its own message if that has a code, that of `explain` if there is
        one, or else its type and its message.
    """
    text = str(error).strip()
    own = text if is_coded(error) else f"{type(error).__name__}: {text}"
    return explain(error) or own


def is_shortage(error: BaseException) -> bool:
    """RETURNS (bool): Whether the memory or the disk is too small. Then the file that
    was read is not damaged."""
    number = number_of(error)
    return (
        isinstance(error, NoTemporaryFolder)
        or number in DISK_FULL
        or _is_of_memory(error, number)
    )


def number_of(error: BaseException) -> Optional[int]:
    """RETURNS (Optional[int]): The system's number of an error, such as errno.ENOSPC;
    None if there is no number."""
    if isinstance(error, OSError) and not isinstance(error, shutil.Error):
        return error.errno
    if isinstance(error, ValueError):
        return None
    match = _NUMBER.search(str(error))
    return None if match is None else int(next(filter(None, match.groups())))


def _is_of_memory(error: BaseException, number: Optional[int]) -> bool:
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and bool(_NO_MEMORY.search(str(error)))
