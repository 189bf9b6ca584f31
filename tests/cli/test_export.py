"""`spacy global-pointer export`."""

from __future__ import annotations

import gzip
import json

import pytest
from corpus_helpers import doc_with, read_jsonl, save
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.types import LOST_GOLD


def export(*args):
    return CliRunner().invoke(global_pointer_cli, ["export", *map(str, args)])


@pytest.fixture
def docs(tmp_path):
    doc = doc_with(["Leith", "Bank"], [(0, 1, "GPE"), (0, 2, "ORG")])
    doc.spans["sc"].attrs["scores"] = [0.9, 0.4]
    return save(tmp_path / "docs.spacy", [doc, doc_with(["Mary"], [(0, 1, "ORG")])])


def test_counts_are_printed(docs, tmp_path):
    options = ["--format", "brat", "--min-score", "0.5"]
    result = export(docs, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    rows = [" ".join(line.split()) for line in result.output.splitlines()]
    for row in ("Documents 2", "Spans 2", "GPE 1", "ORG 1", "Left out: lower score 1"):
        assert row in rows
    assert "Saved 2 documents as brat to" in result.output
    assert (tmp_path / "out" / "docs_1.ann").read_text() == "T1\tGPE 0 5\tLeith\n"


def test_all_options_take_effect(tmp_path):
    doc = doc_with(["a", "b"])
    doc.ents = [doc.char_span(2, 3, label="Y")]
    del doc.spans["sc"]
    docs, out = save(tmp_path / "a.spacy", [doc]), tmp_path / "out.jsonl.gz"
    options = ["-f", "spacy-json", "-k", "mine", "--ents", "-o", "spans_key=theirs"]
    assert export(docs, out, *options).exit_code == 0
    again = export(docs, out, *options)
    assert again.exit_code == 1 and "GP182" in again.output
    assert export(docs, out, *options, "--force").exit_code == 0
    record = json.loads(gzip.decompress(out.read_bytes()))
    assert [span["label"] for span in record["spans"]["theirs"]] == ["Y"]


@pytest.mark.parametrize(
    "format,cut", [("conll", True), ("hf-tokens", True), ("jsonl", False)]
)
def test_gold_within_tokens_is_counted_where_tokens_are_cut(tmp_path, format, cut):
    doc = doc_with(["Leith", "Bank"], [(0, 1, "GPE")])
    doc.user_data[LOST_GOLD] = [[0, 2, "A"], [6, 10, "B"], [2, 8, "C"]]
    docs = save(tmp_path / "a.spacy", [doc])
    result = export(docs, tmp_path / "out", "--format", format)
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert ("Within a token 2" in told) == cut
    assert ("2 spans begin or end within a token. " in told) == cut


@pytest.mark.parametrize(
    "options,message",
    [
        (["--format", "none"], "GP163"),
        (["--format", "spacy"], "GP168"),
        (["--format", "jsonl", "--option", "x"], "GP188"),
        (["--format", "jsonl", "--option", "x=1"], "GP166"),
        (["--format", "jsonl", "--min-score", "2"], "GP184"),
        (["--format", "jsonl", "--spans-key", "mine"], "GP180"),
    ],
)
def test_errors_are_printed_without_traceback(docs, tmp_path, options, message):
    result = export(docs, tmp_path / "out", *options)
    assert result.exit_code == 1
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "out").exists()


def test_damaged_file_is_reported(tmp_path):
    (tmp_path / "a.spacy").write_bytes(b"no")
    result = export(tmp_path / "a.spacy", tmp_path / "out", "--format", "jsonl")
    assert result.exit_code == 1 and "GP118" in result.output


def test_exported_files_can_be_converted(docs, tmp_path):
    out = tmp_path / "out.jsonl"
    assert export(docs, out, "--format", "jsonl").exit_code == 0
    back = tmp_path / "back"
    arguments = ["convert", str(out), str(back), "--format", "jsonl"]
    assert CliRunner().invoke(global_pointer_cli, arguments).exit_code == 0
    options = ["--format", "jsonl", "--spans-key", "sc"]
    assert export(back / "all.spacy", tmp_path / "again.jsonl", *options).exit_code == 0
    first, second = read_jsonl(out), read_jsonl(tmp_path / "again.jsonl")
    assert [(r["id"], r["text"]) for r in first] == [
        (r["id"], r["text"]) for r in second
    ]
    for one, two in zip(first, second):
        assert one["spans"] == two["spans"]
