"""Raw texts of files."""

from __future__ import annotations

import gzip

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_globalpointer.pretraining import texts
from spacy_globalpointer.pretraining.texts import (
    cut_parts,
    find_texts,
    read_texts,
)


def read(*paths):
    return [text for file in find_texts(paths) for text in read_texts(file)]


def test_a_txt_file_is_one_text(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    assert read(tmp_path / "a.txt") == ["one\n\ntwo\n"]


def test_each_line_of_a_jsonl_file_is_a_text(tmp_path):
    lines = '{"text": "one"}\n\n{"text": "", "id": 3}\n{"text": "two", "spans": []}\n'
    (tmp_path / "a.jsonl").write_text(lines)
    assert read(tmp_path / "a.jsonl") == ["one", "two"]


def test_gzipped_files_are_read(tmp_path):
    for name, content in (("a.txt", "plain"), ("b.jsonl", '{"text": "line"}')):
        with gzip.open(tmp_path / f"{name}.gz", "wt") as file:
            file.write(content)
    assert read(tmp_path) == ["plain", "line"]


def test_docs_are_read_as_they_were_written(tmp_path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("It's  here."), nlp("ok")]).to_disk(tmp_path / "a.spacy")
    assert read(tmp_path / "a.spacy") == ["It's  here.", "ok"]


def test_folders_and_files_can_be_mixed(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("z.txt", "in/b.txt", "in/deep/a.txt", "in/notes.md"):
        (tmp_path / name).write_text(name)
    assert read(tmp_path / "z.txt", tmp_path / "in") == [
        *("z.txt", "in/b.txt", "in/deep/a.txt"),
    ]


def test_other_files_raise_GP201(tmp_path):
    (tmp_path / "a.pdf").write_text("a")
    for name in ("a.pdf", "missing.txt"):
        with pytest.raises(ValueError, match="GP201"):
            find_texts([tmp_path / name])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="GP165"):
        find_texts([tmp_path / "empty"])
    (tmp_path / "a.jsonl").write_text('{"spans": []}')
    with pytest.raises(ValueError, match=r"GP146.*a\.jsonl:1"):
        read(tmp_path / "a.jsonl")


def test_half_a_surrogate_pair_raises_GP146(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "ok"}\n{"text": "a \\ud83d"}')
    with pytest.raises(ValueError, match=r"GP146.*a\.jsonl:2: character 2 .*half"):
        read(tmp_path / "a.jsonl")


def test_gzipped_docs_raise_GP201(tmp_path):
    DocBin(docs=[spacy.blank("en")("ok")]).to_disk(tmp_path / "a.spacy")
    path = tmp_path / "a.spacy.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.spacy").read_bytes()))
    for place in (path, tmp_path):
        with pytest.raises(ValueError, match=r"GP201.*a\.spacy\.gz"):
            find_texts([place])


@given(st.lists(st.text("ab \n", max_size=60)), st.integers(2, 20))
def test_parts_together_are_the_text(blocks, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PART", size)
        parts = list(cut_parts(blocks))
    assert "".join(parts) == "".join(blocks)
    assert all(0 < len(part) <= size for part in parts)


def test_parts_end_with_a_line_or_else_a_word(monkeypatch):
    monkeypatch.setattr(texts, "PART", 10)
    assert list(cut_parts(["aaaaaa\nb cc dd"])) == ["aaaaaa\n", "b cc dd"]
    assert list(cut_parts(["a\naaaaa b ccccc"])) == ["a\naaaaa b ", "ccccc"]
    assert list(cut_parts(["a" * 25])) == ["a" * 10, "a" * 10, "a" * 5]
