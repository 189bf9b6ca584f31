"""CMeEE: the copies tell whether the ends are inclusive."""

from __future__ import annotations

import json

import pytest
from format_helpers import (
    documents,
    read_one,
    read_value,
    reasons,
    texts,
    there_and_back,
    triples,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.registry import FORMATS

TEXT = "小儿肺炎可用药。"


def entity(start, end, copy="肺炎", type="dis"):
    return {"start_idx": start, "end_idx": end, "type": type, "entity": copy}


def record(*entities):
    return {"text": TEXT, "entities": list(entities)}


def test_inclusive_ends_of_version_1_are_read(tmp_path):
    value = [record(entity(2, 3), entity(0, 3, "小儿肺炎", "sym"))]
    document, rejects = read_one("cmeee", tmp_path, value)
    assert triples(document) == [("dis", 2, 4), ("sym", 0, 4)]
    assert (document.name, rejects) == ("file:1", [])


def test_copies_show_that_ends_are_exclusive(tmp_path):
    document, rejects = read_one("cmeee", tmp_path, [record(entity(2, 4))])
    assert (texts(document), rejects) == ([("dis", "肺炎")], [])


def test_one_wrong_end_does_not_change_the_reading(tmp_path):
    value = [record(entity(2, 4)), record(entity(2, 3), entity(2, 3))]
    (first, rejects), (second, _) = read_value("cmeee", tmp_path, value)
    assert reasons(rejects) == ["text_mismatch"]
    assert texts(second) == [("dis", "肺炎")] * 2


def test_without_copies_the_end_is_inclusive(tmp_path):
    bare = {"start_idx": 2, "end_idx": 3, "type": "dis"}
    document, _ = read_one("cmeee", tmp_path, [record(bare)])
    assert texts(document) == [("dis", "肺炎")]


@pytest.mark.parametrize("end,stop", [("inclusive", 3), ("exclusive", 4)])
def test_the_end_can_be_named(tmp_path, end, stop):
    bare = {"start_idx": 2, "end_idx": stop, "type": "dis"}
    document, _ = read_one("cmeee", tmp_path, [record(bare)], end=end)
    assert texts(document) == [("dis", "肺炎")]


def test_a_named_end_is_not_overruled_by_the_copies(tmp_path):
    _, rejects = read_one("cmeee", tmp_path, [record(entity(2, 4))], end="inclusive")
    assert reasons(rejects) == ["text_mismatch"]


def test_unknown_value_of_end_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP167.*auto, inclusive, exclusive"):
        read_one("cmeee", tmp_path, [record()], end="open")


def test_offsets_count_code_points(tmp_path):
    value = [{"text": "😀e\u0301肺炎", "entities": [entity(3, 4)]}]
    document, _ = read_one("cmeee", tmp_path, value)
    assert texts(document) == [("dis", "肺炎")]


def test_json_lines_are_read(tmp_path):
    document, _ = read_one("cmeee", tmp_path, record(entity(2, 3)))
    assert texts(document) == [("dis", "肺炎")]


def test_documents_on_one_line_have_different_names(tmp_path):
    found = read_value("cmeee", tmp_path, [record(), record()])
    assert [document.name for document, _ in found] == ["file:1", "file:2"]


def test_a_record_without_entities_is_to_be_skipped(tmp_path):
    document, rejects = read_one("cmeee", tmp_path, [{"text": TEXT}])
    assert (document.skip, rejects) == (True, [])


@pytest.mark.parametrize(
    "broken,reason",
    [
        (entity(2, 3, "小儿"), "text_mismatch"),
        (entity(3, 2), "end_before_start"),
        (entity(-1, 2), "out_of_text"),
        (entity(2, 8), "out_of_text"),
        (entity("2", "3"), "bad_line"),
        (entity(2, True), "bad_line"),
        (entity(2, 3, type=""), "bad_line"),
        (entity(2, 3, type=None), "bad_line"),
        (entity(2, 3, copy=5), "text_mismatch"),
        ([2, 3, "dis"], "bad_line"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, broken, reason):
    value = [record(entity(2, 3), entity(2, 3), broken)]
    document, rejects = read_one("cmeee", tmp_path, value)
    assert texts(document) == [("dis", "肺炎")] * 2
    assert reasons(rejects) == [reason]
    assert json.loads(rejects[0].value) == broken


@pytest.mark.parametrize(
    "value", [[{"entities": []}], [{"text": None}], [{"text": "", "entities": {}}], [1]]
)
def test_invalid_records_are_an_error(tmp_path, value):
    with pytest.raises(ValueError, match="GP164.*file.json:1"):
        read_value("cmeee", tmp_path, value)


def test_array_with_copies_is_written(tmp_path):
    document, _ = read_one("cmeee", tmp_path, [record(entity(2, 3))])
    path = tmp_path / "out.json"
    FORMATS["cmeee"].write([document], path)
    assert json.loads(path.read_text("utf-8")) == [record(entity(2, 3))]
    assert path.read_text("utf-8").count("\n") == 3


def test_no_document_is_an_empty_array(tmp_path):
    FORMATS["cmeee"].write([], tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == []


@settings(max_examples=30)
@given(st.lists(documents(), max_size=3), st.sampled_from(["inclusive", "exclusive"]))
def test_written_file_is_read_back(given, end):
    options = {"writing": {"end": end}, "reading": {"end": end}}
    back, first, second = there_and_back("cmeee", given, **options)
    assert [(d.text, triples(d)) for d in back] == [(d.text, triples(d)) for d in given]
    assert first == second


@settings(max_examples=30)
@given(st.lists(documents(), min_size=1, max_size=3))
def test_auto_detects_the_written_end(given):
    back, _, _ = there_and_back("cmeee", given)
    assert [triples(d) for d in back] == [triples(d) for d in given]


@pytest.mark.parametrize("end", [2, 3])
def test_without_copies_words_decide_the_ends(tmp_path, end, recwarn):
    entity = {"start_idx": 0, "end_idx": end, "type": "x"}
    document, _ = read_one(
        "cmeee", tmp_path, [{"text": "Ann ran", "entities": [entity]}]
    )
    assert texts(document) == [("x", "Ann")]
    assert bool(recwarn) == (end == 3)


def test_evidence_after_many_records_counts(tmp_path):
    value = [{"text": "a", "entities": []}] * 1001 + [record(entity(2, 4))]
    *_, (document, _) = read_value("cmeee", tmp_path, value)
    assert texts(document) == [("dis", "肺炎")]
