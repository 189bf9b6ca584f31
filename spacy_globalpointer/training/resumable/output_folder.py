"""The output folder of a training: what it holds, and who may write to it."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST

from ...atomic import atomic_file, clear_drafts
from ...errors import Errors
from .checkpoint import (
    Checkpoint,
    damaged,
    find_checkpoints,
    remove_checkpoint,
    sync,
)
from .identity import Identity, differences

#: Says that a training has begun here, and when it is complete.
RECORD = "training.json"
#: Held by the process that trains here.
LOCK = ".training.lock"
MODELS = (DIR_MODEL_BEST, DIR_MODEL_LAST)


class OutputFolder:
    """The folder that a training writes to.

    path (Path): The folder; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training here, and remove what killed ones left.

        RAISES (ValueError): GP218 if one does.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("w") as stream:
            if not _lock(stream):
                raise ValueError(Errors.GP218.format(path=self.path))
            for name in (*MODELS, RECORD):
                clear_drafts(self.path / name, of_all=True)
            for draft in self.path.glob(".checkpoint-*"):
                shutil.rmtree(draft)
            yield

    def check_free(self) -> None:
        """Make sure that beginning here loses nothing.

        RAISES (ValueError): GP210 if there is a training or its pipelines.
        """
        held = [x.name for x in self.checkpoints()]
        held += self._models()
        if held:
            fields = {"path": self.path, "held": ", ".join(held)}
            raise ValueError(Errors.GP210.format(**fields))

    def is_complete(self, identity: Identity) -> bool:
        """Whether the training has come to its end.

        identity (Identity): What it depends on.
        RETURNS (bool): Whether nothing is left to do.
        RAISES (ValueError): GP211 if another training came to its end here.
        """
        record = self._record()
        if record is None or not record["complete"] or not self._models():
            return False
        self._check_same(record["identity"], identity)
        return True

    def newest(self, identity: Identity) -> Optional[Checkpoint]:
        """Find where to continue.

        identity (Identity): What the training depends on.
        RETURNS (Optional[Checkpoint]): The newest checkpoint; None to begin.
        RAISES (ValueError): GP211 if it is of another training; GP212 or GP213 if it
            cannot be read; GP215 if there are pipelines and nothing to continue with.
        """
        paths = self.checkpoints()
        if paths:
            checkpoint = Checkpoint(paths[0])
            self._check_same(checkpoint.identity, identity)
            return checkpoint
        if self._models() and self._record() is None:
            fields = {"path": self.path, "held": ", ".join(self._models())}
            raise ValueError(Errors.GP215.format(**fields))
        return None

    def checkpoints(self) -> List[Path]:
        """RETURNS (List[Path]): The checkpoints, the newest first."""
        return find_checkpoints(self.path)

    def has_best(self) -> bool:
        """RETURNS (bool): Whether the best pipeline so far is there."""
        return DIR_MODEL_BEST in self._models()

    def begin(self, identity: Identity) -> None:
        """Remove an earlier training, and note that one begins.

        identity (Identity): What it depends on.
        """
        for path in self.checkpoints():
            remove_checkpoint(path)
        self._write(complete=False, identity=identity)
        for name in MODELS:
            shutil.rmtree(self.path / name, ignore_errors=True)

    def finish(self, identity: Identity) -> None:
        """Note that the training is complete, and remove its checkpoint.

        identity (Identity): What it depends on.
        """
        self._write(complete=True, identity=identity)
        for path in self.checkpoints():
            remove_checkpoint(path)

    def _models(self) -> List[str]:
        return [name for name in MODELS if (self.path / name).exists()]

    def _record(self) -> Optional[Dict[str, Any]]:
        file = self.path / RECORD
        if not file.exists():
            return None
        try:
            return json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise damaged(file, error) from error

    def _write(self, *, complete: bool, identity: Identity) -> None:
        record = {"complete": complete, "identity": identity}
        with atomic_file(self.path / RECORD) as draft:
            draft.write_text(json.dumps(record, indent=2), encoding="utf-8")
            sync(draft)
        sync(self.path, deep=False)

    def _check_same(self, old: Identity, new: Identity) -> None:
        lines = differences(old, new)
        if lines:
            fields = {"path": self.path, "changes": "\n- ".join(["", *lines])}
            raise ValueError(Errors.GP211.format(**fields))


def _lock(stream: Any) -> bool:
    """Take a lock that ends with the process. RETURNS (bool): Whether it was free;
    True where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
