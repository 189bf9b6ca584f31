"""Datasets of Ray Data. Tests that need Ray are skipped without it."""

from __future__ import annotations

import pytest
from helpers import TEXTS
from scale_helpers import make_ruler, numbered

from spacy_globalpointer.scale.ray_data import Annotator, annotate


def test_actor_annotates_a_batch(tmp_path):
    pa = pytest.importorskip("pyarrow")
    ruler = str(make_ruler(tmp_path / "ruler"))
    actor = Annotator(ruler, {"spans_key": "ruler", "keep": ("day",)}, gpu=False)
    table = actor(pa.Table.from_pylist(numbered(4, day="mon")))
    assert [len(spans) for spans in table["spans"].to_pylist()] == [2, 1, 0, 0]
    assert table["day"].to_pylist() == ["mon"] * 4


def test_missing_ray_raises_GP275(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"GP275.*\[ray\]"):
        annotate(None, "model")


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    pytest.importorskip("ray.data", reason="Ray Data needs pyarrow and pandas")
    # With a checkpoint, Ray's filter takes a CPU, and reading another one.
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.slow
def test_dataset_is_annotated_and_a_rerun_skips_what_was_written(ray, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    ruler = str(make_ruler(tmp_path / "ruler"))
    settings = {"spans_key": "ruler", "batch_size": 10}
    out, notes = str(tmp_path / "out"), str(tmp_path / "notes")
    source = tmp_path / "in"
    source.mkdir()
    for part in (0, 20):  # as if the program had been killed after the first file
        table = pa.Table.from_pylist(numbered(40)[part : part + 20])
        parquet.write_table(table, source / f"{part}.parquet")
        dataset = ray.data.read_parquet(str(source))
        result = annotate(dataset, ruler, checkpoint=notes, **settings)
        result.context.checkpoint_config.delete_checkpoint_on_success = False
        result.write_parquet(out)
    rows = parquet.read_table(out).to_pylist()
    assert sorted(row["id"] for row in rows) == list(range(40))
    found = {row["id"]: len(row["spans"]) for row in rows}
    assert [found[i] for i in range(4)] == [x.count("Leith") for x in TEXTS]


@pytest.mark.slow
def test_dataset_without_ids_raises_GP258(ray):
    with pytest.raises(ValueError, match="GP258.*'id'"):
        annotate(ray.data.from_items([{"text": "a"}]), "model")
