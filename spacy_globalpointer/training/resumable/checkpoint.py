"""Store the state of a training, and restore it. A checkpoint is never half-written."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy
import safetensors
import srsly
from safetensors.numpy import save_file
from spacy.language import Language
from thinc.api import Config, Model, Optimizer

from ...atomic import atomic_folder, sync
from ...corpus.digest import file_digest
from ...errors import Errors
from ...machine_faults import is_shortage
from ...values import is_whole
from . import optimizer_state
from .identity import Identity, check_identity, machine
from .parameters import same_modules
from .random_state import States, get_device_states, get_states, seed_cupy, set_states
from .replay import History

#: Version of the files.
FORMAT = 1
PREFIX = "checkpoint-"
#: The files: numbers, arrays, the config, the pipeline with its weights, and the
#: digests of all the others.
STATE, ARRAYS, CONFIG = "state.json", "arrays.safetensors", "config.cfg"
PIPELINE, DIGESTS = "pipeline", "digests.json"
#: Parts of a pipeline that training does not change, or that are stored elsewhere.
NOT_TRAINED = ("config", "meta", "tokenizer", "vectors", "lookups")


@dataclass
class Progress:
    """The progress of a training, in addition to its arrays.

    history (History): The steps and evaluations that are done.
    words (int): Words of all batches so far.
    seconds (int): Time so far.
    performance (Dict[str, Any]): The pipeline's scores for its meta.json.
    """

    history: History
    words: int
    seconds: int
    performance: Dict[str, Any]


def write_checkpoint(
    folder: Path,
    nlp: Language,
    optimizer: Optimizer,
    progress: Progress,
    *,
    identity: Identity,
    config: Config,
) -> Path:
    """Store the state of a training after an evaluation, and remove older ones. CuPy's
    random generator, whose state cannot be read, is seeded.

    folder (Path): The training's output folder.
    nlp (Language): The pipeline with its own weights, not their averages.
    optimizer (Optimizer): The optimizer.
    progress (Progress): Its progress.
    identity (Identity): What it depends on.
    config (Config): Its config, interpolated.
    RETURNS (Path): The checkpoint's folder.
    """
    seed_cupy(progress.history.steps)
    path = folder / f"{PREFIX}{progress.history.steps}"
    arrays, numbers = _collect(nlp, optimizer, progress)
    with atomic_folder(path) as draft:
        nlp.to_disk(draft / PIPELINE, exclude=_not_trained(nlp))
        save_file(arrays, draft / ARRAYS)
        config.to_disk(draft / CONFIG)
        numbers |= {"format": FORMAT, "identity": identity, "machine": machine(nlp)}
        _write_json(numbers, draft / STATE)
        _write_json(_digests(draft), draft / DIGESTS)
        sync(draft)
    sync(folder, deep=False)
    for other in find_checkpoints(folder):
        if other != path:
            remove_checkpoint(other)
    return path


def find_checkpoints(folder: Path) -> List[Path]:
    """Find the checkpoints in a training's output folder.

    folder (Path): The folder.
    RETURNS (List[Path]): Their folders, the newest first.
    """
    found = [x for x in folder.glob(f"{PREFIX}*") if x.name[len(PREFIX) :].isdigit()]
    return sorted(found, key=lambda x: int(x.name[len(PREFIX) :]), reverse=True)


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint. Half-removed, it does not count as a checkpoint.

    path (Path): Its folder.
    """
    hidden = path.with_name(f".{path.name}.old")
    os.replace(path, hidden)
    shutil.rmtree(hidden)


class Checkpoint:
    """A stored state of a training.

    path (Path): The checkpoint's folder.
    RAISES (ValueError): GP212 if it is damaged; GP213 if it has another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._verify()
        self._numbers = _read_json(path / STATE)
        if self._numbers.get("format") != FORMAT:
            format = self._numbers.get("format")
            fields = {"path": path, "format": format, "known": FORMAT}
            raise ValueError(Errors.GP213.format(**fields))
        self._check_types()
        self.identity: Identity = self._numbers["identity"]
        self.machine: Dict[str, Any] = self._numbers["machine"]

    @property
    def progress(self) -> Progress:
        """Return the progress of the training."""
        draws = _unpack_draws(_load_arrays(self.path, "draw-"))
        history = History(**self._numbers["history"], states=draws)
        others = ("words", "seconds", "performance")
        return Progress(history, **{name: self._numbers[name] for name in others})

    def restore(self, nlp: Language, optimizer: Optimizer) -> None:
        """Restore the state of a training, without its random generators.

        nlp (Language): The initialized pipeline.
        optimizer (Optimizer): The optimizer, its schedules at the stored step.
        RAISES (ValueError): GP217 if the pipeline lacks a stored parameter.
        """
        folder = self.path / PIPELINE
        for string in srsly.read_json(folder / "vocab" / "strings.json"):
            nlp.vocab.strings.add(string)
        before = nlp._path
        with same_modules(nlp):
            nlp.from_disk(folder, exclude=["vocab", *_not_trained(nlp)])
        nlp._path = before
        nlp.meta["performance"] = self._numbers["performance"]
        arrays, numbers = _load_arrays(self.path), self._numbers
        optimizer_state.set_state(nlp, optimizer, arrays, numbers["optimizer"])
        optimizer_state.set_gradients(nlp, arrays, numbers["optimizer"])

    def restore_random(self) -> None:
        """Restore the random state saved with the checkpoint."""
        seed_cupy(self._numbers["history"]["steps"])
        set_states(_with_prefix(_load_arrays(self.path, "random:"), "random:"))

    def _check_types(self) -> None:
        """Check the types of the values in the file of numbers."""
        try:
            check_identity(self._numbers.get("identity"))
            counts = {"steps": self._numbers["history"]["steps"]}
            counts |= {key: self._numbers[key] for key in ("words", "seconds")}
            for key, value in counts.items():
                if not is_whole(value, least=0):
                    raise ValueError(f"{key} is {value!r}, but must be a whole number")
            for key in ("machine", "optimizer", "performance"):
                if not isinstance(self._numbers[key], dict):
                    raise ValueError(f"{key} is {self._numbers[key]!r}")
        except (ValueError, LookupError, TypeError) as error:
            raise damaged(self.path, f"{STATE}: {error}") from error

    def _verify(self) -> None:
        expected = _read_json(self.path / DIGESTS)
        for name in (STATE, ARRAYS, CONFIG):
            if name not in expected:
                raise damaged(self.path, f"{DIGESTS} does not name {name}")
        for name, digest in expected.items():
            if not (self.path / name).is_file():
                raise damaged(self.path, f"{name} is missing")
            if file_digest(self.path / name) != digest:
                raise damaged(self.path, f"{name} has changed")


def damaged(path: Path, reason: object) -> ValueError:
    """Make the error GP212.

    path (Path): The checkpoint's folder, or the damaged file.
    reason (object): What is wrong with it.
    RETURNS (ValueError): The error.
    """
    return ValueError(Errors.GP212.format(path=path, reason=reason))


def _not_trained(nlp: Language) -> List[str]:
    """Return the parts to leave out, among them components without anything to train:
    such a component may add what it loads to what it has."""
    names = [
        name
        for name, pipe in nlp.components
        if not hasattr(pipe, "update")
        and not isinstance(getattr(pipe, "model", None), Model)
    ]
    return [*NOT_TRAINED, *names]


def _collect(
    nlp: Language, optimizer: Optimizer, progress: Progress
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the arrays and the numbers of a checkpoint."""
    moments, counts = optimizer_state.get_state(nlp, optimizer)
    gradients, places = optimizer_state.get_gradients(nlp)
    states = {**get_states(), **get_device_states()}
    history = progress.history
    arrays = {
        **moments,
        **gradients,
        **{f"random:{name}": state for name, state in states.items()},
        **_pack_draws(history.states),
    }
    numbers = {
        "history": {
            **{"steps": history.steps, "digest": history.digest},
            **{"scores": history.scores, "weights": history.weights},
        },
        "words": progress.words,
        "seconds": progress.seconds,
        "performance": progress.performance,
        "optimizer": {**counts, **places},
    }
    return {k: numpy.asarray(x, order="C") for k, x in arrays.items()}, numbers


def _pack_draws(states: Dict[int, States]) -> States:
    """Pack the states at draws: an array of steps and one of states per generator."""
    packed = {}
    for name in sorted({name for at in states.values() for name in at}):
        steps = [step for step, at in states.items() if name in at]
        packed[f"draw-steps:{name}"] = numpy.array(steps, "int64")
        packed[f"draw-states:{name}"] = numpy.stack([states[x][name] for x in steps])
    return packed


def _unpack_draws(arrays: States) -> Dict[int, States]:
    states: Dict[int, States] = {}
    for name, steps in _with_prefix(arrays, "draw-steps:").items():
        for step, state in zip(steps.tolist(), arrays[f"draw-states:{name}"]):
            states.setdefault(step, {})[name] = state
    return states


def _with_prefix(arrays: States, prefix: str) -> States:
    return {k[len(prefix) :]: x for k, x in arrays.items() if k.startswith(prefix)}


def _digests(folder: Path) -> Dict[str, str]:
    files = sorted(x for x in folder.rglob("*") if x.is_file())
    return {x.relative_to(folder).as_posix(): file_digest(x) for x in files}


def _load_arrays(path: Path, prefix: str = "") -> States:
    """Load the arrays whose names have a prefix."""
    try:
        with safetensors.safe_open(path / ARRAYS, "numpy") as stored:
            names = [name for name in stored.keys() if name.startswith(prefix)]  # noqa: SIM118
            return {name: stored.get_tensor(name) for name in names}
    except safetensors.SafetensorError as error:
        if is_shortage(error):
            raise
        raise damaged(path, error) from error


def _write_json(content: Dict[str, Any], file: Path) -> None:
    # Python's own json restores every float exactly.
    text = json.dumps(content, default=_to_number)
    file.write_text(text, encoding="utf-8")


def _read_json(file: Path) -> Dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is not a JSON object")
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file.parent, f"{file.name}: {error}") from error
    return content


def _to_number(value: Any) -> Any:
    """Convert a number of NumPy to one of Python."""
    return value.item()
