"""Names of class ids in Hugging Face `datasets`, from its description of features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

INFO = "dataset_info.json"
#: Files next to the data that contain no records.
INFO_FILES = (INFO, "dataset_infos.json", "dataset_dict.json", "state.json")


def parse_features(text: str) -> Dict[str, Any]:
    """Read the features from the JSON in a Parquet schema's metadata, or from
    dataset_info.json.

    text (str): The JSON.
    RETURNS (Dict[str, Any]): Descriptions by column; empty if there are none.
    """
    try:
        info = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    inner = info.get("info", info) if isinstance(info, dict) else None
    features = inner.get("features") if isinstance(inner, dict) else None
    return features if isinstance(features, dict) else {}


def read_dataset_info(folder: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The features in a folder's dataset_info.json; empty if
    there is none."""
    path = folder / INFO
    if not path.is_file():
        return {}
    return parse_features(path.read_text(encoding="utf-8", errors="replace"))


def find_class_names(features: Dict[str, Any], column: str) -> List[str]:
    """Find the names of a column's class ids.

    features (Dict[str, Any]): Descriptions by column. A ClassLabel has `names`. It is
        the `feature` of a Sequence or List, or the only item of a list.
    column (str): The column.
    RETURNS (List[str]): The names in the order of the ids; empty if there are none.
    """
    feature = features.get(column)
    for _ in range(3):
        if isinstance(feature, list) and feature:
            feature = feature[0]
        elif isinstance(feature, dict) and "feature" in feature:
            feature = feature["feature"]
    return as_names(feature.get("names")) if isinstance(feature, dict) else []


def as_names(value: object) -> List[str]:
    """RETURNS (List[str]): The value, if it is a list of strings, or an empty list."""
    known = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return list(value) if known and isinstance(value, list) else []
