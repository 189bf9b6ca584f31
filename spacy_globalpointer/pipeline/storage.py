"""The stored parts of a component, and the check that they are complete.

The part `cfg` is JSON. It holds the values learned in addition to the model, and
digests of them and of the part `model`. Older pipelines have no digests.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Tuple, Union

import srsly

from ..errors import Errors
from ..machine_faults import is_shortage
from ..values import is_text, is_whole
from .settings import LEARNED, learned

#: Key of the digests in the part `cfg`.
DIGESTS = "digests"
#: Content of each part, for messages.
CONTENTS = {"cfg": "the labels", "model": "the weights"}
#: Parts of a memory of spans, which a component may lack.
MEMORY = ("memory.safetensors", "memory.jsonl")


@dataclass(frozen=True)
class StoredParts:
    """Parts of a component as they were stored.

    name (str): The component's name, for messages.
    place (Union[Path, str]): The folder that they come from, or another source.
    cfg (Optional[bytes]): Values learned in addition to the model; None if left out.
    model (Optional[bytes]): The model; None if left out.
    memory (Optional[Tuple[bytes, bytes]]): The files of the memory; None if there is
        none, or if it is left out.
    keeps_memory (bool): Whether it is left out, so that a component keeps its own.
    """

    name: str
    place: Union[Path, str]
    cfg: Optional[bytes] = None
    model: Optional[bytes] = None
    memory: Optional[Tuple[bytes, bytes]] = None
    keeps_memory: bool = False

    def source(self, part: str) -> Union[Path, str]:
        """Return the source of a part, for messages.

        part (str): "cfg" or "model".
        """
        return self.place / part if isinstance(self.place, Path) else self.place

    def read_learned(self) -> Optional[Dict[str, Any]]:
        """Check the parts, and read the learned values.

        RETURNS (Optional[Dict[str, Any]]): Values learned in addition to the model;
            None if that part is left out.
        RAISES (ValueError): GP018 or GP062 if a part was changed since it was saved;
            GP060 if the model is missing; GP061 if a value is of the wrong type.
        """
        if self.cfg is None:
            return None
        content = self._parse(self.cfg)
        _check_learned(content, self.name, self.source("cfg"))
        digests = content.get(DIGESTS)
        if digests is not None:
            self._check_digests(learned(content), digests)
        return learned(content)

    def _parse(self, data: bytes) -> Dict[str, Any]:
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._invalid("content", data[:40], f"JSON ({error})") from error
        if not isinstance(content, dict):
            raise self._invalid("content", content, "a JSON object")
        unknown = sorted({*content} - {*LEARNED, DIGESTS})
        if unknown:
            known = ", ".join((*LEARNED, DIGESTS))
            raise self._invalid("keys", unknown, f"some of {known}")
        return content

    def _check_digests(self, content: Dict[str, Any], digests: Any) -> None:
        if not isinstance(digests, dict) or not {"cfg"} <= set(digests) <= {*CONTENTS}:
            raise self._invalid(DIGESTS, digests, "one digest for each saved part")
        if digests["cfg"] != _digest(_canonical(content)):
            names = ", ".join(LEARNED)
            fields = {"source": self.source("cfg"), "name": self.name, "names": names}
            raise ValueError(Errors.GP062.format(**fields))
        if self.model is None or "model" not in digests:
            return
        if digests["model"] != _digest(self.model):
            raise self.damaged(f"its digest is not the one in {self.source('cfg')}")

    def damaged(self, reason: object) -> ValueError:
        """Return the error GP018.

        reason (object): Why the model cannot be read.
        """
        fields = {"name": self.name, "source": self.source("model"), "reason": reason}
        return ValueError(Errors.GP018.format(**fields))

    def _invalid(self, what: str, value: Any, rule: str) -> ValueError:
        source = self.source("cfg")
        return _invalid(what, value, rule, self.name, source)


def read_folder(folder: Path, name: str, exclude: Iterable[str]) -> StoredParts:
    """Read the parts of a component.

    folder (Path): The component's folder.
    name (str): The component's name.
    exclude (Iterable[str]): Parts to leave out.
    RETURNS (StoredParts): The parts.
    RAISES (ValueError): GP060 if one is missing.
    """
    parts: Dict[str, bytes] = {}
    for part, what in CONTENTS.items():
        if part in exclude:
            continue
        try:
            parts[part] = (folder / part).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            fields = {"path": folder / part, "what": what, "name": name}
            raise ValueError(Errors.GP060.format(**fields)) from error
    keeps = "memory" in exclude
    memory = pair_memory({} if keeps else _read_memory(folder), name, folder)
    return StoredParts(name, folder, **parts, memory=memory, keeps_memory=keeps)


def _read_memory(folder: Path) -> Dict[str, bytes]:
    paths = [folder / part for part in MEMORY]
    return {path.name: path.read_bytes() for path in paths if path.exists()}


def pair_memory(
    parts: Dict[str, bytes], name: str, source: Union[Path, str]
) -> Optional[Tuple[bytes, bytes]]:
    """Return the files of a memory among parts; None if there are none.

    parts (Dict[str, bytes]): The parts by name.
    name (str): The component's name.
    source (Union[Path, str]): Where they come from, for messages.
    RETURNS (Optional[Tuple[bytes, bytes]]): The files.
    RAISES (ValueError): GP070 if one of them is missing.
    """
    own = [parts[part] for part in MEMORY if part in parts]
    if len(own) == 1:
        [missing] = {*MEMORY} - {*parts}
        fields = {"name": name, "source": source, "reason": f"{missing} is missing"}
        raise ValueError(Errors.GP070.format(**fields))
    return (own[0], own[1]) if own else None


def read_message(data: bytes, name: str) -> Dict[str, bytes]:
    """Read the result of a component's `to_bytes`.

    data (bytes): The bytes.
    name (str): The component's name.
    RETURNS (Dict[str, bytes]): The parts by name, `vocab` among them.
    RAISES (ValueError): GP018 if the bytes are damaged.
    """
    whole = StoredParts(name, "the bytes given")
    try:
        message = srsly.msgpack_loads(data)
    except Exception as error:  # msgpack raises many kinds of errors
        if is_shortage(error):
            raise
        raise whole.damaged(error) from error
    known = (*CONTENTS, "vocab", *MEMORY)
    if not isinstance(message, dict) or not set(message) <= {*known}:
        raise whole.damaged(f"its parts are not {', '.join(known)}")
    for part, content in message.items():
        kinds = (bytes, str) if part == "cfg" else bytes
        if not isinstance(content, kinds):
            raise whole.damaged(f"the part {part} is of the wrong type")
    return message


def pack_learned(cfg: Dict[str, Any], model: Optional[bytes]) -> Dict[str, Any]:
    """Make the content of the part `cfg`.

    cfg (Dict[str, Any]): The component's cfg.
    model (Optional[bytes]): The stored model; None if it is left out.
    RETURNS (Dict[str, Any]): The learned values, and the digests.
    """
    content = learned(cfg)
    digests = {"cfg": _digest(_canonical(content))}
    if model is not None:
        digests["model"] = _digest(model)
    return {**content, DIGESTS: digests}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _canonical(content: Dict[str, Any]) -> bytes:
    """Serialize the learned values to a text that does not depend on the file's
    layout."""
    return json.dumps(content, sort_keys=True).encode("ascii")


def _check_learned(
    content: Dict[str, Any], name: str, source: Union[Path, str]
) -> None:
    """Check the types of the learned values."""
    labels = content.get("labels")
    if not isinstance(labels, list) or not all(map(is_text, labels)):
        rule = "a list of strings of valid Unicode that are not empty"
        raise _invalid("labels", labels, rule, name, source)
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        rule = f"a list that contains each label once, not {twice} twice"
        raise _invalid("labels", labels, rule, name, source)
    length = content.get("trained_length")
    if not is_whole(length, least=0):
        rule = "a whole number of at least 0"
        raise _invalid("trained_length", length, rule, name, source)
    counts = content.get("label_counts", {})  # older pipelines lack it
    if not isinstance(counts, dict) or not all(
        is_whole(n, least=0) for n in counts.values()
    ):
        rule = "an object with a whole number of at least 0 for each label"
        raise _invalid("label_counts", counts, rule, name, source)


def _invalid(
    what: str, value: Any, rule: str, name: str, source: Union[Path, str]
) -> ValueError:
    fields = {"what": what, "value": value, "rule": rule, "name": name}
    return ValueError(Errors.GP061.format(**fields, source=source))
