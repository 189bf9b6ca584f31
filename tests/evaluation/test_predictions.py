"""One pass at a low threshold against predictions at others."""

from __future__ import annotations

import warnings

import numpy
import pytest
import spacy
from helpers import found, make_examples
from spacy.tokens import Doc, DocBin
from tuning_helpers import DEV_GOLD, DEV_TEXTS, save_dev, unsure

from spacy_globalpointer.evaluation.predictions import (
    find_component,
    floor_at,
    predict_candidates,
)

SETTINGS = [
    {"threshold": 0.5},
    {"threshold": 0.1},
    {"threshold": 0.9, "thresholds": {"PERSON": 0.05}},
    {"threshold": 0.3, "thresholds": {"PERSON": 1.0, "ORG": 0.6}},
]


@pytest.fixture
def nlp():
    return unsure()


@pytest.fixture
def dev(nlp, tmp_path):
    return save_dev(nlp, tmp_path / "dev.spacy")


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
@pytest.mark.parametrize("settings", SETTINGS)
def test_decision_at_another_threshold_equals_the_prediction(
    tmp_path, overlap, settings
):
    nlp = unsure(overlap=overlap)
    pipe = nlp.get_pipe("global_pointer")
    predicted = predict_candidates(nlp, save_dev(nlp, tmp_path / "dev.spacy"))
    decision = pipe.decision(**settings)
    pipe.cfg.update(settings)
    for one in predicted:
        doc = nlp(one.example.reference.text)
        rows, probabilities = decision.decide(one.found)
        spans = one.char_spans(pipe.labels)
        scores = {spans[row]: probabilities[row] for row in rows}
        group = doc.spans["sc"]
        assert set(scores) == {(x.label_, x.start_char, x.end_char) for x in group}
        # The doc was alone here, and in a batch above: the last digits may differ.
        expected = dict(zip(map(_place, group), group.attrs["scores"].tolist()))
        assert {k: float(v) for k, v in scores.items()} == pytest.approx(
            expected, abs=1e-5
        )
        own, _ = pipe.decision().decide(one.found)  # the component's are these now
        assert numpy.array_equal(own, rows)


def _place(span):
    return span.label_, span.start_char, span.end_char


def test_candidates_reach_down_to_the_lowest(nlp, dev):
    predicted = predict_candidates(nlp, dev, lowest=0.1)
    scores = numpy.concatenate([one.found.scores for one in predicted])
    assert 0.1 <= min(1 / (1 + numpy.exp(-scores))) < 0.5
    assert len(predicted) == len([text for text in DEV_TEXTS if text])


@pytest.mark.parametrize("temperature", [0.4, 1.7, 3.9, 40.0])
def test_candidates_are_the_same_at_any_temperature(nlp, dev, temperature):
    pipe = nlp.get_pipe("global_pointer")

    def candidates(temperature):
        pipe.cfg["temperature"] = temperature
        predicted = predict_candidates(nlp, dev, lowest=floor_at(temperature))
        return [
            list(zip(one.char_spans(pipe.labels), one.found.scores.tolist()))
            for one in predicted
        ]

    expected = candidates(1.0)
    assert sum(map(len, expected)) > 20
    assert candidates(temperature) == expected


def test_floor_is_the_probability_of_one_score():
    assert floor_at(1.0, 0.02) == 0.02
    assert floor_at(2.0, 0.2) == pytest.approx(1 / 3)  # odds of 1 to 4, and their root
    assert floor_at(0.5, 0.2) == pytest.approx(1 / 17)
    assert floor_at(1e-300) == 2e-6 and floor_at(1e300) == 0.5


def test_settings_are_restored(nlp, dev):
    pipe = nlp.get_pipe("global_pointer")
    pipe.cfg.update(thresholds={"ORG": 0.7}, overlap="flat", annotate_ents=True)
    before = dict(pipe.cfg)
    predicted = predict_candidates(nlp, dev)
    assert pipe.cfg == before
    docs = [one.example.predicted for one in predicted]
    assert not any(doc.ents or doc.spans for doc in docs)


def test_settings_and_pipeline_stay_as_they_are_meanwhile(nlp, dev, monkeypatch):
    pipe = nlp.get_pipe("global_pointer")
    before = dict(pipe.cfg)
    candidates, seen = pipe.candidates, []

    def look(docs, lowest, **options):
        seen.append((dict(pipe.cfg), nlp.pipe_names))
        return candidates(docs, lowest, **options)

    monkeypatch.setattr(pipe, "candidates", look)
    predict_candidates(nlp, dev)
    assert seen == [(before, ["global_pointer"])] * len(seen) and seen


def test_components_after_the_evaluated_one_do_not_run(nlp, dev):
    seen = []

    @spacy.Language.component("tuning_test_witness")
    def witness(doc):
        seen.append("sc" in doc.spans)
        return doc

    nlp.add_pipe("tuning_test_witness", name="before", first=True)
    nlp.add_pipe("tuning_test_witness", name="behind")
    predicted = predict_candidates(nlp, dev)
    assert seen == [False] * len(predicted)
    assert nlp.pipe_names == ["before", "global_pointer", "behind"]


def test_reference_is_as_in_the_file(nlp, dev):
    expected = make_examples(nlp, texts=DEV_TEXTS, gold=DEV_GOLD)
    texts = [eg.reference.text for eg in expected if len(eg.reference)]
    references = [one.example.reference for one in predict_candidates(nlp, dev)]
    assert [doc.text for doc in references] == texts
    assert found(references[1]) == DEV_GOLD[1]


def test_words_without_known_spaces_are_kept(nlp, tmp_path):
    doc = Doc(nlp.vocab, words=["a.b", "Mary-Ann"])
    assert doc.has_unknown_spaces
    doc.spans["sc"] = []
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    [(example, _)] = predict_candidates(nlp, tmp_path / "dev.spacy")
    assert [token.text for token in example.predicted] == ["a.b", "Mary-Ann"]


def test_limit_of_spans_gives_a_warning(nlp, dev):
    nlp.get_pipe("global_pointer").cfg["max_spans_per_doc"] = 3
    with pytest.warns(UserWarning, match="GPW004"):
        predicted = predict_candidates(nlp, dev)
    assert max(len(one.found.scores) for one in predicted) == 3


def test_progress_bar_is_not_printed_to_standard_output(nlp, dev, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_candidates(nlp, dev, progress="Predicting")
    assert capsys.readouterr().out == ""


def test_unknown_component_is_an_error(nlp, dev):
    with pytest.raises(ValueError, match="GP130.*'mine'.*global_pointer"):
        predict_candidates(nlp, dev, component="mine")
    nlp.disable_pipe("global_pointer")
    with pytest.raises(ValueError, match="GP130.*none"):
        find_component(nlp, "global_pointer")


def test_component_of_another_type_is_an_error(nlp, dev):
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match="GP131.*Sentencizer.*global_pointer"):
        predict_candidates(nlp, dev, component="sentencizer")


@pytest.mark.parametrize("lowest", [0, 1, -0.5, float("nan")])
def test_lowest_out_of_range_is_an_error(nlp, dev, lowest):
    with pytest.raises(ValueError, match="GP136.*lowest"):
        predict_candidates(nlp, dev, lowest=lowest)


def test_corpus_without_documents_is_an_error(nlp, tmp_path):
    DocBin().to_disk(tmp_path / "dev.spacy")
    with pytest.raises(ValueError, match="GP120"):
        predict_candidates(nlp, tmp_path / "dev.spacy")
