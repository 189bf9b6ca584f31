"""Every format's file is told by its look, and taken for no other format."""

from __future__ import annotations

import gzip

import pytest
from format_samples import SAMPLES, as_text

from spacy_globalpointer.corpus.formats.registry import (
    FORMATS,
    detect_format,
    read_documents,
)


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_each_sample_is_told(tmp_path, name, file, content):
    path = tmp_path / file
    path.write_text(as_text(content), encoding="utf-8")
    assert detect_format(path).name == name
    assert detect_format(tmp_path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_packed_and_with_a_byte_order_mark(tmp_path, name, file, content):
    path = tmp_path / f"{file}.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + as_text(content).encode("utf-8")))
    assert detect_format(path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_no_other_format_but_the_plain_one_would_take_it(tmp_path, name, file, content):
    takers = {
        format.name
        for format in FORMATS.values()
        if format.looks_like(tmp_path / file, as_text(content))
    }
    assert name in takers and takers <= {name, "jsonl"}


@pytest.mark.parametrize(
    "content", ["", "Ann of Leith\n", "{}", "[]", "[1]", '"a"', "{"]
)
def test_what_is_of_no_format(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path / "a.json")


LATIN = '{"id": "a", "text": "Café"}\n'.encode("latin-1")
WHOLE = gzip.compress(b'{"text": "a"}\n' * 99)


@pytest.mark.parametrize(
    "name,data,message",
    [
        ("a.jsonl", LATIN, "GP103.*a.jsonl is not utf-8.*position 24"),
        ("a.odd", LATIN, "GP103.*a.odd"),
        ("a.jsonl.gz", WHOLE[:-6], "GP169.*a.jsonl.gz is damaged"),
    ],
)
def test_file_that_cannot_be_read_is_told(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        detect_format(tmp_path / name)
    if name != "a.odd":
        with pytest.raises(ValueError, match=message):
            detect_format(tmp_path)


def test_file_of_another_ending_in_a_folder_hides_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b"\xff")
    (tmp_path / "b.jsonl").write_text('{"text": "a"}')
    assert detect_format(tmp_path).name == "jsonl"


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_unknown_encoding_is_told(tmp_path, encoding):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}')
    for path in (tmp_path, tmp_path / "a.jsonl"):
        with pytest.raises(ValueError, match=f"GP104.*'{encoding}'"):
            detect_format(path, encoding=encoding)


def test_broken_first_line_is_hinted_at(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a",}\n{"text": "b"}\n')
    with pytest.raises(ValueError, match="GP162.*error in the first line"):
        detect_format(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    "content,line,reason",
    [
        ('{"text": "a",}\n{"text": "b"}\n', 1, "JSON is broken: .*column 14"),
        ('\n\n{"text": "a"\n "spans": []}\n', 4, "JSON is broken: .*delimiter"),
        ('[\n  {"text": "a",\n   "spans": [}\n]', 3, "JSON is broken"),
        ("[\n", 2, "JSON is broken"),
        ('\n{"words": 1, "ids": 2}\n{"text"', 2, "the fields words, ids"),
        ('[\n{"words": []},\n{"a": 1}]', 2, "the fields words"),
        ("[[1, 2]]", 1, r"no format has \[1, 2\] in place of a document"),
        ("Mary B-PER\nran O\n\nLeith\nBank O\n", 4, "1 column, .*a space, .* 2"),
        ("# a\nMary\tB-PER\nran\n is\tO\n", 3, "1 column, separated by a tab, .* 2"),
        ("Leith has 3 columns\nMary O\nran O\n", 1, "4 columns, .* 2"),
        ("\nMary x\nran y\n", 2, "none of its columns, separated by a space"),
        ("  \n", 1, "empty"),
        ("# only\n# remarks\n", 1, "comments only"),
    ],
)
def test_the_line_that_hides_the_format_is_named(tmp_path, content, line, reason):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.json").write_text(content, encoding="utf-8")
    (tmp_path / "README.md").write_text("Nothing.", encoding="utf-8")
    for path, name in ((tmp_path / "b" / "a.json", "a.json"), (tmp_path, "b/a.json")):
        with pytest.raises(ValueError, match=f"GP162.*: {name}:{line}: .*{reason}"):
            detect_format(path)


def test_a_folder_without_files_is_reported(tmp_path):
    with pytest.raises(ValueError, match="GP162.*it has no file"):
        detect_format(tmp_path)


def test_folder_of_conll_2003_is_told_and_read(tmp_path):
    content = "-DOCSTART- -X- -X- O\n\nMary NNP B-NP B-PER\nran VBD B-VP O\n"
    for name in ("train.txt", "test.txt"):
        (tmp_path / name).write_text(content)
    found = detect_format(tmp_path)
    documents = list(read_documents(found, tmp_path))
    assert (found.name, len(documents)) == ("conll", 2)
    assert [len(document.spans) for document, _ in documents] == [1, 1]
    (tmp_path / "test.txt").rename(tmp_path / "test.md")
    (tmp_path / "train.txt").rename(tmp_path / "train.md")
    with pytest.raises(ValueError, match=r"GP165.*\.conll.*\.txt"):
        list(read_documents(found, tmp_path))


def test_folder_of_brat_with_other_texts_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("Mary O\nran O\n")
    (tmp_path / "b.txt").write_text("Mary")
    (tmp_path / "b.ann").write_text("T1\tPER 0 4\tMary\n")
    assert detect_format(tmp_path).name == "brat"


def test_every_sample_is_of_a_format_that_is_there():
    assert {name for name, _, _ in SAMPLES} <= set(FORMATS)
