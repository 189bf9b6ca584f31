"""The file with a line of JSON for each evaluation of a training."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, List, Optional

from ...atomic import atomic_file
from ...errors import Errors
from .evaluation import Evaluation, is_number


class ProgressFile:
    """Appends a line for each evaluation, at once.

    What is there when the first line is written:

    - If that line is of step 0, the training is a new one. The file of the earlier one
      gets a number: log.jsonl is then log.1.jsonl.
    - Otherwise the training was resumed. Lines of its step and of later ones are
      removed: they are made again.
    """

    def __init__(self, path: Path) -> None:
        """Check the file; nothing is written yet.

        path (Path): The file.
        RAISES (ValueError): GP220 if it is a folder; GP221 if it is there and not such
            a file.
        """
        self.path = path
        self._stream: Optional[IO[str]] = None
        self._read()

    def append(self, evaluation: Evaluation) -> Optional[Path]:
        """Write a line.

        evaluation (Evaluation): What it is to hold.
        RETURNS (Optional[Path]): New name of an earlier training's file, if there was
            one.
        """
        set_aside = None
        if self._stream is None:
            set_aside = self._prepare(evaluation.step)
            self._stream = self.path.open("a", encoding="utf-8", newline="\n")
        self._stream.write(_to_json(evaluation) + "\n")
        self._stream.flush()
        return set_aside

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _prepare(self, step: int) -> Optional[Path]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._read()
        if not lines:
            self.path.unlink(missing_ok=True)
            return None
        if step == 0:
            return _set_aside(self.path)
        kept = [line for line in lines if json.loads(line)["step"] < step]
        with atomic_file(self.path) as draft:
            draft.write_text("".join(f"{line}\n" for line in kept), "utf-8")
        return None

    def _read(self) -> List[str]:
        """The lines of the file, without one that was not written to its end."""
        if self.path.is_dir():
            raise ValueError(Errors.GP220.format(path=self.path))
        if not self.path.exists():
            return []
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        lines = text.split("\n")
        for number, line in enumerate(lines[:-1], 1):
            if not _is_ours(line):
                raise ValueError(Errors.GP221.format(path=self.path, line=number))
        if not lines[:-1] and lines[-1]:
            raise ValueError(Errors.GP221.format(path=self.path, line=1))
        return lines[:-1]


def _is_ours(line: str) -> bool:
    try:
        value = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and isinstance(value.get("step"), int)


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    os.replace(path, aside)
    return aside


def _to_json(evaluation: Evaluation) -> str:
    values = {name: _storable(value) for name, value in asdict(evaluation).items()}
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def _storable(value: Any) -> Any:
    """JSON has no infinite or undefined numbers: they are null."""
    if isinstance(value, dict):
        return {name: _storable(own) for name, own in value.items()}
    return None if isinstance(value, float) and not is_number(value) else value
