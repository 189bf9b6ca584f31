"""What a training depends on, and what has changed of it."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from spacy.util import walk_dict
from thinc.api import Config

#: Packages whose other versions may compute something else.
PACKAGES = (
    *("spacy", "spacy-globalpointer", "spacy-transformers", "thinc", "torch"),
    *("transformers", "tokenizers", "numpy"),
)
#: Settings whose values may be files or folders, beside those that [paths] names.
PATH_SETTINGS = ("path", "name", "source", "vectors", "init_tok2vec")
#: Settings that decide nothing about the weights. Those of [paths] count where they
#: are used.
FREE_SECTIONS = ("paths", "training.logger")
#: Bytes that are read at once.
BLOCK = 1 << 20

Identity = Dict[str, Dict[str, Any]]


def identify(config: Config, *, code: Optional[Path] = None, gpu: bool) -> Identity:
    """Describe what a training depends on.

    config (Config): Its config, interpolated.
    code (Optional[Path]): File of Python code that the config needs.
    gpu (bool): Whether it runs on a GPU.
    RETURNS (Identity): Settings, contents of files and folders, and versions, as JSON.
        Where a file lies and what logs the training are not part of it.
    """
    settings, contents = {}, {}
    named = {str(x) for _, x in walk_dict(config.get("paths", {}))}
    for keys, value in walk_dict(config):
        name = ".".join(keys)
        if _is_free(name):
            continue
        if _is_path(keys[-1], value, named):
            contents[name] = content_digest(Path(value))
        else:
            settings[name] = value
    if code is not None:
        contents["--code"] = content_digest(code)
    versions = {name: version(name) for name in PACKAGES}
    versions["python"] = ".".join(platform.python_version_tuple()[:2])
    settings["--gpu-id"] = "GPU" if gpu else "CPU"
    identity = {"settings": settings, "contents": contents, "versions": versions}
    return json.loads(json.dumps(identity))


def differences(old: Identity, new: Identity) -> List[str]:
    """Compare two trainings.

    old (Identity): The one of before.
    new (Identity): The one of now.
    RETURNS (List[str]): What differs, one line each.
    """
    lines = []
    for name, before, now in _changes(old["settings"], new["settings"]):
        lines.append(f"{name} was {before} and is {now}")
    for name, before, now in _changes(old["contents"], new["contents"]):
        moved = "null" in (before, now)
        lines.append(f"{name} {'names another file' if moved else 'has changed'}")
    for name, before, now in _changes(old["versions"], new["versions"]):
        lines.append(f"the version of {name} was {before} and is {now}")
    return lines


def machine() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What else the last digits of a result depend on: the
    number of threads and the kind of processor."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    return {"threads": torch.get_num_threads(), "processor": capability}


def content_digest(path: Path) -> str:
    """Digest a file, or a folder's files and their names.

    path (Path): The file or folder. Hidden files of a folder are left out.
    RETURNS (str): The digest, in hexadecimal.
    """
    if not path.is_dir():
        return file_digest(path)
    lines = []
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            lines.append(f"{file_digest(file)} {name.as_posix()}\n")
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def file_digest(file: Path) -> str:
    """RETURNS (str): The SHA-256 of a file, in hexadecimal.

    file (Path): The file.
    """
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _is_free(name: str) -> bool:
    return any(name == x or name.startswith(f"{x}.") for x in FREE_SECTIONS)


def _is_path(setting: str, value: Any, named: set) -> bool:
    if not isinstance(value, str) or not value:
        return False
    may_be = setting in PATH_SETTINGS or setting.endswith(("_path", "_file"))
    return (may_be or value in named) and Path(value).exists()


def _changes(old: Dict[str, Any], new: Dict[str, Any]) -> Iterator[tuple]:
    """YIELDS (tuple): Name, and values of before and now as JSON."""
    for name in sorted({*old, *new}):
        before, now = (json.dumps(x.get(name)) for x in (old, new))
        if before != now:
            yield name, before, now
