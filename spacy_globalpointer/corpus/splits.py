"""Assign documents to splits."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple, Union

import numpy
import srsly

from ..errors import Errors
from ..wording import number_of
from .annotations import Source

SPLIT_NAMES = ("train", "dev", "test")
#: Name of the only split, if the user asks for none.
ALL = "all"
#: Documents of a split: names and patterns, or a fraction of the remaining ones.
Rule = Union[List[str], float]
_WILDCARD = re.compile(r"[*?\[]")
_FRACTION = re.compile(r"\s*([0-9]+(\.[0-9]+)?|\.[0-9]+)\s*")
_UNASSIGNED = 255


@dataclass
class SplitRules:
    """The rules of a splits file, in its order.

    listed (Dict[str, List[str]]): Names and patterns by split.
    fractions (Dict[str, float]): Fractions by split; they sum to 1, if there are any.
    """

    listed: Dict[str, List[str]] = field(default_factory=dict)
    fractions: Dict[str, float] = field(default_factory=dict)
    order: List[str] = field(default_factory=list)


@dataclass
class Assignment:
    """The splits of documents, in the order of the corpus.

    splits (List[str]): Names of the splits.
    codes (numpy.ndarray): Shape (documents,), uint8: index of each document's split.
    """

    splits: List[str]
    codes: numpy.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> str:
        return self.splits[self.codes[index]]


def parse_splits(value: Optional[Union[str, Path]]) -> SplitRules:
    """Parse the user's setting of splits.

    value (Optional[Union[str, Path]]): Path of a JSON file, see `read_splits`; or
        fractions such as "0.8,0.1,0.1" for train, dev and test. None puts all
        documents into the split "all".
    RETURNS (SplitRules): The rules.
    RAISES (ValueError): GP109 for bad fractions, GP143 for a missing file, GP110 for an
        invalid one.
    """
    if value is None:
        return SplitRules(fractions={ALL: 1.0}, order=[ALL])
    fractions = _parse_fractions(str(value))
    if fractions is not None:
        named = dict(zip(SPLIT_NAMES, fractions))
        return SplitRules(fractions=named, order=list(named))
    if not Path(value).is_file():
        fields = {"path": value, "folder": Path(value).absolute().parent}
        raise ValueError(Errors.GP143.format(**fields))
    return read_splits(Path(value))


def read_splits(path: Path) -> SplitRules:
    """Read a splits file.

    path (Path): A JSON file that maps each split either to a list of documents (their
        names, names of files, or patterns of either such as "train/*"), or to a
        fraction of the documents that no list names.
    RETURNS (SplitRules): The rules.
    RAISES (ValueError): GP110 if the file is invalid.
    """
    try:
        splits = srsly.read_json(path)
    except ValueError as err:
        raise ValueError(Errors.GP110.format(path=path, reason=err)) from err
    reason = _find_fault(splits)
    if reason is not None:
        raise ValueError(Errors.GP110.format(path=path, reason=reason))
    fractions = {k: float(v) for k, v in splits.items() if not isinstance(v, list)}
    listed = {k: v for k, v in splits.items() if isinstance(v, list)}
    return SplitRules(listed, fractions, list(splits))


def _find_fault(splits: object) -> Optional[str]:
    if not isinstance(splits, dict) or not splits:
        return "it is not an object with at least one split"
    if len(splits) >= _UNASSIGNED:
        return f"it has {len(splits)} splits"
    fractions = []
    for name, rule in splits.items():
        if not is_split_name(name):
            return f"{name!r} cannot be the name of a file"
        if isinstance(rule, (int, float)) and not isinstance(rule, bool):
            fractions.append(rule)
        elif not isinstance(rule, list):
            return f"{name!r} is not a list, and no fraction"
        else:
            for document in rule:
                if not isinstance(document, str):
                    return f"{name!r} lists {document!r}, which is not a name"
    if fractions and (min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6):
        return f"the fractions {fractions} are not above 0 with sum 1"
    return None


def is_split_name(name: str) -> bool:
    """RETURNS (bool): Whether a name is valid for a split and its file."""
    return re.fullmatch(r"\w[\w.-]*", name) is not None


def assign_splits(
    documents: Iterable[Tuple[str, Source]], rules: SplitRules, *, seed: int = 0
) -> Assignment:
    """Assign each document to a split, with a few bytes of memory for each.

    Fractions are cut from the documents in the order of a hash of seed and name, so
    that a document's position in the corpus does not matter.

    documents (Iterable[Tuple[str, Source]]): Names, and where they come from.
    rules (SplitRules): The rules.
    seed (int): Seed of the hash.
    RETURNS (Assignment): The splits of the documents; splits without a document are
        left out.
    RAISES (ValueError): GP111 to GP114 if rules and documents do not match.
    """
    matcher = _Matcher(rules)
    hashes, codes = array("Q"), bytearray()
    left_out: List[str] = []
    for name, source in documents:
        code = matcher.find(name, source.file)
        hashes.append(name_hash(name, seed))
        codes.append(code)
        if code == _UNASSIGNED and not rules.fractions:
            left_out.append(name)
            if len(left_out) > _MANY:
                break
    if left_out:
        many = len(left_out) > _MANY
        n = number_of(min(len(left_out), _MANY), "document")
        fields = {"documents": f"more than {n}" if many else n}
        names = shorten(sorted(left_out))
        raise ValueError(Errors.GP111.format(**fields, names=names))
    matcher.check_all_used()
    assigned = numpy.frombuffer(bytes(codes), dtype=numpy.uint8).copy()
    keys = numpy.frombuffer(hashes.tobytes(), dtype=numpy.uint64)
    if rules.fractions:
        _cut(assigned, keys, rules)
    return _without_empty(rules.order, assigned)


_MANY = 10_000


def name_hash(name: str, seed: int = 0) -> int:
    """RETURNS (int): A 64-bit hash of a document's name."""
    data = name.encode("utf-8", "surrogatepass")
    digest = blake2b(data, digest_size=8, key=str(seed).encode("ascii"))
    return int.from_bytes(digest.digest(), "little")


class _Matcher:
    """Finds the split whose list names a document."""

    def __init__(self, rules: SplitRules) -> None:
        self._order = rules.order
        self._exact: Dict[str, int] = {}
        self._patterns: List[Tuple[str, int]] = []
        for split, entries in rules.listed.items():
            code = rules.order.index(split)
            for entry in entries:
                if entry in self._exact:
                    raise self._twice(entry, self._exact[entry], code)
                self._exact[entry] = code
                if _WILDCARD.search(entry):
                    self._patterns.append((entry, code))
        self._unused: Set[str] = set(self._exact)

    def find(self, name: str, file: str) -> int:
        """Return the index of the document's split, or 255 if no list names it."""
        found = _UNASSIGNED
        for entry, code in self._entries(name, file):
            self._unused.discard(entry)
            if found not in (_UNASSIGNED, code):
                raise self._twice(name, found, code)
            found = code
        return found

    def _entries(self, name: str, file: str) -> List[Tuple[str, int]]:
        if name in self._exact:
            return [(name, self._exact[name])]
        fitting = [(file, self._exact[file])] if file in self._exact else []
        for pattern, code in self._patterns:
            if fnmatchcase(name, pattern) or fnmatchcase(file, pattern):
                fitting.append((pattern, code))
        return fitting

    def check_all_used(self) -> None:
        """Raise GP112 for entries that match no document."""
        unknown = sorted(self._unused)
        if unknown:
            documents = number_of(len(unknown), "document")
            fields = {"documents": documents, "names": shorten(unknown)}
            raise ValueError(Errors.GP112.format(**fields))

    def _twice(self, name: str, a: int, b: int) -> ValueError:
        both = f"{self._order[a]}, {self._order[b]}"
        return ValueError(Errors.GP113.format(name=name, splits=both))


def shorten(names: Sequence[str], most: int = 5) -> str:
    """RETURNS (str): The first names, and whether there are more."""
    listed = ", ".join(names[:most])
    return f"{listed}, …" if len(names) > most else listed


def _parse_fractions(value: str) -> Optional[List[float]]:
    """RETURNS (Optional[List[float]]): The fractions, or None for a file's path."""
    parts = value.split(",")
    if not all(_FRACTION.fullmatch(part) for part in parts):
        return None
    fractions = [float(part) for part in parts]
    fits = len(fractions) <= len(SPLIT_NAMES) and min(fractions) > 0
    if not fits or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(Errors.GP109.format(value=value))
    return fractions


def _cut(assigned: numpy.ndarray, keys: numpy.ndarray, rules: SplitRules) -> None:
    """Assign the documents that have no split by the fractions, in place."""
    rest = numpy.flatnonzero(assigned == _UNASSIGNED)
    rest = rest[numpy.argsort(keys[rest], kind="stable")]
    start, share = 0, 0.0
    for split, fraction in rules.fractions.items():
        share += fraction
        end = round(share * len(rest))
        if end == start and split != ALL:
            fractions = list(rules.fractions.values())
            documents = number_of(len(rest), "document")
            fields = {"documents": documents, "split": split}
            raise ValueError(Errors.GP114.format(**fields, fractions=fractions))
        assigned[rest[start:end]] = rules.order.index(split)
        start = end


def _without_empty(order: List[str], assigned: numpy.ndarray) -> Assignment:
    """RETURNS (Assignment): Train, dev and test first; no split without documents."""
    known = {name: i for i, name in enumerate(SPLIT_NAMES)}
    present = [order[code] for code in numpy.unique(assigned)]
    splits = sorted(present, key=lambda name: (known.get(name, len(known)), name))
    table = numpy.zeros(256, dtype=numpy.uint8)
    for code, name in enumerate(splits):
        table[order.index(name)] = code
    return Assignment(splits, table[assigned])
