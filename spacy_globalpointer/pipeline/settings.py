"""The component's cfg: what the config sets, and what training has learnt."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any, Dict, List

from ..errors import Errors
from .overlap import POLICIES

#: What training puts into the cfg, and saving must keep.
LEARNED = ("labels", "label_counts", "trained_length")
#: Settings of one kind of value: the type, and what to say of it.
_KINDS = {
    "spans_key": (str, "a text, the key of doc.spans"),
    "thresholds": (dict, 'a dict of probabilities by label, such as {"ORG": 0.4}'),
    "annotate_ents": (bool, "true or false"),
}


def learned(cfg: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A copy of what training has learnt."""
    return {key: deepcopy(cfg[key]) for key in LEARNED if key in cfg}


def settings(cfg: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A copy of what the config sets."""
    return {key: deepcopy(cfg[key]) for key in cfg if key not in LEARNED}


def can_be_key(label: str) -> bool:
    """Whether a config file gives a label back that it holds as a key.

    label (str): The label.
    RETURNS (bool): False if it is empty, begins or ends with white space, has a line
        end, ":" or "=" in it, or begins with "#", ";", "[" (a comment or a section for
        the file) or "@" (a function for the config).
    """
    whole = label == label.strip() and label.splitlines() == [label]
    return whole and not set(label) & set(":=") and label[0] not in "#;[@"


def check_settings(cfg: Dict[str, Any]) -> None:
    """Check the settings of a component.

    cfg (Dict[str, Any]): Its cfg.
    RAISES (ValueError): GP010 to GP012, GP020 and GP044 if a setting is out of its
        range, GP138 if it is of another kind.
    """
    for name, (kind, rule) in _KINDS.items():
        if not isinstance(cfg[name], kind):
            fields = {"name": name, "value": cfg[name], "rule": rule}
            raise ValueError(Errors.GP138.format(**fields))
    thresholds = {"threshold": cfg["threshold"], **cfg["thresholds"]}
    for name, value in thresholds.items():
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(Errors.GP010.format(name=name, value=value))
    for label in cfg["thresholds"]:
        if not can_be_key(label):
            fields = {"setting": "thresholds", "label": label}
            raise ValueError(Errors.GP020.format(**fields))
    temperature = cfg["temperature"]
    if not isinstance(temperature, (int, float)) or not 0 < temperature < math.inf:
        raise ValueError(Errors.GP044.format(value=temperature))
    if cfg["overlap"] not in POLICIES:
        known = ", ".join(POLICIES)
        raise ValueError(Errors.GP011.format(value=cfg["overlap"], known=known))
    for name in ("max_span_length", "max_spans_per_doc"):
        value = cfg[name]
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ValueError(Errors.GP012.format(name=name, value=value))


def label_thresholds(cfg: Dict[str, Any]) -> List[float]:
    """Find the threshold of each label.

    cfg (Dict[str, Any]): The cfg of a component.
    RETURNS (List[float]): The thresholds, in the order of the labels.
    RAISES (ValueError): GP016 if `thresholds` names no label.
    """
    labels, own = cfg["labels"], cfg["thresholds"]
    unknown = sorted(set(own) - set(labels))
    if unknown:
        fields = {"setting": "thresholds", "unknown": unknown}
        raise ValueError(Errors.GP016.format(labels=tuple(labels), **fields))
    return [own.get(label, cfg["threshold"]) for label in labels]
