"""A folder whose files appear only when all of them are complete."""

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

#: The file that vouches for the others: removed first, put in place last.
SUMMARY = "summary.json"


@contextmanager
def locked_folder(output: Path) -> Iterator[None]:
    """Keep other processes from filling a folder, and undo what a killed one has done
    to it in part, with a warning. Where there are no locks, others are not kept away.

    output (Path): The folder. The one above is made if it does not exist.
    RAISES (ValueError): GP191 if another process, or thread, fills it; PermissionError
        with GP192 if no file may be made next to it or in it.
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

    output (Path): The folder; is made if it does not exist.
    outdated (Iterable[str]): Names of its files and folders to remove at the end, if
        they are not made again.
    YIELDS (Path): A temporary folder on the same disk. At the end what it has, files
        and folders, replaces what has the same name in the output; the summary of
        before goes first and the new one comes last, so that a folder with a summary
        is one whole conversion. If there was an error, nothing remains, and what was
        there is as it was.
    """
    with drafts_beside(output, home=home_of_drafts(output)) as staging:
        yield staging
        move_into(staging, output, outdated, last=SUMMARY)


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something now
            folder.rmdir()
