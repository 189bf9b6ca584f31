"""A new label in a trained pipeline."""

from __future__ import annotations

import copy
from functools import lru_cache

import numpy
import pytest
import spacy
import srsly
import torch
from helpers import GOLD, TEXTS, TOK2VEC, build, fit, found, make_examples
from thinc.api import Adam, RAdam

ARCHITECTURES = ["GlobalPointer", "EfficientGlobalPointer"]
TINY = {**TOK2VEC, "width": 32, "depth": 1}
WITH_NEW = [[*GOLD[0], (10, 11, "NEW")], *GOLD[1:]]


def pipe_of(nlp):
    return nlp.get_pipe("global_pointer")


def head_of(nlp):
    return pipe_of(nlp).model.get_ref("output_layer")


def module_of(nlp):
    return head_of(nlp).shims[0]._model


def trained_with(architecture="GlobalPointer", **model):
    return copy.deepcopy(_trained(architecture, *model.items()))


@lru_cache
def _trained(architecture, *settings):
    name = f"spacy-globalpointer.{architecture}.v1"
    model = {"@architectures": name, "tok2vec": TINY, **dict(settings)}
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer", config={"model": model})
    fit(nlp, make_examples(nlp), steps=25)
    return nlp


@pytest.fixture
def trained():
    return trained_with()


def all_scores(nlp):
    """The bits of the score of every span of every label, by document and place."""
    cfg = pipe_of(nlp).cfg
    cfg["threshold"], before = 0.0, cfg["threshold"]
    docs = list(nlp.pipe(TEXTS))
    cfg["threshold"] = before
    return {
        (i, span.start, span.end, span.label_): score.tobytes()
        for i, doc in enumerate(docs)
        for span, score in zip(doc.spans["sc"], doc.spans["sc"].attrs["scores"])
    }


def old_ones(scores):
    return {key: bits for key, bits in scores.items() if not key[3].startswith("NEW")}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("label_bias", [-6.0, None])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_old_labels_keep_their_scores_to_the_last_bit(
    architecture, label_bias, threads, tmp_path, request
):
    nlp = trained_with(architecture, label_bias=label_bias)
    own_threads = torch.get_num_threads()
    request.addfinalizer(lambda: torch.set_num_threads(own_threads))
    torch.set_num_threads(threads)
    before = all_scores(nlp)
    assert pipe_of(nlp).add_label("NEW") == 1
    assert pipe_of(nlp).add_label("NEWER") == 1
    after = all_scores(nlp)
    assert old_ones(after) == before
    assert len(after) == len(before) // 3 * 5
    nlp.to_disk(tmp_path)
    copied = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for again in (spacy.load(tmp_path), copied, copy.deepcopy(nlp)):
        assert all_scores(again) == after


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_new_label_is_saved_and_known_everywhere(architecture, tmp_path):
    nlp = trained_with(architecture)
    assert pipe_of(nlp).add_label("NEW") == 1
    assert pipe_of(nlp).add_label("NEW") == 0
    nlp.to_disk(tmp_path)
    for own in (nlp, spacy.load(tmp_path)):
        pipe = pipe_of(own)
        assert pipe.labels == ("ORG", "PERSON", "PLACE", "NEW")
        assert pipe.label_data == list(pipe.labels) == pipe.cfg["labels"]
        assert head_of(own).get_dim("nO") == pipe.model.get_dim("nO") == 4
        assert "NEW" in own.vocab.strings
    assert pipe.cfg["trained_length"] == 12  # what was learnt before still holds
    spacy.load(tmp_path).to_disk(tmp_path / "again")
    files = [p / "global_pointer/model" for p in (tmp_path, tmp_path / "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_new_rows_start_as_those_of_a_fresh_head(architecture):
    nlp = trained_with(architecture, label_bias=-4.0)
    before = {k: x.clone() for k, x in module_of(nlp).state_dict().items()}
    pipe_of(nlp).add_label("NEW")
    module = module_of(nlp)
    for name, x in module.state_dict().items():
        assert torch.equal(x[: len(before[name])], before[name])
    if architecture == "GlobalPointer":
        weight, constants = module.projection.weight[3 * 128 :], module.bias[3:]
        assert not module.projection.bias[3 * 128 :].any()
    else:
        weight, constants = module.typing.weight[6:], module.typing.bias[6:]
    assert (constants == -4).all() and len(constants) in (1, 2)
    assert float(weight.detach().std()) == pytest.approx(
        weight.shape[1] ** -0.5, rel=0.15
    )
    assert all(p.requires_grad for p in module.parameters())


@pytest.mark.parametrize(
    "architecture,optimizer",
    [
        ("GlobalPointer", Adam),
        ("GlobalPointer", RAdam),
        ("EfficientGlobalPointer", Adam),
    ],
)
def test_the_same_optimizer_trains_the_new_label(architecture, optimizer):
    nlp = trained_with(architecture)
    sgd = optimizer(0.005)
    examples = make_examples(nlp)
    for _ in range(3):
        nlp.update(examples, sgd=sgd)
    pipe_of(nlp).add_label("NEW")
    with nlp.use_params(sgd.averages):  # those of the head have another shape
        assert "NEW" in pipe_of(nlp).labels and found(nlp(TEXTS[2])) == []
    examples = make_examples(nlp, gold=WITH_NEW)
    losses = [nlp.update(examples, sgd=sgd)["global_pointer"] for _ in range(25)]
    assert losses[-1] < losses[0] / 10
    assert (10, 11, "NEW") in found(nlp(TEXTS[0]))
    weight = next(module_of(nlp).parameters())
    before = weight.detach().clone()
    with nlp.use_params({key: x * 0 for key, x in sgd.averages.items()}):
        assert not weight.any()
    assert torch.equal(weight, before)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_learned_label_is_saved_like_the_first_ones(architecture):
    nlp = trained_with(architecture)
    pipe_of(nlp).add_label("NEW")
    nlp.update(make_examples(nlp, gold=WITH_NEW), sgd=nlp.resume_training())
    assert "label_blocks" not in module_of(nlp).settings()


def test_optimizer_resets_a_parameter_of_another_size(trained):
    """However it came to have it."""
    sgd = Adam(0.001)
    few, examples = trained.to_bytes(), make_examples(trained)
    for _ in range(2):
        trained.update(examples, sgd=sgd)
        pipe_of(trained).add_label("NEW")
        trained.update(examples, sgd=sgd)
        sizes = {name: p.numel() for name, p in module_of(trained).named_parameters()}
        key = head_of(trained).shims[0].id
        for stored in (sgd.mom1, sgd.mom2, sgd.averages):
            assert {name: stored[key, name].size for name in sizes} == sizes
        trained.from_bytes(few)
        with trained.use_params(sgd.averages):
            assert found(trained(TEXTS[2])) == []
    trained.get_pipe("global_pointer").add_label("A")
    trained.initialize(lambda: examples, sgd=sgd)
    trained.update(examples, sgd=sgd)


def test_labels_are_added_before_training_too(nlp):
    pipe_of(nlp).add_label("NEW")
    assert head_of(nlp).has_dim("nO") is None
    fit(nlp, make_examples(nlp), steps=1)
    assert pipe_of(nlp).labels == ("NEW", "ORG", "PERSON", "PLACE")


def test_bytes_are_loaded_into_a_pipeline_with_other_labels(trained):
    few, scores = trained.to_bytes(), all_scores(trained)
    pipe_of(trained).add_label("NEW")
    many = trained.to_bytes()
    other = spacy.blank("en").from_config(trained.config).from_bytes(few)
    other.from_bytes(many)
    assert pipe_of(other).labels == ("ORG", "PERSON", "PLACE", "NEW")
    assert all_scores(other) == all_scores(trained)
    other.from_bytes(few)
    assert pipe_of(other).labels == ("ORG", "PERSON", "PLACE")
    assert all_scores(other) == scores


def test_a_number_of_labels_in_the_config_does_not_hinder(tmp_path):
    nlp = trained_with(nO=3)
    pipe_of(nlp).add_label("NEW")
    nlp.to_disk(tmp_path)
    assert all_scores(spacy.load(tmp_path)) == all_scores(nlp)


def test_a_failed_load_leaves_the_number_of_labels(trained):
    pipe = pipe_of(trained)
    with pytest.raises(ValueError, match="GP018"):
        pipe.from_bytes(srsly.msgpack_dumps({"model": b"damaged"}))
    assert head_of(trained).get_dim("nO") == pipe.model.get_dim("nO") == 3
    assert found(trained(TEXTS[0])) == GOLD[0]


def test_labels_cannot_be_removed(trained):
    with pytest.raises(ValueError, match="GP080.*3 labels.* to 2"):
        pipe_of(trained).set_output(2)
    assert found(trained(TEXTS[0])) == GOLD[0]


def test_an_architecture_that_cannot_grow_keeps_its_labels(trained):
    pipe = pipe_of(trained)
    del pipe.model.attrs["resize_output"]
    with pytest.raises(ValueError, match="E922"):
        pipe.add_label("NEW")
    assert pipe.labels == ("ORG", "PERSON", "PLACE")


def test_adding_a_label_to_a_copy_leaves_the_original(trained):
    other = copy.deepcopy(trained)
    pipe_of(other).add_label("NEW")
    assert pipe_of(trained).labels == ("ORG", "PERSON", "PLACE")
    assert head_of(trained).get_dim("nO") == 3
    assert found(trained(TEXTS[0])) == GOLD[0]


def test_ids_of_shims_are_unique(trained):
    copied = head_of(trained).copy()
    fresh = build().get_pipe("global_pointer").model.get_ref("output_layer")
    own = head_of(trained)
    assert len({layer.shims[0].id for layer in (own, copied, fresh)}) == 3


def test_settings_of_the_new_label_hold(trained):
    pipe = pipe_of(trained)
    pipe.add_label("NEW")
    pipe.cfg["thresholds"] = {"NEW": 0.0}
    labels = [label for _, _, label in found(trained(TEXTS[0]))]
    assert labels.count("NEW") == 12 * 13 // 2 and labels.count("ORG") == 1
    pipe.loss.label_weights = {"NEW": 3.0}
    assert pipe._label_weights() == [1.0, 1.0, 1.0, 3.0]
    scores = trained(TEXTS[0]).spans["sc"].attrs["scores"]
    assert numpy.isfinite(scores).all()


def test_remedy_for_an_unknown_label_works(trained):
    examples = make_examples(trained, gold=WITH_NEW)
    sgd = trained.resume_training()
    with pytest.raises(ValueError, match=r"GP017.*add_label\('NEW'\)"):
        trained.update(examples, sgd=sgd)
    trained.get_pipe("global_pointer").add_label("NEW")
    trained.update(examples, sgd=sgd)
