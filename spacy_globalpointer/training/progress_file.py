"""The file with a line of JSON for each evaluation of a training."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..atomic import atomic_file
from ..errors import Errors


class ProgressFile:
    """A file to which the logger appends a line for each evaluation, at once.

    The first line that is written decides what happens to earlier ones:

    - If it is of step 0, a new training begins. The file of the earlier training is
      kept under another name: log.jsonl becomes log.1.jsonl.
    - Otherwise a training is continued. Lines of the same step and of later ones are
      removed, since the training writes them again.

    path (Path): The file.
    RAISES (ValueError): GP220 if it is a folder; GP221 if its content is something
        else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_begun = False
        self._read()

    def append(self, metrics: Dict[str, Any]) -> Optional[Path]:
        """Write a line.

        metrics (Dict[str, Any]): The metrics of an evaluation, "step" among them, as
            JSON has them: no infinite or undefined numbers.
        RETURNS (Optional[Path]): The new name of an earlier training's file, if there
            was one.
        """
        renamed = None if self._has_begun else self._make_room(metrics["step"])
        self._has_begun = True
        line = json.dumps(metrics, ensure_ascii=False, allow_nan=False)
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(f"{line}\n")
        return renamed

    def _make_room(self, step: int) -> Optional[Path]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._read()
        if lines and step == 0:
            return _rename(self.path)
        kept = [line for line in lines if json.loads(line)["step"] < step]
        with atomic_file(self.path) as draft:
            draft.write_text("".join(f"{line}\n" for line in kept), "utf-8")
        return None

    def _read(self) -> List[str]:
        """Return the lines of the file. A killed process may have left half a line at
        the end, which does not count."""
        if self.path.is_dir():
            raise ValueError(Errors.GP220.format(path=self.path))
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8", errors="replace")
        *lines, rest = text.split("\n")
        for number, line in enumerate(lines or [rest] * bool(rest), start=1):
            if not _is_ours(line):
                raise ValueError(Errors.GP221.format(path=self.path, line=number))
        return lines


def _is_ours(line: str) -> bool:
    try:
        return isinstance(json.loads(line)["step"], int)
    except (ValueError, TypeError, LookupError):
        return False


def _rename(path: Path) -> Path:
    number = 1
    while (new := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    os.replace(path, new)
    return new
