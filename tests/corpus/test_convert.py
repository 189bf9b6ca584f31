"""brat to .spacy: nothing is lost in silence, nothing is half-written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace

import pytest
import spacy
import srsly
from corpus_helpers import (
    NLP,
    TEXT,
    char_spans,
    load,
    places,
    read_jsonl,
    span_line,
    trim,
    write_brat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_globalpointer import atomic
from spacy_globalpointer.corpus import convert, split_writer
from spacy_globalpointer.corpus.annotations import Reason, Reject
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.formats.brat import BRAT, read_brat
from spacy_globalpointer.corpus.formats.registry import FORMATS
from spacy_globalpointer.corpus.from_doc import annotated_from_doc
from spacy_globalpointer.corpus.statistics import CorpusStatistics
from spacy_globalpointer.corpus.summary import SplitSummary
from spacy_globalpointer.types import LOST_GOLD

LINES = [
    span_line(TEXT, 0, 17, "ORG", 1),
    span_line(TEXT, 12, 17, "GPE", 2),
    span_line(TEXT, 12, 16, "GPE", 3),  # misaligned
    span_line(TEXT, 12, 17, "GPE", 4),  # duplicate
    "R1\tin Arg1:T1 Arg2:T2",
    "T5\tPER 23 99\tMary",
]
SPLITS = {"train": ["a", "b"], "dev": ["c/d"], "odd": ["empty"]}


@pytest.fixture
def corpus(tmp_path):
    documents = {
        "a": (TEXT, LINES),
        "b": ("Mary\n", [span_line("Mary\n", 0, 4, "PER")]),
        "c/d": (None, ["T1\tPER 0 4\tMary"]),
        "empty": ("", []),
    }
    return write_brat(tmp_path / "brat", documents)


@pytest.fixture
def splits(tmp_path):
    srsly.write_json(tmp_path / "splits.json", SPLITS)
    return tmp_path / "splits.json"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_conversion_writes_its_files(corpus, splits, tmp_path):
    output = tmp_path / "new" / "out"
    summary = convert_corpus(corpus, output, nlp=NLP, splits=splits)
    assert names(output) == sorted(
        ["train.spacy", "dev.spacy", "odd.spacy", "rejects.jsonl", "summary.json"]
    )
    assert names(output.parent) == ["out"]
    assert list(summary.splits) == ["train", "dev", "odd"]
    train = load(output / "train.spacy")
    assert [doc.text for doc in train] == [TEXT, "Mary\n"]
    assert char_spans(train[0]) == [("ORG", 0, 17), ("GPE", 12, 17)]
    assert [list(x) for x in train[0].user_data[LOST_GOLD]] == [[12, 16, "GPE"]]
    assert train[1].user_data["title"] == "b"
    (empty,) = load(output / "odd.spacy")
    assert (empty.text, char_spans(empty)) == ("", [])


def test_summary_has_all_counts(corpus, splits, tmp_path):
    summary = convert_corpus(corpus, tmp_path / "out", nlp=NLP, splits=splits)
    stored = srsly.read_json(tmp_path / "out" / "summary.json")
    assert stored == summary.to_dict()
    assert stored["train"] == {
        "read": 7,
        "kept": 3,
        "trimmed": 0,
        "adjusted": 0,
        "rejected": {
            "duplicate": 1,
            "misaligned": 1,
            "not_a_span": 1,
            "out_of_text": 1,
        },
        "lost": 2,
        "skipped": 0,
        "documents": 2,
        "documents_without_spans": 0,
        "tokens": 9,
        "longest_document": 7,
        "spans": 3,
        "labels": {"GPE": 1, "ORG": 1, "PER": 1},
        "longest_span": 4,
        "nesting_depth": 2,
        "crossing_pairs": 0,
    }
    assert (stored["dev"]["rejected"], stored["dev"]["lost"]) == (
        {"missing_text": 1},
        1,
    )
    assert stored["odd"]["documents_without_spans"] == 1
    assert summary.lost == 3


def test_rejects_are_written_with_their_reasons(corpus, splits, tmp_path):
    convert_corpus(corpus, tmp_path / "out", nlp=NLP, splits=splits)
    rejects = read_jsonl(tmp_path / "out" / "rejects.jsonl")
    places = {(r["split"], r["file"], r["line"], r["reason"]) for r in rejects}
    assert places == {
        ("train", "a.ann", 3, "misaligned"),
        ("train", "a.ann", 4, "duplicate"),
        ("train", "a.ann", 5, "not_a_span"),
        ("train", "a.ann", 6, "out_of_text"),
        ("dev", "c/d.ann", 1, "missing_text"),
    }
    assert all(reject["remedy"] for reject in rejects)
    assert [r["value"] for r in rejects if r["line"] == 5] == [LINES[4]]


def test_adjusted_spans_are_counted(corpus, tmp_path):
    options = {"nlp": NLP, "on_misaligned": "expand", "spans_key": "mine"}
    # Without the exact span, the misaligned one is not its duplicate.
    lines = [line for line in LINES if "12 17" not in line]
    write_brat(corpus, {"a": (TEXT, lines)})
    summary = convert_corpus(corpus, tmp_path / "out", **options)
    (doc, *_) = load(tmp_path / "out" / "all.spacy")
    assert char_spans(doc, "mine") == [("ORG", 0, 17), ("GPE", 12, 17)]
    assert summary.splits["all"].adjusted == 1


def test_without_splits_all_documents_are_in_one_file(corpus, tmp_path):
    summary = convert_corpus(corpus, tmp_path / "out", nlp=NLP)
    assert list(summary.splits) == ["all"]
    assert len(load(tmp_path / "out" / "all.spacy")) == 4


def test_docs_claim_no_annotation_but_spans(corpus, tmp_path):
    convert_corpus(corpus, tmp_path / "out", nlp=NLP)
    doc = load(tmp_path / "out" / "all.spacy")[0]
    assert not doc.has_unknown_spaces
    attrs = ("SENT_START", "TAG", "DEP", "ENT_IOB", "LEMMA")
    assert not any(doc.has_annotation(attr) for attr in attrs)


def test_progress_sees_every_document_twice(corpus, tmp_path):
    seen = []

    def progress(documents, total):
        for document in documents:
            seen.append((document[0].name, total))
            yield document

    convert_corpus(corpus, tmp_path / "out", nlp=NLP, progress=progress)
    order = ["a", "b", "c/d", "empty"]
    assert seen == [(name, total) for total in (None, 4) for name in order]


def test_same_input_gives_the_same_bytes(corpus, splits, tmp_path):
    for name in ("one", "two"):
        convert_corpus(corpus, tmp_path / name, nlp=spacy.blank("en"), splits=splits)
    for file in names(tmp_path / "one"):
        one, two = (tmp_path / name / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_output_folder_may_exist(corpus, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "notes.txt").write_text("keep")
    (output / "all.spacy").write_bytes(b"old")
    convert_corpus(corpus, output, nlp=NLP)
    assert names(output) == ["all.spacy", "notes.txt", "rejects.jsonl", "summary.json"]
    assert len(load(output / "all.spacy")) == 4


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("exists", [True, False])
def test_failure_while_writing_leaves_nothing(
    corpus, splits, tmp_path, monkeypatch, error, exists
):
    to_disk = DocBin.to_disk

    def fail_at_the_second(self, path):
        if path.name == "dev.spacy":
            path.write_bytes(b"half")
            raise error
        to_disk(self, path)

    output = tmp_path / "out"
    if exists:
        output.mkdir()
        (output / "train.spacy").write_bytes(b"old")
    before = names(tmp_path)
    monkeypatch.setattr(DocBin, "to_disk", fail_at_the_second)
    with pytest.raises(type(error)):
        convert_corpus(corpus, output, nlp=NLP, splits=splits)
    assert names(tmp_path) == before
    if exists:
        assert names(output) == ["train.spacy"]
        assert (output / "train.spacy").read_bytes() == b"old"


def test_bad_file_stops_before_anything_is_written(corpus, tmp_path):
    (corpus / "z.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="GP103"):
        convert_corpus(corpus, tmp_path / "out", nlp=NLP)
    assert names(tmp_path) == ["brat"]


def test_wrong_account_is_an_error():
    summary = SplitSummary(CorpusStatistics("sc"), read=3, kept=1)
    summary.rejected["misaligned"] = 1
    with pytest.raises(RuntimeError, match=r"GP115.*'train'.*3.*1.*1"):
        summary.check_account("train")


def test_reader_that_loses_a_line_is_an_error(corpus, tmp_path, monkeypatch):
    def read_less(path, **options):
        for annotated, rejects in read_brat(path, **options):
            yield annotated, rejects[1:]

    monkeypatch.setitem(FORMATS, "brat", replace(BRAT, read=read_less))
    with pytest.raises(RuntimeError, match="GP115.*'all'"):
        convert_corpus(corpus, tmp_path / "out", nlp=NLP)
    assert names(tmp_path) == ["brat"]


def test_summary_is_written_last(corpus, splits, tmp_path, monkeypatch):
    moved = []
    move = os.replace

    def record(source, target):
        moved.append(target.name)
        move(source, target)

    monkeypatch.setattr(os, "replace", record)
    convert_corpus(corpus, tmp_path / "out", nlp=NLP, splits=splits)
    assert len(moved) == 6 and moved[-1] == "summary.json"
    assert moved[0] == ".unfinished.json"
    assert ".unfinished.json" not in names(tmp_path / "out")


@pytest.mark.parametrize(
    "content,code",
    [
        ('{"train": ["a", "b"], "dev": ["c/d"]}', "GP111.*1 document: empty"),
        ('{"x": ["a", "b", "c/d", "empty", "y"]}', r"GP112.*1 document that.*: y\."),
        ('{"x": ["a", "b", "c/d"], "y": ["empty", "a"]}', "GP113.*'a'.*x, y"),
        ('{"x": ["a", "a"]}', "GP113.*x, x"),
        ('{"x": ["a*", "b", "c*"], "y": ["empty", "a.txt"]}', "GP113.*'a'.*y, x"),
        ('{"x": ["q*"], "y": 1}', r"GP112.*: q\*"),
        ('{"x": "a"}', "GP110.*'x' is not a list"),
        ('{"x": true}', "GP110.*'x' is not a list"),
        ('{"x": 0.5, "y": 0.4}', "GP110.*sum 1"),
        ('{"x": [1]}', "GP110.*lists 1"),
        ('{"../x": ["a"]}', "GP110.*'../x'"),
        ('["a"]', "GP110.*not an object"),
        ("{}", "GP110"),
        ('{"x": [', "GP110"),
    ],
)
def test_invalid_splits_file_is_an_error(corpus, tmp_path, content, code):
    path = tmp_path / "splits.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=code):
        convert_corpus(corpus, tmp_path / "out", nlp=NLP, splits=path)
    assert not (tmp_path / "out").exists()


@st.composite
def annotated_texts(draw):
    text = draw(st.text("ab .,'é😀\n\r", max_size=20))
    kind = st.tuples(st.sampled_from("XY"), st.booleans())
    found = draw(places(len(text)))
    spans = [(*draw(kind), *place) for place in found]
    return text, spans


@settings(max_examples=60, deadline=None)
@given(corpus=st.lists(annotated_texts(), min_size=1, max_size=3))
@pytest.mark.parametrize("mode", ["reject", "expand", "contract"])
def test_round_trip(tmp_path_factory, mode, corpus):
    """Random spans, some of them relations: all have one fate, and the kept ones
    their offsets."""
    folder = tmp_path_factory.mktemp("trip")
    documents, gold = {}, []
    for number, (text, spans) in enumerate(corpus):
        lines = [
            span_line(text.replace("\r", " "), a, b, label)
            if real
            else f"R1\t{label} Arg1:T1 Arg2:T2"
            for label, real, a, b in spans
        ]
        documents[f"{number}"] = (text, lines)
        trimmed = {(x, *trim(text, a, b)) for x, real, a, b in spans if real}
        gold.append({(x, start, end) for x, start, end in trimmed if start < end})
    write_brat(folder / "brat", documents)
    options = {"nlp": NLP, "on_misaligned": mode}
    summary = convert_corpus(folder / "brat", folder / "out", **options).splits["all"]
    docs = load(folder / "out" / "all.spacy")
    kept = [char_spans(doc) for doc in docs]
    rejects = read_jsonl(folder / "out" / "rejects.jsonl")
    assert [doc.text for doc in docs] == [text for text, _ in corpus]
    assert summary.read == sum(len(spans) for _, spans in corpus)
    assert summary.read == sum(map(len, kept)) + len(rejects)
    for doc, spans, true in zip(docs, kept, gold):
        lost = {(label, a, b) for a, b, label in doc.user_data.get(LOST_GOLD, [])}
        assert lost <= true and len(spans) == len(set(spans))
        if mode == "reject":
            assert set(spans) | lost == true


def test_tokenizer_of_the_language_is_used(tmp_path):
    text = "李明在北京。"
    lines = [span_line(text, 0, 2, "PER"), span_line(text, 3, 5, "GPE", 2)]
    write_brat(tmp_path / "brat", {"doc": (text, lines)})
    convert_corpus(tmp_path / "brat", tmp_path / "out", nlp=spacy.blank("zh"))
    (doc,) = load(tmp_path / "out" / "all.spacy")
    assert char_spans(doc) == [("PER", 0, 2), ("GPE", 3, 5)]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())


def test_split_of_an_earlier_conversion_does_not_stay(tmp_path):
    names = {f"doc{i}": (TEXT, [span_line(TEXT, 0, 8)]) for i in range(4)}
    source = write_brat(tmp_path / "brat", names)
    output = tmp_path / "out"
    convert_corpus(source, output, nlp=NLP, splits="0.5,0.25,0.25")
    (output / "mine.spacy").write_bytes(b"")
    convert_corpus(source, output, nlp=NLP, splits="0.5,0.5")
    files = {path.name for path in output.glob("*.spacy")}
    assert files == {"train.spacy", "dev.spacy", "mine.spacy"}


def write_lines(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_jsonl(path, records)
    return path


def record(i, spans=((4, 17, "ORG"),), **others):
    spans = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    return {"id": f"doc{i}", "text": TEXT, "spans": spans, **others}


def test_format_is_detected_or_named(tmp_path):
    source = write_lines(tmp_path / "corpus.jsonl", [record(0)])
    options = {"nlp": NLP}
    for name in (None, "jsonl"):
        summary = convert_corpus(source, tmp_path / "out", format=name, **options)
        assert (summary.format, summary.splits["all"].kept) == ("jsonl", 1)
    with pytest.raises(ValueError, match="GP163.*'xml'.*brat"):
        convert_corpus(source, tmp_path / "out", format="xml", **options)
    with pytest.raises(ValueError, match="GP166.*'columns'"):
        given = {"columns": "1"}
        convert_corpus(source, tmp_path / "out", options=given, **options)


def test_splits_by_file_and_by_fraction_of_the_rest(tmp_path):
    for name in ("test", "more/train"):
        records = [record(f"-{name}-{i}") for i in range(10)]
        write_lines(tmp_path / "in" / f"{name}.jsonl", records)
    rules = {"train": 0.9, "dev": 0.1, "test": ["test.jsonl"]}
    srsly.write_json(tmp_path / "splits.json", rules)
    output = tmp_path / "out"
    convert_corpus(
        tmp_path / "in", output, nlp=NLP, splits=tmp_path / "splits.json", seed=3
    )
    titles = {
        split: [doc.user_data["title"] for doc in load(output / f"{split}.spacy")]
        for split in ("train", "dev", "test")
    }
    assert titles["test"] == [f"doc-test-{i}" for i in range(10)]
    assert (len(titles["train"]), len(titles["dev"])) == (9, 1)


def test_excluded_files_are_not_read(tmp_path):
    write_lines(tmp_path / "in/a.jsonl", [record(0)])
    (tmp_path / "in/b.jsonl").write_text("rubbish")
    summary = convert_corpus(
        tmp_path / "in", tmp_path / "out", nlp=NLP, exclude=["b.*"]
    )
    assert summary.splits["all"].statistics.documents == 1


def test_names_must_differ(tmp_path):
    source = write_lines(tmp_path / "in/a.jsonl", [record(0), record(1), record(0)])
    message = "GP161.*1 document has.*a.jsonl:3.*'doc0'.*a.jsonl:1"
    with pytest.raises(ValueError, match=message):
        convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert not (tmp_path / "out").exists()


def test_labels_are_renamed_and_dropped(tmp_path):
    spans = [(0, 17, "ORG"), (12, 17, "GPE"), (12, 17, "LOC"), (23, 27, "PER")]
    source = write_lines(tmp_path / "a.jsonl", [record(0, spans)])
    options = {"nlp": NLP, "renamed": {"LOC": "GPE"}}
    summary = convert_corpus(source, tmp_path / "out", dropped=["PER"], **options)
    split = summary.splits["all"]
    assert split.statistics.labels == {"ORG": 1, "GPE": 1}
    assert split.rejected == {"dropped_label": 1, "duplicate": 1}
    assert (split.read, split.kept, split.lost) == (4, 2, 0)
    with pytest.raises(ValueError, match="GP186.*PERSON.*GPE, LOC, ORG, PER"):
        convert_corpus(source, tmp_path / "out", dropped=["PERSON"], **options)
    with pytest.raises(ValueError, match="GP185.*LOC"):
        convert_corpus(source, tmp_path / "out", dropped=["LOC"], **options)


def test_skipped_documents_are_counted_but_not_written(tmp_path, monkeypatch):
    def read(path, **options):
        for document, rejects in FORMATS["jsonl"].read(path, **options):
            if document.name == "doc1":
                reason = Reason.NOT_ACCEPTED
                rejects = [Reject.at(s.source, s.label, reason) for s in document.spans]
                document = replace(document, spans=[], skip=True)
            yield document, rejects

    source = write_lines(tmp_path / "a.jsonl", [record(i) for i in range(3)])
    monkeypatch.setitem(FORMATS, "skips", replace(FORMATS["jsonl"], read=read))
    summary = convert_corpus(source, tmp_path / "out", nlp=NLP, format="skips")
    split = summary.splits["all"]
    assert (split.read, split.kept, split.skipped, split.lost) == (3, 2, 1, 0)
    assert len(load(tmp_path / "out/all.spacy")) == 2


def test_large_split_is_a_folder_that_spacy_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(split_writer, "FILE_TOKENS", 15)
    monkeypatch.setattr(convert, "ZONE", 2)
    source = write_lines(tmp_path / "a.jsonl", [record(i) for i in range(5)])
    output = tmp_path / "out"
    for _ in range(2):  # over a folder of before, too
        convert_corpus(source, output, nlp=NLP)
        assert names(output / "all.spacy") == [f"{i:05}.spacy" for i in range(3)]
        examples = list(Corpus(output / "all.spacy")(spacy.blank("en")))
        gold = [char_spans(example.reference) for example in examples]
        assert gold == [[("ORG", 4, 17)]] * 5
    monkeypatch.setattr(split_writer, "FILE_TOKENS", 1000)
    convert_corpus(source, output, nlp=NLP)
    assert len(load(output / "all.spacy")) == 5
    convert_corpus(source, output, nlp=NLP, splits="0.5,0.5")
    assert names(output) == [
        "dev.spacy",
        "rejects.jsonl",
        "summary.json",
        "train.spacy",
    ]


def test_words_do_not_fill_the_vocab(tmp_path, monkeypatch):
    monkeypatch.setattr(convert, "MAX_WORDS", 0)
    text = "Unheardof words of every kind ."
    source = write_lines(tmp_path / "a.jsonl", [{"text": text}])
    nlp = spacy.blank("en")
    before = len(nlp.vocab.strings)
    convert_corpus(source, tmp_path / "out", nlp=nlp)
    assert len(nlp.vocab.strings) == before
    assert [doc.text for doc in load(tmp_path / "out/all.spacy")] == [text]


def test_corpus_that_changes_during_reading_is_an_error(tmp_path):
    source = write_lines(tmp_path / "a.jsonl", [record(0), record(1)])

    def change(documents, total):
        if total:
            write_lines(source, [record(0)])
        return documents

    with pytest.raises(ValueError, match="GP187"):
        convert_corpus(source, tmp_path / "out", nlp=NLP, progress=change)
    assert not (tmp_path / "out").exists()


def test_drafts_of_a_killed_process_are_removed(tmp_path):
    source = write_lines(tmp_path / "a.jsonl", [record(0)])
    dead = subprocess.Popen(["true"])
    dead.wait()
    host, pid = atomic._host(), os.getpid()
    kept = [f".out.{host}.{pid}.xyz", f".out.elsewhere.{dead.pid}.xyz"]
    kept.append(f".out.{dead.pid}.{host}.{pid}.xyz")  # of a folder "out.<number>"
    for name in [*kept, f".out.{host}.{dead.pid}.xyz"]:
        (tmp_path / name).mkdir()
    convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert names(tmp_path) == sorted([*kept, "a.jsonl", "out"])


@pytest.mark.parametrize("n", [4, 11])
def test_up_to_ten_repeated_names_are_reported(tmp_path, n):
    records = [record(i) for i in range(n)] * 2
    write_lines(tmp_path / "a.jsonl", records)
    with pytest.raises(ValueError, match=f"GP161.*{n} documents have") as error:
        convert_corpus(tmp_path / "a.jsonl", tmp_path / "out", nlp=NLP)
    one = r"a.jsonl:(\d+) is 'doc(\d+)', as a.jsonl:(\d+) is"
    told = re.findall(one, str(error.value))
    expected = [(n + i + 1, i, i + 1) for i in range(min(n, 10))]
    assert [tuple(map(int, found)) for found in told] == expected
    assert ("…" in str(error.value)) == (n > 10)


@pytest.mark.parametrize("single", [False, True])
def test_pattern_that_matches_no_file_gives_a_warning(tmp_path, single):
    source = tmp_path / "in"
    source.mkdir()
    write_lines(source / "a.jsonl", [record(0)])
    (source / "readme.md").touch()
    source = source / "a.jsonl" if single else source
    message = r"GPW017.*--exclude 'b\.\*', 'c'.*The corpus has: a\.jsonl"
    exclude = [*([] if single else ["*.md"]), "b.*", "c"]
    with pytest.warns(UserWarning, match=message):
        convert_corpus(source, tmp_path / "out", nlp=NLP, exclude=exclude)


HALF = '"\\ud800"'


@pytest.mark.parametrize(
    "record,reason",
    [
        (f'{{"text": {HALF}}}', "character 0.*surrogate"),
        (f'{{"text": "", "id": {HALF}}}', "surrogate"),
        (f'{{"text": "", "meta": {{"a": [{{{HALF}: 1}}]}}}}', "surrogate"),
        (f'{{"text": "", "meta": {{"a": [{HALF}]}}}}', "surrogate"),
        ('{"text": "", "meta": {"a": 18446744073709551616}}', "64 bits"),
        (
            f'{{"text": "a", "spans": [{{"start": 0, "end": 1, "label": {HALF}}}]}}',
            "surrogate",
        ),
    ],
)
def test_values_that_no_doc_can_hold_are_reported_with_their_line(
    tmp_path, record, reason
):
    (tmp_path / "a.jsonl").write_text(f'{{"text": "a"}}\n{record}\n')
    with pytest.raises(ValueError, match=f"GP164.*a.jsonl:2.*{reason}"):
        convert_corpus(tmp_path / "a.jsonl", tmp_path / "out", nlp=NLP)


def test_meta_ids_and_tokens_stay_with_the_doc(tmp_path):
    spans = [{"start": 0, "end": 3, "label": "X", "id": "s1"}]
    one = {"text": TEXT, "spans": spans, "meta": {"by": ["me", 1]}}
    source = write_lines(tmp_path / "a.jsonl", [one])
    convert_corpus(source, tmp_path / "out", nlp=NLP)
    (doc,) = load(tmp_path / "out/all.spacy")
    assert doc.user_data["meta"] == {"by": ("me", 1)}  # msgpack has no lists
    assert [span.id_ for span in doc.spans["sc"]] == ["s1"]
    assert "tokens" not in doc.user_data


@pytest.mark.parametrize("source", ["out/all.spacy", "out", "."])
def test_corpus_inside_the_output_or_vice_versa_is_an_error(tmp_path, source):
    first = write_lines(tmp_path / "a.jsonl", [record(i) for i in range(4)])
    output = tmp_path / "out"
    convert_corpus(first, output, nlp=NLP)
    before = {name: (output / name).read_bytes() for name in names(output)}
    with pytest.raises(ValueError, match="GP193"):
        convert_corpus(tmp_path / source, output, nlp=NLP, splits="0.5,0.5")
    assert {name: (output / name).read_bytes() for name in names(output)} == before


def test_no_document_replaces_nothing(tmp_path):
    source = write_lines(tmp_path / "a.jsonl", [record(0)])
    convert_corpus(source, tmp_path / "out", nlp=NLP)
    source.write_text("")
    with pytest.raises(ValueError, match="GP120.*a.jsonl"):
        convert_corpus(source, tmp_path / "out", nlp=NLP, format="jsonl")
    assert len(load(tmp_path / "out/all.spacy")) == 1


@pytest.mark.parametrize("content", ['[{"a": 1}]', "{", '{"../x": {"kept": 1}}'])
def test_summary_of_another_program_is_not_replaced(tmp_path, content):
    source = write_lines(tmp_path / "a.jsonl", [record(0)])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/summary.json").write_text(content)
    with pytest.raises(ValueError, match="GP194"):
        convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert (tmp_path / "out/summary.json").read_text() == content


def test_files_of_another_format_are_reported(tmp_path):
    write_lines(tmp_path / "in/a.jsonl", [record(0)])
    for name in ("b.csv", "more/c.tsv", ".hidden", "d.txt"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("")
    summary = convert_corpus(
        tmp_path / "in", tmp_path / "out", nlp=NLP, exclude=["d.*"]
    )
    assert summary.unread == ["b.csv", "more/c.tsv"]


def test_scores_are_kept_in_a_docbin(tmp_path):
    spans = [
        {"start": 0, "end": 3, "label": "X", "score": 0.75},
        {"start": 4, "end": 8, "label": "X"},
    ]
    source = write_lines(tmp_path / "a.jsonl", [{"text": TEXT, "spans": spans}])
    convert_corpus(source, tmp_path / "out", nlp=NLP)
    (doc,) = load(tmp_path / "out/all.spacy")
    scores = [span.score for span in annotated_from_doc(doc).spans]
    assert scores == [0.75, None]
