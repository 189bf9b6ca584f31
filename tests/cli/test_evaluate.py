"""`spacy global-pointer evaluate`."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys

import pytest
import spacy
from corpus_helpers import save
from helpers import build, fit, make_examples
from spacy.tokens import Span
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    nlp = build()
    fit(nlp, make_examples(nlp))
    nlp.to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture
def data(tmp_path):
    docs = [example.reference for example in make_examples(build())]
    docs[0].spans["sc"] = [*docs[0].spans["sc"], Span(docs[0], 1, 2, "TERM")]
    return save(tmp_path / "test.spacy", docs)


OLD_PAGE = "<!DOCTYPE html>\n<html>old</html>"


def evaluate(*args):
    return CliRunner().invoke(global_pointer_cli, ["evaluate", *map(str, args)])


def test_report_and_numbers_are_written(model, data, tmp_path):
    page, numbers = tmp_path / "new" / "report.html", tmp_path / "new" / "metrics.json"
    result = evaluate(model, data, "--output", page, "--metrics", numbers)
    assert result.exit_code == 0, result.output
    rows = dict(re.findall(r"^(all|TERM) +(.+?)\s*$", result.output, re.M))
    assert rows["all"].split() == ["100.00", "88.89", "94.12"]
    assert rows["TERM"].split() == ["–", "0.00", "0.00"]
    assert "–: not defined" in result.output
    metrics = json.loads(numbers.read_text("utf-8"))
    assert metrics["all"]["right"] == 8 and metrics["all"]["missed"] == 1
    html = page.read_text("utf-8")
    assert "<h1>en_pipeline on test.spacy</h1>" in html and "94.1" in html
    assert sorted(os.listdir(tmp_path / "new")) == ["metrics.json", "report.html"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are utf-8 there")
def test_names_in_other_encodings_are_escaped(model, data, tmp_path):
    copy = shutil.copy(data, tmp_path / "caf\udce9.spacy")
    result = evaluate(
        model, copy, "-o", tmp_path / "\udce9.html", "-m", tmp_path / "\udce9.json"
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "\udce9.json").read_text("utf-8"))
    assert metrics["settings"]["data"] == "caf\\udce9.spacy"


def test_two_runs_write_the_same_bytes(model, data, tmp_path):
    for name in ("a", "b"):
        evaluate(model, data, "--output", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_options_title_and_documents_take_effect(model, data, tmp_path):
    page = tmp_path / "report.html"
    evaluate(model, data, "-o", page, "--title", "A & B", "--worst", 0)
    html = page.read_text("utf-8")
    assert "<h1>A &amp; B</h1>" in html and "Worst documents" not in html


def test_documents_without_annotation_are_reported(model, tmp_path):
    docs = [example.reference for example in make_examples(build())]
    docs[3].spans.pop("sc")
    path = save(tmp_path / "test.spacy", docs)
    result = evaluate(model, path, "-o", tmp_path / "report.html")
    assert result.exit_code == 0 and "GPW014" in result.output


def test_components_after_the_evaluated_one_are_named(model, data, tmp_path):
    nlp = spacy.load(model)
    nlp.add_pipe("sentencizer", name="before", first=True)
    page, behind = tmp_path / "report.html", "were not run: behind."
    nlp.add_pipe("doc_cleaner")  # changes no spans
    nlp.to_disk(tmp_path / "model")
    assert "not run" not in evaluate(tmp_path / "model", data, "-o", page).output
    nlp.add_pipe("sentencizer", name="behind")
    nlp.to_disk(tmp_path / "model")
    result = evaluate(tmp_path / "model", data, "-o", page)
    assert result.exit_code == 0 and behind in " ".join(result.output.split())


def test_failure_leaves_the_old_report(model, data, tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    page.write_text(OLD_PAGE)

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    result = evaluate(model, data, "-o", page)
    assert result.exit_code == 1 and "disk full" in result.output
    assert page.read_text() == OLD_PAGE
    assert sorted(os.listdir(tmp_path)) == ["report.html", "test.spacy"]


def test_a_report_is_replaced(model, data, tmp_path):
    options = ["-o", tmp_path / "report.html", "-m", tmp_path / "metrics.json"]
    first = evaluate(model, data, *options)
    (tmp_path / "report.html").write_text(OLD_PAGE)
    again = evaluate(model, data, *options)
    assert (first.exit_code, again.exit_code) == (0, 0), again.output
    assert (tmp_path / "report.html").read_text("utf-8") != OLD_PAGE


@pytest.mark.parametrize(
    "option,content",
    [
        ("--output", "my notes"),
        ("--output", '{"all": 1}'),
        ("--metrics", "my notes"),
        ("--metrics", "[1]"),
        ("--metrics", '{"my": "settings"}'),
    ],
)
def test_another_file_is_not_replaced(model, data, tmp_path, option, content):
    (tmp_path / "mine").write_text(content)
    result = evaluate(model, data, "-o", tmp_path / "x.html", option, tmp_path / "mine")
    assert result.exit_code == 1 and "GP145" in result.output
    assert (tmp_path / "mine").read_text() == content
    assert not (tmp_path / "x.html").exists()


def test_ctrl_c_prints_a_message(model, data, tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_globalpointer.evaluation.evaluate.evaluate", stop)
    result = evaluate(model, data, "-o", tmp_path / "report.html")
    assert result.exit_code == 130
    assert "Stopped by Ctrl-C: nothing was written or changed" in result.output


def test_missing_pipeline_is_reported(data, tmp_path):
    (tmp_path / "folder").mkdir()
    for path, code in [
        (tmp_path / "folder", "GP141"),
        (data, "GP141"),
        ("none", "E050"),
    ]:
        result = evaluate(path, data, "-o", tmp_path / "report.html")
        assert result.exit_code == 1 and code in result.output
    assert not (tmp_path / "report.html").exists()


def test_unknown_component_is_reported(model, data, tmp_path):
    page = tmp_path / "report.html"
    result = evaluate(model, data, "-o", page, "--component", "ner")
    assert result.exit_code == 1 and "GP130" in result.output and not page.exists()


def test_corpus_without_gold_is_reported(model, tmp_path):
    path = save(tmp_path / "test.spacy", [build().make_doc("Leith")])
    result = evaluate(model, path, "-o", tmp_path / "report.html")
    assert result.exit_code == 1 and "GP140" in result.output
