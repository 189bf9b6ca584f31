"""Plan a run: read the input once, check ids and columns, and cut it into shards."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy

from ..corpus.digest import files_digest
from ..corpus.formats.files import SourceFile
from ..errors import Errors
from ..values import is_text, is_whole
from . import inputs
from .column_types import INT64, STRING, ColumnType
from .inputs import Block
from .settings import ID, Settings

#: Highest number of documents in a shard, for texts that are almost empty.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Input:
    """The documents of a run, made by `open_input`.

    path (Path): The file or folder.
    files (Sequence[SourceFile]): Its files, in the order of reading.
    kind (str): Kind of the files.
    id (Optional[str]): Column of the ids; None if documents get the names of their
        places as ids.
    settings (Settings): The settings.
    """

    path: Path
    files: Sequence[SourceFile]
    kind: str
    id: Optional[str]
    settings: Settings

    def blocks(self) -> Iterator[Block]:
        """YIELDS (Block): The documents, in order. RAISES (ValueError): As
        `inputs.read_file`."""
        for file in self.files:
            yield from inputs.read_file(file, self.kind, self.id, self.settings)

    def identity(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Names and sizes of the files, and their digest, as
        JSON."""
        sizes = {file.name: file.path.stat().st_size for file in self.files}
        return {"files": sizes, "digest": files_digest(self.files)}


@dataclass
class Plan:
    """Shards of a run, made by `make_plan` and stored in the manifest.

    shards (List[Tuple[int, int]]): Documents and characters of each shard.
    id_type (str): Type of the ids, INT64 or STRING.
    kept (Dict[str, str]): Types of the kept columns; empty for Parquet, whose types are
        those of its schema.
    """

    shards: List[Tuple[int, int]] = field(default_factory=list)
    id_type: str = STRING
    kept: Dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """RETURNS (int): Number of the documents."""
        return sum(rows for rows, _ in self.shards)


def open_input(path: Path, settings: Settings) -> Input:
    """Find the files of an input, and the column of its ids.

    path (Path): A file or folder.
    settings (Settings): The settings.
    RETURNS (Input): The input.
    RAISES (ValueError): GP165 or GP264 if there are no files to read; GP257 if the kept
        columns have the name of ids that are made; GP258 if a named
        column does not exist; what `inputs.read_file` raises for the first document.
    """
    files, kind = inputs.find_input(path)
    known: List[str] = []
    for file in files:
        if known := inputs.first_columns(file, kind):
            break
    id = settings.id
    if id is None and ID in known and kind != inputs.TXT:
        id = ID
    if id is None and ID in settings.keep:
        rule = f"other columns than {ID!r}, the name of the ids that are made here"
        fields = {"name": "keep", "value": settings.keep, "rule": rule}
        raise ValueError(Errors.GP257.format(**fields))
    if kind == inputs.TXT:
        named = [*([] if id is None else [id]), *settings.keep]
        inputs.check_columns(named, [], str(path))
    return Input(path, files, kind, id, settings)


def make_plan(source: Input, shard_chars: int) -> Plan:
    """Read the input once, check it, and cut it into shards.

    source (Input): The input.
    shard_chars (int): Characters of a shard. Each has at least so many, except for the
        last one.
    RETURNS (Plan): The plan. The same input gives the same plan.
    RAISES (ValueError): GP120 if there is no document; GP260, GP261 or GP262 for ids
        that are missing, not unique or of another type; GP258 for a kept column that no
        document has; what `inputs.read_file` raises.
    """
    keys, plan = _Keys(source), Plan()
    types = {name: ColumnType() for name in source.settings.keep}
    rows = chars = 0
    for block in source.blocks():
        keys.add(block)
        if source.kind != inputs.PARQUET:
            for name, column in types.items():
                column.add(block.kept[name])
        for text in block.texts:
            rows += 1
            chars += len(text) if isinstance(text, str) else 0
            if chars >= shard_chars or rows >= MOST_ROWS:
                plan.shards.append((rows, chars))
                rows = chars = 0
    if rows:
        plan.shards.append((rows, chars))
    if not plan.shards:
        raise ValueError(Errors.GP120.format(path=source.path))
    keys.check_unique()
    plan.id_type = keys.type
    if source.kind != inputs.PARQUET:
        found = [name for name, column in types.items() if column.is_found]
        inputs.check_columns(source.settings.keep, found, str(source.path))
        plan.kept = {name: column.name for name, column in types.items()}
    return plan


def read_shards(
    source: Input, plan: Plan, done: Sequence[int]
) -> Iterator[Tuple[int, List[Block]]]:
    """Read the shards that are not done.

    source (Input): The input.
    plan (Plan): Its plan.
    done (Sequence[int]): Numbers of the other shards.
    YIELDS (Tuple[int, List[Block]]): Number of a shard, and its documents.
    RAISES (ValueError): GP265 if the input has changed since it was planned.
    """
    skipped, blocks = set(done), source.blocks()
    rest: Optional[Block] = None
    for number, (rows, chars) in enumerate(plan.shards):
        shard: List[Block] = []
        missing = rows
        while missing:
            block = rest if rest is not None else next(blocks, None)
            if block is None:
                reason = f"{missing} documents are missing"
                raise ValueError(Errors.GP265.format(path=source.path, reason=reason))
            n = min(missing, len(block))
            shard.append(block.cut(0, n))
            rest = block.cut(n, len(block)) if n < len(block) else None
            missing -= n
        texts = (text for block in shard for text in block.texts)
        if sum(len(text) for text in texts if isinstance(text, str)) != chars:
            reason = f"the texts of shard {number} have other lengths"
            raise ValueError(Errors.GP265.format(path=source.path, reason=reason))
        if number not in skipped:
            yield number, shard


class _Keys:
    """The ids of the documents that were read: for each 8 bytes."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._keys = array("q")
        self.type = STRING
        self._is_first = True

    def add(self, block: Block) -> None:
        """Check the ids of a block, and keep them.

        RAISES (ValueError): GP260 for a missing id, GP262 for one of another type.
        """
        if block.ids is None:
            return
        for row, id in enumerate(block.ids):
            if not is_whole(id, least=-(2**63)) and not is_text(id):
                raise _bad_id(Errors.GP260, self._source, block, row)
            kind = STRING if isinstance(id, str) else INT64
            if self._is_first:
                self.type, self._is_first = kind, False
            if kind != self.type:
                names = {STRING: "texts", INT64: "whole numbers"}
                about = {"found": f"one of {names[kind]}", "known": names[self.type]}
                raise _bad_id(Errors.GP262, self._source, block, row, **about)
        self._keys.extend(map(hash, block.ids))

    def check_unique(self) -> None:
        """RAISES (ValueError): GP261 for an id that two documents have."""
        keys = numpy.frombuffer(self._keys, dtype=numpy.int64).copy()
        keys.sort()
        twice = set(keys[1:][keys[1:] == keys[:-1]].tolist())
        if not twice:
            return
        places: Dict[Any, str] = {}
        for block in self._source.blocks():
            for row, id in enumerate(block.ids or ()):
                if hash(id) not in twice:
                    continue
                if id in places:
                    fields = {"first": places[id], "second": block.place(row)}
                    raise ValueError(Errors.GP261.format(**fields, value=id))
                places[id] = block.place(row)


def _bad_id(
    message: str, source: Input, block: Block, row: int, **fields: Any
) -> ValueError:
    assert block.ids is not None
    place, value = block.place(row), block.ids[row]
    text = message.format(source=place, name=source.id, value=value, **fields)
    return ValueError(text)
