"""Files annotated by workers: results, shards, errors, and continuing a run."""

from __future__ import annotations

import errno
import json

import pytest
import spacy
from helpers import TEXTS
from scale_helpers import (
    make_ruler,
    numbered,
    read_results,
    texts_of,
    use_same_process,
    write_jsonl,
)

from spacy_globalpointer.benchmarking.processes import THREADS
from spacy_globalpointer.scale import annotate_files as module
from spacy_globalpointer.scale import parts
from spacy_globalpointer.scale.annotate import annotate
from spacy_globalpointer.scale.annotate_files import annotate_files
from spacy_globalpointer.scale.output_folder import LOCK, MANIFEST, OutputFolder
from spacy_globalpointer.scale.processes import AnnotatingProcess

SMALL = {"shard_size": 0.0005, "format": "jsonl"}


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "in.jsonl", numbered(60, day="mon"))


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def contents(folder):
    return {x.name: x.read_bytes() for x in folder.iterdir() if x.is_file()}


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_those_of_the_pipeline_in_order(
    asked, model, trained, source, output, workers
):
    summary = annotate_files(
        model, source, output, workers=workers, keep=["day"], **SMALL
    )
    expected = annotate(trained, numbered(60, day="mon"), keep=["day"])
    rows = read_results(output)
    for row, wanted in zip(rows, expected, strict=True):
        places = [{**span, "probability": 0} for span in wanted["spans"]]
        assert [{**span, "probability": 0} for span in row["spans"]] == places
        scores = [span["probability"] for span in wanted["spans"]]
        assert [x["probability"] for x in row["spans"]] == pytest.approx(scores)
        assert {**row, "spans": 0} == {**wanted, "spans": 0}
    assert (summary.documents, summary.annotated, summary.errors) == (60, 60, 0)
    assert summary.spans == sum(len(row["spans"]) for row in rows) > 60
    assert summary.tokens == sum(row["n_tokens"] for row in rows)
    assert summary.shards == len(list(output.glob("part-*"))) > 2
    assert [x for x, _ in asked].count("start") == workers


def test_parquet_has_one_schema_and_the_types_of_the_input(
    asked, model, source, output, tmp_path
):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"id": 1, "text": "nothing"}, {"id": 2, "text": TEXTS[0], "n": 2}]
    write_jsonl(source, rows)
    annotate_files(model, source, output, shard_size=1e-6, keep=["n"], head_text=True)
    first, second = (
        parquet.read_table(output / f"part-00000{i}.parquet") for i in (0, 1)
    )
    assert first.schema == second.schema
    assert [x.type for x in first.schema][:2] == [pa.int64(), pa.int64()]
    assert first["spans"].to_pylist() == [[]] and first["n"].to_pylist() == [None]
    heads = [span["head_text"] for span in second["spans"].to_pylist()[0]]
    assert heads[0] == "The Bank of Leith"

    day = pa.array([0, 1], pa.timestamp("ns"))
    table = pa.table({"id": pa.array([7, 9], pa.int32()), "text": TEXTS[:2]})
    parquet.write_table(table.append_column("day", day), tmp_path / "a.parquet")
    other = tmp_path / "other"
    annotate_files(model, tmp_path / "a.parquet", other, keep=["day"])
    table = parquet.read_table(other)
    assert table["day"].combine_chunks() == day
    assert table["id"].to_pylist() == [7, 9] and table.schema.names == [
        *("id", "day", "spans", "n_tokens", "error")
    ]
    assert parquet.read_table(output).num_rows == 2  # with the manifest next to it


def test_json_lines_work_without_pyarrow(asked, model, source, output, monkeypatch):
    monkeypatch.setattr(
        "spacy_globalpointer.scale.schema.importlib.util.find_spec", lambda _: None
    )
    with pytest.raises(ImportError, match=r"GP275.*\[parquet\].*--format jsonl"):
        annotate_files(model, source, output)
    assert not output.exists()
    annotate_files(model, source, output, **SMALL)
    assert len(read_results(output)) == 60


def test_requests_are_bounded_and_sorted_by_length(
    asked, model, source, output, monkeypatch
):
    monkeypatch.setattr(module, "_REQUEST", 200)
    novel = {"id": -1, "text": TEXTS[0] * 20, "day": "mon"}
    write_jsonl(source, [novel, *numbered(30, day="mon")])
    annotate_files(model, source, output, format="jsonl")
    requests = texts_of(asked)
    assert requests[-1] == [novel["text"]]
    assert all(sum(map(len, texts)) <= 200 for texts in requests[:-1])
    lengths = [len(text) for texts in requests for text in texts]
    assert lengths == sorted(lengths)
    rows = read_results(output)
    assert [row["id"] for row in rows] == [-1, *range(30)]


def test_texts_at_fault_get_rows_with_errors_and_are_not_sent(
    asked, model, source, output
):
    texts = [TEXTS[0], None, 5, "half \ud800", "x" * 10**8, TEXTS[1]]
    write_jsonl(source, [{"id": f"n{i}", "text": x} for i, x in enumerate(texts)])
    with pytest.warns(UserWarning, match=r"GPW053.*4 of 6 documents.*in.jsonl:2"):
        summary = annotate_files(model, source, output, format="jsonl")
    rows = read_results(output)
    codes = [(row["error"] or "")[:7] for row in rows]
    assert codes == ["", "[GP266]", "[GP266]", "[GP266]", "[GP267]", ""]
    assert [len(row["spans"]) for row in rows] == [4, 0, 0, 0, 0, 4]
    assert sum(len(x) for texts in texts_of(asked) for x in texts) < 200
    assert summary.errors == 4


def test_second_run_does_the_missing_shards_only(asked, model, source, output):
    annotate_files(model, source, output, **SMALL)
    before = contents(output)
    asked.clear()
    summary = annotate_files(model, source, output, **SMALL)
    assert asked == [] and summary.annotated == 0
    assert summary.shards_before == summary.shards == len(before) - 1
    (output / "part-000001.jsonl").unlink()
    draft = output / ".part-000001.jsonl.host.99.abc"
    draft.mkdir()
    (draft / "part-000001.jsonl").write_text("half")
    summary = annotate_files(model, source, output, **SMALL)
    assert contents(output) == before and not draft.exists()
    lines = before["part-000001.jsonl"].count(b"\n")
    assert summary.annotated == lines == sum(len(x) for x in texts_of(asked))


def other_text(source, model):
    write_jsonl(source, numbered(61, day="mon"))


def other_pipeline(source, model):
    config = model / "config.cfg"
    config.write_text(config.read_text().replace("threshold = 0.5", "threshold = 0.6"))


@pytest.mark.parametrize(
    "change,settings,what",
    [
        (other_text, {}, "input, digest: another content"),
        (other_pipeline, {}, "pipeline, digest: another content"),
        (None, {"keep": ["day"]}, r"settings, keep: \[\], now \['day'\]"),
        (None, {"head_text": True}, "settings, head_text: False, now True"),
        (None, {"max_chars": 9}, "settings, max_chars"),
        (None, {"shard_size": 0.0006}, "settings, shard_chars: 500, now 600"),
        (None, {"format": "parquet"}, "settings, format: 'jsonl', now 'parquet'"),
    ],
)
def test_results_of_another_run_raise_GP271_with_what_differs(
    asked, trained, source, output, tmp_path, change, settings, what
):
    model = tmp_path / "model"
    trained.to_disk(model)
    annotate_files(model, source, output, **SMALL)
    before = contents(output)
    if change is not None:
        change(source, model)
    with pytest.raises(ValueError, match=f"GP271.*{what}"):
        annotate_files(model, source, output, **{**SMALL, **settings})
    assert contents(output) == before


def test_other_schema_of_the_results_raises_GP271(
    asked, model, source, output, monkeypatch
):
    annotate_files(model, source, output, **SMALL)
    monkeypatch.setattr("spacy_globalpointer.scale.schema._SPAN", "start: int64")
    with pytest.raises(ValueError, match="GP271.*schema, spans"):
        annotate_files(model, source, output, **SMALL)


def test_folder_of_something_else_raises_GP272(asked, model, source, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("a")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / MANIFEST).write_text("{")
    (tmp_path / "newer").mkdir()
    newer = {"format": 99, "plan": {"shards": []}}
    (tmp_path / "newer" / MANIFEST).write_text(json.dumps(newer))
    for name, reason in (
        ("notes", "'a.txt'"),
        ("damaged", "damaged"),
        ("newer", "another version"),
        ("in.jsonl", "input"),
        ("model", "a file"),
    ):
        (tmp_path / "model").touch()
        with pytest.raises(ValueError, match=f"GP272.*{reason}"):
            annotate_files(model, source, tmp_path / name, **SMALL)
    with pytest.raises(ValueError, match="GP272.*would be read"):
        annotate_files(model, tmp_path, tmp_path / "out", **SMALL)


def test_two_runs_into_one_folder_raise_GP273(asked, model, source, output):
    with OutputFolder(output, ".jsonl").locked():
        assert (output / LOCK).exists()
        with pytest.raises(ValueError, match="GP273"):
            annotate_files(model, source, output, **SMALL)


def test_full_disk_keeps_finished_shards(asked, model, source, output, monkeypatch):
    write, numbers = parts._write_json, iter(range(2))

    def fail(*arguments):
        if next(numbers, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(parts, "_write_json", fail)
    with pytest.raises(OSError, match="No space left.*part-000002"):
        annotate_files(model, source, output, **SMALL)
    assert sorted(contents(output)) == [
        *(MANIFEST, "part-000000.jsonl", "part-000001.jsonl")
    ]
    assert [x for x in output.iterdir() if x.is_dir()] == []
    monkeypatch.setattr(parts, "_write_json", write)
    annotate_files(model, source, output, **SMALL)
    assert [row["id"] for row in read_results(output)] == list(range(60))


def test_worker_that_is_killed_once_is_started_again(
    monkeypatch, model, source, output
):
    kills = iter([False, True])
    asked = use_same_process(
        monkeypatch, lambda request, _: request == "annotate" and next(kills, False)
    )
    summary = annotate_files(model, source, output, **SMALL)
    assert summary.errors == 0 and len(read_results(output)) == 60
    assert [x for x, _ in asked].count("start") == 2


def test_text_that_kills_its_worker_twice_gets_GP269(
    monkeypatch, model, source, output
):
    rows = [*numbered(8), {"id": 8, "text": "a killer"}, *numbered(3)]
    write_jsonl(source, [{**row, "id": i} for i, row in enumerate(rows)])
    use_same_process(monkeypatch, lambda _, x: "a killer" in x.get("texts", ()))
    with pytest.warns(UserWarning, match="GPW053.*GP269"):
        summary = annotate_files(model, source, output, format="jsonl")
    rows = read_results(output)
    assert [row["id"] for row in rows if row["error"]] == [8]
    assert summary.errors == 1 and len(rows) == 12 and rows[9]["spans"]


def test_workers_that_are_killed_at_every_text_raise_GP274(
    monkeypatch, model, source, output
):
    use_same_process(monkeypatch, lambda _, x: "Leith" in str(x.get("texts")))
    rows = [{"id": i, "text": "Nothing ."} for i in range(60)]
    write_jsonl(
        source, [*rows, *({**row, "id": -1 - row["id"]} for row in numbered(9))]
    )
    with pytest.raises(ValueError, match=r"GP274.*shard 1 \(documents \d+ to 69"):
        annotate_files(model, source, output, **SMALL)
    assert "part-000000.jsonl" in contents(output)


def test_pipeline_that_cannot_be_used_is_an_error(asked, source, output, tmp_path):
    with pytest.raises(ValueError, match="GP244.*missing"):
        annotate_files(tmp_path / "missing", source, output, **SMALL)
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="GP270"):
        annotate_files(tmp_path / "blank", source, output, **SMALL)
    (tmp_path / "blank/config.cfg").write_text("[nlp]\n")
    with pytest.raises(ValueError, match="GP244"):
        annotate_files(tmp_path / "blank", source, tmp_path / "other", **SMALL)


def test_error_of_a_worker_has_a_code(asked, model, source, output, monkeypatch):
    def fail(*_):
        raise KeyError("a bug")

    monkeypatch.setattr("spacy_globalpointer.scale.worker.annotate_texts", fail)
    with pytest.raises(ValueError, match="GP259.*a bug"):
        annotate_files(model, source, output, **SMALL)


def test_warnings_of_workers_are_given_once(asked, model, source, output, monkeypatch):
    import warnings

    from spacy_globalpointer.scale import worker

    annotate_texts = worker.annotate_texts

    def warn(*arguments):
        warnings.warn("[GPW999] about a text", stacklevel=1)
        return annotate_texts(*arguments)

    monkeypatch.setattr(worker, "annotate_texts", warn)
    with pytest.warns(UserWarning, match="GPW999") as caught:
        annotate_files(model, source, output, **SMALL)
    assert len([x for x in caught if "GPW999" in str(x.message)]) == 1


def test_ctrl_c_finishes_begun_shards(asked, model, source, output, monkeypatch):
    join = module._Run._join

    def interrupt(self, futures):
        while not self.summary.annotated:
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr(module._Run, "_join", interrupt)
    with pytest.raises(KeyboardInterrupt):
        annotate_files(model, source, output, **SMALL)
    done = len(list(output.glob("part-*")))
    assert 1 <= done <= 3
    monkeypatch.setattr(module._Run, "_join", join)
    annotate_files(model, source, output, **SMALL)
    assert [row["id"] for row in read_results(output)] == list(range(60))


@pytest.mark.parametrize(
    "settings",
    [{"workers": 0}, {"threads": 0}, {"shard_size": 0}, {"format": "csv"}]
    + [{"shard_size": float("nan")}, {"shard_size": float("inf")}],
)
def test_invalid_numbers_and_formats_raise_GP257(model, source, output, settings):
    with pytest.raises(ValueError, match="GP257"):
        annotate_files(model, source, output, **settings)


def test_installed_package_is_identified_by_its_files(tmp_path, monkeypatch):
    package = tmp_path / "en_mine"
    package.mkdir()
    make_ruler(package / "en_mine-1.0.0")
    meta = {"lang": "en", "name": "mine", "version": "1.0.0"}
    (package / "meta.json").write_text(json.dumps(meta))
    monkeypatch.setattr(module, "get_package_path", lambda _: package)
    digest = module._identify("en_mine")
    assert digest == module._identify(str(package / "en_mine-1.0.0"))


def test_worker_process_gets_its_threads_and_no_parallel_tokenizers(monkeypatch):
    started = []

    def popen(command, **options):
        started.append((command, options["env"]))
        raise InterruptedError

    monkeypatch.setattr("subprocess.Popen", popen)
    with pytest.raises(InterruptedError):
        AnnotatingProcess("model", 3)
    [(command, environment)] = started
    assert command[1:] == ["-m", "spacy_globalpointer.scale.worker"]
    assert {environment[name] for name in THREADS} == {"3"}
    assert environment["TOKENIZERS_PARALLELISM"] == "false"


@pytest.mark.slow
def test_processes_of_their_own_annotate(tmp_path, source, output):
    ruler = make_ruler(tmp_path / "ruler")
    options = {"spans_key": "ruler", "workers": 2, "threads": 1, **SMALL}
    summary = annotate_files(ruler, source, output, **options)
    assert summary.spans == 45 and summary.errors == 0
    assert [row["id"] for row in read_results(output)] == list(range(60))
