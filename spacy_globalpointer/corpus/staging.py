"""A folder whose files appear only when all of them are complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

#: The file that vouches for the others: removed first, put in place last.
SUMMARY = "summary.json"


@contextmanager
def staged_folder(output: Path) -> Iterator[Path]:
    """Fill a folder so that nothing in it is ever half-written.

    output (Path): The folder; is made if it does not exist.
    YIELDS (Path): A temporary folder on the same disk. At the end what it has, files
        and folders, replaces what has the same name in the output; the summary of
        before goes first and the new one comes last, so that a folder with a summary
        is one whole conversion. If there was an error, nothing remains. What a killed
        process has left is removed.
    """
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(output)
    prefix = f".{output.name}.{os.getpid()}."
    staging = Path(tempfile.mkdtemp(prefix=prefix, dir=output.parent))
    try:
        yield staging
        output.mkdir(exist_ok=True)
        parts = sorted(staging.iterdir(), key=_summary_last)
        (output / SUMMARY).unlink(missing_ok=True)
        for part in parts:
            _replace(part, output / part.name, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there.

    path (Path): The file or folder.
    """
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _summary_last(file: Path) -> bool:
    return file.name == SUMMARY


def _replace(part: Path, target: Path, staging: Path) -> None:
    if target.is_dir():
        # Out of the way first: a folder that has files cannot be replaced.
        os.replace(target, staging / f"{target.name}.old")
    elif part.is_dir():
        target.unlink(missing_ok=True)
    os.replace(part, target)


def _remove_abandoned(output: Path) -> None:
    for folder in output.parent.glob(f".{output.name}.*.*"):
        pid = folder.name.removeprefix(f".{output.name}.").split(".")[0]
        if pid.isdigit() and folder.is_dir() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":  # there a signal is not the way to ask
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
