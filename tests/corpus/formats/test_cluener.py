"""CLUENER: inclusive ends under label and surface."""

from __future__ import annotations

import json

import pytest
from format_helpers import (
    documents,
    named,
    read_all,
    read_one,
    reasons,
    texts,
    there_and_back,
    triples,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.registry import FORMATS

# Made for this test in the form of the README of CLUENER 2020.
RECORD = {
    "text": "王小明在北京的北京大学，北京",
    "label": {
        "address": {"北京": [[4, 5], [12, 13]]},
        "organization": {"北京大学": [[7, 10]]},
        "name": {"王小明": [[0, 2]]},
    },
}


def test_spans_keep_the_order_of_the_file(tmp_path):
    document, rejects = read_one("cluener", tmp_path, RECORD)
    assert triples(document) == [
        ("address", 4, 6),
        ("address", 12, 14),
        ("organization", 7, 11),
        ("name", 0, 3),
    ]
    assert (document.name, rejects) == ("file:1", [])


def test_offsets_count_code_points(tmp_path):
    record = {"text": "😀e\u0301北京", "label": {"address": {"北京": [[3, 4]]}}}
    document, _ = read_one("cluener", tmp_path, record)
    assert texts(document) == [("address", "北京")]


def test_a_record_without_label_is_to_be_skipped(tmp_path):
    document, rejects = read_one("cluener", tmp_path, {"id": 7, "text": "北京"})
    assert (document.name, document.skip, document.spans) == ("7", True, [])
    assert rejects == []


def test_a_record_with_no_labels_is_a_document_without_spans(tmp_path):
    document, _ = read_one("cluener", tmp_path, {"text": "北京", "label": {}})
    assert (document.skip, document.spans) == (False, [])


@pytest.mark.parametrize(
    "label,reason",
    [
        ({"a": {"北京": [[1, 2]]}}, "text_mismatch"),
        ({"a": {"北京": [[5, 4]]}}, "end_before_start"),
        ({"a": {"北京": [[13, 14]]}}, "out_of_text"),
        ({"a": {"北京": [[4]]}}, "bad_line"),
        ({"a": {"北京": [["4", "5"]]}}, "bad_line"),
        ({"a": {"北京": [[4.0, 5.0]]}}, "bad_line"),
        ({"a": {"北京": 4}}, "bad_line"),
        ({"a": [[4, 5]]}, "bad_line"),
        ({"": {"北京": [[4, 5]]}}, "bad_line"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, label, reason):
    record = {"text": RECORD["text"], "label": label}
    document, rejects = read_one("cluener", tmp_path, record)
    assert (document.spans, reasons(rejects)) == ([], [reason])


@pytest.mark.parametrize(
    "record", [{"label": {}}, {"text": 1}, {"text": "a", "label": []}, [], "a"]
)
def test_invalid_records_are_an_error(tmp_path, record):
    with pytest.raises(ValueError, match="GP164.*file.json:1"):
        read_one("cluener", tmp_path, record if record != [] else [[]])


def test_sample_is_written_unchanged(tmp_path):
    test = {"id": 3, "text": "北京"}
    lines = [json.dumps(r, ensure_ascii=False) + "\n" for r in (RECORD, test)]
    source, back = tmp_path / "train.json", tmp_path / "back.json"
    source.write_text("".join(lines), encoding="utf-8")
    read = [document for document, _ in read_all("cluener", source)]
    FORMATS["cluener"].write(read, back)
    assert back.read_bytes() == source.read_bytes()


def test_other_fields_are_kept(tmp_path):
    document, _ = read_one("cluener", tmp_path, {**RECORD, "source": "x"})
    assert document.meta == {"source": "x"}
    [back], _, _ = there_and_back("cluener", [document])
    assert back.meta == {"source": "x"}


@settings(max_examples=40)
@given(st.lists(documents(), max_size=3).map(named))
def test_written_file_is_read_back(given):
    back, first, second = there_and_back("cluener", given)
    assert [(d.text, sorted(triples(d))) for d in back] == [
        (d.text, sorted(triples(d))) for d in given
    ]
    assert first == second


@pytest.mark.parametrize("start,end", [(3, 4), (3, 5), (4, 5), (4, 6)])
def test_surfaces_decide_the_reading_of_offsets(tmp_path, start, end):
    record = {"text": "李明👍北京", "label": {"LOC": {"北京": [[start, end]]}}}
    document, rejects = read_one("cluener", tmp_path, record)
    assert (texts(document), rejects) == ([("LOC", "北京")], [])
