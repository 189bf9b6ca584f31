"""Describe what the result of a training depends on, and find what has changed."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import torch
import tqdm
from spacy.language import Language
from spacy.util import is_package, walk_dict
from thinc.api import Config, CupyOps, get_current_ops

from ...corpus.digest import content_digest, list_content
from ...encoders.encoder_shim import EncoderShim
from ...encoders.precision import choose_precision
from .parameters import find_shims

#: Packages whose versions may change the result.
PACKAGES = (
    *("spacy", "spacy-globalpointer", "spacy-transformers", "thinc", "torch"),
    *("transformers", "tokenizers", "numpy"),
)
#: Settings whose values may be folders, in addition to those that [paths] names.
PATH_SETTINGS = (
    *("path", "paths", "name", "source", "vectors", "init_tok2vec", "teachers"),
)
#: Settings whose values may be installed pipelines.
PACKAGE_SETTINGS = ("source", "vectors")
#: Sections that do not change the weights. Values of [paths] count where they are
#: used.
FREE_SECTIONS = ("paths", "training.logger")

Identity = Dict[str, Dict[str, Any]]


def identify(config: Config, *, code: Optional[Path] = None, gpu: bool) -> Identity:
    """Describe what a training depends on.

    config (Config): Its config, interpolated.
    code (Optional[Path]): File of Python code that the config needs.
    gpu (bool): Whether it runs on a GPU.
    RETURNS (Identity): Settings, contents of files and folders, and versions, as JSON.
        Where a file lies and what logs the training are not part of it.
    """
    settings, paths = _split(config)
    if code is not None:
        paths["--code"] = [code]
    versions = {name: version(name) for name in (*PACKAGES, *_packages(settings))}
    versions["python"] = ".".join(platform.python_version_tuple()[:2])
    settings["--gpu-id"] = "GPU" if gpu else "CPU"
    contents = _read_all(paths)
    identity = {"settings": settings, "contents": contents, "versions": versions}
    return json.loads(json.dumps(identity))


def differences(old: Identity, new: Identity) -> List[str]:
    """Compare two trainings.

    old (Identity): The earlier one.
    new (Identity): The present one.
    RETURNS (List[str]): The differences, one line each.
    """
    lines = []
    for name, before, now in changes(old["settings"], new["settings"]):
        lines.append(f"{name} was {before} and is {now}")
    for name, before, now in changes(old["contents"], new["contents"]):
        lines.append(f"{name} {_what_happened(before, now)}")
    for name, before, now in changes(old["versions"], new["versions"]):
        lines.append(f"the version of {name} was {before} and is {now}")
    return lines


def check_identity(value: Any) -> None:
    """Check the types of a stored identity.

    value (Any): The stored value.
    RAISES (ValueError): It is not an identity.
    """
    for kind in ("settings", "contents", "versions"):
        part = value.get(kind) if isinstance(value, dict) else value
        if not isinstance(part, dict):
            raise ValueError(
                f"{kind} of its identity is {part!r}, but must be an object"
            )


def _what_happened(before: str, now: str) -> str:
    if before == "null":
        return "named no file before"
    return "names no file now" if now == "null" else "has changed"


def machine(nlp: Language) -> Dict[str, Any]:
    """Describe what changes the last digits of the weights, but not the training.

    nlp (Language): The initialized pipeline.
    RETURNS (Dict[str, Any]): The number of threads, the kind of processor, the GPU if
        one is used, and the precision of encoders, as JSON.
    """
    uses_gpu = isinstance(get_current_ops(), CupyOps)
    encoders = [x for x in find_shims(nlp).values() if isinstance(x, EncoderShim)]
    chosen = {str(choose_precision(x.precision, x.device)) for x in encoders}
    return {
        "the number of threads": torch.get_num_threads(),
        "the kind of processor": torch.backends.cpu.get_cpu_capability(),
        "the GPU": torch.cuda.get_device_name() if uses_gpu else None,
        "the encoder's precision": ", ".join(sorted(chosen)) or None,
    }


def compare_machines(then: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    """Compare two machines.

    then (Dict[str, Any]): An earlier result of `machine`.
    now (Dict[str, Any]): The present one.
    RETURNS (List[str]): The differences, one phrase each.
    """
    return [f"{name} was {x} and is {y}" for name, x, y in changes(then, now)]


def changes(old: Dict[str, Any], new: Dict[str, Any]) -> Iterator[Tuple[str, str, str]]:
    """Compare values by name.

    old (Dict[str, Any]): The earlier ones.
    new (Dict[str, Any]): The present ones.
    YIELDS (Tuple[str, str, str]): For each that differs its name, and its earlier and
        present value as JSON.
    """
    for name in sorted({*old, *new}):
        before, now = (json.dumps(x.get(name)) for x in (old, new))
        if before != now:
            yield name, before, now


def _split(config: Config) -> Tuple[Dict[str, Any], Dict[str, List[Path]]]:
    """Separate the settings that name files and folders. Return the other settings and
    the paths, both by name."""
    settings, paths = {}, {}
    named = {str(x) for _, x in walk_dict(config.get("paths", {}))}
    for keys, value in walk_dict(config):
        name = ".".join(keys)
        if _is_free(name):
            continue
        values = value if isinstance(value, list) else [value]
        found = [x for x in values if _is_path(keys[-1], x, named)]
        if found:
            paths[name] = [Path(x) for x in found]
        if not found or len(found) < len(values):
            settings[name] = [x for x in values if x not in found] if found else value
    return settings, paths


def _packages(settings: Dict[str, Any]) -> Set[str]:
    """Return the installed pipelines that settings name."""
    values = [x for k, x in settings.items() if k.split(".")[-1] in PACKAGE_SETTINGS]
    return {x for x in values if isinstance(x, str) and x and is_package(x)}


def _read_all(paths: Dict[str, List[Path]]) -> Dict[str, str]:
    """Compute the digests of files and folders, each of which is read once."""
    files = {path for found in paths.values() for path in found}
    bar = tqdm.tqdm(
        total=sum(x.stat().st_size for path in files for x in list_content(path)),
        desc="Reading what it depends on",
        unit="B",
        unit_scale=True,
        disable=None,
        leave=False,
    )
    with bar:
        digests = {path: content_digest(path, bar.update) for path in sorted(files)}
    return {k: " ".join(digests[x] for x in found) for k, found in paths.items()}


def _is_free(name: str) -> bool:
    return any(name == x or name.startswith(f"{x}.") for x in FREE_SECTIONS)


def _is_path(setting: str, value: Any, named: set) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if setting.startswith("@"):  # the name of a registered function
        return False
    may_be = setting in PATH_SETTINGS or setting.endswith(("_path", "_file"))
    is_there = os.path.exists if may_be or value in named else os.path.isfile
    return is_there(value)
