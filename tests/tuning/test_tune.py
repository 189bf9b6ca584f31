"""Tuning as a whole: scores, labels with few spans, temperature."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuning_helpers import made_up, plain_f, save_dev, unsure

from spacy_globalpointer.evaluation.predictions import predict_candidates
from spacy_globalpointer.memory.document_memory import DocumentMemory
from spacy_globalpointer.tuning import tune as tune_module
from spacy_globalpointer.tuning.candidates import collect
from spacy_globalpointer.tuning.choice import Score, Thresholds
from spacy_globalpointer.tuning.document_memory_choice import OFF
from spacy_globalpointer.tuning.tune import POINTS, tune
from spacy_globalpointer.types import LOST_GOLD


@pytest.fixture
def nlp():
    return unsure(overlap="nested")


@pytest.fixture
def pipe(nlp):
    return nlp.get_pipe("global_pointer")


@pytest.fixture
def predicted(nlp, tmp_path):
    dev = save_dev(nlp, tmp_path / "dev.spacy")
    return predict_candidates(nlp, dev, document_memory=0.0)


@pytest.fixture
def examples(predicted):
    return [one.example for one in predicted]


@pytest.fixture
def candidates(predicted, pipe):
    return collect(predicted, pipe, 0.02)


def evaluated(nlp, examples, settings):
    """What spaCy's evaluation gives with the settings."""
    nlp.get_pipe("global_pointer").cfg.update(settings)
    return nlp.evaluate(examples)


@pytest.mark.parametrize("temperature", [False, True])
@pytest.mark.parametrize("memory", [OFF, DocumentMemory(0.8, (0.05, 0.5))])
def test_scores_are_those_of_the_evaluation(
    nlp, pipe, candidates, examples, temperature, memory, monkeypatch
):
    monkeypatch.setattr(tune_module, "choose_document_memory", lambda *args: memory)
    options = {"temperature": temperature, "document_memory": True}
    tuning = tune(candidates, pipe, min_gold=1, **options)
    before = evaluated(nlp, examples, {})
    assert tuning.score(tuning.present).f == pytest.approx(before["spans_sc_f"])
    after = evaluated(nlp, examples, tuning.settings)
    score = tuning.score(tuning.best)
    for name in "prf":
        assert getattr(score, name) == pytest.approx(after[f"spans_sc_{name}"])
    for label, own in tuning.label_scores(tuning.best).items():
        assert own.f == pytest.approx(after["spans_sc_per_type"][label]["f"])
    assert score.f >= tuning.score(tuning.single).f >= before["spans_sc_f"]


def test_gold_lost_in_conversion_or_with_another_label_counts(
    predicted, examples, pipe
):
    n_gold = collect(predicted, pipe, 0.02).n_gold
    per_document = [len(eg.reference.spans["sc"]) for eg in examples]
    assert n_gold == sum(per_document)
    examples[0].reference.user_data[LOST_GOLD] = [[0, 3, "PLACE"]]
    assert collect(predicted, pipe, 0.02).n_gold == n_gold + 1
    del examples[1].reference.spans["sc"]
    assert collect(predicted, pipe, 0.02).n_gold == n_gold + 1 - per_document[1]


def test_labels_with_few_gold_spans_keep_the_common_threshold(candidates, pipe):
    assert candidates.label_names == ("ORG", "PERSON", "PLACE")
    assert candidates.label_gold.tolist() == [2, 5, 6]
    for min_gold, allowed in [(5, {"PERSON", "PLACE"}), (7, set())]:
        tuning = tune(candidates, pipe, min_gold=min_gold)
        assert set(tuning.best.thresholds) <= allowed
    assert tuning.best.threshold == tuning.single.threshold


@pytest.mark.parametrize("form", ["{}:", "#{}", ";{}", "[{}]", " {}", "{}\nX", "@{}"])
def test_label_that_no_config_can_hold_keeps_the_common_threshold(
    candidates, pipe, form
):
    assert tune(candidates, pipe, min_gold=1).best.thresholds
    names = tuple(form.format(label) for label in candidates.label_names)
    tuning = tune(replace(candidates, label_names=names), pipe, min_gold=1)
    assert tuning.best.thresholds == {}


@pytest.fixture
def no_org(predicted, examples, pipe):
    """Candidates of documents without a gold span of ORG."""
    for example in examples:
        spans = example.reference.spans["sc"]
        example.reference.spans["sc"] = [x for x in spans if x.label_ != "ORG"]
    return collect(predicted, pipe, 0.02)


@pytest.mark.parametrize("per_label", [True, False])
@pytest.mark.parametrize("present", [{}, {"ORG": 0.37, "PLACE": 0.9}])
def test_labels_without_gold_keep_their_thresholds(
    nlp, pipe, no_org, examples, per_label, present
):
    pipe.cfg["thresholds"] = present
    expected = present.get("ORG", pipe.cfg["threshold"])
    tuning = tune(no_org, pipe, min_gold=1, per_label=per_label)
    assert tuning.best.of("ORG") == tuning.single.of("ORG") == expected
    pipe.cfg.update(tuning.settings)
    assert pipe.cfg["thresholds"].get("ORG", pipe.cfg["threshold"]) == expected
    if tuning.gains:
        after = evaluated(nlp, examples, tuning.settings)
        assert tuning.score(tuning.best).f == pytest.approx(after["spans_sc_f"])


def test_spans_of_labels_without_gold_do_not_count_in_the_choice(no_org, pipe):
    others = no_org.without_labels(["ORG"])
    assert len(others.docs) < len(no_org.docs)
    for per_label in (True, False):
        one, other = (
            tune(own, pipe, min_gold=1, per_label=per_label) for own in (no_org, others)
        )
        assert one.best == other.best and one.single == other.single


def test_kept_threshold_keeps_its_spans_at_another_temperature(no_org, pipe):
    tuning = tune(no_org, pipe, min_gold=1, temperature=True)
    assert tuning.after.temperature != 1.0
    org = tuning.before.labels == 0
    before = tuning.before.scores[org] >= pipe.cfg["threshold"]
    after = tuning.after.scores[org] >= tuning.best.of("ORG")
    assert (before == after).all()


def test_one_threshold_for_all_labels_is_written(candidates, pipe):
    tuning = tune(candidates, pipe, per_label=False, min_gold=1)
    settings = {"threshold": tuning.single.threshold, "thresholds": {}}
    assert tuning.settings == settings


@given(candidates=made_up(), temperature=st.floats(0.2, 8))
def test_spans_keep_their_order_and_place_at_another_temperature(
    candidates, temperature
):
    random = numpy.random.default_rng(0)
    raw = random.normal(0, 1, len(candidates.docs)).astype(numpy.float32)
    first = replace(candidates, raw=raw).at_temperature(1.0)
    other = first.at_temperature(temperature)
    assert numpy.array_equal(numpy.argsort(first.scores), numpy.argsort(other.scores))
    logit = numpy.log(first.lowest / (1 - first.lowest)) / temperature
    assert other.lowest == pytest.approx(1 / (1 + numpy.exp(-logit)), abs=1e-4)


def test_temperature_lowers_the_loss_and_is_written(candidates, pipe):
    tuning = tune(candidates, pipe, temperature=True)
    assert tuning.settings["temperature"] == tuning.after.temperature != 1.0

    def loss(spans):
        chance = numpy.where(spans.right, spans.scores, 1 - spans.scores)
        return -numpy.log(chance + 1e-12).mean()

    assert loss(tuning.after) < loss(tuning.before)
    assert "temperature" not in tune(candidates, pipe).settings


def test_calibration_errors_are_of_the_temperature_alone(candidates, pipe, monkeypatch):
    memory = DocumentMemory(1.0, (0.05, 0.3))
    monkeypatch.setattr(tune_module, "choose_document_memory", lambda *args: memory)
    alone = tune(candidates, pipe, temperature=True)
    both = tune(candidates, pipe, temperature=True, document_memory=True)
    assert both.after.memory == memory
    assert both.calibration_errors() == alone.calibration_errors()
    before, after = tune(candidates, pipe, document_memory=True).calibration_errors()
    assert before == after


def test_without_a_memory_before_and_after_its_band_stays(candidates, pipe):
    pipe.cfg["document_band"] = [0.2, 0.8]
    own = replace(candidates, memory=DocumentMemory(0.0, (0.2, 0.8)))
    own = own.of_documents(numpy.arange(len(own.gold)) == 0)  # none is chosen
    tuning = tune(own, pipe, document_memory=True)
    assert tuning.after.memory == own.memory
    assert "document_band" not in tuning.settings


def test_operating_points_end_at_the_lowest_candidate(candidates, pipe):
    tuning = tune(replace(candidates, lowest=0.15), pipe)
    points = tuning.operating_points()
    assert [point for point, _ in points] == list(POINTS[2:])
    for point, score in points:
        f = plain_f(candidates, "nested", [point] * 3)
        assert score.f == pytest.approx(f)


def test_left_out_documents_are_scored_with_other_thresholds(candidates, pipe):
    """As many parts as documents: each is scored with the thresholds of the others."""
    tuning = tune(candidates, pipe, min_gold=1)
    counts = numpy.zeros(2, dtype=int)
    for i in range(len(candidates.gold)):
        mine = numpy.arange(len(candidates.gold)) == i
        others = tune(candidates.of_documents(~mine), pipe, min_gold=1)
        score = replace(tuning, after=candidates.of_documents(mine)).score(others.best)
        counts += [score.right, score.found]
    left_out = tuning.left_out(tuning.best)
    assert [left_out.right, left_out.found, left_out.gold] == [*counts, 14]
    assert tuning.left_out(tuning.present) == tuning.score(tuning.present)


def test_one_document_leaves_none_to_choose_on(candidates, pipe):
    first = numpy.arange(len(candidates.gold)) == 0
    tuning = tune(candidates.of_documents(first), pipe)
    assert tuning.left_out(tuning.single) is None


@given(candidates=made_up(), chosen=st.lists(st.booleans(), min_size=3, max_size=3))
def test_candidates_are_divided_by_documents(candidates, chosen):
    flags = numpy.array(chosen)
    parts = [candidates.of_documents(flags), candidates.of_documents(~flags)]
    assert sum(part.n_gold for part in parts) == candidates.n_gold
    joined = numpy.concatenate([part.scores for part in parts])
    assert sorted(joined) == sorted(candidates.scores)
    for part, size in zip(parts, (flags.sum(), (~flags).sum())):
        assert len(part.gold) == size and (part.docs < size).all()


def test_keeps_all_is_true_if_the_best_threshold_keeps_all_spans(candidates, pipe):
    everything = replace(candidates, right=numpy.ones_like(candidates.right))
    assert tune(everything, pipe).keeps_all
    assert not tune(candidates, pipe).keeps_all


def test_score_of_nothing_is_zero():
    score = Score(0, 0, 0)
    assert (score.p, score.r, score.f) == (0, 0, 0)


def test_label_without_its_own_threshold_has_the_common_one():
    thresholds = Thresholds(0.5, {"A": 0.1})
    assert (thresholds.of("A"), thresholds.of("B")) == (0.1, 0.5)


def test_documents_without_gold_are_an_error(predicted, examples, pipe):
    for example in examples:
        example.reference.spans["sc"] = []
    with pytest.raises(ValueError, match="GP132.*'sc'"):
        tune(collect(predicted, pipe, 0.02), pipe)


def test_missing_candidates_are_an_error(candidates, pipe):
    columns = ("docs", "labels", "starts", "ends", "raw", "scores", "right")
    none = replace(candidates, **{x: getattr(candidates, x)[:0] for x in columns})
    with pytest.raises(ValueError, match="GP133.*0.02"):
        tune(none, pipe)


@pytest.mark.parametrize("beta", [0, -1.0, float("nan")])
def test_beta_out_of_range_is_an_error(candidates, pipe, beta):
    with pytest.raises(ValueError, match="GP136.*beta"):
        tune(candidates, pipe, beta=beta)


def test_thresholds_without_a_gain_are_not_used(candidates, pipe):
    first = tune(candidates, pipe, min_gold=1)
    assert first.gains
    pipe.cfg.update(first.settings)
    again = tune(candidates, pipe, min_gold=1)
    assert not again.gains and again.settings == first.settings
    pipe.cfg.update({"threshold": 0.3, "thresholds": {"ORG": 0.4}})
    asked = tune(candidates, pipe, per_label=False)
    assert asked.gains and not asked.settings["thresholds"]
