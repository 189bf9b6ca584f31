"""Columns of a result and their types, of Parquet files and of frames."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from ..corpus.formats.files import SourceFile
from ..corpus.formats.parquet import parquet_file
from ..errors import Errors
from . import column_types
from .annotate import Record
from .inputs import check_columns
from .settings import ERROR, N_TOKENS, SPANS

if TYPE_CHECKING:
    import pyarrow

_SPAN = "start: int32, end: int32, label: string, probability: float"


def require(module: str, what: str, extra: str, otherwise: str = "") -> None:
    """Check that a library is installed.

    module (str): Its module.
    what (str): What needs it, for the message.
    extra (str): The extra of this package that installs it.
    otherwise (str): What else the user can do.
    RAISES (ImportError): GP275 if it is not.
    """
    if importlib.util.find_spec(module) is None:
        fields = {"what": what, "module": module, "extra": extra}
        raise ImportError(Errors.GP275.format(**fields, otherwise=otherwise))


def column_names(
    id: str, id_type: str, kept: Mapping[str, str], head_text: bool
) -> Dict[str, str]:
    """Describe the columns of a result, also without pyarrow.

    id (str): Column of the ids.
    id_type (str): Their type.
    kept (Mapping[str, str]): Types of the kept columns.
    head_text (bool): As in `Settings`.
    RETURNS (Dict[str, str]): The types by the columns' names.
    """
    span = _SPAN + ", head_text: string" * head_text
    own = {SPANS: f"list<{span}>", N_TOKENS: "int32", ERROR: column_types.STRING}
    return {id: id_type, **kept, **own}


def make_schema(
    id: pyarrow.Field, kept: Sequence[pyarrow.Field], head_text: bool
) -> pyarrow.Schema:
    """Make the schema of a result.

    id (pyarrow.Field): The column of the ids.
    kept (Sequence[pyarrow.Field]): The kept columns.
    head_text (bool): As in `Settings`.
    RETURNS (pyarrow.Schema): The schema. It does not depend on the results, so all
        parts have the same one.
    """
    import pyarrow as pa

    span = [("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]
    span += [("probability", pa.float32()), *[("head_text", pa.string())] * head_text]
    own = [(SPANS, pa.list_(pa.struct(span))), (N_TOKENS, pa.int32())]
    return pa.schema(
        [id, *(x for x in kept if x.name != id.name), *own, (ERROR, pa.string())]
    )


def make_table(
    schema: pyarrow.Schema, columns: Mapping[str, Any], records: Sequence[Record]
) -> pyarrow.Table:
    """Make a table of results.

    schema (pyarrow.Schema): Its schema.
    columns (Mapping[str, Any]): The ids and the kept columns.
    records (Sequence[Record]): "spans", "n_tokens" and "error" of each document.
    RETURNS (pyarrow.Table): The table.
    """
    import pyarrow as pa

    arrays = []
    for wish in schema:
        if wish.name in columns:
            values = columns[wish.name]
        else:
            values = [record[wish.name] for record in records]
        is_arrow = isinstance(values, (pa.Array, pa.ChunkedArray))
        array = values.cast(wish.type) if is_arrow else pa.array(values, wish.type)
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema)


def kept_fields(types: Mapping[str, str]) -> List[pyarrow.Field]:
    """RETURNS (List[pyarrow.Field]): Columns that `ColumnType` described.

    types (Mapping[str, str]): Their types by name.
    """
    import pyarrow as pa

    as_text = {column_types.JSON: column_types.STRING}
    kinds = {column_types.DOUBLE: pa.float64(), column_types.BOOL: pa.bool_()}
    return [
        pa.field(name, kinds.get(kind) or getattr(pa, as_text.get(kind, kind))())
        for name, kind in types.items()
    ]


def parquet_fields(
    files: Sequence[SourceFile], names: Sequence[Optional[str]]
) -> List[pyarrow.Field]:
    """Find the fields of columns that all files have with the same type.

    files (Sequence[SourceFile]): The files.
    names (Sequence[Optional[str]]): Names of the columns; None is left out.
    RETURNS (List[pyarrow.Field]): The fields.
    RAISES (ValueError): GP258 for a column that a file does not have, GP263 for another
        type than in the first file.
    """
    found: Dict[str, pyarrow.Field] = {}
    for file in files:
        schema = parquet_file(file).schema_arrow
        wanted = [name for name in names if name is not None]
        check_columns(wanted, schema.names, file.name)
        for name in wanted:
            field = schema.field(name)
            first = found.setdefault(name, field)
            if field.type != first.type:
                fields = {"file": file.name, "first": files[0].name, "name": name}
                fields |= {"found": str(field.type), "known": str(first.type)}
                raise ValueError(Errors.GP263.format(**fields))
    return [field.with_nullable(True).remove_metadata() for field in found.values()]
