"""`spacy global-pointer render`."""

from __future__ import annotations

import gzip
import os
import re
from html.parser import HTMLParser

import pytest
import spacy
from corpus_helpers import doc_with, save
from page_checks import PICTURE, CheckedPage
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli

WORDS = ["Mary", "<saw>", "Leith", ".", "She", "left", "Łódź", "."]


class Page(HTMLParser):
    """Titles of a page, and words of its documents."""

    def __init__(self, path):
        super().__init__()
        self.html = path.read_text("utf-8")
        self.words = []
        self.feed(self.html[self.html.index("<section") : self.html.index("<script")])

    def handle_data(self, data):
        self.words += data.split()

    @property
    def titles(self):
        return re.findall(r"<h2[^>]*>(.*?)</h2>", self.html)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "sc"})
    patterns = [("GPE", "Leith"), ("GPE", "Łódź"), ("PER", "Mary")]
    ruler.add_patterns([{"label": label, "pattern": text} for label, text in patterns])
    nlp.to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture
def data(tmp_path):
    docs = [doc_with(WORDS, [(4, 8, "GOLD")]), doc_with(["Leith"]), doc_with(["x"])]
    docs[0].user_data["title"] = "a & b"
    return save(tmp_path / "data.spacy", docs)


def render(*args):
    return CliRunner().invoke(global_pointer_cli, ["render", *map(str, args)])


def test_page_shows_predicted_spans(model, data, tmp_path):
    result = render(model, data, tmp_path / "new" / "page.html")
    assert result.exit_code == 0, result.output
    assert "Saved 3 texts" in result.output
    page = Page(tmp_path / "new" / "page.html")
    assert page.titles == ["a &amp; b", "Text 2", "Text 3"]
    assert page.words.count("GPE") == 3 and page.words.count("PER") == 1
    assert "GOLD" not in page.words and "Łódź" in page.words
    assert '<meta charset="utf-8"/>' in page.html
    assert os.listdir(tmp_path / "new") == ["page.html"]


def test_gold_option_marks_missed_and_spurious_spans(model, data, tmp_path):
    result = render(model, data, tmp_path / "page.html", "--gold", "--limit", 1)
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "page.html")
    assert page.titles == ["a &amp; b"]
    assert page.words.count("−GOLD") == 1 and page.words.count("+PER") == 1


def test_text_file_is_one_text(model, tmp_path):
    (tmp_path / "text.txt").write_text("Mary left\n\nŁódź .\n", encoding="utf-8")
    result = render(model, tmp_path / "text.txt", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "page.html")
    assert page.titles == ["text.txt"]
    assert [w for w in page.words if w in ("PER", "GPE")] == ["PER", "GPE"]


@pytest.mark.parametrize(
    "name,content", [("a.txt", "\ufeffMary left"), ("a.jsonl", '{"text": "Mary"}')]
)
def test_packed_texts_are_read(model, tmp_path, name, content):
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(content.encode()))
    result = render(model, path, tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "page.html")
    assert page.titles == [f"{name}.gz" if name == "a.txt" else f"{name}.gz:1"]
    assert "PER" in page.words and "\ufeff" not in page.html


def test_each_json_line_is_a_text(model, tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"text": "Mary left"}\n\n{"text": "Leith", "id": 3}\n{"text": "more"}\n'
    )
    result = render(model, tmp_path / "a.jsonl", tmp_path / "page.html", "--limit", 2)
    assert result.exit_code == 0, result.output
    page = Page(tmp_path / "page.html")
    assert page.titles == ["a.jsonl:1", "a.jsonl:3"]
    assert [w for w in page.words if w in ("PER", "GPE")] == ["PER", "GPE"]


@pytest.mark.parametrize("line", ["{", '["a"]', "{}", '{"text": 3}'])
def test_json_lines_without_text_are_reported(model, tmp_path, line):
    (tmp_path / "a.jsonl").write_text('{"text": "Leith"}\n' + line)
    result = render(model, tmp_path / "a.jsonl", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "[GP146] a.jsonl:2" in result.output


def test_folder_of_docs_is_read(model, data, tmp_path):
    (tmp_path / "all.spacy").mkdir()
    data.rename(tmp_path / "all.spacy" / "00000.spacy")
    result = render(model, tmp_path / "all.spacy", tmp_path / "page.html")
    assert result.exit_code == 0 and "Saved 3 texts" in result.output


def test_another_file_is_not_replaced(model, data, tmp_path):
    before = data.read_bytes()
    result = render(model, data, data)
    assert result.exit_code == 1 and "GP145" in result.output
    assert data.read_bytes() == before


def test_missing_spans_key_is_reported(model, data, tmp_path):
    result = render(model, data, tmp_path / "page.html", "--spans-key", "mine")
    assert result.exit_code == 0
    assert "no spans to show under doc.spans['mine']" in " ".join(result.output.split())
    assert "Leith" in Page(tmp_path / "page.html").words


def test_max_tokens_is_passed_on(model, data, tmp_path):
    options = ["--gold", "--limit", 1, "--max-tokens", 5]
    render(model, data, tmp_path / "page.html", *options)
    words = Page(tmp_path / "page.html").words
    assert words.count("Leith") == 1 and "She" not in words


def test_failure_leaves_the_old_page(model, data, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html>old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    result = render(model, data, page)
    assert result.exit_code == 1 and "disk full" in result.output
    assert page.read_text() == "<!doctype html>old"
    assert sorted(os.listdir(tmp_path)) == ["data.spacy", "page.html"]


@pytest.mark.parametrize(
    "name,options,message",
    [
        ("text.txt", ["--gold"], "GP121"),
        ("text.jsonl", ["--gold"], "GP121"),
        ("empty.jsonl", [], "GP120"),
        ("text.md", [], "GP122"),
        ("empty.spacy", [], "GP120"),
    ],
)
def test_invalid_data_is_reported(model, tmp_path, name, options, message):
    save(tmp_path / name, [])
    if name == "empty.jsonl":
        (tmp_path / name).write_text("\n")
    result = render(model, tmp_path / name, tmp_path / "page.html", *options)
    assert result.exit_code == 1 and message in result.output
    assert not (tmp_path / "page.html").exists()


def test_missing_pipeline_is_reported(data, tmp_path):
    result = render(tmp_path / "none", data, tmp_path / "page.html")
    assert result.exit_code == 1 and "E050" in result.output


def test_text_in_another_encoding_is_reported(model, tmp_path):
    (tmp_path / "text.txt").write_bytes("Łódź café".encode("cp1250"))
    result = render(model, tmp_path / "text.txt", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "GP103" in result.output
    assert not (tmp_path / "page.html").exists()


EVIL = '"><img src=x onerror=alert(1)>'


def test_labels_texts_and_names_are_data(tmp_path):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": EVIL})
    ruler.add_patterns([{"label": EVIL, "pattern": "Leith", "id": EVIL}])
    nlp.to_disk(tmp_path / "model")
    doc = doc_with(["Leith", "<script>"], [(0, 1, "<script>")], key=EVIL)
    doc.user_data["title"] = "<script>alert(1)</script>"
    save(tmp_path / "a.spacy", [doc])
    (tmp_path / "<img src=x>.txt").write_text("Leith <script>", "utf-8")
    for name, options in (("a.spacy", ["--gold"]), ("<img src=x>.txt", [])):
        output = tmp_path / "page.html"
        options = [*options, "--spans-key", EVIL]
        result = render(tmp_path / "model", tmp_path / name, output, *options)
        assert result.exit_code == 0, result.output
        page = CheckedPage(output.read_text("utf-8"), PICTURE)
        assert page.problems == []
        assert any(EVIL in text for text in page.texts["div"])
        assert EVIL in page.texts["b"]
    assert page.texts["h2"] == ["<img src=x>.txt"]
