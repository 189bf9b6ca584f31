"""Several annotators' work on one text: the user chooses, and nothing is lost."""

from __future__ import annotations

import json

import pytest
import srsly
from corpus_helpers import NLP, load, read_jsonl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotators import AnnotatorRules
from spacy_globalpointer.corpus.convert import convert_corpus

TEXT = "Anna Berg lives in Leith"
ANN = [(0, 9, "PER"), (19, 24, "LOC")]
BOB = [(0, 9, "PER"), (0, 4, "PER")]
UNION = [(0, 4, "PER"), (0, 9, "PER"), (19, 24, "LOC")]


def objects(spans):
    return [{"start": a, "end": b, "label": label} for a, b, label in spans]


def task(spans, annotator, text=TEXT, hash=1, **more):
    """A task of Prodigy."""
    marks = {"_input_hash": hash, "_task_hash": len(spans), "_session_id": annotator}
    return {
        **{"text": text, "spans": objects(spans), "answer": "accept"},
        **{**marks, "_annotator_id": annotator},
        **more,
    }


def annotation(spans, annotator, **more):
    """An annotation of Label Studio."""
    results = [
        {"type": "labels", "value": {"start": a, "end": b, "labels": [label]}}
        for a, b, label in spans
    ]
    return {"completed_by": annotator, "result": results, **more}


def write(path, *records):
    srsly.write_jsonl(path, records)
    return path


def prodigy(folder):
    return write(folder / "in.jsonl", task(ANN, "ann"), task(BOB, "bob"))


def label_studio(key, ann="ann", bob="bob", **more):
    def make(folder):
        annotations = [annotation(ANN, ann), annotation(BOB, bob, **more)]
        value = [{"id": 1, "data": {"text": TEXT}, key: annotations}]
        srsly.write_json(folder / "in.json", value)
        return folder / "in.json"

    return make


def json_min(folder):
    def record(spans, annotator):
        regions = [{**span, "labels": [span["label"]]} for span in objects(spans)]
        marks = {"annotation_id": 1, "lead_time": 1, "annotator": annotator}
        return {"id": 1, "text": TEXT, "label": regions, **marks}

    srsly.write_json(folder / "in.json", [record(ANN, "ann"), record(BOB, "bob")])
    return folder / "in.json"


def doccano_files(folder):
    (folder / "in").mkdir()
    for name, spans in (("ann", ANN), ("bob", BOB)):
        write(folder / f"in/{name}.jsonl", {"id": 7, "text": TEXT, "label": spans})
    return folder / "in"


def doccano_names(folder):
    records = [
        {"doc_id": 7, "text": TEXT, "entities": spans, "username": name}
        for name, spans in (("ann", ANN), ("bob", BOB))
    ]
    return write(folder / "in.jsonl", *records)


def doccano_users(folder):
    annotations = [
        {"label": label, "start_offset": a, "end_offset": b, "user": user}
        for user, spans in (("ann", ANN), ("bob", BOB))
        for a, b, label in spans
    ]
    record = {"id": 7, "text": TEXT, "annotations": annotations, "meta": {}}
    return write(folder / "in.jsonl", record)


EMAILS = {"ann": {"id": 1, "email": "ann"}, "bob": {"id": 2, "email": "bob"}}
SOURCES = {
    "prodigy": prodigy,
    "label_studio": label_studio("annotations"),
    "label_studio_emails": label_studio("annotations", **EMAILS),
    "completions": label_studio("completions"),
    "json_min": json_min,
    "doccano_files": doccano_files,
    "doccano_names": doccano_names,
    "doccano_users": doccano_users,
}
sources = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)


def convert(source, **options):
    """The spans of each document, and the split's summary, which adds up."""
    out = source.parent / "out"
    convert_corpus(source, out, nlp=NLP, **options)
    summary = srsly.read_json(out / "summary.json")["all"]
    assert summary["read"] == summary["kept"] + sum(summary["rejected"].values())
    rejects = read_jsonl(out / "rejects.jsonl")
    assert len(rejects) == sum(summary["rejected"].values())
    docs = load(out / "all.spacy")
    spans = [
        sorted((s.start_char, s.end_char, s.label_) for s in doc.spans["sc"])
        for doc in docs
    ]
    return spans, summary


@sources
def test_two_annotators_of_one_text_are_an_error(tmp_path, make):
    source = make(tmp_path)
    message = "GP147.*1 text has.*ann, bob.*--annotator NAME.*union.*agreement"
    with pytest.raises(ValueError, match=message):
        convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert not (tmp_path / "out").exists()


@sources
@pytest.mark.parametrize(
    "options,spans,rejected",
    [
        ({"annotators": "union"}, UNION, {"duplicate": 1}),
        (
            {"annotators": "agreement"},
            [(0, 9, "PER")],
            {"duplicate": 1, "not_agreed": 2},
        ),
        ({"annotator": ["ann"]}, ANN, {"other_annotation": 2}),
        ({"annotator": ["bob"]}, sorted(BOB), {"other_annotation": 2}),
        ({"annotator": ["ann", "bob"], "annotators": "union"}, UNION, {"duplicate": 1}),
    ],
)
def test_option_chooses_annotators(tmp_path, make, options, spans, rejected):
    found, summary = convert(make(tmp_path), **options)
    assert found == [spans]
    assert (summary["rejected"], summary["lost"], summary["skipped"]) == (
        rejected,
        0,
        0,
    )


@sources
def test_error_for_an_unknown_annotator_names_the_known_ones(tmp_path, make):
    with pytest.raises(ValueError, match="GP148.*by carl.*ann, bob"):
        convert_corpus(make(tmp_path), tmp_path / "out", nlp=NLP, annotator=["carl"])


def test_annotator_of_a_format_without_annotators_is_an_error(tmp_path):
    source = write(tmp_path / "in.jsonl", {"text": TEXT, "spans": objects(ANN)})
    with pytest.raises(ValueError, match="GP148.*there are: none"):
        convert_corpus(source, tmp_path / "out", nlp=NLP, annotator=["ann"])


def test_unknown_choice_is_an_error():
    with pytest.raises(ValueError, match="GP105.*error, union, agreement"):
        AnnotatorRules((), "vote")


def test_texts_of_other_annotators_are_left_out_and_counted(tmp_path):
    other = task(objects_of_leith(), "bob", "Leith", 2)
    source = write(tmp_path / "in.jsonl", task(ANN, "ann"), other)
    found, summary = convert(source, annotator=["ann"])
    assert (found, summary["skipped"]) == ([ANN], 1)
    assert summary["rejected"] == {"other_annotation": 1}


def objects_of_leith():
    return [(0, 5, "LOC")]


def test_same_text_without_hashes_makes_two_documents(tmp_path):
    record = {"text": TEXT, "spans": objects(ANN), "answer": "accept"}
    found, _ = convert(write(tmp_path / "in.jsonl", record, record))
    assert found == [ANN, ANN]


def test_two_sessions_without_names_are_copies_by_their_hash(tmp_path):
    source = write(tmp_path / "in.jsonl", task(ANN, None), task(BOB, None))
    with pytest.raises(ValueError, match="GP147.*annotators are one without a name"):
        convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert convert(source, annotators="union")[0] == [UNION]


def test_same_hash_of_two_texts_does_not_merge_them(tmp_path):
    tasks = task(ANN, "ann"), task(objects_of_leith(), "bob", "Leith")
    found, _ = convert(write(tmp_path / "in.jsonl", *tasks))
    assert found == [ANN, objects_of_leith()]


def test_tasks_that_were_not_accepted_do_not_count_as_annotations(tmp_path):
    rejected = task(BOB, "bob", answer="reject")
    found, summary = convert(write(tmp_path / "in.jsonl", rejected, task(ANN, "ann")))
    assert (found, summary["skipped"]) == ([ANN], 1)
    assert summary["rejected"] == {"not_accepted": 2}


def test_copies_far_apart_are_one_document(tmp_path):
    between = [task([], "ann", f"{n}", n + 2) for n in range(30)]
    source = write(tmp_path / "in.jsonl", task(ANN, "ann"), *between, task(BOB, "bob"))
    found, _ = convert(source, annotators="union")
    assert found == [*[[]] * 30, UNION]


def test_ground_truth_is_used(tmp_path):
    make = label_studio("annotations", ground_truth=True)
    found, summary = convert(make(tmp_path))
    assert (found, summary["rejected"]) == ([sorted(BOB)], {"other_annotation": 2})
    assert convert(tmp_path / "in.json", annotator=["ann"])[0] == [ANN]
    assert convert(tmp_path / "in.json", annotators="union")[0] == [UNION]


def test_cancelled_annotation_does_not_count(tmp_path):
    make = label_studio("annotations", was_cancelled=True)
    found, summary = convert(make(tmp_path))
    assert (found, summary["rejected"]) == ([ANN], {"not_accepted": 2})


def test_option_of_label_studio_chooses_too(tmp_path):
    source = label_studio("annotations")(tmp_path)
    assert convert(source, options={"annotations": "all"})[0] == [UNION]
    assert convert(source, options={"annotations": "last"})[0] == [sorted(BOB)]


def test_versions_by_one_annotator_are_not_several_annotators(tmp_path):
    make = label_studio("annotations", "ann", "ann", created_at="2024")
    found, summary = convert(make(tmp_path))
    assert (found, summary["rejected"]) == ([sorted(BOB)], {"other_annotation": 2})


def test_annotations_without_a_name_count_as_several_annotators(tmp_path):
    source = label_studio("completions", None, None)(tmp_path)
    with pytest.raises(ValueError, match="GP147.*annotators are one without a name"):
        convert_corpus(source, tmp_path / "out", nlp=NLP)
    assert convert(source, annotators="union")[0] == [UNION]
    assert convert(source, options={"annotations": "last"})[0] == [sorted(BOB)]


def test_one_id_of_two_texts_is_an_error(tmp_path):
    records = [{"id": 7, "text": t, "label": []} for t in ("a", "b")]
    with pytest.raises(ValueError, match="GP161.*in.jsonl:2 is '7'"):
        convert_corpus(
            write(tmp_path / "in.jsonl", *records), tmp_path / "out", nlp=NLP
        )


PLACES = st.sampled_from([(0, 4), (0, 9), (5, 9), (19, 24)])
WORKS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "carl"]),
        st.integers(1, 3),
        st.lists(st.tuples(PLACES, st.sampled_from(["A", "B"])), max_size=3),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(WORKS, st.sampled_from(["union", "agreement"]))
def test_merged_spans_equal_set_operations(tmp_path, works, choice):
    tasks, by_text = [], {}
    for annotator, number, spans in works:
        spans = [(a, b, label) for (a, b), label in spans]
        tasks.append(task(spans, annotator, f"{TEXT}{'.' * number}", number))
        by_text.setdefault(number, []).append(set(spans))
    found, summary = convert(
        write(tmp_path / "in.jsonl", *tasks), annotators=choice, on_misaligned="expand"
    )
    merge = set.union if choice == "union" else set.intersection
    expected = [sorted(merge(*sets)) for sets in by_text.values()]
    assert sorted(found) == sorted(expected)
    assert summary["read"] == sum(len(spans) for _, _, spans in works)


def test_rejects_name_the_line_of_each_annotator(tmp_path):
    convert(prodigy(tmp_path), annotators="agreement")
    rejects = read_jsonl(tmp_path / "out" / "rejects.jsonl")
    found = {(r["line"], r["reason"], json.dumps(r["value"])) for r in rejects}
    assert found == {
        (1, "not_agreed", "\"LOC 19 24 'Leith'\""),
        (2, "not_agreed", "\"PER 0 4 'Anna'\""),
        (2, "duplicate", "\"PER 0 9 'Anna Berg'\""),
    }
