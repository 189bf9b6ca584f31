"""Records of a Parquet file, which needs pyarrow."""

from __future__ import annotations

import importlib.util
import zlib
from typing import Any, Callable, Dict, Iterator, Tuple

from ...errors import Errors
from ...machine_faults import is_shortage
from ..annotations import Source
from .class_names import parse_features
from .files import SourceFile, open_binary

_KEY = b"huggingface"
_BATCH = 1000


def open_parquet(
    file: SourceFile, is_wanted: Callable[[str], bool]
) -> Tuple[Dict[str, Any], Iterator[Tuple[Source, Dict[str, Any]]]]:
    """Open a Parquet file.

    file (SourceFile): The file.
    is_wanted (Callable[[str], bool]): Whether to read a column, by its name.
    RETURNS (Tuple[Dict[str, Any], Iterator[Tuple[Source, Dict[str, Any]]]]): The
        features that `datasets` describes in the schema, and the rows, each with its
        number from 1, in the memory of one batch of 1,000.
    RAISES (ValueError): GP169 for a damaged file, GP170 if pyarrow is missing.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ValueError(Errors.GP170.format(file=file.path))
    import pyarrow
    from pyarrow.parquet import ParquetFile

    damage = (
        *(pyarrow.ArrowException, OSError, EOFError),
        *(zlib.error, UnicodeDecodeError),
    )
    stream = open_binary(file)
    try:
        parquet = ParquetFile(stream)
    except damage as err:
        if is_shortage(err):
            raise
        raise ValueError(Errors.GP169.format(file=file.path, reason=err)) from err
    schema = parquet.schema_arrow
    features = (schema.metadata or {}).get(_KEY, b"").decode("utf-8", "replace")
    known = [column for column in schema.names if is_wanted(column)]

    def read_rows() -> Iterator[Tuple[Source, Dict[str, Any]]]:
        number = 0
        try:
            for batch in parquet.iter_batches(_BATCH, columns=known):
                for record in batch.to_pylist():
                    number += 1
                    yield Source(file.name, number), record
        except damage as err:
            if is_shortage(err):
                raise
            raise ValueError(Errors.GP169.format(file=file.path, reason=err)) from err

    return parse_features(features), read_rows()
