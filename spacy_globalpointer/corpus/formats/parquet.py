"""Records of a Parquet file, which needs pyarrow."""

from __future__ import annotations

import importlib.util
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Sequence, Tuple

from ...errors import Errors
from ...machine_faults import is_shortage
from ..annotations import Source
from .class_names import parse_features
from .files import SourceFile, open_binary

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

_KEY = b"huggingface"
#: Highest number of rows, and approximate number of bytes, to have in memory.
_ROWS, _BYTES = 1000, 2**24


def open_parquet(
    file: SourceFile, is_wanted: Callable[[str], bool]
) -> Tuple[Dict[str, Any], Iterator[Tuple[Source, Dict[str, Any]]]]:
    """Open a Parquet file.

    file (SourceFile): The file.
    is_wanted (Callable[[str], bool]): Whether to read a column, by its name.
    RETURNS (Tuple[Dict[str, Any], Iterator[Tuple[Source, Dict[str, Any]]]]): The
        features that `datasets` describes in the schema, and the rows, each with its
        number from 1, in the memory of one batch.
    RAISES (ValueError): GP169 for a damaged file, GP170 if pyarrow is missing.
    """
    parquet = parquet_file(file)
    schema = parquet.schema_arrow
    features = (schema.metadata or {}).get(_KEY, b"").decode("utf-8", "replace")
    known = [column for column in schema.names if is_wanted(column)]

    def read_rows() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        number = 0
        for batch in read_batches(file, parquet, known):
            with reported_damage(file):
                records: List[Dict[str, Any]] = batch.to_pylist()
            for record in records:
                number += 1
                yield Source(file.name, number), record

    return parse_features(features), read_rows()


def parquet_file(file: SourceFile) -> ParquetFile:
    """Open a Parquet file, to read its schema and batches.

    file (SourceFile): The file.
    RETURNS (ParquetFile): The file, of which only the footer was read.
    RAISES (ValueError): GP169 for a damaged file, GP170 if pyarrow is missing.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ValueError(Errors.GP170.format(file=file.path))
    from pyarrow.parquet import ParquetFile

    stream = open_binary(file)
    with reported_damage(file):
        return ParquetFile(stream)


def read_batches(
    file: SourceFile, parquet: ParquetFile, columns: Sequence[str]
) -> Iterator[RecordBatch]:
    """Read rows in batches: 1,000 rows, or fewer if they are large.

    file (SourceFile): The file, for messages.
    parquet (ParquetFile): The same file, opened.
    columns (Sequence[str]): Names of the columns to read.
    YIELDS (RecordBatch): The rows.
    RAISES (ValueError): GP169 for a damaged file.
    """
    for group in range(parquet.num_row_groups):
        with reported_damage(file):
            about = parquet.metadata.row_group(group)
            rows = _BYTES * about.num_rows // max(about.total_byte_size, 1)
            size = min(max(rows, 1), _ROWS)
            batches = parquet.iter_batches(size, row_groups=[group], columns=columns)
        while True:
            with reported_damage(file):
                batch = next(batches, None)
            if batch is None:
                break
            yield batch


@contextmanager
def reported_damage(file: SourceFile) -> Iterator[None]:
    """Report errors of pyarrow as damage of a file.

    file (SourceFile): The file.
    RAISES (ValueError): GP169 for such an error.
    """
    import pyarrow

    try:
        yield
    except (
        *(pyarrow.ArrowException, OSError, EOFError),
        *(zlib.error, UnicodeDecodeError),
    ) as err:
        if is_shortage(err):
            raise
        raise ValueError(Errors.GP169.format(file=file.path, reason=err)) from err
