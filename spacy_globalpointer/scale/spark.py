"""Annotate a DataFrame of Spark."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Dict, Iterator

import spacy
from spacy.language import Language

from .frames import annotate_frame
from .inputs import check_columns
from .schema import require
from .settings import ERROR, ID, N_TOKENS, SPANS, Settings

if TYPE_CHECKING:
    import pandas
    from pyspark.sql import DataFrame

_SPAN = "start: int, end: int, label: string, probability: float"


def annotate(frame: DataFrame, pipeline: str, **settings: Any) -> DataFrame:
    """Annotate a DataFrame lazily, with `mapInPandas`.

    Each Python process of Spark reads the pipeline from the disk once. Set
    `spark.executorEnv.OMP_NUM_THREADS` to the cores of a task: Spark does not.

    frame (DataFrame): The documents, with a column of unique ids.
    pipeline (str): Folder of the pipeline, which all executors can read, or name of a
        package that all of them have.
    **settings: Fields of `Settings`.
    RETURNS (DataFrame): The ids, the kept columns, "spans", "n_tokens" and "error" of
        each document.
    RAISES (ImportError): GP275 if pyspark is missing.
    RAISES (ValueError): GP257 for invalid settings; GP258 for a missing column.
    """
    require("pyspark", "Spark", "spark")
    from pyspark.sql.types import StructType

    own = Settings(**settings)
    names = [own.id or ID, *own.keep]
    check_columns([own.text, *names], frame.columns, "The DataFrame")
    span = _SPAN + ", head_text: string" * own.head_text
    rest = f"{SPANS} array<struct<{span}>>, {N_TOKENS} int, {ERROR} string"
    schema = StructType([frame.schema[name] for name in dict.fromkeys(names)])
    results: Any = StructType.fromDDL(rest)
    for field in results:
        schema = schema.add(field)
    columns = dict.fromkeys([*names, own.text])
    work = partial(_annotate, pipeline=str(pipeline), settings=vars(own))
    return frame.select(*columns).mapInPandas(work, schema)


def _annotate(
    frames: Iterator[pandas.DataFrame], pipeline: str, settings: Dict[str, Any]
) -> Iterator[pandas.DataFrame]:
    """Annotate the frames of a partition, in an executor."""
    nlp = _load(pipeline)
    for frame in frames:
        with nlp.memory_zone():  # so that the words of all texts are not kept
            result = annotate_frame(nlp, frame, **settings)
        yield result


@lru_cache(maxsize=1)
def _load(pipeline: str) -> Language:
    return spacy.load(pipeline)
