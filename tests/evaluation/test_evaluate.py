"""An evaluation from pipeline and corpus to numbers."""

from __future__ import annotations

import json

import pytest
import spacy
from corpus_helpers import save
from helpers import build, fit, make_examples
from spacy.tokens import Span
from spacy.training import Corpus

from spacy_globalpointer.evaluation.evaluate import evaluate
from spacy_globalpointer.types import LOST_GOLD


@pytest.fixture(scope="module")
def trained():
    nlp = build()
    fit(nlp, make_examples(nlp), steps=20)
    return nlp


@pytest.fixture
def data(trained, tmp_path):
    """What the pipeline has learnt, with mistakes."""
    docs = [example.reference for example in make_examples(trained)]
    docs[0].spans["sc"] = [*list(docs[0].spans["sc"])[1:], Span(docs[0], 1, 2, "TERM")]
    docs[1].user_data[LOST_GOLD] = [[1, 4, "PLACE"]]
    docs[1].user_data["title"] = "second"
    docs[3].spans.pop("sc")
    return save(tmp_path / "test.spacy", docs)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"overlap": "flat"},
        {"threshold": 0.001},
        {"threshold": 0.9, "thresholds": {"PLACE": 0.01}, "overlap": "nested"},
    ],
)
def test_scores_are_those_of_spacy(trained, data, settings, monkeypatch):
    for name, value in settings.items():
        monkeypatch.setitem(trained.get_pipe("global_pointer").cfg, name, value)
    report = evaluate(trained, data)
    scores = trained.evaluate(list(Corpus(data)(trained)))
    assert report.total.to_dict() == {x: scores[f"spans_sc_{x}"] for x in "prf"}
    labels = {label: score.to_dict() for label, score in report.labels.items()}
    assert labels == scores["spans_sc_per_type"]
    assert 0 < report.total.fscore < 1


def test_report_states_what_was_evaluated(trained, data):
    settings = evaluate(trained, data).settings
    assert (
        settings["data"] == "test.spacy" and settings["component"] == "global_pointer"
    )
    assert (settings["documents"], settings["documents_not_annotated"]) == (2, 1)
    assert settings["lowest"] == 0.05
    own = {"entries": 0, "weight": 0.0, "temperature": 0.1, "neighbours": 64}
    for name, value in {**own, "lowest": 0.02, "limit": 100_000}.items():
        assert settings[f"memory_{name}"] == value
    assert settings["document_memory"] == 0.0
    assert settings["document_band"] == [0.1, 0.9]


def test_numbers_are_json(trained, data):
    report = evaluate(trained, data)
    numbers = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    total = numbers["all"]
    for name in ("labels", "lengths", "nesting", "mentions"):
        rows = numbers[name].values()
        for count in ("right", "spurious", "missed"):
            assert sum(row[count] for row in rows) == total[count]
    assert numbers["seams"] == {} and numbers["average_precision"]["all"] > 0.5
    assert [own["title"] for own in numbers["worst"]] == ["Document 1", "second"]


def test_curves_do_not_depend_on_the_threshold(trained, data, monkeypatch):
    before = evaluate(trained, data)
    monkeypatch.setitem(trained.get_pipe("global_pointer").cfg, "threshold", 1.0)
    after = evaluate(trained, data)
    assert after.total.tp < before.total.tp
    assert after.curve.recall.tolist() == before.curve.recall.tolist()
    assert after.bins == before.bins


def test_curves_end_at_one_place_at_any_temperature(trained, data, monkeypatch):
    before = evaluate(trained, data)
    monkeypatch.setitem(trained.get_pipe("global_pointer").cfg, "temperature", 3.9)
    after = evaluate(trained, data)
    assert after.curve.recall[-1] == before.curve.recall[-1]
    assert after.curve.precision[-1] == before.curve.precision[-1]
    assert sum(own.n for own in after.bins) == sum(own.n for own in before.bins)
    assert after.settings["lowest"] == pytest.approx(1 / (1 + 19 ** (1 / 3.9)))


def test_settings_and_documents_are_unchanged(trained, data):
    before = dict(trained.get_pipe("global_pointer").cfg)
    evaluate(trained, data)
    assert trained.get_pipe("global_pointer").cfg == before


def test_spans_are_counted_by_distance_to_a_seam(bert_folder, tmp_path):
    nlp = spacy.blank("en")
    name = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": name, "name": str(bert_folder), "precision": "fp32"}
    nlp.add_pipe("transformer", config={"model": {**model, "window": 24, "context": 2}})
    nlp.add_pipe("global_pointer")
    examples = make_examples(nlp)
    fit(nlp, examples, steps=1)
    path = save(tmp_path / "test.spacy", [example.reference for example in examples])
    report = evaluate(nlp, path)
    assert report.seams
    assert sum(map(len, report.seams.values())) == len(report.total)


def test_other_component_can_be_evaluated(tmp_path):
    nlp = build(spans_key="mine")
    nlp.rename_pipe("global_pointer", "finder")
    examples = make_examples(nlp, "mine")
    with pytest.warns(UserWarning, match="GPW005"):
        fit(nlp, examples, steps=1)
    path = save(tmp_path / "test.spacy", [example.reference for example in examples])
    assert evaluate(nlp, path, component="finder").curve.gold == 8
    with pytest.raises(ValueError, match="GP130"):
        evaluate(nlp, path)


def test_corpus_without_gold_is_an_error(trained, tmp_path):
    path = save(tmp_path / "test.spacy", [trained.make_doc("Leith")])
    with pytest.raises(ValueError, match="GP140"):
        evaluate(trained, path)
