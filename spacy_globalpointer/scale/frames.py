"""Annotate a frame of pandas or polars, or a table of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, TypeVar, Union, cast

from spacy.language import Language

from ..errors import Errors
from .annotate import annotate_texts, find_spans_key
from .inputs import check_columns
from .schema import make_schema, make_table, require
from .settings import ID, Settings

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    Frame = TypeVar("Frame", bound=Union[pandas.DataFrame, polars.DataFrame])


def annotate_frame(nlp: Language, frame: Frame, **settings: Any) -> Frame:
    """Annotate the documents of a frame.

    nlp (Language): The pipeline. It does not change.
    frame (Frame): A frame of pandas or polars, with a column of texts.
    **settings: Fields of `Settings`.
    RETURNS (Frame): A frame of the same library with a row for each document, in order:
        the ids (numbers from 0 without a column of ids), the kept columns, "spans",
        "n_tokens" and "error". One of pandas has the same index.
    RAISES (ImportError): GP275 if pyarrow is missing.
    RAISES (ValueError): GP257 for invalid settings or another kind of frame; what
        `annotate_table` raises.
    """
    require("pyarrow", "A frame", "parquet")
    import pyarrow as pa

    own, given = Settings(**settings), cast(Any, frame)
    library = type(frame).__module__.partition(".")[0]
    if library in ("pandas", "polars"):  # columns that nobody needs may not fit Arrow
        wanted = [own.text, *([] if own.id is None else [own.id]), *own.keep]
        check_columns(wanted, list(given.columns), "The frame")
        given = given[[x for x in given.columns if x in {*wanted, own.id or ID}]]
    if library == "pandas":
        table = pa.Table.from_pandas(given, preserve_index=False)
        result: Any = annotate_table(nlp, table, own).to_pandas()
        result.index = given.index
        return cast("Frame", result)
    if library == "polars":
        import polars

        result = polars.from_arrow(annotate_table(nlp, given.to_arrow(), own))
        return cast("Frame", result)
    fields = {"name": "frame", "value": type(frame)}
    rule = "a frame of pandas or polars"
    raise ValueError(Errors.GP257.format(**fields, rule=rule))


def annotate_table(
    nlp: Language, table: pyarrow.Table, settings: Settings
) -> pyarrow.Table:
    """Annotate the documents of an Arrow table. Ids and kept columns keep their types.

    nlp (Language): The pipeline. It does not change.
    table (pyarrow.Table): The documents.
    settings (Settings): The settings.
    RETURNS (pyarrow.Table): The results, whose schema depends only on that of the
        documents and the settings.
    RAISES (ValueError): GP258 for a column that does not exist, GP270 if the key of the
        spans is not known.
    """
    import pyarrow as pa

    find_spans_key(nlp, settings)
    names = table.column_names
    given = settings.id or (ID if ID in names else None)
    wanted = [settings.text, *([] if given is None else [given]), *settings.keep]
    check_columns(wanted, names, "The table")
    id = pa.field(ID, pa.int64()) if given is None else table.schema.field(given)
    kept = [table.schema.field(name) for name in settings.keep]
    schema = make_schema(id, kept, settings.head_text)
    columns: Dict[str, Any] = {name: table[name] for name in settings.keep}
    columns[id.name] = range(len(table)) if given is None else table[given]
    records = annotate_texts(nlp, table[settings.text].to_pylist(), settings)
    return make_table(schema, columns, records)
