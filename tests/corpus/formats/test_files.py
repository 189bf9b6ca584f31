"""Files and their lines: what ends one, encodings, gzip, bounds."""

from __future__ import annotations

import gzip

import pytest

from spacy_globalpointer.corpus.formats import files
from spacy_globalpointer.corpus.formats.files import (
    SourceFile,
    find_files,
    read_blocks,
    read_lines,
    read_text,
)


def source(path):
    return SourceFile(path, path.name)


def lines(path, encoding="utf-8"):
    return list(read_lines(source(path), encoding=encoding, format="test"))


def test_files_with_the_endings_are_found_in_a_folder(tmp_path):
    for name in (
        "b.jsonl",
        "a.jsonl.gz",
        "c/d.jsonl",
        ".e.jsonl",
        "f.txt",
        ".g/h.jsonl",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    options = {"format": "test", "exclude": ["c/*"]}
    found = list(find_files(tmp_path, [".jsonl"], **options))
    assert [file.name for file in found] == ["a.jsonl.gz", "b.jsonl"]
    assert [file.stem for file in found] == ["a", "b"]
    with pytest.raises(ValueError, match=r"GP165.*test.*\.conll"):
        list(find_files(tmp_path, [".conll"], **options))


def test_single_file_may_have_any_ending(tmp_path):
    (tmp_path / "x.odd").write_bytes(b"")
    (file,) = find_files(tmp_path / "x.odd", [".jsonl"], format="test")
    assert (file.name, file.stem) == ("x.odd", "x")


@pytest.mark.parametrize("name", ["x.txt", "x.txt.gz"])
def test_only_line_feeds_end_lines(tmp_path, name):
    data = "\ufeffa\r\nb\rc\u2028d\x85\n\n\u00e9".encode()
    packed = gzip.compress(data) if name.endswith("gz") else data
    (tmp_path / name).write_bytes(packed)
    expected = [(1, "a"), (2, "b\rc\u2028d\x85"), (3, ""), (4, "\u00e9")]
    assert lines(tmp_path / name) == expected
    assert "".join(read_blocks(source(tmp_path / name), encoding="utf-8"))[0] == "a"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_other_encodings_are_read(tmp_path, encoding):
    (tmp_path / "x").write_bytes("a\u010a\n\u00e9\n".encode(encoding, "replace"))
    assert [line for _, line in lines(tmp_path / "x", encoding)][1] == "\u00e9"


@pytest.mark.parametrize("read", [read_lines, read_blocks, read_text])
def test_invalid_bytes_are_reported_with_their_position(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 4)
    (tmp_path / "x").write_bytes("a\u00e9\nbc\u20ac".encode() + b"d\xff")
    options = {"format": "test"} if read is read_lines else {}
    with pytest.raises(ValueError, match="GP103.*x is not utf-8.*position 10"):
        list(read(source(tmp_path / "x"), encoding="utf-8", **options))
    with pytest.raises(ValueError, match="GP104.*'utf-9'"):
        list(read(source(tmp_path / "x"), encoding="utf-9", **options))


@pytest.mark.parametrize("read", [read_lines, read_blocks, read_text])
@pytest.mark.parametrize("cut", [-6, 14])
def test_damaged_gzip_is_an_error(tmp_path, read, cut):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"a\nb\n" * 99)[:cut])
    options = {"format": "test"} if read is read_lines else {}
    with pytest.raises(ValueError, match="GP169.*x.gz"):
        list(read(source(tmp_path / "x.gz"), encoding="utf-8", **options))


def test_file_that_is_not_gzip_is_an_error(tmp_path):
    (tmp_path / "x.gz").write_bytes(b"a\n")
    with pytest.raises(ValueError, match="GP169"):
        lines(tmp_path / "x.gz")


def test_endless_line_is_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE", 1)
    (tmp_path / "x").write_bytes(b"a\n" + b"b" * (2**20 + 1))
    with pytest.raises(ValueError, match="GP160.*x:2.*1 MiB.*'test'"):
        lines(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"a\n" + b"b" * (2**20 - 1) + b"\n")
    assert len(lines(tmp_path / "x")) == 2
