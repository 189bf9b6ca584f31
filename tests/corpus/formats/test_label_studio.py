"""Label Studio: whose annotation counts, where its offsets are, tasks to import."""

from __future__ import annotations

import json
import re

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

from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.formats.label_studio import _BareText
from spacy_globalpointer.corpus.formats.registry import FORMATS

TEXT = "Ann of Leith"


def region(start, end, labels=("PER",), copy=None, **more):
    value = {"start": start, "end": end, "labels": list(labels)}
    if copy is not None:
        value["text"] = copy
    tags = {"from_name": "label", "to_name": "text", "type": "labels"}
    return {"value": value, "id": "r1", **tags, **more}


def annotation(*results, created="2021-03-09T22:16:08Z", **more):
    return {"id": 9, "result": list(results), "created_at": created, **more}


def task(*annotations, text=TEXT, **more):
    data = {"text": text}
    return [{"id": 1, "data": data, "annotations": list(annotations), **more}]


def read(folder, value, **options):
    return read_one("label-studio", folder, value, **options)


def test_export_is_read(tmp_path):
    value = task(annotation(region(0, 3, copy="Ann"), region(7, 12, ["LOC"], "Leith")))
    document, rejects = read(tmp_path, value)
    assert texts(document) == [("PER", "Ann"), ("LOC", "Leith")]
    assert [span.id for span in document.spans] == ["r1", "r1"]
    assert (document.name, document.skip, rejects) == ("1", False, [])


def test_a_region_with_several_labels_is_several_spans(tmp_path):
    document, _ = read(tmp_path, task(annotation(region(0, 3, ["PER", "X"]))))
    assert texts(document) == [("PER", "Ann"), ("X", "Ann")]


def test_old_name_of_annotations_is_read(tmp_path):
    skipped = annotation(region(0, 3), skipped=True, created="2022")
    entry = {"completions": [annotation(region(7, 12)), skipped]}
    value = [{"id": 1, "data": {"text": TEXT}, **entry}]
    document, rejects = read(tmp_path, value)
    assert texts(document) == [("PER", "Leith")]
    assert reasons(rejects) == ["not_accepted"]


def annotators(**first):
    own = {"completed_by": 1}
    return task(
        annotation(region(0, 3, ["A"]), created="2021", **own, **first),
        annotation(region(0, 3, ["B"]), created="2023", was_cancelled=False, **own),
        annotation(region(0, 3, ["C"]), created="2022", **own),
        annotation(region(0, 3, ["D"]), created="2024", was_cancelled=True, **own),
    )


@pytest.mark.parametrize(
    "option,labels", [("auto", "B"), ("last", "B"), ("first", "A"), ("all", "ACB")]
)
def test_option_chooses_the_annotation(tmp_path, option, labels):
    document, rejects = read(tmp_path, annotators(), annotations=option)
    assert sorted(span.label for span in document.spans) == sorted(labels)
    expected = ["not_accepted", *["other_annotation"] * (3 - len(labels))]
    assert sorted(reasons(rejects)) == expected


@pytest.mark.parametrize("option,label", [("auto", "A"), ("last", "B")])
def test_the_ground_truth_is_preferred(tmp_path, option, label):
    value = annotators(ground_truth=True)
    document, _ = read(tmp_path, value, annotations=option)
    assert [span.label for span in document.spans] == [label]


def test_a_task_that_nobody_has_annotated_is_to_be_skipped(tmp_path):
    document, rejects = read(tmp_path, task())
    assert (document.skip, rejects) == (True, [])


def test_a_task_that_was_cancelled_is_to_be_skipped(tmp_path):
    value = task(annotation(region(0, 3), was_cancelled=True))
    document, rejects = read(tmp_path, value)
    assert (document.skip, reasons(rejects)) == (True, ["not_accepted"])


def test_an_annotation_without_regions_is_a_document_without_spans(tmp_path):
    document, _ = read(tmp_path, task(annotation()))
    assert (document.skip, document.spans) == (False, [])


@pytest.mark.parametrize(
    "result,reason",
    [
        (region(0, 13), "out_of_text"),
        (region(3, 0), "end_before_start"),
        (region(3, 3), "empty"),
        (region(0, 3, copy="ann"), "text_mismatch"),
        (region(0, 3, [""]), "bad_line"),
        (region(0, 3, []), "bad_line"),
        (region(0.5, 3.5), "bad_line"),
        (region("/p[1]/text()[1]", 3), "bad_line"),
        (region(0, 3, type="hypertextlabels"), "bad_line"),
        (region(0, 3, type="paragraphlabels"), "bad_line"),
        ({"type": "labels", "value": None}, "bad_line"),
        ("x", "bad_line"),
        ({"type": "choices", "value": {"choices": ["A"]}}, "not_a_span"),
        ({"type": "relation", "from_id": "a", "to_id": "b"}, "not_a_span"),
        ({"type": "textarea", "value": {"text": ["A"]}}, "not_a_span"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, result, reason):
    document, rejects = read(tmp_path, task(annotation(region(0, 3), result)))
    assert (texts(document), reasons(rejects)) == ([("PER", "Ann")], [reason])


def test_offsets_written_as_texts_are_read(tmp_path):
    document, _ = read(tmp_path, task(annotation(region("7", "12"))))
    assert texts(document) == [("PER", "Leith")]


@pytest.mark.parametrize(
    "text,start,end,copy",
    [
        ("a\nb", 0, 3, "a\\nb"),
        ("a\r\nb", 0, 4, "a\\n\\nb"),
        ("a  b", 0, 4, "a b"),
        ("a\nb", 0, 3, "a b"),
    ],
)
def test_copies_have_the_white_space_of_the_page(tmp_path, text, start, end, copy):
    value = task(annotation(region(start, end, copy=copy)), text=text)
    document, rejects = read(tmp_path, value)
    assert (len(document.spans), rejects) == (1, [])


EMOJI = "😀e\u0301 Ann 😀 Bob"


def test_offsets_count_code_points(tmp_path):
    value = task(annotation(region(4, 7, copy="Ann")), text=EMOJI)
    document, _ = read(tmp_path, value)
    assert texts(document) == [("PER", "Ann")]


def test_copies_decide_the_unit_of_old_versions(tmp_path):
    regions = region(5, 8, copy="Ann"), region(12, 15, copy="Bob")
    document, rejects = read(tmp_path, task(annotation(*regions), text=EMOJI))
    assert texts(document) == [("PER", "Ann"), ("PER", "Bob")]
    assert rejects == []


def test_unit_is_detected_for_each_annotation_as_a_whole(tmp_path):
    regions = [region(5, 8, copy="Ann")] * 2 + [region(4, 7, copy="Ann")]
    _, rejects = read(tmp_path, task(annotation(*regions), text=EMOJI))
    assert reasons(rejects) == ["text_mismatch"]


@pytest.mark.parametrize("unit,start,end", [("code-points", 4, 7), ("utf-16", 5, 8)])
def test_the_unit_can_be_named(tmp_path, unit, start, end):
    value = task(annotation(region(start, end)), text=EMOJI)
    document, _ = read(tmp_path, value, offsets=unit)
    assert texts(document) == [("PER", "Ann")]


def test_an_offset_within_a_surrogate_pair_is_a_reject(tmp_path):
    value = task(annotation(region(1, 8)), text=EMOJI)
    _, rejects = read(tmp_path, value, offsets="utf-16")
    assert reasons(rejects) == ["out_of_text"]


@pytest.mark.parametrize("option", ["annotations", "offsets"])
def test_unknown_values_of_options_are_an_error(tmp_path, option):
    with pytest.raises(ValueError, match=f"GP167.*'{option}'.*auto"):
        read(tmp_path, task(), **{option: "x"})


def test_the_only_text_of_the_data_is_the_text(tmp_path):
    value = [{"data": {"body": TEXT, "page": 3}, "annotations": [annotation()]}]
    document, _ = read(tmp_path, value)
    assert (document.text, document.meta) == (TEXT, {"page": 3})
    assert document.name == "file:1"


def test_text_option_must_choose_among_two_texts(tmp_path):
    value = [{"data": {"body": TEXT, "head": "x"}, "annotations": [annotation()]}]
    with pytest.raises(ValueError, match="GP164.*body.*--option text="):
        read(tmp_path, value)
    document, _ = read(tmp_path, value, text="body")
    assert (document.text, document.meta) == (TEXT, {"head": "x"})


@pytest.mark.parametrize(
    "value",
    [
        [{}],
        [{"data": []}],
        [{"data": {"text": 1}}],
        [{"data": {"text": "a"}, "annotations": {}}],
        [{"data": {"text": "a"}, "annotations": [3]}],
        [{"data": {"text": "a"}, "annotations": [{"result": {}}]}],
        [5],
    ],
)
def test_invalid_tasks_are_an_error(tmp_path, value):
    with pytest.raises(ValueError, match="GP164.*file.json:1"):
        read_value("label-studio", tmp_path, value)


def flat(id, labels, **more):
    given = {"annotator": 1, "annotation_id": 2, "lead_time": 3.1, "created_at": "2021"}
    regions = [{"start": 0, "end": 3, "text": "Ann", "labels": labels}]
    return {"text": TEXT, "id": id, "label": regions, **given, **more}


def test_json_min_export_is_read(tmp_path):
    (one, _), (two, _) = read_value(
        "label-studio", tmp_path, [flat(1, ["PER"]), flat(2, ["A", "B"], mood="good")]
    )
    assert (one.name, texts(one)) == ("1", [("PER", "Ann")])
    assert (two.name, texts(two)) == ("2", [("A", "Ann"), ("B", "Ann")])
    assert two.meta == {"mood": "good"}


def test_json_min_has_a_record_of_each_annotator(tmp_path):
    value = [flat(1, ["NEW"], created_at="2022"), flat(1, ["OLD"])]
    document, rejects = read(tmp_path, value)
    assert (texts(document), reasons(rejects)) == (
        [("NEW", "Ann")],
        ["other_annotation"],
    )


def test_predictions_are_read_if_asked_for(tmp_path):
    prediction = {"result": [region(7, 12, ["LOC"])], "score": 0.75}
    value = task(annotation(region(0, 3)), predictions=[prediction])
    document, rejects = read(tmp_path, value)
    assert (texts(document), rejects) == ([("PER", "Ann")], [])
    document, rejects = read(tmp_path, value, predictions=True)
    assert (texts(document), rejects) == ([("LOC", "Leith")], [])
    assert document.spans[0].score == 0.75


def span(label, start, end, id="", score=None):
    return TextSpan(label, start, end, Source("", 1), id, score)


def written(tmp_path, document, **options):
    FORMATS["label-studio"].write([document], tmp_path / "out.json", **options)
    [found] = json.loads((tmp_path / "out.json").read_text("utf-8"))
    return found


def test_task_with_a_prediction_is_written(tmp_path):
    spans = [span("PER", 0, 3, score=0.9), span("LOC", 7, 12, "x-1", 0.6)]
    document = AnnotatedText("a/b", TEXT, spans, meta={"page": 3})
    tags = {"from_name": "label", "to_name": "text", "type": "labels"}
    values = [
        {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]},
        {"start": 7, "end": 12, "text": "Leith", "labels": ["LOC"]},
    ]
    assert written(tmp_path, document) == {
        "data": {"text": TEXT, "document": "a/b", "page": 3},
        "predictions": [
            {
                "model_version": "spacy-globalpointer",
                "score": 0.6,
                "result": [
                    {"id": "s1", **tags, "value": values[0], "score": 0.9},
                    {"id": "x-1", **tags, "value": values[1], "score": 0.6},
                ],
            }
        ],
    }


def test_options_name_the_parts_of_the_labelling_configuration(tmp_path):
    document = AnnotatedText("d", TEXT, [span("PER", 0, 3)])
    names = {"text": "body", "from_name": "ner", "to_name": "txt", "model": "m"}
    back = written(tmp_path, document, **names)
    [prediction] = back["predictions"]
    [result] = prediction["result"]
    assert back["data"]["body"] == TEXT
    assert (result["from_name"], result["to_name"]) == ("ner", "txt")
    assert prediction["model_version"] == "m"


def test_ids_of_regions_are_unique(tmp_path):
    spans = [span("A", 0, 1, "s1"), span("B", 1, 2, "s1"), span("C", 2, 3, "a b")]
    [prediction] = written(tmp_path, AnnotatedText("d", TEXT, spans))["predictions"]
    assert [result["id"] for result in prediction["result"]] == ["s1", "s2", "s3"]


def test_a_document_to_skip_is_written_without_annotation(tmp_path):
    document = AnnotatedText("d", TEXT, skip=True)
    assert written(tmp_path, document)["predictions"] == []
    assert written(tmp_path, document, annotations=True)["annotations"] == []


def test_the_labels_of_a_region_stay_together(tmp_path):
    document, _ = read(tmp_path, task(annotation(region(0, 3, ["PER", "X"]))))
    [entry] = written(tmp_path, document, annotations=True)["annotations"]
    [result] = entry["result"]
    assert result["value"]["labels"] == ["PER", "X"]


@settings(max_examples=30)
@given(st.lists(documents(ids=True), max_size=3).map(named), st.booleans())
def test_written_file_is_read_back(given, done):
    back, first, second = there_and_back(
        "label-studio",
        given,
        writing={"annotations": done},
        reading={"predictions": not done},
    )
    for new, old in zip(back, given):
        assert (new.name, new.text, new.skip) == (old.name, old.text, old.skip)
        assert [(s.label, s.start, s.end) for s in new.spans] == [
            (s.label, s.start, s.end) for s in old.spans
        ]
        assert [s.score for s in new.spans] == [s.score for s in old.spans]
    assert first == second


@given(text=st.text("a \\n\n", max_size=8), data=st.data())
def test_copies_are_compared_without_white_space(text, data):
    def bare(part):
        return re.sub(r"\s|\\n", "", part)

    edges = st.integers(0, len(text))
    start, end = sorted((data.draw(edges), data.draw(edges)))
    part = text[start:end]
    copy = data.draw(st.just(part) | st.text("a \\n\n", max_size=8))
    found = _BareText(text).has(copy, start, end)
    assert start == end or found == (bare(copy) == bare(part))
