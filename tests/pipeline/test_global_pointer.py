from __future__ import annotations

import warnings

import numpy
import pytest
import spacy
import torch
from helpers import GOLD, TEXTS, TOK2VEC, build, fit, found, make_examples
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_globalpointer.encoders import precision
from spacy_globalpointer.pipeline import global_pointer
from spacy_globalpointer.pointer.search import FoundSpans

ARCHITECTURE = "spacy-globalpointer.GlobalPointer.v1"
ARCHITECTURES = ["GlobalPointer", "EfficientGlobalPointer"]


def test_training_data_without_labels_is_an_error(nlp):
    with pytest.raises(ValueError, match="GP014.*found no label.*4 documents.*'sc'"):
        nlp.initialize(lambda: make_examples(nlp, gold=[[], [], [], []]))


def test_absent_spans_key_names_the_keys_there_are(nlp):
    with pytest.raises(ValueError, match=r"GP014.*\['other'\]"):
        nlp.initialize(lambda: make_examples(nlp, key="other"))


def test_prediction_before_initialization_is_an_error(nlp):
    with pytest.raises(ValueError, match="E143"):
        nlp("Some text .")


def test_labels_are_collected_from_training_data(nlp):
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("global_pointer").labels == ("ORG", "PERSON", "PLACE")


def test_labels_can_be_passed_to_initialize(nlp):
    pipe = nlp.get_pipe("global_pointer")
    pipe.initialize(lambda: make_examples(nlp), nlp=nlp, labels=["B", "A"])
    assert pipe.labels == ("B", "A")
    assert pipe.label_data == ["B", "A"]


def test_a_label_is_a_text(trained):
    pipe = trained.get_pipe("global_pointer")
    assert pipe.add_label("ORG") == 0
    for label in (3, "", None, "half a pair \ud83d"):
        with pytest.raises(ValueError, match="GP013"):
            pipe.add_label(label)
    assert pipe.labels == ("ORG", "PERSON", "PLACE")
    assert found(trained(TEXTS[0])) == GOLD[0]


def test_label_unknown_to_the_model_is_named(trained):
    examples = make_examples(trained, texts=TEXTS[:1], gold=[[(0, 1, "DATE")]])
    with pytest.raises(ValueError, match="GP017.*'DATE'.*ORG"):
        trained.update(examples, sgd=trained.resume_training())


def test_label_never_seen_in_training_counts_as_missed(trained):
    examples = make_examples(
        trained, texts=TEXTS[:1], gold=[[*GOLD[0], (0, 1, "DATE")]]
    )
    scores = trained.evaluate(examples)
    assert scores["spans_sc_r"] == 4 / 5
    assert scores["spans_sc_per_type"]["DATE"]["r"] == 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_component_learns_and_reloads(architecture, tmp_path):
    nlp = build(architecture)
    examples = make_examples(nlp)
    losses = fit(nlp, examples)
    assert losses["global_pointer"] < 0.1
    docs = [nlp(text) for text in TEXTS]
    assert [found(doc) for doc in docs] == GOLD
    assert nlp.evaluate(examples)["spans_sc_f"] == 1.0
    nlp.to_disk(tmp_path / "a")
    again = spacy.load(tmp_path / "a")
    pipe, pipe2 = (n.get_pipe("global_pointer") for n in (nlp, again))
    assert pipe.cfg == pipe2.cfg
    assert pipe.model.to_bytes() == pipe2.model.to_bytes()
    again.to_disk(tmp_path / "b")
    for file in ("cfg", "model"):
        a, b = (tmp_path / x / "global_pointer" / file for x in "ab")
        assert a.read_bytes() == b.read_bytes()
    for doc, doc2 in zip(docs, again.pipe(TEXTS)):
        assert found(doc) == found(doc2)
        scores, scores2 = (d.spans["sc"].attrs["scores"] for d in (doc, doc2))
        assert numpy.array_equal(scores, scores2)


def test_to_bytes_from_bytes(trained):
    other = spacy.blank("en").from_config(trained.config)
    other.from_bytes(trained.to_bytes())
    assert found(other(TEXTS[0])) == GOLD[0]


def test_each_span_has_its_score(trained):
    doc = trained(TEXTS[0])
    scores = doc.spans["sc"].attrs["scores"]
    assert scores.dtype == numpy.float32
    assert len(scores) == len(doc.spans["sc"])
    assert ((scores >= 0.5) & (scores <= 1)).all()
    for span, score in zip(doc.spans["sc"], scores):
        assert span._.span_score == score
    assert doc[0:2]._.span_score is None
    stored = next(DocBin(docs=[doc]).get_docs(trained.vocab))
    assert numpy.array_equal(stored.spans["sc"].attrs["scores"], scores)


def test_each_component_has_its_own_scores(trained):
    doc = trained.make_doc(TEXTS[0])
    doc.spans["first"] = [Span(doc, a, b, label=label) for a, b, label in GOLD[0]]
    doc.spans["first"].attrs["scores"] = [0.1] * 4
    doc = trained.get_pipe("global_pointer")(doc)
    scores = list(doc.spans["sc"].attrs["scores"])
    assert [span._.span_score for span in doc.spans["sc"]] == scores


def test_gold_that_the_overlap_policy_loses_is_counted():
    nlp = build(overlap="flat")
    with pytest.warns(UserWarning, match="GPW009.*about 4 of 8.*'flat'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_setting_changed_out_of_range_is_an_error(trained):
    trained.get_pipe("global_pointer").cfg["threshold"] = 1.5
    with pytest.raises(ValueError, match="GP010.*1.5"):
        trained(TEXTS[0])


def test_empty_and_short_docs_are_predicted(trained):
    docs = list(trained.pipe(["", " ", "\n\n", "Leith", ""]))
    assert all("sc" in doc.spans for doc in docs)
    assert all(
        len(doc.spans["sc"].attrs["scores"]) == len(doc.spans["sc"]) for doc in docs
    )
    assert trained.get_pipe("global_pointer").predict([]) == []


def test_update_without_tokens_has_loss_zero(trained):
    doc = trained.make_doc("")
    assert trained.update([Example(doc, doc.copy())]) == {"global_pointer": 0.0}


def test_batch_composition_does_not_matter(trained):
    alone = [trained(text) for text in TEXTS]
    for doc, doc2 in zip(alone, trained.pipe(TEXTS, batch_size=4)):
        assert found(doc) == found(doc2)


def test_annotate_ents_writes_entities():
    nlp = build(annotate_ents=True)
    fit(nlp, make_examples(nlp))
    doc = nlp(TEXTS[0])
    ents = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    assert len(ents) == 2
    assert set(ents) <= set(GOLD[0])
    assert found(doc) == GOLD[0]
    assert all(ent._.span_score >= 0.5 for ent in doc.ents)


def test_annotate_ents_takes_the_best_and_keeps_others():
    nlp = build(annotate_ents=True)
    fit(nlp, make_examples(nlp))
    doc = nlp.make_doc(TEXTS[0])
    doc.ents = [Span(doc, 10, 11, label="DATE"), Span(doc, 3, 5, label="DATE")]
    pipe = nlp.get_pipe("global_pointer")
    cells = torch.tensor([[0, 0, 3], [2, 3, 3], [1, 5, 8]])
    scores = torch.tensor([1.0, 2.0, 3.0])
    pipe.set_annotations([doc], [FoundSpans(*cells.T, scores, 3)])
    ents = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    assert ents == [(3, 4, "PLACE"), (5, 9, "PERSON"), (10, 11, "DATE")]


def test_overlap_flat(trained):
    trained.get_pipe("global_pointer").cfg["overlap"] = "flat"
    places = found(trained(TEXTS[0]))
    assert set(places) < set(GOLD[0])
    assert all(a[1] <= b[0] for a, b in zip(places, places[1:]))


def test_each_label_has_its_threshold(trained):
    pipe = trained.get_pipe("global_pointer")
    pipe.cfg["thresholds"] = {"PLACE": 1.0}
    pipe.cfg["threshold"] = 0.4
    labels = {label for *_, label in found(trained(TEXTS[0]))}
    assert labels >= {"ORG", "PERSON"}
    pipe.cfg["thresholds"] = {"PLAICE": 0.3}
    with pytest.raises(ValueError, match="GP016.*PLAICE"):
        trained(TEXTS[0])


def test_threshold_zero_is_limited_with_a_warning(trained):
    pipe = trained.get_pipe("global_pointer")
    pipe.cfg.update(threshold=0.0, max_spans_per_doc=7)
    with pytest.warns(UserWarning, match="GPW004.*234 spans.*7 most"):
        doc = trained(TEXTS[0])
    assert len(doc.spans["sc"]) == 7
    assert set(GOLD[0]) <= set(found(doc))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(TEXTS[0])


def test_max_span_length_limits_training_and_prediction():
    nlp = build(max_span_length=3)
    examples = make_examples(nlp)
    with pytest.warns(UserWarning, match="GPW006.*3 of 8.*= 3.*has 4 tokens"):
        fit(nlp, examples)
    assert found(nlp(TEXTS[0])) == [x for x in GOLD[0] if x[1] - x[0] <= 3]
    assert nlp.evaluate(examples)["spans_sc_r"] == 5 / 8


def test_no_span_is_predicted_that_training_could_not_see(trained, tmp_path):
    """Long spans that no training document could hold have arbitrary scores."""
    pipe = trained.get_pipe("global_pointer")
    assert pipe.cfg["trained_length"] == 12
    trained.to_disk(tmp_path)
    again = spacy.load(tmp_path).get_pipe("global_pointer")
    assert again.cfg["trained_length"] == 12
    again.cfg["threshold"] = 0.0
    doc = trained.make_doc(" ".join([TEXTS[0]] * 4))
    [spans] = again.predict([doc])
    assert int((spans.ends - spans.starts).max()) + 1 == 12
    again.cfg["max_span_length"] = 5
    [spans] = again.predict([doc])
    assert int((spans.ends - spans.starts).max()) + 1 == 5


def test_max_span_length_of_training_still_applies_when_removed_later(tmp_path):
    nlp = build(max_span_length=4)
    fit(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path)
    lift = {"components.global_pointer.max_span_length": None}
    pipe = spacy.load(tmp_path, config=lift).get_pipe("global_pointer")
    pipe.cfg["threshold"] = 0.0
    [spans] = pipe.predict([nlp.make_doc(TEXTS[0])])
    assert int((spans.ends - spans.starts).max()) + 1 == 4


def test_initialize_resets_the_longest_span_seen(trained):
    trained.initialize(lambda: make_examples(trained))
    assert trained.get_pipe("global_pointer").cfg["trained_length"] == 0


def test_label_bias_may_be_a_whole_number():
    model = {"@architectures": ARCHITECTURE, "label_bias": -6, "tok2vec": TOK2VEC}
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer", config={"model": model})
    fit(nlp, make_examples(nlp), steps=1)


def test_number_of_labels_in_the_config_must_be_right():
    model = {"@architectures": ARCHITECTURE, "nO": 5, "tok2vec": TOK2VEC}
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer", config={"model": model})
    with pytest.raises(ValueError, match="GP019.*nO = 5.*PLACE"):
        nlp.initialize(lambda: make_examples(nlp))


def test_diverged_training_stops(trained):
    head = trained.get_pipe("global_pointer").model.get_ref("output_layer")
    head.shims[0]._model.projection.weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match="GP021.*nan"):
        trained.update(make_examples(trained))


def test_dropout_is_passed_on(trained):
    pipe = trained.get_pipe("global_pointer")
    trained.update(make_examples(trained), drop=0.3)
    assert pipe.model.get_ref("output_layer").attrs["dropout_rate"] == 0.3


def test_averages_reach_the_head(trained):
    sgd = trained.resume_training()
    sgd.averages = {}
    trained.update(make_examples(trained), sgd=sgd)
    shim = trained.get_pipe("global_pointer").model.get_ref("output_layer").shims[0]
    weight = shim._model.projection.weight
    before = weight.detach().clone()
    zeros = {key: array * 0 for key, array in sgd.averages.items()}
    with trained.use_params(zeros):
        assert not weight.any()
    assert torch.equal(weight, before)


def test_component_can_be_sourced_into_another_pipeline(trained):
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer", source=trained)
    assert found(nlp(TEXTS[0])) == GOLD[0]


def test_errors_are_passed_to_the_error_handler(trained):
    failed = []
    trained.set_error_handler(lambda name, pipe, docs, error: failed.extend(docs))
    trained.get_pipe("global_pointer").cfg["thresholds"] = {"PLAICE": 0.3}
    assert list(trained.pipe(TEXTS)) == []
    assert len(failed) == len(TEXTS)


def test_unknown_label_in_thresholds_is_reported_at_load(trained, tmp_path):
    trained.to_disk(tmp_path)
    with pytest.raises(ValueError, match="GP016.*PLAICE"):
        override = {"components.global_pointer.thresholds": {"PLAICE": 0.1}}
        spacy.load(tmp_path, config=override)


def test_order_of_spans_is_by_place_and_label_name(tmp_path):
    nlp = build()
    text, gold = TEXTS[0], [(0, 2, "B"), (0, 2, "A"), (1, 2, "B")]
    examples = make_examples(nlp, texts=[text], gold=[gold])
    pipe = nlp.get_pipe("global_pointer")
    for label in ("B", "A"):
        pipe.add_label(label)
    fit(nlp, examples)
    assert pipe.labels == ("B", "A")
    doc = nlp(text)
    assert found(doc) == [(0, 2, "A"), (0, 2, "B"), (1, 2, "B")]


def test_appended_span_has_no_score(trained):
    doc = trained(TEXTS[0])
    doc.spans["sc"].append(Span(doc, 10, 12, label="ORG"))
    assert doc.spans["sc"][-1]._.span_score is None


@pytest.mark.parametrize(
    "setting,code",
    [
        ({"threshold": 1.1}, "GP010"),
        ({"thresholds": {"A": -0.1}}, "GP010"),
        ({"thresholds": {"A:B": 0.1}}, "GP020"),
        ({"thresholds": {"#A": 0.1}}, "GP020"),
        ({"thresholds": {"": 0.1}}, "GP020"),
        ({"overlap": "some"}, "GP011"),
        ({"max_span_length": 0}, "GP012"),
        ({"max_spans_per_doc": 0}, "GP012"),
        ({"threshold": True}, "GP010.*True"),
        ({"threshold": "0.5"}, "GP010.*'0.5'"),
        ({"threshold": None}, "GP010"),
        ({"thresholds": {"A": True}}, "GP010"),
        ({"thresholds": [0.5]}, r"GP063.*thresholds is \[0.5\]"),
        ({"thresholds": []}, "GP063"),
        ({"thresholds": "A"}, "GP063"),
        ({"overlap": None}, "GP011.*None"),
        ({"overlap": ["any"]}, "GP011"),
        ({"max_span_length": 1.5}, "GP012.*1.5"),
        ({"max_span_length": True}, "GP012.*True"),
        ({"max_span_length": "5"}, "GP012.*'5'"),
        ({"max_spans_per_doc": 1e5}, "GP012"),
        ({"temperature": "1"}, "GP044.*'1'"),
        ({"temperature": True}, "GP044.*True"),
        ({"temperature": None}, "GP044"),
        ({"spans_key": ""}, "GP063.*spans_key is ''"),
        ({"spans_key": 5}, "GP063.*spans_key is 5"),
        ({"spans_key": None}, "GP063"),
        ({"annotate_ents": "yes"}, "GP063.*annotate_ents is 'yes'"),
        ({"annotate_ents": 1}, "GP063"),
    ],
)
def test_settings_are_checked(setting, code):
    with pytest.raises(ValueError, match=code):
        build(**setting)


@pytest.mark.parametrize(
    "line,other,code",
    [
        ("threshold = 0.5", "threshold = true", "GP010"),
        ("max_span_length = null", "max_span_length = 1.5", "GP012"),
        ('spans_key = "sc"', "spans_key = 5", "GP063"),
        ('overlap = "any"', "overlap = null", "GP011"),
        ("temperature = 1.0", 'temperature = "1"', "GP044"),
        ("annotate_ents = false", 'annotate_ents = "no"', "GP063"),
        ("head_width = 64", 'head_width = "64"', "GP063.*head_width is '64'"),
        ("learn_rate_scale = 1.0", 'learn_rate_scale = "2"', "GP063"),
        ("learn_rate_scale = 1.0", "learn_rate_scale = -1.0", "GP063"),
        ("head_width = 64", "head_width = 64.5", "GP063"),
        ("head_width = 64", "head_width = null", "GP063"),
        ("rope = true", 'rope = "no"', "GP063"),
        ("label_bias = -6.0", 'label_bias = "a"', "GP063"),
        ("balance = 0.0", 'balance = "x"', "GP226"),
        ("boundary_smoothing = 0.0", "boundary_smoothing = true", "GP226"),
    ],
)
def test_settings_of_a_saved_config_are_checked(trained, tmp_path, line, other, code):
    trained.to_disk(tmp_path)
    path = tmp_path / "config.cfg"
    text = path.read_text(encoding="utf-8")
    assert text.count(f"{line}\n") == 1
    path.write_text(text.replace(f"{line}\n", f"{other}\n"), encoding="utf-8")
    with pytest.raises(ValueError, match=code):
        spacy.load(tmp_path)


@pytest.mark.parametrize("labels", ["ORG", {"ORG": 1}, 5])
def test_labels_that_are_not_a_list_are_an_error(nlp, labels):
    pipe = nlp.get_pipe("global_pointer")
    with pytest.raises(ValueError, match="GP063.*labels is"):
        pipe.initialize(lambda: make_examples(nlp), labels=labels)
    assert pipe.labels == ()


def test_settings_at_load_win(trained, tmp_path):
    trained.to_disk(tmp_path)
    override = {"components.global_pointer.threshold": 0.99}
    assert spacy.load(tmp_path).get_pipe("global_pointer").cfg["threshold"] == 0.5
    loaded = spacy.load(tmp_path, config=override)
    assert loaded.get_pipe("global_pointer").cfg["threshold"] == 0.99
    assert loaded.get_pipe("global_pointer").labels == ("ORG", "PERSON", "PLACE")


def test_settings_changed_at_run_time_give_a_warning_on_saving(trained, tmp_path):
    trained.get_pipe("global_pointer").cfg["threshold"] = 0.7
    with pytest.warns(UserWarning, match="GPW008.*'threshold': 0.7"):
        trained.to_disk(tmp_path)


def test_damaged_model_file_is_an_error(trained, tmp_path):
    trained.to_disk(tmp_path)
    file = tmp_path / "global_pointer" / "model"
    data = file.read_bytes()
    for damaged in (data[: len(data) // 2], b"", data.replace(b"format", b"farmot")):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="GP018.*global_pointer.*model"):
            spacy.load(tmp_path)


def test_stored_head_must_fit_the_config(trained, tmp_path):
    trained.to_disk(tmp_path)
    model = "components.global_pointer.model"
    for override in (
        {f"{model}.rope": False},
        {f"{model}.head_width": 32},
        {f"{model}.label_bias": None},
        {f"{model}.@architectures": "spacy-globalpointer.EfficientGlobalPointer.v1"},
    ):
        with pytest.raises(ValueError, match="GP005"):
            spacy.load(tmp_path, config=override)
    spacy.load(tmp_path, config={f"{model}.label_bias": -3.0})


def test_gold_that_does_not_align_is_counted(nlp):
    examples = make_examples(nlp)
    predicted = Doc(nlp.vocab, words=["Leith-based", "firm"])
    reference = Doc(
        nlp.vocab, words=["Leith", "-based", "firm"], spaces=[False, True, False]
    )
    reference.spans["sc"] = [Span(reference, i, i + 1, label="PLACE") for i in (0, 2)]
    examples.append(Example(predicted, reference))
    with pytest.warns(UserWarning, match="GPW003.*1 of 10"):
        nlp.initialize(lambda: examples)


def test_documents_without_the_key_are_counted(nlp):
    examples = make_examples(nlp)
    del examples[2].reference.spans["sc"]
    with pytest.warns(UserWarning, match="GPW007.*1 of 4"):
        nlp.initialize(lambda: examples)


def test_score_weights_of_another_key_give_a_warning():
    nlp = build(spans_key="mine")
    config = {"spans_sc_f": 1.0}
    nlp.config["training"]["score_weights"] = config
    with pytest.warns(UserWarning, match="GPW005.*spans_mine_f = 1.0"):
        nlp.initialize(lambda: make_examples(nlp, key="mine"))


def test_score_weights_of_two_components_give_no_warning():
    nlp = build()
    model = {"@architectures": "spacy-globalpointer.GlobalPointer.v1"}
    config = {"spans_key": "mine", "model": {**model, "tok2vec": TOK2VEC}}
    nlp.add_pipe("global_pointer", name="second", config=config)
    examples = make_examples(nlp)
    for example in examples:
        example.reference.spans["mine"] = list(example.reference.spans["sc"])
    nlp.config["training"]["score_weights"] = {"spans_sc_f": 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.initialize(lambda: examples)


def test_another_spans_key_works():
    nlp = build(spans_key="mine")
    examples = make_examples(nlp, key="mine")
    fit(nlp, examples)
    assert found(nlp(TEXTS[0]), "mine") == GOLD[0]
    assert nlp.evaluate(examples)["spans_mine_f"] == 1.0


def test_head_learns_at_its_own_rate():
    moved = {}
    for scale in (1.0, 5.0):
        nlp = build()
        pipe = nlp.get_pipe("global_pointer")
        shim = pipe.model.get_ref("output_layer").shims[0]
        shim.learn_rate_scale = scale
        spacy.util.fix_random_seed(0)
        sgd = nlp.initialize(lambda nlp=nlp: make_examples(nlp))
        before = shim._model.projection.weight.detach().clone()
        nlp.update(make_examples(nlp), sgd=sgd)
        moved[scale] = float(
            (shim._model.projection.weight.detach() - before).abs().max()
        )
    assert moved[5.0] == pytest.approx(5 * moved[1.0], rel=1e-3)


def test_temperature_divides_the_scores(trained):
    pipe = trained.get_pipe("global_pointer")
    doc = trained.make_doc(TEXTS[0])
    [found] = pipe.predict([doc])
    pipe.cfg["temperature"] = 4.0
    pipe.set_annotations([doc], [found])
    expected = 1 / (1 + numpy.exp(-found.scores.numpy().astype(float) / 4))
    assert doc.spans["sc"].attrs["scores"] == pytest.approx(expected)


def test_threshold_applies_to_the_probability_at_the_temperature(trained):
    pipe = trained.get_pipe("global_pointer")
    pipe.cfg.update(threshold=0.01)
    n_sharp = len(trained(TEXTS[0]).spans["sc"])
    pipe.cfg["temperature"] = 5.0
    hot = trained(TEXTS[0]).spans["sc"].attrs["scores"]
    assert len(hot) > n_sharp and hot.min() >= 0.01
    pipe.cfg["threshold"] = 0.5
    assert found(trained(TEXTS[0])) == GOLD[0]


def test_older_pipeline_without_a_temperature_loads(trained, tmp_path):
    trained.to_disk(tmp_path)
    path = tmp_path / "config.cfg"
    text = path.read_text(encoding="utf-8")
    assert text.count("temperature = 1.0\n") == 1
    path.write_text(text.replace("temperature = 1.0\n", ""), encoding="utf-8")
    again = spacy.load(tmp_path)
    assert again.get_pipe("global_pointer").cfg["temperature"] == 1.0
    assert found(again(TEXTS[0])) == GOLD[0]


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "1"])
def test_temperature_out_of_range_is_an_error(trained, value):
    trained.get_pipe("global_pointer").cfg["temperature"] = value
    with pytest.raises(ValueError, match="GP044"):
        trained(TEXTS[0])


def test_rounded_search_has_the_same_spans_and_scores(trained, monkeypatch):
    """On a CPU with fast bfloat16, many words are searched in it."""
    text = " ".join(TEXTS * 10)
    plain_doc = trained(text)
    plain = plain_doc.spans["sc"]
    asked = []
    monkeypatch.setattr(precision, "bf16_gain", lambda _: asked.append(1) or 9.0)
    monkeypatch.setattr(global_pointer, "ROUNDED_FROM", 1)
    rounded_doc = trained(text)
    rounded = rounded_doc.spans["sc"]
    assert asked and len(plain) >= 10
    assert [(s.start, s.end, s.label_) for s in rounded] == [
        (s.start, s.end, s.label_) for s in plain
    ]
    scores = [group.attrs["scores"] for group in (rounded, plain)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    # A short document in the same batch does not matter.
    monkeypatch.setattr(global_pointer, "ROUNDED_FROM", 30)
    short, long = trained.pipe([TEXTS[0], text])
    assert found(short) == GOLD[0]
    assert numpy.array_equal(long.spans["sc"].attrs["scores"], scores[0])
    # A memory's search has the same states.
    pipe = trained.get_pipe("global_pointer")
    doc = trained.make_doc(text)
    lowest = {"counted": [0.5] * len(pipe.labels)}
    with_vectors, without = (
        pipe._search([doc], [0.5] * len(pipe.labels), with_vectors=x, **lowest)[0][0]
        for x in (True, False)
    )
    assert with_vectors.scores.tolist() == without.scores.tolist()
