"""Which document goes into which split."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

import srsly

from ..errors import Errors

SPLIT_NAMES = ("train", "dev", "test")
#: The one split, if none are asked for.
ALL = "all"


def assign_splits(
    names: Sequence[str], splits: Optional[Union[str, Path]], *, seed: int = 0
) -> Dict[str, str]:
    """Decide the split of each document.

    names (Sequence[str]): The documents.
    splits (Optional[Union[str, Path]]): Path of a JSON file that maps names of
        splits to lists of documents; or fractions such as "0.8,0.1,0.1" for train,
        dev and test. None puts all documents into the split "all".
    seed (int): Seed of the shuffle before the documents are cut into fractions.
    RETURNS (Dict[str, str]): The split of each document.
    RAISES (ValueError): Bad splits, or splits that do not fit the documents.
    """
    if splits is None:
        return dict.fromkeys(names, ALL)
    fractions = _parse_fractions(str(splits))
    if fractions is not None:
        return _cut(names, fractions, seed)
    if not Path(splits).is_file():
        raise ValueError(Errors.GP109.format(value=str(splits)))
    return _look_up(names, read_splits(Path(splits)))


def read_splits(path: Path) -> Dict[str, List[str]]:
    """Read a splits file.

    path (Path): The JSON file.
    RETURNS (Dict[str, List[str]]): The documents of each split.
    RAISES (ValueError): The file breaks its rule.
    """
    try:
        splits = srsly.read_json(path)
    except ValueError as err:
        raise ValueError(Errors.GP110.format(path=path, reason=err)) from err
    reason = _find_fault(splits)
    if reason is not None:
        raise ValueError(Errors.GP110.format(path=path, reason=reason))
    return splits


def _find_fault(splits: object) -> Optional[str]:
    if not isinstance(splits, dict) or not splits:
        return "it is not an object with at least one split"
    for name, documents in splits.items():
        if not re.fullmatch(r"\w[\w.-]*", name):
            return f"{name!r} cannot be the name of a file"
        if not isinstance(documents, list):
            return f"{name!r} is not a list"
        for document in documents:
            if not isinstance(document, str):
                return f"{name!r} lists {document!r}, which is not a name"
    return None


def _look_up(names: Sequence[str], splits: Dict[str, List[str]]) -> Dict[str, str]:
    assigned: Dict[str, str] = {}
    for split, documents in splits.items():
        for name in documents:
            if name in assigned:
                both = f"{assigned[name]}, {split}"
                raise ValueError(Errors.GP113.format(name=name, splits=both))
            assigned[name] = split
    left_out = sorted(set(names) - set(assigned))
    if left_out:
        fields = {"n": len(left_out), "names": shorten(left_out)}
        raise ValueError(Errors.GP111.format(**fields))
    unknown = sorted(set(assigned) - set(names))
    if unknown:
        fields = {"n": len(unknown), "names": shorten(unknown)}
        raise ValueError(Errors.GP112.format(**fields))
    return assigned


def shorten(names: Sequence[str], most: int = 5) -> str:
    """RETURNS (str): The first names, and whether there are more."""
    listed = ", ".join(names[:most])
    return f"{listed}, …" if len(names) > most else listed


def _parse_fractions(value: str) -> Optional[List[float]]:
    """RETURNS (Optional[List[float]]): The fractions, or None for a file's path."""
    parts = value.split(",")
    if not all(re.fullmatch(r"\s*[0-9]*\.?[0-9]+\s*", part) for part in parts):
        return None
    fractions = [float(part) for part in parts]
    fits = len(fractions) <= len(SPLIT_NAMES) and min(fractions) > 0
    if not fits or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(Errors.GP109.format(value=value))
    return fractions


def _cut(names: Sequence[str], fractions: List[float], seed: int) -> Dict[str, str]:
    shuffled = sorted(names)
    random.Random(seed).shuffle(shuffled)
    assigned: Dict[str, str] = {}
    start, share = 0, 0.0
    for split, fraction in zip(SPLIT_NAMES, fractions):
        share += fraction
        end = round(share * len(shuffled))
        if end == start:
            fields = {"n": len(names), "fractions": fractions, "split": split}
            raise ValueError(Errors.GP114.format(**fields))
        assigned.update(dict.fromkeys(shuffled[start:end], split))
        start = end
    return assigned
