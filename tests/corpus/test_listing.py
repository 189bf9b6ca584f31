"""Which files of a folder are read, and what is said of the others."""

from __future__ import annotations

import errno
import gzip
import os
import sys
from pathlib import Path

import pytest
from corpus_helpers import doc_with, save, write_brat
from helpers import build
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.cli.render import read_texts
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.digest import content_digest
from spacy_globalpointer.corpus.docbin import read_docs
from spacy_globalpointer.corpus.export import export_docs
from spacy_globalpointer.corpus.formats.files import other_files
from spacy_globalpointer.corpus.formats.registry import detect_format, get_format
from spacy_globalpointer.corpus.listing import list_files
from spacy_globalpointer.corpus.reader import ChunkedCorpus
from spacy_globalpointer.pretraining.texts import find_texts

NLP = build()


def make(folder, *names):
    """Write empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def listed(folder, **kwargs):
    return list(list_files(folder, **kwargs))


@pytest.fixture
def forbidden(monkeypatch):
    """Makes folders that may not be listed, of any user."""
    names, scandir = set(), os.scandir

    def refuse(path="."):
        if Path(path).name in names:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    return names.add


def test_files_are_sorted_by_name(tmp_path):
    names = ["a/b", "a.txt", "B", "a/a/z", "c"]
    make(tmp_path, *names, ".hidden", ".git/x", "a/.x")
    assert listed(tmp_path) == [
        x.relative_to(tmp_path).as_posix() for x in sorted(tmp_path / n for n in names)
    ]


def test_linked_folders_are_read_under_the_names_of_the_links(tmp_path):
    make(tmp_path / "other", "x", "sub/y")
    make(tmp_path / "corpus", "a")
    link(tmp_path / "corpus" / "more", tmp_path / "other")
    assert listed(tmp_path / "corpus") == ["a", "more/sub/y", "more/x"]


def test_links_to_files_are_files(tmp_path):
    make(tmp_path, "a")
    link(tmp_path / "b", "a")
    assert listed(tmp_path) == ["a", "b"]


def test_folder_with_two_paths_is_read_once(tmp_path):
    make(tmp_path / "corpus", "z/x")
    make(tmp_path / "other", "y")
    link(tmp_path / "corpus" / "a", "z")
    link(tmp_path / "corpus" / "b", tmp_path / "other")
    link(tmp_path / "corpus" / "c", tmp_path / "other")
    with pytest.warns(UserWarning, match=r"GPW126.*: a, c\."):
        assert listed(tmp_path / "corpus") == ["b/y", "z/x"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../../.."])
def test_loops_of_links_are_read_once(tmp_path, target):
    make(tmp_path / "corpus", "sub/a")
    link(tmp_path / "corpus" / "sub" / "up", target)
    with pytest.warns(UserWarning, match=r"GPW126.*: sub/up\."):
        assert listed(tmp_path / "corpus") == ["sub/a"]


def test_links_that_lead_to_each_other_are_read_once(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        make(tmp_path / name, name)
        link(tmp_path / name / "link", tmp_path / other)
    with pytest.warns(UserWarning, match=r"GPW126.*: link/link\."):
        assert listed(tmp_path / "a") == ["a", "link/b"]


@pytest.mark.parametrize(
    "target,reason", [("nowhere", "leads nowhere"), ("bad", "in a circle")]
)
def test_dangling_links_are_errors(tmp_path, target, reason):
    make(tmp_path, "a")
    link(tmp_path / "sub" / "bad", target)
    with pytest.raises(ValueError, match=rf"GP190.*sub/bad \(.*{reason}\)"):
        list_files(tmp_path)
    for pattern in ("bad", "sub/*"):
        assert listed(tmp_path, exclude=[pattern]) == ["a"]


def test_folders_that_may_not_be_listed_are_errors(tmp_path, forbidden):
    make(tmp_path, "a", "private/b")
    forbidden("private")
    with pytest.raises(ValueError, match=r"GP190.*private \(Permission denied\)"):
        list_files(tmp_path)
    for pattern in ("private", "private/*"):
        assert listed(tmp_path, exclude=[pattern]) == ["a"]
    forbidden(tmp_path.name)
    with pytest.raises(ValueError, match=r"GP190.*\. \(Permission denied\)"):
        list_files(tmp_path)


def test_hidden_links_are_ignored(tmp_path):
    make(tmp_path, "a")
    link(tmp_path / ".#lock", "nobody@nowhere")
    assert listed(tmp_path) == ["a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_are_errors(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(ValueError, match=r"GP190.*a\.jsonl"):
        list_files(tmp_path)


def test_long_list_of_errors_is_shortened(tmp_path):
    for i in range(7):
        link(tmp_path / f"l{i}", "nowhere")
    with pytest.raises(ValueError, match="GP190.*l4.*, …") as error:
        list_files(tmp_path)
    assert "l5" not in str(error.value)


@pytest.fixture
def docs(tmp_path):
    """Three .spacy files: one in the folder, one behind a link, one packed."""
    folder = tmp_path / "docs"
    link(folder / "linked", tmp_path / "other")
    (tmp_path / "other").mkdir()
    for place, word in ((folder / "a", "A"), (tmp_path / "other" / "b", "B")):
        save(place.with_suffix(".spacy"), [doc_with([word], [(0, 1, "X")])])
    data = save(tmp_path / "c.spacy", [doc_with(["C"], [(0, 1, "X")])]).read_bytes()
    (folder / "c.spacy.gz").write_bytes(gzip.compress(data))
    return folder


def test_all_readers_of_docs_read_the_same_files(docs, tmp_path):
    texts = ["A", "C", "B"]
    assert [doc[0].text for doc in read_docs(docs, NLP.vocab)] == texts
    assert [eg.reference[0].text for eg in ChunkedCorpus(docs)(NLP)] == texts
    assert [doc[0].text for doc in read_texts(docs, 9, gold=False)] == texts
    summary = convert_corpus(docs, tmp_path / "out", nlp=NLP, format="spacy")
    assert summary.splits["all"].kept == 3
    jsonl = get_format("jsonl")
    assert export_docs(docs, tmp_path / "out.jsonl", format=jsonl).documents == 3


def test_all_readers_of_docs_refuse_the_same_folder(docs, tmp_path):
    link(docs / "d.spacy", "nowhere")
    jsonl = get_format("jsonl")
    readers = [
        lambda: list(read_docs(docs, NLP.vocab)),
        lambda: list(ChunkedCorpus(docs)(NLP)),
        lambda: read_texts(docs, 9, gold=False),
        lambda: convert_corpus(docs, tmp_path / "out", nlp=NLP),
        lambda: export_docs(docs, tmp_path / "out.jsonl", format=jsonl),
        lambda: find_texts([docs]),
    ]
    for read in readers:
        with pytest.raises(ValueError, match=r"GP190.*d\.spacy"):
            read()


@pytest.mark.parametrize("command", [["debug"], ["export", "-f", "jsonl"]])
def test_commands_name_unreadable_files(docs, tmp_path, command):
    link(docs / "d.spacy", "nowhere")
    args = [*command, str(docs), *([str(tmp_path / "out")] if command[1:] else [])]
    result = CliRunner().invoke(global_pointer_cli, args)
    assert result.exit_code == 1 and "GP190" in result.output
    assert "d.spacy" in result.output and not (tmp_path / "out").exists()


def test_a_linked_brat_folder_is_detected_and_read(tmp_path):
    write_brat(tmp_path / "other", {"a": ("Mary", ["T1\tX 0 4\tMary"])})
    (tmp_path / "corpus").mkdir()
    link(tmp_path / "corpus" / "part", tmp_path / "other")
    assert detect_format(tmp_path / "corpus").name == "brat"
    summary = convert_corpus(tmp_path / "corpus", tmp_path / "out", nlp=NLP)
    assert summary.splits["all"].kept == 1 and summary.unread == []


def test_linked_files_of_another_ending_are_named(tmp_path):
    make(tmp_path / "other", "notes.md")
    make(tmp_path / "corpus", "a.txt")
    link(tmp_path / "corpus" / "more", tmp_path / "other")
    assert other_files(tmp_path / "corpus", [".txt"]) == ["more/notes.md"]


def test_texts_in_a_linked_folder_are_read(tmp_path):
    make(tmp_path / "other", "b.txt")
    make(tmp_path / "corpus", "a.txt")
    link(tmp_path / "corpus" / "more", tmp_path / "other")
    assert [x.name for x in find_texts([tmp_path / "corpus"])] == [
        "a.txt",
        "more/b.txt",
    ]


def test_change_in_a_linked_folder_is_detected(tmp_path):
    make(tmp_path / "other", "b.txt")
    make(tmp_path / "corpus", "a.txt")
    link(tmp_path / "corpus" / "more", tmp_path / "other")
    before = content_digest(tmp_path / "corpus")
    (tmp_path / "other" / "b.txt").write_text("changed")
    assert content_digest(tmp_path / "corpus") != before


@pytest.mark.parametrize("pattern,warns", [(".git", False), (".ann", True)])
def test_patterns_of_hidden_and_broken_names_fit(tmp_path, pattern, warns, recwarn):
    write_brat(tmp_path / "corpus", {"a": ("Mary", ["T1\tX 0 4\tMary"])})
    make(tmp_path / "corpus", ".git/x")
    link(tmp_path / "corpus" / "bad", "nowhere")
    convert_corpus(
        tmp_path / "corpus", tmp_path / "out", nlp=NLP, exclude=["bad", pattern]
    )
    codes = [str(w.message) for w in recwarn if "GPW017" in str(w.message)]
    assert len(codes) == warns and all("'bad'" not in code for code in codes)


def test_a_file_that_may_not_be_read_has_a_code(tmp_path, monkeypatch):
    write_brat(tmp_path / "corpus", {"a": ("Mary", ["T1\tX 0 4\tMary"])})

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "a")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PermissionError, match=r"GP192.*a\.txt: Permission denied"):
        convert_corpus(tmp_path / "corpus", tmp_path / "out", nlp=NLP)


@pytest.mark.skipif(sys.platform != "linux", reason="names are utf-8 there")
@pytest.mark.parametrize("path", ["a", "a/caf\udce9.ann", "a/caf\udce9.jsonl"])
def test_names_in_other_encodings_are_escaped(tmp_path, path):
    """Bytes that are no utf-8, such as those of names in Latin-1."""
    if path.endswith("jsonl"):
        text = '{"text": "Leith", "spans": [{"start": 0, "end": 5, "label": "X"}]}'
        make(tmp_path, path)
        (tmp_path / path).write_text(text, encoding="utf-8")
    else:
        files = {"caf\udce9": ("Leith", ["T1\tX 0 5\tLeith"])}
        write_brat(tmp_path / "a", files)
    summary = convert_corpus(tmp_path / path, tmp_path / "out", nlp=NLP)
    assert summary.splits["all"].kept == 1
    [doc] = read_docs(tmp_path / "out" / "all.spacy", NLP.vocab)
    assert doc.user_data["title"].startswith("caf\\udce9")
    files = list_files(tmp_path / "a", exclude=["caf\udce9*"])
    assert not files
