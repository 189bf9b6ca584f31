"""Prodigy: accepted tasks are documents, others are to be skipped."""

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
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.registry import FORMATS

# In the form that Prodigy's documentation shows for spans_manual.
TASK = {
    "text": "Hello Apple Inc",
    "_input_hash": 1,
    "_task_hash": 2,
    "tokens": [
        {"text": "Hello", "start": 0, "end": 5, "id": 0, "ws": True},
        {"text": "Apple", "start": 6, "end": 11, "id": 1, "ws": True},
        {"text": "Inc", "start": 12, "end": 15, "id": 2, "ws": False},
    ],
    "spans": [
        {"start": 6, "end": 15, "token_start": 1, "token_end": 2, "label": "ORG"},
        {"start": 6, "end": 11, "token_start": 1, "token_end": 1, "label": "FRUIT"},
    ],
    "answer": "accept",
    "_view_id": "spans_manual",
    "_annotator_id": "a",
    "_session_id": "a",
}


def test_accepted_task_is_read(tmp_path):
    document, rejects = read_one("prodigy", tmp_path, TASK)
    assert texts(document) == [("ORG", "Apple Inc"), ("FRUIT", "Apple")]
    assert document.tokens == [(0, 5), (6, 11), (12, 15)]
    assert (document.name, document.skip, rejects) == ("file:1", False, [])


@pytest.mark.parametrize("answer", ["reject", "ignore", None])
def test_a_task_that_was_not_accepted_is_to_be_skipped(tmp_path, answer):
    document, rejects = read_one("prodigy", tmp_path, {**TASK, "answer": answer})
    assert (document.skip, document.spans) == (True, [])
    assert reasons(rejects) == ["not_accepted"] * 2


def test_a_task_without_answer_counts_as_accepted(tmp_path):
    task = {key: value for key, value in TASK.items() if key != "answer"}
    document, _ = read_one("prodigy", tmp_path, task)
    assert (document.skip, len(document.spans)) == (False, 2)


@pytest.mark.parametrize("view", ["ner", "spans"])
def test_binary_tasks_are_to_be_skipped_by_default(tmp_path, view):
    task = {**TASK, "_view_id": view}
    document, rejects = read_one("prodigy", tmp_path, task)
    assert (document.skip, reasons(rejects)) == (True, ["not_accepted"] * 2)
    document, _ = read_one("prodigy", tmp_path, task, binary=True)
    assert (document.skip, len(document.spans)) == (False, 2)


def test_rejected_span_is_a_reject(tmp_path):
    spans = [{**TASK["spans"][0], "answer": a} for a in ("accept", "reject")]
    document, rejects = read_one("prodigy", tmp_path, {**TASK, "spans": spans})
    assert (len(document.spans), reasons(rejects)) == (1, ["not_accepted"])


def test_ids_and_scores(tmp_path):
    span = {"start": 0, "end": 5, "label": "X", "score": 0.5, "id": "Q1"}
    document, _ = read_one("prodigy", tmp_path, {"text": "Hello", "spans": [span]})
    assert [(s.id, s.score) for s in document.spans] == [("Q1", 0.5)]


def test_offsets_count_code_points(tmp_path):
    task = {"text": "😀e\u0301 Ann", "spans": [{"start": 4, "end": 7, "label": "PER"}]}
    document, _ = read_one("prodigy", tmp_path, task)
    assert texts(document) == [("PER", "Ann")]


@pytest.mark.parametrize(
    "span,reason",
    [
        ({"start": 6, "end": 16, "label": "X"}, "out_of_text"),
        ({"start": 6, "end": 5, "label": "X"}, "end_before_start"),
        ({"start": 6, "end": 6, "label": "X"}, "empty"),
        ({"start": 6, "end": 11, "label": "X", "text": "apple"}, "text_mismatch"),
        ({"start": 6, "end": 11}, "bad_line"),
        ({"start": "6", "end": 11, "label": "X"}, "bad_line"),
        ({"start": 6, "end": 11, "label": "X", "score": "high"}, "bad_line"),
        ([6, 11, "X"], "bad_line"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, span, reason):
    document, rejects = read_one("prodigy", tmp_path, {**TASK, "spans": [span]})
    assert (document.spans, reasons(rejects)) == ([], [reason])


@pytest.mark.parametrize(
    "key,value,n",
    [
        ("relations", [{"head": 0, "child": 1, "label": "of"}], 1),
        ("accept", ["A", "B"], 2),
        ("label", "POSITIVE", 1),
    ],
)
def test_annotations_that_are_not_spans_are_rejects(tmp_path, key, value, n):
    document, rejects = read_one("prodigy", tmp_path, {**TASK, key: value})
    assert (len(document.spans), reasons(rejects)) == (2, ["not_a_span"] * n)


@pytest.mark.parametrize("key", ["entities", "label", "labels", "annotations"])
def test_spans_of_other_formats_are_rejects_and_not_meta(tmp_path, key):
    task = {**TASK, key: [[0, 5, "X"], {"start": 0, "end": 5}]}
    document, rejects = read_one("prodigy", tmp_path, task)
    assert (document.n_read, reasons(rejects)) == (4, ["bad_line"] * 2)
    assert json.loads(rejects[0].value) == {key: [0, 5, "X"]}
    assert document.meta == {}


@pytest.mark.parametrize("value", [[], "PER", 7])
def test_a_field_with_such_a_name_that_has_no_spans_is_meta(tmp_path, value):
    document, rejects = read_one("prodigy", tmp_path, {**TASK, "labels": value})
    assert (document.meta, rejects) == ({"prodigy": {"labels": value}}, [])


@pytest.mark.parametrize(
    "task",
    [
        {"spans": []},
        {"text": 3},
        {"text": "a", "spans": {}},
        {"text": "a", "meta": []},
        {"text": "a", "tokens": [{"start": 0}]},
        {"text": "a", "tokens": [{"start": 0, "end": 2}]},
        {"text": "ab", "tokens": [{"start": 0, "end": 2}, {"start": 1, "end": 2}]},
    ],
)
def test_invalid_tasks_are_an_error(tmp_path, task):
    with pytest.raises(ValueError, match="GP164.*file.json:1"):
        read_value("prodigy", tmp_path, task)


@pytest.mark.parametrize(
    "task,n",
    [
        ({"text": "A b", "accept": ["SPORT", "X"], "options": [{"id": "X"}]}, 2),
        ({"text": "A b", "label": "SPORT", "answer": "accept"}, 1),
        ({"text": "A b", "label": "SPORT", "spans": None}, 1),
        ({"html": "<b>A</b>", "label": "SPORT", "answer": "accept"}, 1),
        ({"image": "a.png", "accept": ["X"], "_view_id": "choice"}, 1),
    ],
)
def test_a_task_of_text_classification_is_to_be_skipped(tmp_path, task, n):
    document, rejects = read_one("prodigy", tmp_path, task)
    assert (document.skip, document.spans) == (True, [])
    assert reasons(rejects) == ["not_a_span"] * n


@pytest.mark.parametrize("key", ["spans", "tokens"])
def test_a_task_with_labels_that_was_shown_for_spans_is_an_example(tmp_path, key):
    task = {"text": "A b", "accept": ["SPORT"], key: []}
    document, rejects = read_one("prodigy", tmp_path, task)
    assert (document.skip, reasons(rejects)) == (False, ["not_a_span"])


def test_tokens_of_white_space_are_left_out(tmp_path):
    tokens = [{"start": 0, "end": 1}, {"start": 1, "end": 2}, {"start": 2, "end": 3}]
    document, _ = read_one("prodigy", tmp_path, {"text": "a\nb", "tokens": tokens})
    assert document.tokens == [(0, 1), (2, 3)]


def written(tmp_path, document):
    FORMATS["prodigy"].write([document], tmp_path / "out.jsonl")
    return json.loads((tmp_path / "out.jsonl").read_text("utf-8"))


def test_new_task_to_correct_is_written(tmp_path):
    document, _ = read_one("prodigy", tmp_path, TASK)
    back = written(tmp_path, document)
    assert list(back) == ["text", "tokens", "spans", "meta"]
    assert [back[key] for key in ("text", "tokens", "spans")] == [
        TASK[key] for key in ("text", "tokens", "spans")
    ]
    assert back["meta"] == {"document": "file:1"}


def test_span_between_tokens_has_no_token_numbers(tmp_path):
    task = {**TASK, "spans": [{"start": 7, "end": 11, "label": "X"}]}
    document, _ = read_one("prodigy", tmp_path, task)
    assert written(tmp_path, document)["spans"] == task["spans"]


def test_name_meta_and_other_fields_come_back(tmp_path):
    task = {**TASK, "meta": {"document": "a", "page": 3}, "url": "x"}
    document, _ = read_one("prodigy", tmp_path, task)
    assert document.name == "a"
    back = written(tmp_path, document)
    assert back["meta"] == {"page": 3, "document": "a"}
    assert back["url"] == "x"


@settings(max_examples=30)
@given(st.lists(documents(ids=True), max_size=3).map(named), st.booleans())
def test_written_file_is_read_back(given, tokenized):
    for document in given if tokenized else []:
        document.tokens = [
            (i, i + 1) for i, char in enumerate(document.text) if char.strip()
        ]
    back, first, second = there_and_back("prodigy", given)
    for new, old in zip(back, given):
        assert (new.name, new.text, new.tokens) == (old.name, old.text, old.tokens)
        assert [(s.label, s.start, s.end, s.id, s.score) for s in new.spans] == [
            (s.label, s.start, s.end, s.id, s.score) for s in old.spans
        ]
    assert first == second


@pytest.mark.parametrize("start,end", [(2, 5), (3, 6), (5, 8), (2, 4)])
def test_copies_of_the_text_decide_the_reading_of_offsets(tmp_path, start, end):
    span = {"start": start, "end": end, "label": "PER", "text": "Ann"}
    document, rejects = read_one(
        "prodigy", tmp_path, {"text": "👍 Ann ran", "spans": [span]}
    )
    assert (texts(document), rejects) == ([("PER", "Ann")], [])


@pytest.mark.parametrize(
    "marks,annotator",
    [
        ({}, ""),
        ({"_session_id": "a", "_annotator_id": None}, "a"),
        ({"_session_id": "a", "_annotator_id": "b"}, "b"),
    ],
)
def test_annotator_and_input_are_read(tmp_path, marks, annotator):
    task = {"text": "Ann", "_input_hash": 5, "spans": [], **marks}
    document, _ = read_one("prodigy", tmp_path, task)
    assert (document.annotator, document.input) == (annotator, "5 Ann")
