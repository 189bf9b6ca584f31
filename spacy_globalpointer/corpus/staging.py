"""A folder whose files appear only when all of them are complete."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterable, Iterator, Set

from ..atomic import drafts_beside

#: The file that vouches for the others: removed first, put in place last.
SUMMARY = "summary.json"
#: Names of what a process that was killed may have left; there while files are moved.
UNFINISHED = ".unfinished.json"


@contextmanager
def staged_folder(output: Path, outdated: Iterable[str] = ()) -> Iterator[Path]:
    """Fill a folder so that nothing in it is ever half-written.

    output (Path): The folder; is made if it does not exist.
    outdated (Iterable[str]): Names of its files and folders to remove at the end, if
        they are not made again.
    YIELDS (Path): A temporary folder on the same disk. At the end what it has, files
        and folders, replaces what has the same name in the output; the summary of
        before goes first and the new one comes last, so that a folder with a summary
        is one whole conversion. If there was an error, nothing remains. What a killed
        process has left is removed.
    """
    output = output.resolve()
    with drafts_beside(output) as staging:
        yield staging
        output.mkdir(exist_ok=True)
        parts = sorted(staging.iterdir(), key=_summary_last)
        old = set(outdated) - {part.name for part in parts}
        _note_unfinished(output, old | {part.name for part in parts}, staging)
        (output / SUMMARY).unlink(missing_ok=True)
        for name in old:
            remove(output / name)
        for part in parts:
            _replace(part, output / part.name, staging)
        (output / UNFINISHED).unlink()


def unfinished(output: Path) -> Set[str]:
    """Look for what a killed process may have left.

    output (Path): The folder.
    RETURNS (Set[str]): Names of files that were being replaced or removed.
    """
    note = output / UNFINISHED
    names = json.loads(note.read_text("utf-8")) if note.is_file() else []
    return {name for name in names if re.fullmatch(r"\w[\w.-]*", name)} - {SUMMARY}


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there.

    path (Path): The file or folder.
    """
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _note_unfinished(output: Path, names: Set[str], staging: Path) -> None:
    draft = staging / UNFINISHED
    draft.write_text(json.dumps(sorted(names | unfinished(output))), encoding="utf-8")
    os.replace(draft, output / UNFINISHED)


def _summary_last(file: Path) -> bool:
    return file.name == SUMMARY


def _replace(part: Path, target: Path, staging: Path) -> None:
    if target.is_dir():
        # Out of the way first: a folder that has files cannot be replaced.
        os.replace(target, staging / f"{target.name}.old")
    elif part.is_dir():
        target.unlink(missing_ok=True)
    os.replace(part, target)
