"""Fill a folder whose files appear only when all of them are complete."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Iterable, Iterator

from ..atomic import (
    clear_drafts,
    drafts_beside,
    hidden_file,
    home_of_drafts,
    move_into,
)
from ..errors import Errors
from ..locks import hold_lock

#: File whose presence shows that the others are complete. It is removed first and
#: written last.
SUMMARY = "summary.json"


@contextmanager
def locked_folder(output: Path) -> Iterator[None]:
    """Lock a folder against other processes that would fill it.

    If a killed process left the folder half-filled, undo its work with a warning. On a
    disk without file locks, other processes are not kept out.

    output (Path): The folder. Its parent folders are made if they do not exist.
    RAISES (ValueError): GP191 if another process or thread is filling it.
        PermissionError with GP192 if no file may be made next to it or in it.
    """
    output = output.resolve()
    made = [folder for folder in output.parents if not folder.exists()]
    output.parent.mkdir(parents=True, exist_ok=True)
    home = home_of_drafts(output)
    with ExitStack() as stack:
        stack.callback(_remove_empty, made)
        try:
            lock = hidden_file(output, "lock", home)
            is_locked = stack.enter_context(hold_lock(lock))
        except BlockingIOError as error:
            raise ValueError(Errors.GP191.format(path=output)) from error
        except PermissionError as error:
            fields = {"path": home, "reason": error.strerror}
            raise PermissionError(Errors.GP192.format(**fields)) from error
        clear_drafts(output, is_locked=is_locked, home=home)
        yield


@contextmanager
def staged_folder(output: Path, outdated: Iterable[str] = ()) -> Iterator[Path]:
    """Fill a folder so that nothing in it is ever half-written.

    output (Path): The folder; it is made if it does not exist.
    outdated (Iterable[str]): Names of its files and folders to remove at the end, if
        they are not made again.
    YIELDS (Path): A temporary folder on the same disk. At the end its files and folders
        replace those of the same name in the output. The old summary is removed first
        and the new one is written last, so that a folder with a summary is one whole
        conversion. After an error nothing remains, and the output is unchanged.
    """
    with drafts_beside(output, home=home_of_drafts(output)) as staging:
        yield staging
        move_into(staging, output, outdated, last=SUMMARY)


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # the folder is no longer empty
            folder.rmdir()
