"""The settings of a component as attributes, such as `pipe.threshold = 0.7`."""

from __future__ import annotations

import configparser
import warnings
from collections.abc import Mapping, MutableMapping
from copy import copy
from difflib import get_close_matches
from pathlib import Path
from typing import (
    Any,
    Dict,
    Generic,
    Iterator,
    List,
    Optional,
    TypeVar,
    Union,
    overload,
)
from weakref import ReferenceType, WeakKeyDictionary, ref

import numpy
from spacy.language import Language
from spacy.util import load_config

from ..errors import Warnings
from .decision import label_thresholds
from .settings import check_settings, settings

ValueT = TypeVar("ValueT")

#: The pipeline that a component was made for. It is not an attribute of the component,
#: because that is pickled and copied without its pipeline.
_OWNERS: WeakKeyDictionary[SettingAttributes, ReferenceType[Language]]
_OWNERS = WeakKeyDictionary()


class Setting(Generic[ValueT]):
    """Attribute of a component that reads and changes a setting in its cfg."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, pipe: None, owner: type) -> Setting[ValueT]: ...

    @overload
    def __get__(self, pipe: SettingAttributes, owner: type) -> ValueT: ...

    def __get__(
        self, pipe: Optional[SettingAttributes], owner: type
    ) -> Union[Setting[ValueT], ValueT]:
        if pipe is None:
            return self
        value: Any = pipe.cfg[self.name]
        if self.name == "thresholds":
            value = _Thresholds(pipe)
        found: ValueT = value
        return found

    def __set__(self, pipe: SettingAttributes, value: ValueT) -> None:
        pipe._change_setting(self.name, value)


class SettingAttributes:
    """Base class that gives a component an attribute for each setting.

    An assigned value is checked first. Then it is written to the cfg and to the config
    of the pipeline, which `nlp.to_disk` saves.
    """

    cfg: Dict[str, Any]
    name: str
    _config: Dict[str, Any]

    spans_key = Setting[str]()
    threshold = Setting[float]()
    thresholds = Setting[MutableMapping]()
    temperature = Setting[float]()
    max_span_length = Setting[Optional[int]]()
    overlap = Setting[str]()
    annotate_ents = Setting[bool]()
    max_spans_per_doc = Setting[Optional[int]]()
    memory_weight = Setting[float]()
    memory_temperature = Setting[float]()
    memory_neighbours = Setting[int]()
    memory_lowest = Setting[float]()
    memory_limit = Setting[int]()
    document_memory = Setting[float]()
    document_band = Setting[List[float]]()

    def _change_setting(self, name: str, value: Any) -> None:
        """Change a setting. If it is not valid, nothing changes.

        name (str): The setting.
        value (Any): The new value.
        RAISES (ValueError): As `check_settings`; GP016 if `thresholds` names an unknown
            label.
        """
        value = _plain(value)
        changed = {**self.cfg, name: value}
        check_settings(changed)
        if self.cfg["labels"]:
            label_thresholds({**changed, "labels": self._all_labels()})
        self.cfg[name] = value
        config = _saved_config(self)
        if config is not None:
            config[name], self._config[name] = copy(value), copy(value)

    def _all_labels(self) -> List[str]:
        """Return the labels that thresholds may name."""
        return list(self.cfg["labels"])

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(self, name):
            near = get_close_matches(name, _SETTINGS, n=1, cutoff=0.8)
            if near:
                message = Warnings.GPW050.format(
                    name=self.name, given=name, near=near[0]
                )
                warnings.warn(message, stacklevel=2)
        super().__setattr__(name, value)


_SETTINGS = [n for n, v in vars(SettingAttributes).items() if isinstance(v, Setting)]


def _plain(value: Any) -> Any:
    """Convert a value to one that a config can hold, without numpy's numbers and
    without tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, numpy.generic) else value


class _Thresholds(MutableMapping):
    """Thresholds of single labels. A change in place is checked and saved like an
    assignment of all of them."""

    def __init__(self, pipe: SettingAttributes) -> None:
        self._pipe = pipe

    def __getitem__(self, label: str) -> float:
        threshold: float = self._pipe.cfg["thresholds"][label]
        return threshold

    def __setitem__(self, label: str, threshold: float) -> None:
        changed = {**self._pipe.cfg["thresholds"], label: threshold}
        self._pipe._change_setting("thresholds", changed)

    def __delitem__(self, label: str) -> None:
        kept = dict(self._pipe.cfg["thresholds"])
        del kept[label]
        self._pipe._change_setting("thresholds", kept)

    def __iter__(self) -> Iterator[str]:
        return iter(self._pipe.cfg["thresholds"])

    def __len__(self) -> int:
        return len(self._pipe.cfg["thresholds"])

    def __repr__(self) -> str:
        return repr(self._pipe.cfg["thresholds"])


def remember_pipeline(pipe: SettingAttributes, nlp: Language) -> None:
    """Remember the pipeline whose config saves the settings of a component.

    pipe (SettingAttributes): The component.
    nlp (Language): The pipeline, which adds it after its factory has returned.
    """
    _OWNERS[pipe] = ref(nlp)


def pipeline_of(pipe: object) -> Optional[Language]:
    """Return the pipeline that a component was made for; None if it is not known, or
    no longer contains the component."""
    owner = _OWNERS.get(pipe)  # type: ignore[call-overload]
    nlp: Optional[Language] = None if owner is None else owner()
    is_in = nlp is not None and any(own is pipe for _, own in nlp.components)
    return nlp if is_in else None


def unsaved_settings(
    pipe: SettingAttributes, path: Optional[Path] = None
) -> Dict[str, Any]:
    """Find the settings that are lost when a component is saved.

    path (Optional[Path]): The component's folder, whose pipeline has just written its
        config; None when saving to bytes.
    RETURNS (Dict[str, Any]): The settings whose values differ from the config.
    """
    saved = None if path is None else _read_saved(Path(path))
    config = pipe._config if saved is None else saved
    return {k: v for k, v in settings(pipe.cfg).items() if v != config.get(k, v)}


def _read_saved(folder: Path) -> Optional[Dict[str, Any]]:
    """Read the section of a component in its pipeline's config.cfg; None if there is
    none. A sourced component has several pipelines, and only the file shows which of
    them is saved."""
    try:
        config = load_config(folder.parent / "config.cfg", interpolate=True)
    except (OSError, ValueError, configparser.Error):
        return None
    section: Optional[Dict[str, Any]] = config.get("components", {}).get(folder.name)
    return section


def _saved_config(pipe: SettingAttributes) -> Optional[Dict[str, Any]]:
    """Find the component's section in the config of its pipeline, under its present
    name there; None if no pipeline contains it any more."""
    nlp = pipeline_of(pipe)
    if nlp is None:
        return None
    [name, *_] = [name for name, component in nlp.components if component is pipe]
    return nlp.get_pipe_config(name)
