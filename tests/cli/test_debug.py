"""`spacy global-pointer debug`."""

from __future__ import annotations

import pytest
from corpus_helpers import doc_with, save
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.types import LOST_GOLD


def debug(*args):
    return CliRunner().invoke(global_pointer_cli, ["debug", *map(str, args)])


def rows(result):
    return [tuple(line.split()) for line in result.output.splitlines()]


def said(result):
    """The output without line breaks."""
    return " ".join(result.output.split())


@pytest.fixture
def train(tmp_path):
    spans = [(0, 6, "ORG"), (1, 3, "GPE"), (2, 4, "GPE")]
    docs = [doc_with(list("abcdefgh"), spans), doc_with(["x"], key="other")]
    return save(tmp_path / "train.spacy", docs)


@pytest.fixture
def dev(tmp_path):
    doc = doc_with(["a", "\n", "b"], [(0, 2, "ORG")])
    doc.user_data[LOST_GOLD] = [[0, 1, "PER"]]
    return save(tmp_path / "dev.spacy", [doc])


def test_numbers_side_by_side(train, dev):
    result = debug(train, dev)
    assert result.exit_code == 0, result.output
    expected = [
        ("Data", "train", "dev"),
        ("Documents", "2", "1"),
        ("without", "the", "key", "1", "0"),
        ("Tokens", "9", "3"),
        ("Spans", "3", "1"),
        ("GPE", "2", "0"),
        ("ORG", "1", "1"),
        ("Gold", "lost", "in", "conversion", "0", "1"),
        ("Span", "length,", "50", "%", "(tokens)", "2", "2"),
        ("Longest", "span", "(tokens)", "6", "2"),
        ("Nesting", "depth", "2", "1"),
        ("Crossing", "pairs", "1", "0"),
        ("Whitespace", "at", "an", "edge", "0", "1"),
    ]
    assert set(rows(result)).issuperset(expected)


def test_notes(train, dev):
    found = said(debug(train, dev))
    assert "dev has no span with these labels: GPE" in found
    assert "train has no span" not in found
    assert "train: 1 document(s) lack doc.spans['sc']" in found
    assert "the scorer leaves them out" in found
    assert "dev: 1 span(s) begin or end with whitespace" in found
    assert "dev: 1 gold span(s) could not be aligned" in found


def test_losses_by_settings(train, dev):
    found = said(debug(train, dev, "--max-span-length", 2, "--overlap", "nested"))
    assert "train: 1 of 3 gold spans are longer than 2 tokens" in found
    assert "dev: 0 of 1 gold spans are longer than 2 tokens" in found
    assert "train: overlap = 'nested' must lose 1 of 3 gold spans" in found
    found = said(debug(train, "--overlap", "flat"))
    assert "train: overlap = 'flat' must lose 2 of 3 gold spans" in found
    assert "must lose" not in said(debug(train))


def test_files_of_one_name_are_told_apart(train, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    copy = other / train.name
    copy.write_bytes(train.read_bytes())
    found = debug(train, copy).output
    assert str(train) in found and str(copy) in found


def test_no_spans_under_the_key(train):
    result = debug(train, "--spans-key", "missing")
    assert result.exit_code == 1
    assert "GP119" in result.output
    assert "keys found: other, sc" in said(result)


def test_no_documents(tmp_path):
    result = debug(save(tmp_path / "x.spacy", []))
    assert result.exit_code == 1 and "GP120" in result.output


def test_damaged_file(tmp_path):
    (tmp_path / "x.spacy").write_bytes(b"junk")
    result = debug(tmp_path / "x.spacy")
    assert result.exit_code == 1 and "GP118" in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "options", [["--overlap", "some"], ["--max-span-length", 0], ["none.spacy"]]
)
def test_bad_options(train, options):
    assert debug(train, *options).exit_code == 2
