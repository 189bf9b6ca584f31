"""Docs to the files of an annotation tool: all of it, or nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy
import pytest
from corpus_helpers import NLP, doc_with, read_jsonl, save
from spacy.tokens import DocBin

from spacy_globalpointer.corpus.align import make_doc
from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.export import export_docs
from spacy_globalpointer.corpus.formats.brat import BRAT
from spacy_globalpointer.corpus.formats.format import Format
from spacy_globalpointer.corpus.formats.jsonl import JSONL
from spacy_globalpointer.corpus.formats.registry import FORMATS, read_documents
from spacy_globalpointer.corpus.formats.spacy_docbin import SPACY

SOURCE = Source("a", 1)


@pytest.fixture
def docs(tmp_path):
    scored = doc_with(["Leith", "Bank"], [(0, 1, "GPE"), (0, 2, "ORG")])
    scored.spans["sc"].attrs["scores"] = numpy.array([0.9, 0.4], dtype="float32")
    scored.user_data["title"] = "news/one"
    plain = doc_with(["Mary"], [(0, 1, "PER")])
    return save(tmp_path / "docs.spacy", [scored, plain])


def failing(kind):
    def write(documents, path, *, at: int = 2):
        for number, document in enumerate(documents, start=1):
            if kind == "folder":
                path.mkdir(exist_ok=True)
                (path / "a.txt").write_text(document.text)
            else:
                path.write_text(document.text)
            if number == at:
                raise ValueError("GP999")

    return Format(
        "x", "", JSONL.read, JSONL.looks_like, (".txt",), write, kind == "folder"
    )


def test_single_file_is_written(docs, tmp_path):
    summary = export_docs(docs, tmp_path / "new" / "out.jsonl", format=JSONL)
    first, second = read_jsonl(tmp_path / "new" / "out.jsonl")
    assert (first["id"], first["text"]) == ("news/one", "Leith Bank ")
    assert first["spans"] == [
        {"start": 0, "end": 5, "label": "GPE", "score": 0.9},
        {"start": 0, "end": 10, "label": "ORG", "score": 0.4},
    ]
    assert second["id"] == "docs:2"
    assert (summary.documents, summary.below) == (2, 0)
    assert summary.labels == {"GPE": 1, "ORG": 1, "PER": 1}


def test_folder_of_files_is_written(docs, tmp_path):
    export_docs(docs, tmp_path / "out", format=BRAT)
    names = {
        p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.rglob("*.ann")
    }
    assert names == {"news/one.ann", "docs_2.ann"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["docs.spacy", "out"]


@pytest.mark.parametrize("name", ["/{}/x", "../x", "a/../../x", ".x", "..", "", "//"])
def test_no_name_leads_out_of_the_folder_or_hides_a_document(tmp_path, name):
    doc = doc_with(["a"])
    doc.user_data["title"] = name.format(tmp_path)
    save(tmp_path / "docs.spacy", [doc])
    export_docs(tmp_path / "docs.spacy", tmp_path / "out", format=BRAT)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["docs.spacy", "out"]
    assert len(list(read_documents(BRAT, tmp_path / "out"))) == 1


def test_lowest_score_keeps_spans_without_a_score(docs, tmp_path):
    summary = export_docs(docs, tmp_path / "out", format=JSONL, min_score=0.9)
    labels = [[s["label"] for s in r["spans"]] for r in read_jsonl(tmp_path / "out")]
    assert labels == [["GPE"], ["PER"]]
    assert summary.below == 1 and summary.labels.total() == 2


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_lowest_score_is_a_probability(docs, tmp_path, value):
    with pytest.raises(ValueError, match="GP184"):
        export_docs(docs, tmp_path / "out", format=JSONL, min_score=value)


def test_packed_file_is_the_same_each_time(docs, tmp_path):
    for name in ("a.jsonl", "a.jsonl.gz", "b.jsonl.gz"):
        export_docs(docs, tmp_path / name, format=JSONL)
    packed = (tmp_path / "a.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.jsonl").read_bytes()
    assert packed == (tmp_path / "b.jsonl.gz").read_bytes()


@pytest.mark.parametrize("format,name", [(JSONL, "out.jsonl"), (BRAT, "out")])
def test_existing_output_is_replaced_only_with_force(docs, tmp_path, format, name):
    export_docs(docs, tmp_path / name, format=format)
    before = content(tmp_path / name)
    if format is BRAT:
        (tmp_path / name / "old.txt").write_text("correction")
    with pytest.raises(ValueError, match="GP182"):
        export_docs(docs, tmp_path / name, format=format)
    export_docs(docs, tmp_path / name, format=format, force=True)
    assert content(tmp_path / name) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["docs.spacy", name]


def content(path: Path):
    if path.is_file():
        return path.read_bytes()
    return {p.name: p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_folder_with_other_files_is_not_replaced(docs, tmp_path):
    export_docs(docs, tmp_path / "out", format=BRAT)
    (tmp_path / "out" / "annotation.conf").write_text("mine")
    before = content(tmp_path / "out")
    with pytest.raises(ValueError, match="GP195.*'brat'.*annotation.conf"):
        export_docs(docs, tmp_path / "out", format=BRAT, force=True)
    assert content(tmp_path / "out") == before


def test_empty_folder_is_used(docs, tmp_path):
    (tmp_path / "out").mkdir()
    export_docs(docs, tmp_path / "out", format=BRAT)
    assert (tmp_path / "out" / "docs_2.txt").is_file()


def test_folder_instead_of_a_file_or_vice_versa_is_an_error(docs, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="GP183.*is a folder.*written as one file"):
        export_docs(docs, tmp_path / "folder", format=JSONL, force=True)
    with pytest.raises(ValueError, match="GP183.*is one file.*written as a folder"):
        export_docs(docs, docs, format=BRAT, force=True)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nothing_remains_after_an_error(docs, tmp_path, kind):
    with pytest.raises(ValueError, match="GP999"):
        export_docs(docs, tmp_path / "out", format=failing(kind))
    assert [p.name for p in tmp_path.iterdir()] == ["docs.spacy"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_error_leaves_the_old_output(docs, tmp_path, kind):
    format = failing(kind)
    export_docs(docs, tmp_path / "out", format=format, options={"at": "9"})
    before = content(tmp_path / "out")
    with pytest.raises(ValueError, match="GP999"):
        export_docs(docs, tmp_path / "out", format=format, force=True)
    assert content(tmp_path / "out") == before


def test_documents_are_yielded_one_at_a_time(docs, tmp_path):
    events = []

    def progress(documents):
        for document in documents:
            events.append("read")
            yield document

    def write(documents, path):
        path.write_text("")
        events.extend("written" for _ in documents)

    format = Format("x", "", JSONL.read, JSONL.looks_like, (), write)
    export_docs(docs, tmp_path / "out", format=format, progress=progress)
    assert events == ["read", "written"] * 2


def test_invalid_options_are_an_error(docs, tmp_path):
    with pytest.raises(ValueError, match="GP166"):
        export_docs(docs, tmp_path / "out", format=JSONL, options={"x": "1"})
    with pytest.raises(ValueError, match="GP168.*jsonl"):
        export_docs(docs, tmp_path / "out", format=SPACY)
    with pytest.raises(ValueError, match="GP180"):
        export_docs(docs, tmp_path / "out", format=JSONL, spans_key="mine")
    assert [p.name for p in tmp_path.iterdir()] == ["docs.spacy"]


def test_corpus_without_documents_is_an_error(tmp_path):
    DocBin().to_disk(tmp_path / "a.spacy")
    with pytest.raises(ValueError, match="GP120"):
        export_docs(tmp_path / "a.spacy", tmp_path / "out", format=JSONL)
    assert not (tmp_path / "out").exists()


def test_rejects_are_counted(tmp_path):
    doc = doc_with(["a"], [(0, 1, "X")])
    doc.cats = {"LETTER": 0.5}
    save(tmp_path / "a.spacy", [doc])
    summary = export_docs(tmp_path / "a.spacy", tmp_path / "out", format=JSONL)
    assert summary.rejected == {"not_a_span": 1}


def test_options_choose_key_or_entities(tmp_path):
    doc = doc_with(["a", "b"], [(0, 1, "X")], key="mine")
    doc.ents = [doc.char_span(2, 3, label="Y")]
    save(tmp_path / "a.spacy", [doc])
    for number, (chosen, label) in enumerate(
        [({"spans_key": "mine"}, "X"), ({"ents": True}, "Y")]
    ):
        out = tmp_path / str(number)
        export_docs(tmp_path / "a.spacy", out, format=JSONL, **chosen)
        (record,) = read_jsonl(out)
        assert [span["label"] for span in record["spans"]] == [label]


def test_gold_that_no_tokens_match_is_written(tmp_path):
    spans = [TextSpan("X", 0, 3, SOURCE, "T4"), TextSpan("X", 4, 6, SOURCE, "T5")]
    doc, _ = make_doc(NLP, AnnotatedText("a", "The Bank", spans))
    save(tmp_path / "a.spacy", [doc])
    export_docs(tmp_path / "a.spacy", tmp_path / "out", format=BRAT)
    lines = (tmp_path / "out" / "a.ann").read_text().splitlines()
    assert lines == ["T4\tX 0 3\tThe", "T1\tX 4 6\tBa"]


def test_predictions_keep_their_scores_through_a_file(trained, tmp_path):
    doc = trained("The Bank of Leith paid Mary .")
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "found.spacy")
    export_docs(tmp_path / "found.spacy", tmp_path / "out", format=JSONL)
    (record,) = read_jsonl(tmp_path / "out")
    scores = [span["score"] for span in record["spans"]]
    expected = doc.spans["sc"].attrs["scores"]
    assert scores and numpy.float32(scores).tolist() == expected.tolist()


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.write is not None])
def test_every_written_file_is_read_by_its_reader(docs, tmp_path, name):
    format = FORMATS[name]
    summary = export_docs(docs, tmp_path / "out", format=format)
    # What the tool's user has not yet accepted.
    options = {"predictions": True} if name == "label-studio" else {}
    documents = read_documents(format, tmp_path / "out", options=options)
    read = [document for document, _ in documents]
    assert summary.documents == len(read) == 2
    found = {(s.label, d.text[s.start : s.end]) for d in read for s in d.spans}
    assert found == {("GPE", "Leith"), ("ORG", "Leith Bank"), ("PER", "Mary")}
