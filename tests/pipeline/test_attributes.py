"""Settings of the component as attributes."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy
import pytest
import spacy
from helpers import GOLD, TEXTS, build, fit, found, make_examples

NAME = "global_pointer"
#: A value of each setting that is not its default.
OTHER_VALUES = {
    "spans_key": "mine",
    "threshold": 0.7,
    "thresholds": {"ORG": 0.3},
    "temperature": 2.0,
    "max_span_length": 5,
    "overlap": "flat",
    "annotate_ents": True,
    "max_spans_per_doc": 7,
    "memory_weight": 0.5,
    "memory_temperature": 0.2,
    "memory_neighbours": 7,
    "memory_lowest": 0.1,
    "memory_limit": 70,
    "document_memory": 0.5,
    "document_band": [0.2, 0.8],
}


@pytest.fixture(scope="module")
def fitted():
    nlp = build()
    fit(nlp, make_examples(nlp))
    return nlp


@pytest.fixture
def nlp(fitted, tmp_path):
    fitted.to_disk(tmp_path / "fitted")
    return spacy.load(tmp_path / "fitted")


@pytest.fixture
def pipe(nlp):
    return nlp.get_pipe(NAME)


def test_each_setting_of_the_config_is_an_attribute(nlp, pipe):
    config = nlp.get_pipe_config(NAME)
    parts = {"factory", "model", "loss", "scorer"}
    assert set(OTHER_VALUES) == set(config) - parts
    for name in OTHER_VALUES:
        assert getattr(pipe, name) == pipe.cfg[name] == config[name]


@pytest.mark.parametrize("name,value", OTHER_VALUES.items())
def test_an_assigned_setting_is_saved_with_the_pipeline(
    nlp, pipe, tmp_path, name, value
):
    setattr(pipe, name, value)
    assert getattr(pipe, name) == pipe.cfg[name] == value
    assert nlp.config["components"][NAME][name] == value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.to_disk(tmp_path / "new")
    assert getattr(spacy.load(tmp_path / "new").get_pipe(NAME), name) == value
    from_bytes = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert getattr(from_bytes.get_pipe(NAME), name) == value


def test_assigned_settings_take_effect(nlp, pipe):
    assert found(nlp(TEXTS[0])) == GOLD[0]
    pipe.threshold = 1.0
    assert found(nlp(TEXTS[0])) == []
    pipe.thresholds = {"PLACE": 0.5}
    assert {label for *_, label in found(nlp(TEXTS[0]))} == {"PLACE"}
    pipe.threshold, pipe.thresholds, pipe.overlap = 0.5, {}, "flat"
    assert len(found(nlp(TEXTS[0]))) < len(GOLD[0])
    pipe.overlap, pipe.max_span_length = "any", 1
    assert {end - start for start, end, _ in found(nlp(TEXTS[0]))} == {1}
    pipe.max_span_length, pipe.spans_key, pipe.annotate_ents = None, "mine", True
    doc = nlp(TEXTS[0])
    assert found(doc, "mine") == GOLD[0] and "sc" not in doc.spans and doc.ents


def test_cfg_and_attributes_are_the_same_settings(nlp, pipe):
    pipe.cfg["threshold"] = 1.0
    assert pipe.threshold == 1.0 and found(nlp(TEXTS[0])) == []
    # As `spacy find-threshold` does it.
    pipe.cfg = {**pipe.cfg, "threshold": 0.5}
    assert pipe.threshold == 0.5 and found(nlp(TEXTS[0])) == GOLD[0]


@pytest.mark.parametrize(
    "name,value,code",
    [
        ("threshold", 1.5, "GP010"),
        ("threshold", -0.1, "GP010"),
        ("threshold", "0.5", "GP010"),
        ("threshold", None, "GP010"),
        ("threshold", float("nan"), "GP010"),
        ("thresholds", {"ORG": 2}, "GP010"),
        ("thresholds", {"PLAICE": 0.5}, "GP016"),
        ("thresholds", {"#": 0.5}, "GP020"),
        ("thresholds", 0.5, "GP063"),
        ("thresholds", None, "GP063"),
        ("temperature", 0, "GP044"),
        ("temperature", "1", "GP044"),
        ("overlap", "some", "GP011"),
        ("overlap", None, "GP011"),
        ("max_span_length", 0, "GP012"),
        ("max_span_length", "3", "GP012"),
        ("max_span_length", 2.5, "GP012"),
        ("max_spans_per_doc", 0, "GP012"),
        ("max_spans_per_doc", 2**64, "GP012"),  # no config.cfg could hold it
        ("threshold", 10**400, "GP010"),
        ("temperature", 10**400, "GP044"),
        ("spans_key", None, "GP063"),
        ("spans_key", "\ud800", "GP063"),  # half a surrogate pair
        ("thresholds", {"\udfff": 0.5}, "GP020"),
        ("annotate_ents", "yes", "GP063"),
    ],
)
def test_a_wrong_value_leaves_the_old_one(nlp, pipe, name, value, code):
    before, config = copy.deepcopy(pipe.cfg), copy.deepcopy(nlp.config)
    with pytest.raises(ValueError, match=code):
        setattr(pipe, name, value)
    assert pipe.cfg == before and nlp.config == config
    assert found(nlp(TEXTS[0])) == GOLD[0]


def test_thresholds_can_be_changed_in_place(nlp, pipe, tmp_path):
    pipe.thresholds["ORG"] = 0.3
    pipe.thresholds.update(PLACE=0.4)
    del pipe.thresholds["ORG"]
    assert pipe.thresholds == pipe.cfg["thresholds"] == {"PLACE": 0.4}
    assert repr(pipe.thresholds) == "{'PLACE': 0.4}" and len(pipe.thresholds) == 1
    for label, value, code in [("PLACE", 4, "GP010"), ("PLAICE", 0.4, "GP016")]:
        with pytest.raises(ValueError, match=code):
            pipe.thresholds[label] = value
    nlp.to_disk(tmp_path / "new")
    assert spacy.load(tmp_path / "new").get_pipe(NAME).thresholds == {"PLACE": 0.4}


def test_thresholds_are_not_those_of_another_component(pipe):
    given = {"ORG": 0.3}
    pipe.thresholds = given
    given["ORG"] = 0.9
    other = build().get_pipe(NAME)
    other.thresholds = pipe.thresholds
    pipe.thresholds["ORG"] = 0.5
    assert other.thresholds == {"ORG": 0.3}


def test_numbers_of_numpy_are_saved(nlp, pipe, tmp_path):
    pipe.threshold = numpy.float32(0.25)
    pipe.thresholds = {"ORG": numpy.linspace(0, 1, 5)[3]}
    pipe.max_span_length = numpy.int64(9)
    nlp.to_disk(tmp_path / "new")
    saved = spacy.load(tmp_path / "new").get_pipe(NAME)
    assert (saved.threshold, saved.max_span_length) == (0.25, 9)
    assert saved.thresholds == {"ORG": 0.75}


def test_settings_at_load_override_assigned_ones(nlp, pipe, tmp_path):
    pipe.threshold = 0.7
    nlp.to_disk(tmp_path / "new")
    override = {f"components.{NAME}.threshold": 0.5}
    loaded = spacy.load(tmp_path / "new", config=override)
    assert loaded.get_pipe(NAME).threshold == 0.5


def test_a_renamed_component_saves_its_settings(nlp, pipe, tmp_path):
    nlp.rename_pipe(NAME, "spans")
    pipe.threshold = 0.7
    nlp.to_disk(tmp_path / "new")
    assert spacy.load(tmp_path / "new").get_pipe("spans").threshold == 0.7


def test_component_without_its_pipeline_warns_of_unsaved_settings(nlp, pipe, tmp_path):
    nlp.remove_pipe(NAME)
    pipe.threshold = 0.7
    with pytest.warns(UserWarning, match="GPW008.*'threshold': 0.7"):
        pipe.to_disk(tmp_path / "pipe")


def test_a_sourced_component_warns_of_settings_that_are_not_saved(nlp, pipe, tmp_path):
    """The config of the pipeline that the component came from is the one changed."""
    other = spacy.blank("en")
    other.add_pipe(NAME, source=nlp)
    other.get_pipe(NAME).threshold = 0.7
    remedy = rf"sourced.*nlp.get_pipe_config\('{NAME}'\)"
    with pytest.warns(UserWarning, match=f"GPW008.*'threshold': 0.7.*{remedy}"):
        other.to_disk(tmp_path / "other")
    assert spacy.load(tmp_path / "other").get_pipe(NAME).threshold == 0.5
    other.get_pipe_config(NAME)["threshold"] = 0.7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other.to_disk(tmp_path / "other")
    assert spacy.load(tmp_path / "other").get_pipe(NAME).threshold == 0.7


def test_copies_have_settings_of_their_own(nlp, pipe):
    pipe.threshold = 0.7
    for other in (copy.deepcopy(pipe), pickle.loads(pickle.dumps(pipe))):
        assert other.threshold == 0.7
        other.threshold = 0.2
        assert pipe.threshold == nlp.config["components"][NAME]["threshold"] == 0.7


def test_a_misspelt_setting_is_reported(pipe):
    with pytest.warns(UserWarning, match="GPW050.*'treshold'.*'threshold'"):
        pipe.treshold = 0.7
    with pytest.warns(UserWarning, match="GPW050.*'span_key'.*'spans_key'"):
        pipe.span_key = "mine"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe.remark = "an attribute of the user's own"
