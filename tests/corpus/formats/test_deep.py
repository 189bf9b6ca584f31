"""JSON in hundreds of levels is an error with a code, wherever it stands."""

from __future__ import annotations

import json

import pytest
from corpus_helpers import NLP, doc_with, load, save

from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.deep_values import MAX_DEPTH, is_too_deep
from spacy_globalpointer.corpus.formats.registry import detect_format

ARRAYS, OBJECTS = ("[", "]"), ('{"a":', "}")
#: Where a value of the user may stand in a record of each format.
RECORDS = {
    "jsonl": '{"text": "a", "spans": [], "meta": {"x": @}}',
    "prodigy": '{"text": "a", "spans": [@], "answer": "accept"}',
    "doccano": '{"text": "a", "label": [@]}',
    "cmeee": '[{"text": "a", "entities": [@]}]',
    "cluener": '{"text": "a", "label": {"X": @}}',
    "label-studio": '[{"data": {"text": "a"}, "annotations": [{"result": [@]}]}]',
    "spacy-json": '[["a", {"entities": [@]}]]',
    "hf-tokens": '{"tokens": ["a"], "ner_tags": ["O"], "x": @}',
}


def nested(kind, depth):
    begin, end = kind
    return begin * depth + '"a"' + end * depth


@pytest.mark.parametrize("kind", [ARRAYS, OBJECTS], ids=["arrays", "objects"])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 500, 900, 1500, 100_000])
@pytest.mark.parametrize("name", RECORDS)
def test_too_many_levels_are_an_error(tmp_path, name, depth, kind):
    path = tmp_path / "a.jsonl"
    path.write_text(RECORDS[name].replace("@", nested(kind, depth)))
    with pytest.raises(ValueError, match="GP164.*too deeply, in more than 200 levels"):
        convert_corpus(path, tmp_path / "out", nlp=NLP, format=name)
    with pytest.raises(ValueError, match="GP162.*:1: .*too deeply, in more than 200"):
        detect_format(path)


@pytest.mark.parametrize("name", RECORDS)
def test_levels_that_a_doc_can_hold_are_converted(tmp_path, name):
    path = tmp_path / "a.jsonl"
    path.write_text(RECORDS[name].replace("@", nested(ARRAYS, MAX_DEPTH - 10)))
    convert_corpus(path, tmp_path / "out", nlp=NLP, format=name)
    assert len(load(tmp_path / "out" / "all.spacy")) == 1


def test_deep_values_of_others_are_unchanged(tmp_path):
    doc = doc_with(["a"])
    doc.user_data["meta"] = {"x": json.loads(nested(OBJECTS, 400))}
    path = save(tmp_path / "a.spacy", [doc])
    convert_corpus(path, tmp_path / "out", nlp=NLP)
    [doc] = load(tmp_path / "out" / "all.spacy")
    assert "meta" not in doc.user_data


@pytest.mark.parametrize("depth", range(4))
def test_values_deeper_than_the_maximum_are_too_deep(monkeypatch, depth):
    monkeypatch.setattr("spacy_globalpointer.corpus.deep_values.MAX_DEPTH", 2)
    for kind in (ARRAYS, OBJECTS):
        value = json.loads(nested(kind, depth))
        assert is_too_deep(value) == (depth > 2)
        assert is_too_deep([1, value, "x"]) == (depth > 1)
