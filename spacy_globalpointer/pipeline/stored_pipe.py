"""Saving and loading of a component."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union, cast

import srsly
from spacy import util
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ..errors import Errors
from ..machine_faults import is_shortage
from .storage import (
    MEMORY,
    StoredParts,
    pack_learned,
    pair_memory,
    read_folder,
    read_message,
)


class StoredPipe(TrainablePipe):
    """Base class of a component that checks, when it loads files, that they are
    unchanged.

    Its cfg holds the values learned in addition to the model. Its model has the
    reference "output_layer", whose dimension nO is the number of labels.
    """

    cfg: Dict[str, Any]

    def before_saving(self, path: Optional[Path] = None) -> None:
        """Prepare the component for saving.

        path (Optional[Path]): The folder to write; None when saving to bytes.
        """

    def memory_files(self) -> Optional[Tuple[bytes, bytes]]:
        """Return the files of the component's memory; None if it has none."""
        return None

    def load_memory(self, parts: StoredParts) -> None:
        """Load the files of a memory, or become without one. If the memory was left
        out, the component keeps its own.

        parts (StoredParts): The parts of the component.
        """

    def after_loading(self) -> None:
        """Check the loaded values against the settings."""

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component.

        exclude (Iterable[str]): Fields to leave out: cfg, vocab, model, memory.
        RETURNS (bytes): The component without its settings, which only the config
            holds.
        """
        self.before_saving()
        model = None if "model" in exclude else self.model.to_bytes()
        serialize = {
            "cfg": lambda: srsly.json_dumps(pack_learned(self.cfg, model)),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: model,
        }
        for part, content in self._memory_parts(exclude).items():
            serialize[part] = partial(_same, content)
        return util.to_bytes(serialize, exclude)

    def _memory_parts(self, exclude: Iterable[str]) -> Dict[str, bytes]:
        files = None if "memory" in exclude else self.memory_files()
        return {} if files is None else dict(zip(MEMORY, files))

    def from_bytes(
        self, bytes_data: bytes, *, exclude: Iterable[str] = ()
    ) -> StoredPipe:
        """Load the component.

        bytes_data (bytes): The result of `to_bytes`.
        exclude (Iterable[str]): Fields to leave out: cfg, vocab, model, memory.
        RETURNS (StoredPipe): The component.
        RAISES (ValueError): GP018, GP061 or GP062 if the bytes are damaged.
        """
        message = read_message(bytes_data, self.name)
        given = {key: x for key, x in message.items() if key not in exclude}
        vocab, place = given.pop("vocab", None), "the bytes given"
        found = {part: given.pop(part) for part in MEMORY if part in given}
        keeps = "memory" in exclude
        memory = pair_memory({} if keeps else found, self.name, place)
        parts = StoredParts(
            self.name, place, **given, memory=memory, keeps_memory=keeps
        )
        self._load(parts)
        if vocab is not None:
            self.vocab.from_bytes(vocab, exclude=exclude)
        return self

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Save the component.

        path (Union[str, Path]): A folder.
        exclude (Iterable[str]): Fields to leave out: cfg, vocab, model, memory.
        """
        self.before_saving(Path(path))
        model = None if "model" in exclude else self.model.to_bytes()
        serialize = {
            "cfg": lambda p: srsly.write_json(p, pack_learned(self.cfg, model)),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: p.write_bytes(model),
        }
        own = self._memory_parts(exclude)
        for part in () if "memory" in exclude else MEMORY:
            if part not in own:  # of a component saved there before
                (Path(path) / part).unlink(missing_ok=True)
        for part, content in own.items():
            serialize[part] = partial(_write, content)
        util.to_disk(path, serialize, exclude)

    def from_disk(
        self, path: Union[str, Path], *, exclude: Iterable[str] = ()
    ) -> StoredPipe:
        """Load the component. Learned values are read from the folder. The settings
        stay those of the config, which `spacy.load` may have overridden.

        path (Union[str, Path]): The folder.
        exclude (Iterable[str]): Fields to leave out: cfg, vocab, model, memory.
        RETURNS (StoredPipe): The component.
        RAISES (ValueError): GP018, GP061 or GP062 if a file is damaged; GP060 if one is
            missing.
        """
        folder = util.ensure_path(path)
        self._load(read_folder(folder, self.name, exclude))
        if "vocab" not in exclude:
            self.vocab.from_disk(folder / "vocab", exclude=exclude)
        return self

    def _load(self, parts: StoredParts) -> None:
        content = parts.read_learned()
        if parts.model is not None:
            self._load_model(parts)
        if content is not None:
            if parts.model is not None:
                self._check_labels(content["labels"], parts)
            self.cfg.update(content)
        self.load_memory(parts)
        # Without cfg, a new component has no labels yet.
        if content is not None or (self.cfg["labels"] and not parts.keeps_memory):
            self.after_loading()

    def _load_model(self, parts: StoredParts) -> None:
        try:
            with _any_number_of_labels(self.model):
                self.model.from_bytes(cast(bytes, parts.model))
        except (
            Exception
        ) as error:  # msgpack, Thinc and safetensors raise many kinds of errors
            if is_shortage(error) or isinstance(error, ImportError):
                raise
            raise parts.damaged(error) from error

    def _check_labels(self, labels: List[str], parts: StoredParts) -> None:
        """Check that the number of labels is the number that the model scores."""
        output_layer = self.model.get_ref("output_layer")
        if not labels or not output_layer.has_dim("nO"):
            return
        nO = output_layer.get_dim("nO")
        if nO != len(labels):
            fields = {"source": parts.source("cfg"), "name": self.name, "nO": nO}
            message = Errors.GP064.format(**fields, labels=labels, n=len(labels))
            raise ValueError(message)


def _same(content: bytes) -> bytes:
    return content


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


@contextmanager
def _any_number_of_labels(model: Model) -> Iterator[None]:
    """Allow a stored model to be loaded into one with another number of labels."""
    nodes = [n for n in (model, model.get_ref("output_layer")) if not n.param_names]
    before = [(node, node.maybe_get_dim("nO")) for node in nodes if node.has_dim("nO")]
    for node, _ in before:
        node.set_dim("nO", cast(int, None), force=True)
    try:
        yield
    except BaseException:
        for node, nO in before:
            node.set_dim("nO", cast(int, nO), force=True)
        raise
