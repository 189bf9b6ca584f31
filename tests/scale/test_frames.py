"""Frames of pandas and polars, and tables of Arrow."""

from __future__ import annotations

import pytest
from helpers import TEXTS

from spacy_globalpointer.scale.frames import annotate_frame, annotate_table
from spacy_globalpointer.scale.settings import Settings

COLUMNS = {"id": [7, 3, 5], "text": [TEXTS[0], None, TEXTS[1]], "day": ["a", "b", "c"]}


def check(rows):
    assert [(row["id"], row["day"]) for row in rows] == [(7, "a"), (3, "b"), (5, "c")]
    assert [len(row["spans"]) for row in rows] == [4, 0, 4]
    assert rows[0]["spans"][1]["label"] == "PLACE"
    assert rows[1]["error"].startswith("[GP266]")
    assert not isinstance(rows[2]["error"], str)  # None, or what pandas has instead


def test_arrow_keeps_types_and_has_a_schema_also_without_spans(trained):
    pa = pytest.importorskip("pyarrow")
    table = pa.table({**COLUMNS, "id": pa.array([7, 3, 5], pa.int16())})
    result = annotate_table(trained, table, Settings(keep=["day"]))
    check(result.to_pylist())
    assert result.schema.field("id").type == pa.int16()
    empty = annotate_table(trained, table.slice(0, 0), Settings(keep=["day"]))
    assert empty.schema == result.schema and len(empty) == 0
    with pytest.raises(ValueError, match="GP258.*'body'"):
        annotate_table(trained, table, Settings(text="body"))


def test_pandas_frame_gives_a_pandas_frame_with_the_same_index(trained):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(COLUMNS, index=["x", "y", "z"])
    result = annotate_frame(trained, frame, keep=["day"])
    assert list(result.index) == ["x", "y", "z"] and result["id"].dtype == "int64"
    check(result.to_dict("records"))
    odd = frame.assign(odd=[1, "b", object()])  # no type of Arrow
    check(annotate_frame(trained, odd, keep=["day"]).to_dict("records"))
    numbered = annotate_frame(trained, frame[["text"]])
    assert list(numbered["id"]) == [0, 1, 2]


def test_polars_frame_gives_a_polars_frame(trained):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    result = annotate_frame(trained, polars.DataFrame(COLUMNS), keep=["day"])
    assert isinstance(result, polars.DataFrame) and result["id"].dtype == polars.Int64
    check(result.to_dicts())


def test_other_frames_raise_GP257(trained):
    pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="GP257.*list.*pandas or polars"):
        annotate_frame(trained, [])


def test_missing_pyarrow_raises_GP275(trained, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"GP275.*\[parquet\]"):
        annotate_frame(trained, None)
