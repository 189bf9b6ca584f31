"""One pass at a low threshold against predictions at others."""

from __future__ import annotations

import warnings

import numpy
import pytest
import spacy
from helpers import found, make_examples
from spacy.tokens import Doc, DocBin, Span
from tuning_helpers import DEV_GOLD, DEV_TEXTS, save_dev, unsure

from spacy_globalpointer.evaluation.predictions import (
    RAW_SCORES,
    find_component,
    floor_at,
    predict_candidates,
    spans_at,
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
def test_spans_at_other_thresholds_are_those_predicted_there(
    tmp_path, overlap, settings
):
    nlp = unsure(overlap=overlap)
    pipe = nlp.get_pipe("global_pointer")
    examples = predict_candidates(nlp, save_dev(nlp, tmp_path / "dev.spacy"))
    pipe.cfg.update(settings)
    for example in examples:
        doc = nlp(example.reference.text)
        group = example.predicted.spans["sc"]
        keep = spans_at(example.predicted, pipe, **settings)
        spans = [group[int(i)] for i in keep]
        assert [(s.start, s.end, s.label_) for s in spans] == found(doc)
        scores = group.attrs["scores"][keep]
        # The doc was alone here, and in a batch above: the last digits may differ.
        assert scores == pytest.approx(doc.spans["sc"].attrs["scores"], abs=1e-5)
        own = spans_at(example.predicted, pipe)  # the component's are these now
        assert numpy.array_equal(own, keep)


def test_equal_scores_are_decided_in_the_order_of_the_labels(nlp):
    """Labels given by hand need not be sorted, but spans in a group are."""
    pipe = nlp.get_pipe("global_pointer")
    pipe.cfg.update(labels=["PLACE", "ORG", "PERSON"], overlap="flat")
    doc = nlp.make_doc("Mary")
    doc.spans["sc"] = [Span(doc, 0, 1, label=x) for x in ("ORG", "PLACE")]
    doc.spans["sc"].attrs["scores"] = numpy.array([1.0, 1.0], numpy.float32)
    [kept] = spans_at(doc, pipe, threshold=0.5)
    assert doc.spans["sc"][int(kept)].label_ == "PLACE"


def test_candidates_reach_down_to_the_lowest(nlp, dev):
    examples = predict_candidates(nlp, dev, lowest=0.1)
    scores = [eg.predicted.spans["sc"].attrs["scores"] for eg in examples]
    assert 0.1 <= min(numpy.concatenate(scores)) < 0.5
    assert len(examples) == len([text for text in DEV_TEXTS if text])


def test_raw_scores_give_the_probabilities(nlp, dev):
    nlp.get_pipe("global_pointer").cfg["temperature"] = 2.0
    for example in predict_candidates(nlp, dev):
        attrs = example.predicted.spans["sc"].attrs
        sigmoid = 1 / (1 + numpy.exp(-attrs[RAW_SCORES].astype(float) / 2))
        assert attrs["scores"] == pytest.approx(sigmoid)


@pytest.mark.parametrize("temperature", [0.4, 1.7, 3.9, 40.0])
def test_candidates_are_the_same_at_any_temperature(nlp, dev, temperature):
    pipe = nlp.get_pipe("global_pointer")

    def candidates(temperature):
        pipe.cfg["temperature"] = temperature
        examples = predict_candidates(nlp, dev, lowest=floor_at(temperature))
        groups = [example.predicted.spans["sc"] for example in examples]
        return [
            [(s.start, s.end, s.label_, raw) for s, raw in zip(g, g.attrs[RAW_SCORES])]
            for g in groups
        ]

    expected = candidates(1.0)
    assert sum(map(len, expected)) > 20
    assert candidates(temperature) == expected


def test_floor_is_the_probability_of_one_score():
    assert floor_at(1.0, 0.02) == 0.02
    assert floor_at(2.0, 0.2) == pytest.approx(1 / 3)  # odds of 1 to 4, and their root
    assert floor_at(0.5, 0.2) == pytest.approx(1 / 17)
    assert floor_at(1e-300) == 2e-6 and floor_at(1e300) == 0.5


def test_settings_are_as_before(nlp, dev):
    pipe = nlp.get_pipe("global_pointer")
    pipe.cfg.update(thresholds={"ORG": 0.7}, overlap="flat", annotate_ents=True)
    before = dict(pipe.cfg)
    examples = predict_candidates(nlp, dev)
    assert pipe.cfg == before
    assert not any(example.predicted.ents for example in examples)


def test_settings_and_pipeline_stay_as_they_are_meanwhile(nlp, dev, monkeypatch):
    pipe = nlp.get_pipe("global_pointer")
    before = dict(pipe.cfg)
    candidates, seen = pipe.candidates, []

    def look(docs, lowest):
        seen.append((dict(pipe.cfg), nlp.pipe_names))
        return candidates(docs, lowest)

    monkeypatch.setattr(pipe, "candidates", look)
    predict_candidates(nlp, dev)
    assert seen == [(before, ["global_pointer"])] * len(seen) and seen


def test_components_before_it_run_and_those_behind_do_not(nlp, dev):
    seen = []

    @spacy.Language.component("tuning_test_witness")
    def witness(doc):
        seen.append("sc" in doc.spans)
        return doc

    nlp.add_pipe("tuning_test_witness", name="before", first=True)
    nlp.add_pipe("tuning_test_witness", name="behind")
    examples = predict_candidates(nlp, dev)
    assert seen == [False] * len(examples)
    assert nlp.pipe_names == ["before", "global_pointer", "behind"]


def test_reference_is_as_in_the_file(nlp, dev):
    expected = make_examples(nlp, texts=DEV_TEXTS, gold=DEV_GOLD)
    texts = [eg.reference.text for eg in expected if len(eg.reference)]
    examples = predict_candidates(nlp, dev)
    assert [example.reference.text for example in examples] == texts
    assert found(examples[1].reference) == DEV_GOLD[1]


def test_words_without_known_spaces_are_kept(nlp, tmp_path):
    doc = Doc(nlp.vocab, words=["a.b", "Mary-Ann"])
    assert doc.has_unknown_spaces
    doc.spans["sc"] = []
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    [example] = predict_candidates(nlp, tmp_path / "dev.spacy")
    assert [token.text for token in example.predicted] == ["a.b", "Mary-Ann"]


def test_limit_of_spans_is_told(nlp, dev):
    nlp.get_pipe("global_pointer").cfg["max_spans_per_doc"] = 3
    with pytest.warns(UserWarning, match="GPW004"):
        examples = predict_candidates(nlp, dev)
    assert max(len(eg.predicted.spans["sc"]) for eg in examples) == 3


def test_progress_bar_and_none(nlp, dev, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_candidates(nlp, dev, progress="Predicting")
    assert capsys.readouterr().out == ""


def test_no_such_component(nlp, dev):
    with pytest.raises(ValueError, match="GP130.*'mine'.*global_pointer"):
        predict_candidates(nlp, dev, component="mine")
    nlp.disable_pipe("global_pointer")
    with pytest.raises(ValueError, match="GP130.*none"):
        find_component(nlp, "global_pointer")


def test_component_of_another_kind(nlp, dev):
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match="GP131.*Sentencizer.*global_pointer"):
        predict_candidates(nlp, dev, component="sentencizer")


@pytest.mark.parametrize("lowest", [0, 1, -0.5, float("nan")])
def test_lowest_out_of_range(nlp, dev, lowest):
    with pytest.raises(ValueError, match="GP136.*lowest"):
        predict_candidates(nlp, dev, lowest=lowest)


def test_no_document(nlp, tmp_path):
    DocBin().to_disk(tmp_path / "dev.spacy")
    with pytest.raises(ValueError, match="GP120"):
        predict_candidates(nlp, tmp_path / "dev.spacy")
