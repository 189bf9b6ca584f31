"""The component's cfg, which holds the settings of the config and values learned in
training."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Dict

from ..errors import Errors
from ..values import is_number, is_text, is_whole
from .overlap import POLICIES

#: Values that training puts into the cfg, and that are saved.
LEARNED = ("labels", "label_counts", "trained_length")
#: Settings that are numbers of tokens or of spans, or null for no limit.
BOUNDS = ("max_span_length", "max_spans_per_doc")
#: Settings that are numbers of entries of the memory.
COUNTS = ("memory_neighbours", "memory_limit")
#: Settings that are weights of a memory.
WEIGHTS = ("memory_weight", "document_memory")


def learned(cfg: Dict[str, Any]) -> Dict[str, Any]:
    """Return a copy of the values learned in training."""
    return {key: deepcopy(cfg[key]) for key in LEARNED if key in cfg}


def settings(cfg: Dict[str, Any]) -> Dict[str, Any]:
    """Return a copy of the settings of the config."""
    return {key: deepcopy(cfg[key]) for key in cfg if key not in LEARNED}


def can_be_key(label: str) -> bool:
    """Check whether a config file can hold a label as a key.

    label (str): The label.
    RETURNS (bool): False if it is empty, begins or ends with white space, has a line
        end, ":" or "=" in it, or begins with "#", ";", "[" (a comment or a section for
        the file) or "@" (a function for the config), or is not valid Unicode.
    """
    whole = label == label.strip() and label.splitlines() == [label] and is_text(label)
    return whole and not set(label) & set(":=") and label[0] not in "#;[@"


def check_settings(cfg: Dict[str, Any]) -> None:
    """Check the settings of a component.

    cfg (Dict[str, Any]): Its cfg.
    RAISES (ValueError): As `check_setting`.
    """
    for name, value in settings(cfg).items():
        check_setting(name, value)


def check_setting(name: str, value: Any) -> None:
    """Check the type and the range of one setting.

    name (str): Its name.
    value (Any): Its value.
    RAISES (ValueError): GP010 to GP012, GP020, GP044 or GP063 if the component cannot
        use the value.
    """
    if name == "threshold":
        _check_threshold(name, value)
    elif name == "thresholds":
        _check_thresholds(value)
    elif name == "temperature" and not (is_number(value) and value > 0):
        raise ValueError(Errors.GP044.format(value=value))
    elif name == "overlap" and not (isinstance(value, str) and value in POLICIES):
        known = ", ".join(POLICIES)
        raise ValueError(Errors.GP011.format(value=value, known=known))
    elif name in BOUNDS and not (value is None or is_whole(value, least=1)):
        raise ValueError(Errors.GP012.format(name=name, value=value))
    elif name == "spans_key" and not is_text(value):
        rule = 'a string of valid Unicode that is not empty, such as "sc"'
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))
    elif name in COUNTS and not is_whole(value, least=1):
        rule = "a whole number of at least 1"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))
    elif name == "memory_temperature" and not (is_number(value) and value > 0):
        rule = "a number above 0"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))
    elif name == "memory_lowest" and not (is_number(value) and 0 < value < 1):
        rule = "a probability above 0 and below 1"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))
    elif name in WEIGHTS and not (is_number(value) and 0 <= value <= 1):
        rule = "a number from 0 to 1"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))
    elif name == "document_band":
        _check_band(name, value)
    elif name == "annotate_ents" and not isinstance(value, bool):
        rule = "true or false"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))


def _check_threshold(name: str, value: Any) -> None:
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(Errors.GP010.format(name=name, value=value))


def _check_band(name: str, value: Any) -> None:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    if not is_pair or not all(map(is_number, value)) or not 0 < value[0] < value[1] < 1:
        rule = "two probabilities between 0 and 1, the lower one first: [0.1, 0.9]"
        raise ValueError(Errors.GP063.format(name=name, value=value, rule=rule))


def _check_thresholds(value: Any) -> None:
    if not isinstance(value, dict):
        rule = 'a section with a number for each label, such as {"PER": 0.7}'
        raise ValueError(Errors.GP063.format(name="thresholds", value=value, rule=rule))
    for label, threshold in value.items():
        if not isinstance(label, str) or not can_be_key(label):
            fields = {"setting": "thresholds", "label": label}
            raise ValueError(Errors.GP020.format(**fields))
        _check_threshold(label, threshold)
