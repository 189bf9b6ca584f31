"""Every format's file is told by its look, and taken for no other format."""

from __future__ import annotations

import gzip
import json

import pytest
from format_helpers import read_all, texts
from format_samples import SAMPLES, TEXT, as_text

from spacy_globalpointer.corpus.formats.registry import (
    FORMATS,
    detect_format,
    explaining_formats,
    read_documents,
)


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_each_sample_is_detected(tmp_path, name, file, content):
    path = tmp_path / file
    path.write_text(as_text(content), encoding="utf-8")
    assert detect_format(path).name == name
    assert detect_format(tmp_path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_packed_samples_with_a_byte_order_mark_are_detected(
    tmp_path, name, file, content
):
    path = tmp_path / f"{file}.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + as_text(content).encode("utf-8")))
    assert detect_format(path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_no_other_format_than_jsonl_claims_the_sample(tmp_path, name, file, content):
    path = tmp_path / file
    path.write_text(as_text(content), encoding="utf-8")
    takers = {f.name for f in explaining_formats(path, path, encoding="utf-8")}
    assert name in takers and takers <= {name, "jsonl"}


@pytest.mark.parametrize(
    "content", ["", "Ann of Leith\n", "{}", "[]", "[1]", '"a"', "{"]
)
def test_file_of_no_known_format_is_an_error(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path / "a.json")


LATIN = '{"id": "a", "text": "Café"}\n'.encode("latin-1")
WHOLE = gzip.compress(b'{"text": "a"}\n' * 99, mtime=0)


@pytest.mark.parametrize(
    "name,data,message",
    [
        ("a.jsonl", LATIN, "GP103.*a.jsonl is not utf-8.*position 24"),
        ("a.odd", LATIN, "GP103.*a.odd"),
        ("a.jsonl.gz", WHOLE[:-6], "GP169.*a.jsonl.gz is damaged"),
    ],
)
def test_unreadable_file_is_reported(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        detect_format(tmp_path / name)
    if name != "a.odd":
        with pytest.raises(ValueError, match=message):
            detect_format(tmp_path)


def test_packed_file_with_an_endless_first_value_is_reported(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "' + b"a" * 8 * 2**20, 9))
    with pytest.raises(ValueError, match="GP152.*200 times its size"):
        detect_format(path)


def test_file_with_another_ending_does_not_prevent_detection(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b"\xff")
    (tmp_path / "b.jsonl").write_text('{"text": "a"}')
    assert detect_format(tmp_path).name == "jsonl"


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_unknown_encoding_is_reported(tmp_path, encoding):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}')
    for path in (tmp_path, tmp_path / "a.jsonl"):
        with pytest.raises(ValueError, match=f"GP104.*'{encoding}'"):
            detect_format(path, encoding=encoding)


def test_broken_first_line_is_reported_as_a_possible_reason(tmp_path):
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
        ('\n{"text": "a", "text": "b"}\n', 2, "the key 'text' comes twice"),
        ('{"text": NaN}\n', 1, "NaN is not JSON"),
        ("a b c\nMary x\nran y\nis z\n", 1, "3 columns, separated by a space, .* 2"),
        ("\nMary x\nran y\n", 2, "none of its columns, separated by a space"),
        ('id,text\n1,"a b"\n2\n', 3, "1 column, separated by a comma, .* 2"),
        ("a;b;c\nd;e;f g\n", 1, "none of its columns, separated by a semicolon"),
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


def test_folder_of_conll_2003_is_detected_and_read(tmp_path):
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


def test_folder_of_brat_with_other_texts_is_detected(tmp_path):
    (tmp_path / "a.txt").write_text("Mary O\nran O\n")
    (tmp_path / "b.txt").write_text("Mary")
    (tmp_path / "b.ann").write_text("T1\tPER 0 4\tMary\n")
    assert detect_format(tmp_path).name == "brat"


def test_every_sample_has_a_registered_format():
    assert {name for name, _, _ in SAMPLES} <= set(FORMATS)


TAGGED = {"sentence": "a b", "BIO_label": "B-Symptom I-Symptom I-Symptom"}
DIALOGUE = {"10001": {"self_report": "c", "dialogue": [TAGGED, TAGGED]}}
TRIPLES = [[0, 3, "PER"], [7, 12, "LOC"]]
OBJECTS = [{"start": a, "end": b, "label": label} for a, b, label in TRIPLES]
BOTH = [("PER", "Ann"), ("LOC", "Leith")]


def lines(*values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.conll", "a.odd"])
@pytest.mark.parametrize(
    "value",
    [DIALOGUE, [DIALOGUE], {"a": {"text": TEXT, "entities": TRIPLES}}],
)
def test_json_of_no_format_is_an_error_under_any_name(tmp_path, value, name, indent):
    path = tmp_path / name
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    field = next(iter(value[0] if isinstance(value, list) else value))
    with pytest.raises(ValueError, match=rf"GP127.*{name}:\d has the fields '{field}'"):
        detect_format(path)


def test_json_that_is_cut_off_is_not_conll(tmp_path):
    (tmp_path / "a.json").write_text('{"10001": {"a": "B-PER I-PER')
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path / "a.json")


def test_tokens_that_are_brackets_are_not_json(tmp_path):
    content = "[\tO\nAnn\tB-PER\n]\tO\n\n{}\tO\nAnn\tB-PER\n"
    (tmp_path / "a.conll").write_text(content)
    assert detect_format(tmp_path / "a.conll").name == "conll"


@pytest.mark.parametrize(
    "name,first,second",
    [
        ("doccano", {"text": "x"}, {"text": TEXT, "label": TRIPLES}),
        (
            "doccano",
            {"text": "x", "label": ["SPORT"]},
            {"text": TEXT, "label": TRIPLES},
        ),
        ("doccano", {"data": "x", "label": None}, {"data": TEXT, "label": TRIPLES}),
        (
            "spacy-json",
            {"text": "x", "entities": []},
            {"text": TEXT, "entities": TRIPLES},
        ),
        (
            "spacy-json",
            {"text": "x", "entities": None},
            {"text": TEXT, "entities": OBJECTS},
        ),
        ("jsonl", {"text": "x", "cats": {"A": 1}}, {"text": TEXT, "spans": OBJECTS}),
        ("prodigy", {"text": "x"}, {"text": TEXT, "spans": OBJECTS, "_input_hash": 1}),
    ],
)
def test_first_record_without_spans_does_not_decide_the_format(
    tmp_path, name, first, second
):
    (tmp_path / "a.jsonl").write_text(lines(first, second))
    assert detect_format(tmp_path / "a.jsonl").name == name
    documents = [document for document, _ in read_all(name, tmp_path / "a.jsonl")]
    assert [texts(document) for document in documents] == [[], BOTH]


@pytest.mark.parametrize(
    "other", [{"version": 1}, {"text": TEXT, "label": {"PER": {"Ann": [[0, 2]]}}}, [1]]
)
@pytest.mark.parametrize("last", [False, True])
def test_record_of_another_format_is_reported_with_its_line(tmp_path, other, last):
    records = [{"text": TEXT, "label": TRIPLES}] * 3
    records.insert(3 if last else 0, other)
    (tmp_path / "a.json").write_text(json.dumps(records, indent=0))
    line = json.dumps(records[:3], indent=0).count("\n") + 1 if last else 2
    message = rf"GP128.*3 records are doccano, but a.json:{line} is not"
    with pytest.raises(ValueError, match=message):
        detect_format(tmp_path / "a.json")


def test_error_after_the_first_records_is_reported_by_the_reader(tmp_path):
    (tmp_path / "a.jsonl").write_text(lines({"text": TEXT, "label": TRIPLES}) + "{,\n")
    assert detect_format(tmp_path / "a.jsonl").name == "doccano"
    with pytest.raises(ValueError, match="GP164.*a.jsonl:2"):
        read_all("doccano", tmp_path / "a.jsonl")


def test_error_that_hides_the_format_is_reported(tmp_path):
    (tmp_path / "a.jsonl").write_text(lines({"text": TEXT, "entities": []}) + "{,\n")
    with pytest.raises(ValueError, match="GP164.*a.jsonl:2: this is not JSON"):
        detect_format(tmp_path / "a.jsonl")


@pytest.mark.parametrize("form", [lines, lambda *values: json.dumps(values)])
def test_task_of_more_than_a_mebibyte_is_detected(tmp_path, form):
    task = {"text": TEXT + " x" * 2**20, "spans": OBJECTS, "_input_hash": 1}
    (tmp_path / "a.jsonl").write_text(form(task, task))
    assert detect_format(tmp_path / "a.jsonl").name == "prodigy"


def test_json_of_no_format_in_a_folder_does_not_prevent_detection(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(DIALOGUE))
    with pytest.raises(ValueError, match="GP127"):
        detect_format(tmp_path)
    (tmp_path / "b.jsonl").write_text(lines({"text": TEXT, "spans": OBJECTS}))
    assert detect_format(tmp_path).name == "jsonl"
