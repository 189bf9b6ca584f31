"""`spacy global-pointer annotate`."""

from __future__ import annotations

import pytest
import scale_helpers
from scale_helpers import make_ruler, numbered, read_results, write_jsonl
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.scale import annotate_files as module


@pytest.fixture
def place(tmp_path, monkeypatch):
    scale_helpers.use_same_process(monkeypatch)
    monkeypatch.chdir(tmp_path)
    make_ruler(tmp_path / "model")
    write_jsonl(tmp_path / "in.jsonl", numbered(8, day="mon"))
    return tmp_path


def run(options, status=0):
    command = "annotate model in.jsonl out -f jsonl -sk ruler " + options
    result = CliRunner().invoke(global_pointer_cli, command.split())
    assert result.exit_code == status, result.output
    return " ".join(result.output.split())


def test_rows_have_ids_columns_and_spans(place):
    output = run("--keep day --head-text --workers 2 --threads 1")
    assert "Found 6 spans in 8 documents of 8" in output
    rows = read_results(place / "out")
    assert [row["id"] for row in rows] == list(range(8))
    assert rows[0]["day"] == "mon"
    assert rows[0]["spans"][0] == {
        **{"start": 12, "end": 17, "label": "PLACE", "probability": None},
        "head_text": "Leith",
    }


def test_second_run_says_what_was_there(place):
    run("")
    output = run("")
    assert "1 shard was there already, of 1" in output
    assert "Found 0 spans in 0 documents of 8" in output


def test_other_settings_are_refused_by_name(place):
    run("")
    assert "[GP271]" in run("--keep day", status=1)


def test_ctrl_c_says_how_to_continue(place, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module._Run, "_join", interrupt)
    assert "run the same command again" in run("", status=130)
