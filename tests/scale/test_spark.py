"""DataFrames of Spark. Tests that need Spark and a JVM are skipped without them."""

from __future__ import annotations

import shutil
import sys

import pytest
from helpers import TEXTS
from scale_helpers import make_ruler, numbered

from spacy_globalpointer.scale.spark import _annotate, annotate


def test_partition_reads_the_pipeline_once(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    import spacy

    loaded, load = [], spacy.load
    monkeypatch.setattr("spacy.load", lambda x: loaded.append(x) or load(x))
    ruler = str(make_ruler(tmp_path / "ruler"))
    frames = [pandas.DataFrame(numbered(4))] * 2
    for _ in range(2):
        results = list(_annotate(iter(frames), ruler, {"spans_key": "ruler"}))
    assert [[len(x) for x in frame["spans"]] for frame in results] == [[2, 1, 0, 0]] * 2
    assert loaded == [ruler]


def test_missing_spark_raises_GP275(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"GP275.*\[spark\]"):
        annotate(None, "model")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="there is no JVM")
def test_frame_is_annotated_with_its_ids_and_types(tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    ruler = str(make_ruler(tmp_path / "ruler"))
    builder = sql.SparkSession.builder.master("local[1]")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.createDataFrame(numbered(8, day="mon"))
        result = annotate(frame, ruler, keep=["day"], spans_key="ruler", head_text=True)
        assert result.columns == ["id", "day", "spans", "n_tokens", "error"]
        assert dict(result.dtypes)["id"] == "bigint"
        rows = {row["id"]: row for row in result.collect()}
        with pytest.raises(ValueError, match="GP258.*'nr'"):
            annotate(frame, ruler, id="nr")
    finally:
        spark.stop()
    assert set(rows) == set(range(8))
    assert [len(rows[i]["spans"]) for i in range(4)] == [
        text.count("Leith") for text in TEXTS
    ]
    assert rows[0]["spans"][0]["head_text"] == "Leith" and rows[0]["day"] == "mon"
