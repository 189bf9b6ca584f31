"""The output folder of a training, and the rules for writing to it."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST

from ...atomic import atomic_file, clear_drafts, sync
from ...errors import Errors, Warnings
from ...locks import hold_lock
from .checkpoint import Checkpoint, damaged, find_checkpoints, remove_checkpoint
from .identity import Identity, check_identity, differences

#: The file that records that a training has begun, has a checkpoint, or is complete.
RECORD = "training.json"
#: The lock file of the process that trains here.
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
        """Keep other processes from training here, and remove what killed ones left. On
        a file system without locks others are not kept away, and their drafts stay.

        RAISES (ValueError): GP218 if another process trains here.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                alone = stack.enter_context(hold_lock(self.path / LOCK))
            except BlockingIOError as error:
                raise ValueError(Errors.GP218.format(path=self.path)) from error
            for name in (*MODELS, RECORD):
                clear_drafts(self.path / name, of_all=alone)
            for draft in self.path.glob(
                ".checkpoint-*" if alone else ".checkpoint-*.old"
            ):
                shutil.rmtree(draft, ignore_errors=True)
            yield

    def check_free(self) -> None:
        """Check that a new training would replace nothing.

        RAISES (ValueError): GP210 if there is a training or its pipelines.
        """
        held = [x.name for x in self.checkpoints()]
        held += self._models()
        if held:
            fields = {"path": self.path, "held": ", ".join(held)}
            raise ValueError(Errors.GP210.format(**fields))

    def find_start(
        self,
        identity: Identity,
        *,
        resume: bool,
        force: bool,
        say: Callable[[str], Any],
        warn: Callable[[str], Any],
    ) -> Optional[Checkpoint]:
        """Decide where a training starts, and say so.

        identity (Identity): What the training depends on.
        resume (bool): Whether to continue the training in the folder.
        force (bool): Whether to remove the training in the folder.
        say (Callable[[str], Any]): Receives messages.
        warn (Callable[[str], Any]): Receives warnings.
        RETURNS (Optional[Checkpoint]): Where to continue; None for the beginning.
        RAISES (ValueError): GP210 to GP215 if neither can be done.
        """
        checkpoint = self.newest(identity) if resume else None
        if checkpoint is None:
            if resume:
                say("There is no training to continue: starting from the beginning")
            elif not force:
                self.check_free()
            return None
        say(f"Continuing from {checkpoint.path}")
        if not self.has_best():
            warn(Warnings.GPW211.format(path=self.path))
        return checkpoint

    def is_complete(self, identity: Identity) -> bool:
        """Check whether the training is complete.

        identity (Identity): What it depends on.
        RETURNS (bool): Whether it is.
        RAISES (ValueError): GP211 if another training is complete here.
        """
        record = self._record()
        if record is None or not record["complete"] or not self._models():
            return False
        self._check_same(record["identity"], identity)
        return True

    def newest(self, identity: Identity) -> Optional[Checkpoint]:
        """Find the checkpoint to continue from.

        identity (Identity): What the training depends on.
        RETURNS (Optional[Checkpoint]): The newest checkpoint; None to begin.
        RAISES (ValueError): GP211 if it belongs to another training; GP212 or GP213 if
            it cannot be read; GP215 if there are pipelines without their checkpoint.
        """
        paths = self.checkpoints()
        if paths:
            checkpoint = Checkpoint(paths[0])
            self._check_same(checkpoint.identity, identity)
            return checkpoint
        record = self._record()
        if self._models() and (record is None or record.get("evaluated", True)):
            fields = {"path": self.path, "held": ", ".join(self._models())}
            raise ValueError(Errors.GP215.format(**fields))
        return None

    def checkpoints(self) -> List[Path]:
        """Return the checkpoints, the newest first."""
        return find_checkpoints(self.path)

    def has_best(self) -> bool:
        """Return whether the best pipeline so far is there."""
        return DIR_MODEL_BEST in self._models()

    def begin(self, identity: Identity) -> None:
        """Remove an earlier training, and record that a new one begins.

        identity (Identity): What it depends on.
        """
        for path in self.checkpoints():
            remove_checkpoint(path)
        self._write(identity, evaluated=False)
        for name in MODELS:
            shutil.rmtree(self.path / name, ignore_errors=True)

    def note_checkpoint(self, identity: Identity) -> None:
        """Record that there is a checkpoint, without which `newest` raises an error.

        identity (Identity): What the training depends on.
        """
        record = self._record()
        if record is None or not record.get("evaluated"):
            self._write(identity, evaluated=True)

    def finish(self, identity: Identity) -> None:
        """Record that the training is complete, and remove its checkpoint.

        identity (Identity): What it depends on.
        """
        self._write(identity, evaluated=True, complete=True)
        for path in self.checkpoints():
            remove_checkpoint(path)

    def _models(self) -> List[str]:
        return [name for name in MODELS if (self.path / name).exists()]

    def _record(self) -> Optional[Dict[str, Any]]:
        file = self.path / RECORD
        if not file.exists():
            return None
        try:
            record = json.loads(file.read_text("utf-8"))
            _check_record(record)
        except (ValueError, RecursionError) as error:
            raise damaged(file, error) from error
        return record

    def _write(
        self, identity: Identity, *, evaluated: bool, complete: bool = False
    ) -> None:
        record: Dict[str, Any] = {"complete": complete, "evaluated": evaluated}
        record["identity"] = identity
        with atomic_file(self.path / RECORD) as draft:
            draft.write_text(json.dumps(record, indent=2), encoding="utf-8")
            sync(draft)
        sync(self.path, deep=False)

    def _check_same(self, old: Identity, new: Identity) -> None:
        lines = differences(old, new)
        if lines:
            fields = {"path": self.path, "changes": "\n- ".join(["", *lines])}
            raise ValueError(Errors.GP211.format(**fields))


def _check_record(record: Any) -> None:
    """Check the types of the values in a record."""
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    flags = {"complete": record.get("complete")}
    flags["evaluated"] = record.get("evaluated", True)  # later than the other
    for key, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{key} is {value!r}, but must be true or false")
    check_identity(record.get("identity"))
