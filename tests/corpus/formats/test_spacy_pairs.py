"""Texts with entities in all their forms, and what their offsets are."""

from __future__ import annotations

import json

import pytest
from format_helpers import read_all

from spacy_globalpointer.corpus.annotations import Reason
from spacy_globalpointer.corpus.formats.registry import detect_format

ENTITIES = [[0, 9, "PER"], [19, 24, "LOC"]]
SENTENCE = "Anna Berg lives in Leith"
PAIR = [SENTENCE, {"entities": ENTITIES}]


def read(tmp_path, value, **options):
    content = value if isinstance(value, str) else json.dumps(value)
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    return read_all("spacy-json", tmp_path / "a.json", **options)


def words(annotated):
    return [annotated.text[s.start : s.end] for s in annotated.spans]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"text": SENTENCE, "entities": ENTITIES}),
        json.dumps({"text": SENTENCE, "entities": ENTITIES}, indent=1),
        json.dumps([{"entities": ENTITIES, "text": SENTENCE}], indent=1),
        json.dumps([SENTENCE, {"entities": ENTITIES}]) + '\n["", {}]\n',
        json.dumps([["", {"cats": {}, "entities": []}], None, PAIR]),
        json.dumps({"classes": [], "annotations": [None, PAIR]}),
        json.dumps({"annotations": [None, PAIR], "classes": []}, indent=2),
    ],
)
def test_all_forms_of_texts_with_entities_are_read(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    assert detect_format(tmp_path / "a.json").name == "spacy-json"
    documents = [annotated for annotated, _ in read(tmp_path, content)]
    assert [words(d) for d in documents if d.spans] == [["Anna Berg", "Leith"]]


def test_record_with_entities_has_an_id_and_meta(tmp_path):
    record = {"id": 5, "text": SENTENCE, "entities": ENTITIES, "meta": {"page": 1}}
    ((annotated, rejects),) = read(tmp_path, [{**record, "source": "x"}])
    assert (annotated.name, rejects) == ("5", [])
    assert annotated.meta == {"page": 1, "source": "x"}


def test_possible_annotations_of_other_forms_are_rejects(tmp_path):
    record = {"text": SENTENCE, "entities": ENTITIES, "relations": [{"head": 0}]}
    ((annotated, rejects),) = read(tmp_path, [{**record, "label": [[0, 4, "X"]]}])
    assert words(annotated) == ["Anna Berg", "Leith"]
    assert [r.reason for r in rejects] == [Reason.NOT_A_SPAN, Reason.BAD_LINE]


def test_entities_with_the_label_first_are_of_no_format(tmp_path):
    record = {"text": SENTENCE, "entities": [["PER", 0, 9]]}
    (tmp_path / "a.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="GP127.*'text', 'entities'"):
        detect_format(tmp_path / "a.json")


@pytest.mark.parametrize(
    "value", [["a", {"entities": None}], {"text": "a", "entities": None}]
)
def test_entities_that_are_null_are_not_annotated(tmp_path, value):
    ((annotated, rejects),) = read(tmp_path, [value])
    assert (annotated.skip, rejects) == (True, [])


def test_entities_count_code_points_by_default(tmp_path):
    record = {"text": "李明👍在北京工作", "entities": [[0, 2, "PER"], [4, 6, "LOC"]]}
    ((annotated, _),) = read(tmp_path, [record])
    assert words(annotated) == ["李明", "北京"]
    ((annotated, _),) = read(tmp_path, [record], offsets="utf-16")
    assert words(annotated) == ["李明", "在北"]


@pytest.mark.parametrize(
    "entities,reading",
    [
        ([[3, 12, "PER"], [22, 27, "LOC"]], "utf-16"),
        ([[5, 14, "PER"], [24, 29, "LOC"]], "bytes"),
        ([[2, 10, "PER"], [21, 25, "LOC"]], "code-points, end inclusive"),
        ([[3, 11, "PER"], [22, 26, "LOC"]], "utf-16, end inclusive"),
    ],
)
def test_offsets_are_read_in_the_only_reading_that_fits(tmp_path, entities, reading):
    value = {"classes": [], "annotations": [[f"👍 {SENTENCE}", {"entities": entities}]]}
    with pytest.warns(UserWarning, match=f"GPW115.*read as {reading}, because 2 spans"):
        ((annotated, rejects),) = read(tmp_path, value)
    assert (words(annotated), rejects) == (["Anna Berg", "Leith"], [])
    (unit, _, end) = reading.partition(", end ")
    options = {"offsets": unit, "end": end or "exclusive"}
    ((annotated, rejects),) = read(tmp_path, value, **options)
    assert (words(annotated), rejects) == (["Anna Berg", "Leith"], [])


@pytest.mark.filterwarnings("error")
def test_copies_of_the_text_decide(tmp_path):
    span = {"start": 5, "end": 7, "label": "LOC", "text": "北京"}
    record = {"text": "李明👍在北京工作", "entities": [span]}
    ((annotated, _),) = read(tmp_path, [record])
    assert words(annotated) == ["北京"]
    ((_, (reject,)),) = read(tmp_path, [record], offsets="code-points")
    assert reject.reason is Reason.TEXT_MISMATCH


@pytest.mark.parametrize("option", ["offsets", "end"])
def test_unknown_values_of_options_are_an_error(tmp_path, option):
    with pytest.raises(ValueError, match=f"GP167.*'{option}'.*'x'.*auto"):
        read(tmp_path, [[SENTENCE, {"entities": []}]], **{option: "x"})
