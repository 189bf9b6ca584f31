"""doccano: UTF-16 offsets, spans as triples or with relations."""

from __future__ import annotations

import json

import pytest
from format_helpers import (
    documents,
    named,
    read_one,
    read_value,
    reasons,
    texts,
    there_and_back,
    triples,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.formats.doccano import write_document
from spacy_globalpointer.corpus.formats.registry import FORMATS, detect_format

TEXT = "Ann of Leith"
TRIPLES = {"id": 4, "text": TEXT, "label": [[0, 3, "PER"], [7, 12, "LOC"]]}
RELATIONS = {
    "id": 5,
    "text": TEXT,
    "entities": [
        {"id": 11, "label": "PER", "start_offset": 0, "end_offset": 3},
        {"id": 12, "label": "LOC", "start_offset": 7, "end_offset": 12},
    ],
    "relations": [{"id": 1, "from_id": 11, "to_id": 12, "type": "of"}],
    "Comments": [],
}
EMOJI = "👩😀 Ann"


@pytest.mark.parametrize("key", ["label", "labels", "label_spans", "entities"])
@pytest.mark.parametrize("text_key", ["text", "data"])
def test_triples_are_read(tmp_path, key, text_key):
    record = {"id": 4, text_key: TEXT, key: TRIPLES["label"]}
    document, rejects = read_one("doccano", tmp_path, record)
    assert texts(document) == [("PER", "Ann"), ("LOC", "Leith")]
    assert (document.name, document.meta, rejects) == ("4", {}, [])


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "data": TEXT, "label": TRIPLES["label"]},
        {"id": 1, "text": TEXT, "label_spans": TRIPLES["label"]},
        {"doc_id": 1, "text": TEXT, "entities": TRIPLES["label"], "username": "a"},
        {"id": 1, "text": TEXT, "annotations": [{"label": 2, "start_offset": 0}]},
    ],
)
def test_versions_are_detected(tmp_path, record):
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    assert detect_format(tmp_path / "a.jsonl").name == "doccano"


def test_field_data_of_the_user_is_kept(tmp_path):
    document, _ = read_one("doccano", tmp_path, {**TRIPLES, "data": "x"})
    assert (document.text, document.meta) == (TEXT, {"data": "x"})


def test_relations_are_not_spans(tmp_path):
    document, rejects = read_one("doccano", tmp_path, RELATIONS)
    assert texts(document) == [("PER", "Ann"), ("LOC", "Leith")]
    assert [span.id for span in document.spans] == ["11", "12"]
    assert reasons(rejects) == ["not_a_span"]


@pytest.mark.parametrize("key", ["spans", "ents"])
def test_spans_of_other_formats_are_rejects_and_not_meta(tmp_path, key):
    entries = [{"start": 0, "end": 3, "label": "PER"}, "X"]
    document, rejects = read_one("doccano", tmp_path, {**TRIPLES, key: entries})
    assert (document.n_read, len(document.spans), document.meta) == (4, 2, {})
    assert reasons(rejects) == ["bad_line"] * 2


def test_a_record_with_spans_of_another_format_only_is_to_be_skipped(tmp_path):
    document, rejects = read_one("doccano", tmp_path, {"text": TEXT, "spans": [1]})
    assert (document.skip, reasons(rejects)) == (True, ["bad_line"])


def test_the_arrays_of_old_versions_name_labels_by_number(tmp_path):
    spans = [{"label": 2, "start_offset": 0, "end_offset": 3, "user": 1}]
    value = [{"id": 1, "text": TEXT, "annotations": spans, "meta": {}}]
    document, _ = read_one("doccano", tmp_path, value)
    assert texts(document) == [("2", "Ann")]


@pytest.mark.parametrize(
    "unit,start,end", [("utf-16", 5, 8), ("code-points", 3, 6), ("graphemes", 3, 6)]
)
def test_offsets_are_read_in_the_named_unit(tmp_path, unit, start, end):
    record = {"text": EMOJI, "label": [[start, end, "PER"]]}
    document, _ = read_one("doccano", tmp_path, record, offsets=unit)
    assert texts(document) == [("PER", "Ann")]


def test_grapheme_clusters_are_counted(tmp_path):
    record = {"text": "👩\u200d🚒e\u0301 Ann", "label": [[3, 6, "PER"]]}
    document, _ = read_one("doccano", tmp_path, record, offsets="graphemes")
    assert texts(document) == [("PER", "Ann")]


@pytest.mark.parametrize("start,end", [(5, 8), (3, 6)])
def test_text_decides_the_unit_of_offsets(tmp_path, start, end):
    record = {"text": EMOJI, "label": [[start, end, "PER"]]}
    document, _ = read_one("doccano", tmp_path, record)
    assert texts(document) == [("PER", "Ann")]


def test_ambiguous_offsets_ask_the_user(tmp_path):
    record = {"text": "李明👍在北京工作", "label": [[4, 6, "LOC"]]}
    with pytest.raises(ValueError, match="GP129.*file.json:1: 4 to 6 is '在北'"):
        read_one("doccano", tmp_path, record)
    document, _ = read_one("doccano", tmp_path, record, offsets="code-points")
    assert texts(document) == [("LOC", "北京")]


@pytest.mark.parametrize("place", [[1, 4], [2, 3]])
def test_an_offset_within_a_character_is_a_reject(tmp_path, place):
    record = {"text": EMOJI, "label": [[*place, "PER"]]}
    _, rejects = read_one("doccano", tmp_path, record)
    assert reasons(rejects) == ["out_of_text"]


def test_unknown_unit_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP167.*utf-16, graphemes, code-points"):
        read_one("doccano", tmp_path, TRIPLES, offsets="bytes")


@pytest.mark.parametrize(
    "entry,reason",
    [
        ([0, 13, "PER"], "out_of_text"),
        ([-1, 3, "PER"], "out_of_text"),
        ([3, 0, "PER"], "end_before_start"),
        ([3, 3, "PER"], "empty"),
        ([0, 3], "bad_line"),
        ([0, 3, ""], "bad_line"),
        (["0", "3", "PER"], "bad_line"),
        ([0, 3.0, "PER"], "bad_line"),
        ({"label": "PER"}, "bad_line"),
        (7, "bad_line"),
        ("positive", "not_a_span"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, entry, reason):
    record = {"text": TEXT, "label": [[0, 3, "PER"], entry]}
    document, rejects = read_one("doccano", tmp_path, record)
    assert (texts(document), reasons(rejects)) == ([("PER", "Ann")], [reason])


def test_categories_and_comments_are_not_spans(tmp_path):
    record = {**TRIPLES, "cats": ["a"], "Comments": ["sure?"]}
    document, rejects = read_one("doccano", tmp_path, record)
    assert (len(document.spans), reasons(rejects)) == (2, ["not_a_span"] * 2)


def test_a_record_without_spans_field_is_to_be_skipped(tmp_path):
    document, _ = read_one("doccano", tmp_path, {"text": TEXT})
    assert document.skip


@pytest.mark.parametrize(
    "fields,n",
    [
        ({"label": ["SPORT", "NEWS"]}, 2),
        ({"label": "SPORT"}, 1),
        ({"label": 3}, 1),
        ({"label": None}, 0),
        ({"cats": ["SPORT"]}, 1),
        ({"cats": "SPORT"}, 1),
        ({"cats": {"SPORT": 1.0}}, 1),
    ],
)
def test_a_record_of_text_classification_is_to_be_skipped(tmp_path, fields, n):
    document, rejects = read_one("doccano", tmp_path, {"text": TEXT, **fields})
    assert (document.skip, reasons(rejects)) == (True, ["not_a_span"] * n)


@pytest.mark.parametrize("key", ["label", "entities"])
def test_a_record_without_spans_is_an_example(tmp_path, key):
    record = {"text": TEXT, key: [], "cats": ["SPORT"]}
    document, rejects = read_one("doccano", tmp_path, record)
    assert (document.skip, reasons(rejects)) == (False, ["not_a_span"])


@pytest.mark.parametrize(
    "record",
    [{"label": []}, {"text": 1, "label": []}, {"text": "", "label": {}}, [[]]],
)
def test_invalid_records_are_an_error(tmp_path, record):
    with pytest.raises(ValueError, match="GP164.*file.json:1"):
        read_value("doccano", tmp_path, record)


def written(tmp_path, document, **options):
    FORMATS["doccano"].write([document], tmp_path / "out.jsonl", **options)
    return json.loads((tmp_path / "out.jsonl").read_text("utf-8"))


def test_triples_are_written_unchanged(tmp_path):
    document, _ = read_one("doccano", tmp_path, {**TRIPLES, "source": "x"})
    assert written(tmp_path, document) == {**TRIPLES, "source": "x"}


def test_spans_with_ids_are_written_for_projects_with_relations(tmp_path):
    document, _ = read_one("doccano", tmp_path, RELATIONS)
    back = written(tmp_path, document, relations=True)
    assert back["entities"] == RELATIONS["entities"]
    assert back["relations"] == []


def test_ids_that_are_taken_or_not_numbers_are_replaced(tmp_path):
    ids = ["7", "x", "7", ""]
    spans = [TextSpan("A", 0, 1, Source("", 1), id) for id in ids]
    back = written(tmp_path, AnnotatedText("d", "ab", spans), relations=True)
    assert [entity["id"] for entity in back["entities"]] == [7, 8, 9, 10]


def test_half_a_grapheme_cluster_cannot_be_written(tmp_path):
    document = AnnotatedText("d", "e\u0301", [TextSpan("A", 0, 1, Source("", 1))])
    with pytest.raises(ValueError, match="GP176.*'d'.*graphemes"):
        written(tmp_path, document, offsets="graphemes")


@settings(max_examples=40)
@given(
    st.lists(documents(), max_size=3).map(named),
    st.sampled_from(["utf-16", "code-points"]),
    st.booleans(),
)
def test_written_file_is_read_back(given, unit, relations):
    writing = {"offsets": unit, "relations": relations}
    reading = {"offsets": unit}
    back, first, second = there_and_back(
        "doccano", given, writing=writing, reading=reading
    )
    assert [(d.name, d.text, triples(d)) for d in back] == [
        (d.name, d.text, triples(d)) for d in given
    ]
    assert first == second


def test_metadata_named_like_a_field_of_doccano_gives_a_warning():
    meta = {"id": "x", "label": "news", "source": "web"}
    document = AnnotatedText("7", "Leith", meta=meta)
    with pytest.warns(UserWarning, match=r"GPW129.*: id, label\."):
        [line] = write_document(document)
    assert json.loads(line) == {"id": 7, "text": "Leith", "source": "web", "label": []}
