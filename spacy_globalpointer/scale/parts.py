"""Write the results of a shard as a file, at once or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from ..atomic import atomic_file, sync
from .annotate import Record
from .column_types import convert
from .inputs import Block
from .schema import make_table

if TYPE_CHECKING:
    import pyarrow

PARQUET, JSONL = FORMATS = ("parquet", "jsonl")
#: Rows of a row group: what a reader has in memory.
_ROWS = 10_000


def write_part(
    path: Path,
    shard: Sequence[Block],
    records: Sequence[Record],
    id: str,
    types: Mapping[str, str],
    schema: Optional[pyarrow.Schema],
) -> None:
    """Write the results of a shard. The file appears when all of it is on the disk.

    path (Path): The file.
    shard (Sequence[Block]): The documents.
    records (Sequence[Record]): "spans", "n_tokens" and "error" of each.
    id (str): Column of the ids.
    types (Mapping[str, str]): Types of the kept columns, if they are lists.
    schema (Optional[pyarrow.Schema]): Schema of a Parquet file; None for JSON lines.
    """
    with atomic_file(path) as draft:
        if schema is None:
            _write_json(draft, shard, records, id)
        else:
            _write_parquet(draft, shard, records, id, types, schema)
        sync(draft)
    sync(path.parent, deep=False)


def _write_parquet(
    path: Path,
    shard: Sequence[Block],
    records: Sequence[Record],
    id: str,
    types: Mapping[str, str],
    schema: pyarrow.Schema,
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    tables, start = [], 0
    for block in shard:
        kept = {
            name: convert(values, types.get(name, ""))
            for name, values in block.kept.items()
        }
        own = records[start : start + len(block)]
        tables.append(make_table(schema, {**kept, id: _ids(block)}, own))
        start += len(block)
    table = pa.concat_tables(tables)
    parquet.write_table(table, path, row_group_size=_ROWS, compression="zstd")


def _write_json(
    path: Path, shard: Sequence[Block], records: Sequence[Record], id: str
) -> None:
    rest = iter(records)
    # Half a surrogate pair in a kept column becomes an escape, as JSON writes it.
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for block in shard:
            columns = {name: _plain(values) for name, values in block.kept.items()}
            columns = {id: _ids(block), **columns}
            for values in zip(*columns.values()):
                row: Dict[str, Any] = {**dict(zip(columns, values)), **next(rest)}
                line = json.dumps(row, ensure_ascii=False, default=str)
                file.write(f"{line}\n")


def _ids(block: Block) -> List[Any]:
    if block.ids is not None:
        return list(block.ids)
    return [block.place(row) for row in range(len(block))]


def _plain(values: Any) -> List[Any]:
    """RETURNS (List[Any]): The values of a column. JSON has no infinite numbers."""
    rows = values if isinstance(values, list) else values.to_pylist()
    return [
        None if isinstance(value, float) and not math.isfinite(value) else value
        for value in rows
    ]
