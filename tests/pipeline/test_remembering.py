"""Spans that a component remembers without training."""

from __future__ import annotations

import gc
import threading
import warnings
from functools import partial

import numpy
import pytest
import spacy
import torch
from helpers import build, fit, found, make_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_encoders import make_bert
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import fix_random_seed

from spacy_globalpointer.pointer.probability import probability

NAME = "global_pointer"
TEXTS = [
    "The Bank of York paid John in May .",
    "Mary of York saw the Mayor of York .",
    "John paid the Bank of Scotland .",
    "Nothing was paid in June .",
]
GOLD = [
    [(0, 4, "FIRM"), (7, 8, "MONTH")],
    [(0, 3, "PERSON"), (4, 8, "OFFICE")],
    [(2, 6, "FIRM")],
    [(4, 5, "MONTH")],
]
UNSEEN = [
    "The Bank of Leith paid Mary of Leith in May .",
    "Nothing to see here .",
    "",
    "John saw the Mayor of Leith in June .",
]
SLOW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def trained():
    """A pipeline that has learned ORG, PERSON and PLACE."""
    fix_random_seed(0)  # the fixture that does so comes after those of the module
    nlp = build()
    fit(nlp, make_examples(nlp), steps=12)
    return nlp.to_bytes()


@pytest.fixture
def nlp(trained):
    nlp = build()
    nlp.initialize(lambda: make_examples(nlp))
    return nlp.from_bytes(trained)


@pytest.fixture
def taught(nlp):
    teach(nlp)
    return nlp


def teach(nlp, rows=(0, 1, 2, 3), **options):
    texts, gold = [TEXTS[i] for i in rows], [GOLD[i] for i in rows]
    examples = make_examples(nlp, texts=texts, gold=gold)
    return nlp.get_pipe(NAME).remember(examples, **options)


def predict(nlp, texts=UNSEEN):
    """Spans and scores of each text."""
    docs = list(nlp.pipe(texts))
    scores = [doc.spans["sc"].attrs["scores"] for doc in docs]
    return [dict(zip(found(doc), map(float, own))) for doc, own in zip(docs, scores)]


def test_labels_that_were_never_trained_are_predicted(nlp):
    pipe = nlp.get_pipe(NAME)
    assert teach(nlp) == len(pipe.memory)
    assert pipe.labels == ("ORG", "PERSON", "PLACE", "FIRM", "MONTH", "OFFICE")
    assert pipe.label_data == ["ORG", "PERSON", "PLACE"]
    own = predict(nlp)
    assert (0, 4, "FIRM") in own[0]
    assert own[1] == own[2] == {}
    assert (2, 6, "OFFICE") in own[3]


def test_trained_labels_stay_the_same_bits_without_a_weight(nlp):
    before = predict(nlp)
    teach(nlp)
    trained = nlp.get_pipe(NAME).cfg["labels"]
    after = [
        {span: p for span, p in own.items() if span[2] in trained}
        for own in predict(nlp)
    ]
    assert after == before


def test_trained_labels_are_interpolated_by_the_weight(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    pipe.threshold = 0.02
    plain = predict(nlp)
    pipe.memory_weight = 1.0
    only_memory = predict(nlp)
    pipe.memory_weight = 0.25
    mixed = predict(nlp)
    checked = 0
    for own, memory, both in zip(plain, only_memory, mixed):
        for span, p in own.items():
            if span[2] != "PERSON":  # the memory does not know it
                assert both[span] == p
            elif span in both and span in memory:
                assert both[span] == pytest.approx(0.75 * p + 0.25 * memory[span])
                checked += 1
    assert checked


def test_remembered_texts_find_their_spans_again(nlp):
    teach(nlp)
    for own, gold in zip(predict(nlp, TEXTS), GOLD):
        assert {span for span in gold if span[2] != "PERSON"} <= {*own}


rows = st.lists(st.integers(0, 3), unique=True, min_size=1)


@SLOW
@given(rows, rows)
def test_remember_then_forget_restores_the_predictions(nlp, first, second):
    pipe = nlp.get_pipe(NAME)
    plain = predict(nlp)
    n = teach(nlp, first, source="first")
    before, entries = predict(nlp), pipe.memory.entries
    m = teach(nlp, second, source="second")
    assert pipe.forget(source="second") == m
    assert predict(nlp) == before
    assert (pipe.memory.entries.keys == entries.keys).all()
    assert pipe.forget(everything=True) == n
    assert predict(nlp) == plain
    assert pipe.labels == ("ORG", "PERSON", "PLACE")


@SLOW
@given(st.permutations(range(4)))
def test_the_order_of_remembering_does_not_matter(nlp, order):
    pipe = nlp.get_pipe(NAME)
    results = []
    for sequence in (range(4), order):
        teach(nlp, source="all")  # decides how spans are compared
        for i in sequence:
            teach(nlp, [i], source=str(i))
        results.append((predict(nlp), pipe.memory.entries.ids.tolist()))
        pipe.forget(everything=True)
    assert results[0] == results[1]


def test_sources_of_trained_labels_say_nothing_about_taught_ones(nlp):
    pipe = nlp.get_pipe(NAME)
    pipe.threshold = 0.001
    pipe.remember(make_examples(nlp), source="training")
    teach(nlp, [0, 2], source="taught")
    pipe.remember_sources([("training", make_examples(nlp))])
    both = predict(nlp)
    pipe.forget(source="training")
    taught = [{x: p for x, p in own.items() if x[2] == "FIRM"} for own in both]
    assert any(taught)
    assert taught == [
        {x: p for x, p in own.items() if x[2] == "FIRM"} for own in predict(nlp)
    ]


def test_source_without_a_label_counts_against_it_if_it_annotates_the_label(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp, [0], source="taught")
    pipe.threshold = 0.001
    before, firm = predict(nlp, TEXTS[:1])[0], (0, 4, "FIRM")
    others = make_examples(nlp, texts=TEXTS[:1], gold=[[(0, 4, "ORG")]])
    pipe.remember(others, source="others")
    assert predict(nlp, TEXTS[:1])[0][firm] == before[firm]
    pipe.remember(others, source="others", labels=["FIRM"])
    assert pipe.memory.stats()["annotated"]["others"] == ["FIRM", "ORG"]
    assert predict(nlp, TEXTS[:1])[0][firm] < 0.6 < before[firm]
    pipe.forget(source="others")
    assert predict(nlp, TEXTS[:1])[0] == before


def test_source_may_have_no_span_if_its_labels_are_stated(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp, [0], source="taught")
    nothing = make_examples(nlp, texts=TEXTS[1:2], gold=[[]])
    n = pipe.remember(nothing, source="others", labels=["FIRM"])
    assert pipe.memory.stats()["sources"]["others"] == n > 0
    pipe.forget(everything=True)
    assert pipe.remember(make_examples(nlp)[3:], labels=["FIRM"]) >= 0


def test_stated_labels_are_kept(nlp, tmp_path):
    pipe = nlp.get_pipe(NAME)
    teach(nlp, [0], source="one", labels=["LAW"])
    teach(nlp, [1], source="one", labels=["TAX"])
    teach(nlp, [2], source="two")
    expected = {"one": {"LAW", "TAX"}}
    assert pipe.memory.annotated == expected
    pipe.refresh_memory()
    assert pipe.memory.annotated == expected
    nlp.to_disk(tmp_path / "nlp")
    other = spacy.load(tmp_path / "nlp")
    assert other.get_pipe(NAME).memory.annotated == expected
    assert predict(other) == predict(nlp)
    assert "LAW" not in other.get_pipe(NAME).labels
    other.get_pipe(NAME).forget(source="one")
    assert other.get_pipe(NAME).memory.annotated == {}


def test_several_sources_are_remembered_as_one_after_the_other(nlp):
    pipe = nlp.get_pipe(NAME)
    for i in (2, 0):
        teach(nlp, [i], source=str(i))
    expected = pipe.memory.entries
    n = pipe.forget(everything=True)
    examples = {
        str(i): make_examples(nlp, texts=TEXTS[i : i + 1], gold=GOLD[i : i + 1])
        for i in (2, 0)
    }
    assert pipe.remember_sources(examples.items()) == n
    assert pipe.memory.entries.mentions == expected.mentions
    assert torch.equal(pipe.memory.entries.keys, expected.keys)


def test_source_that_cannot_be_read_leaves_the_memory_without_the_others(taught):
    pipe = taught.get_pipe(NAME)
    memory = pipe._memory
    good = make_examples(taught, texts=TEXTS[:1], gold=GOLD[:1])
    for bad, code in ((("bad", []), "GP073"), ((None, good), "GP072")):
        with pytest.raises(ValueError, match=code):
            pipe.remember_sources([("good", good), bad])
    assert pipe._memory is memory


def test_remembering_does_not_wait_for_other_components(nlp):
    other = build()
    fit(other, make_examples(other), steps=1)
    with nlp.get_pipe(NAME)._changing:
        thread = threading.Thread(target=teach, args=(other,), daemon=True)
        thread.start()
        thread.join(timeout=120)
    assert len(other.get_pipe(NAME).memory)


def test_what_is_known_is_not_remembered_twice(nlp):
    assert teach(nlp, source="one") > 0
    assert teach(nlp, source="one") == 0
    assert teach(nlp, source="other") > 0


def test_forgetting_a_label_keeps_the_others(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    counts = pipe.memory.stats()["labels"]
    assert pipe.forget(label="FIRM") == counts.pop("FIRM")
    assert pipe.memory.stats()["labels"] == counts
    assert "FIRM" not in pipe.labels


@pytest.mark.parametrize("wanted", [{"label": "X"}, {"source": "x"}])
def test_forgetting_what_is_not_there_raises_GP077(nlp, wanted):
    teach(nlp)
    entries = nlp.get_pipe(NAME).memory.entries
    with pytest.raises(ValueError, match="GP077"):
        nlp.get_pipe(NAME).forget(**wanted)
    assert nlp.get_pipe(NAME).memory.entries is entries


@pytest.mark.parametrize(
    "wanted",
    [{}, {"everything": True, "label": "FIRM"}, {"label": "", "everything": 1}],
)
def test_forgetting_without_saying_what_raises_GP154(nlp, wanted):
    teach(nlp)
    memory = nlp.get_pipe(NAME).memory
    with pytest.raises(ValueError, match="GP154.*everything=True"):
        nlp.get_pipe(NAME).forget(**wanted)
    assert nlp.get_pipe(NAME).memory is memory


def test_message_about_what_is_not_there_names_labels_and_sources(nlp):
    teach(nlp, source="notes")
    with pytest.raises(ValueError) as error:
        nlp.get_pipe(NAME).forget(label="FIRMS", source="notes")
    message = str(error.value)
    assert "no entry with label = 'FIRMS' and source = 'notes'." in message
    assert "labels are 'FIRM', 'MONTH', 'OFFICE', 'PERSON', and" in message
    assert "sources are 'notes'." in message
    with pytest.raises(ValueError, match="no entry with source = 'x'. Its labels"):
        nlp.get_pipe(NAME).forget(source="x")


def test_forgetting_without_a_memory_raises_GP077(nlp):
    with pytest.raises(ValueError, match="GP077"):
        nlp.get_pipe(NAME).forget(everything=True)


def test_memory_is_saved_and_loaded(nlp, tmp_path):
    teach(nlp, source="notes")
    nlp.get_pipe(NAME).memory_weight = 0.3
    expected, own = predict(nlp), nlp.get_pipe(NAME).memory
    nlp.to_disk(tmp_path / "nlp")
    from_disk = spacy.load(tmp_path / "nlp")
    from_bytes = spacy.load(tmp_path / "nlp", exclude=[NAME])
    from_bytes.add_pipe(NAME, source=from_disk)
    for other in (from_disk, from_bytes):
        memory = other.get_pipe(NAME).memory
        assert memory.entries.mentions == own.entries.mentions
        assert (memory.entries.ids == own.entries.ids).all()
        assert (memory.entries.keys == own.entries.keys).all()
        assert (memory.whitening.matrix == own.whitening.matrix).all()
        assert (memory.whitening.mean == own.whitening.mean).all()
        assert memory.digest == own.digest
    assert predict(from_disk) == expected


def test_forgotten_memory_is_removed_from_a_folder(nlp, tmp_path):
    teach(nlp)
    nlp.to_disk(tmp_path / "nlp")
    files = {"memory.safetensors", "memory.jsonl"}
    assert files <= {path.name for path in (tmp_path / "nlp" / NAME).iterdir()}
    nlp.get_pipe(NAME).forget(everything=True)
    nlp.to_disk(tmp_path / "nlp")
    assert not files & {path.name for path in (tmp_path / "nlp" / NAME).iterdir()}
    assert len(spacy.load(tmp_path / "nlp").get_pipe(NAME).memory) == 0


def test_loading_bytes_without_a_memory_forgets(nlp, trained):
    teach(nlp)
    nlp.from_bytes(trained)
    assert len(nlp.get_pipe(NAME).memory) == 0


@pytest.mark.parametrize("missing", ["memory.safetensors", "memory.jsonl"])
def test_half_a_memory_raises_GP070(nlp, tmp_path, missing):
    teach(nlp)
    nlp.to_disk(tmp_path / "nlp")
    (tmp_path / "nlp" / NAME / missing).unlink()
    with pytest.raises(ValueError, match=f"GP070.*{missing}"):
        spacy.load(tmp_path / "nlp")
    spacy.load(tmp_path / "nlp", exclude=[NAME])


def test_training_makes_the_memory_stale_until_it_is_refreshed(nlp, tmp_path):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    mentions = pipe.memory.entries.mentions
    examples = make_examples(nlp)
    nlp.update(examples, sgd=nlp.resume_training())
    with pytest.warns(UserWarning, match="GPW052.*refresh_memory"):
        spans = [span for own in predict(nlp) for span in own]
    assert {span[2] for span in spans} <= {*pipe.cfg["labels"]}
    with pytest.raises(ValueError, match="GP076"):
        teach(nlp, [0], source="later")
    nlp.to_disk(tmp_path / "stale")
    with pytest.raises(ValueError, match="GP076.*refresh_memory"):
        spacy.load(tmp_path / "stale")(UNSEEN[0])
    assert pipe.refresh_memory() == len(mentions)
    assert pipe.memory.entries.mentions == mentions
    assert (0, 4, "FIRM") in predict(nlp)[0]


def test_a_pipeline_with_a_memory_can_be_trained_and_evaluated(nlp):
    teach(nlp)
    examples = make_examples(nlp)
    sgd = nlp.resume_training()
    for _ in range(2):
        nlp.update(examples, sgd=sgd)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert nlp.evaluate(examples)["spans_sc_f"] > 0
    nlp.get_pipe(NAME).forget(everything=True)
    teach(nlp)
    assert (0, 4, "FIRM") in predict(nlp)[0]


def test_a_component_in_no_pipeline_cannot_read_texts_again(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    nlp.remove_pipe(NAME)
    with pytest.raises(ValueError, match="GP078"):
        pipe.refresh_memory()


def test_label_with_a_threshold_is_not_forgotten(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    pipe.thresholds = {"FIRM": 0.9}
    memory = pipe.memory
    for options in ({"label": "FIRM"}, {"everything": True}):
        with pytest.raises(ValueError, match="GP016.*FIRM"):
            pipe.forget(**options)
    assert pipe.memory is memory
    pipe.thresholds = {}
    assert pipe.forget(everything=True)


def test_new_entries_are_counted_at_the_limit(nlp):
    n = sum(map(len, GOLD))
    nlp.get_pipe(NAME).memory_limit = n
    teach(nlp, [0, 1])
    assert teach(nlp, [2, 3]) == 2


def test_spans_that_only_the_memory_considers_are_not_reported_as_too_many(nlp):
    pipe = nlp.get_pipe(NAME)
    n = max(map(len, predict(nlp)))
    pipe.memory_lowest, pipe.max_spans_per_doc = 1e-5, n
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        teach(nlp)
        nlp(UNSEEN[0])
    pipe.threshold, pipe.max_spans_per_doc = 1e-4, 2
    with pytest.warns(UserWarning, match="GPW004.* kept the 2 most"):
        nlp(UNSEEN[0])


def test_refreshing_without_training_changes_no_prediction(nlp):
    teach(nlp)
    before = predict(nlp)
    nlp.get_pipe(NAME).refresh_memory()
    after = predict(nlp)
    assert [{*own} for own in after] == [{*own} for own in before]


def test_other_weights_on_disk_raise_GP076(nlp, tmp_path):
    teach(nlp)
    nlp.to_disk(tmp_path / "one")
    nlp.get_pipe(NAME).forget(everything=True)
    nlp.update(make_examples(nlp), sgd=nlp.resume_training())
    nlp.to_disk(tmp_path / "two")
    for part in ("memory.safetensors", "memory.jsonl"):
        data = (tmp_path / "one" / NAME / part).read_bytes()
        (tmp_path / "two" / NAME / part).write_bytes(data)
    with pytest.raises(ValueError, match="GP076"):
        spacy.load(tmp_path / "two")(UNSEEN[0])


def test_an_encoder_that_was_trained_alone_raises_GP076(tmp_path):
    folder = make_bert(tmp_path / "bert")
    nlp = spacy.blank("en")
    architecture = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": architecture, "name": str(folder), "window": 32}
    nlp.add_pipe("transformer", config={"model": {**model, "context": 4}})
    nlp.add_pipe(NAME)
    nlp.initialize(lambda: make_examples(nlp))
    teach(nlp)
    nlp("Mary of Leith")
    nlp.to_disk(tmp_path / "nlp")
    other = spacy.load(tmp_path / "nlp")
    other("Mary of Leith")
    module = other.get_pipe("transformer").model.layers[0].shims[0].encoder.module
    module.encoder.layer[0].output.dense.weight.data += 0.01
    other.to_disk(tmp_path / "other")
    with pytest.raises(ValueError, match="GP076"):
        spacy.load(tmp_path / "other")("Mary of Leith")


def unchanged(nlp, code, **options):
    """Check that remembering fails, and that the memory stays."""
    memory = nlp.get_pipe(NAME)._memory
    with pytest.raises(ValueError, match=code):
        nlp.get_pipe(NAME).remember(**options)
    assert nlp.get_pipe(NAME)._memory is memory


def test_sources_that_are_no_text_raise_GP072(taught):
    examples = make_examples(taught)
    unchanged(taught, "GP072", examples=examples, source=None)


@pytest.mark.parametrize(
    "labels, code", [("FIRM", "GP072.*list"), ([""], "GP013"), ([1], "GP013")]
)
def test_labels_that_are_no_list_of_texts_are_refused(taught, labels, code):
    examples = make_examples(taught)
    unchanged(taught, code, examples=examples, labels=labels)


def test_examples_without_gold_raise_GP073(taught):
    docs = [taught.make_doc(text) for text in TEXTS]
    examples = [Example(doc, doc.copy()) for doc in docs]
    unchanged(taught, "GP073.*sc", examples=examples)
    for example in examples:
        example.reference.spans["sc"] = []
    unchanged(taught, "GP073", examples=examples)
    unchanged(taught, "GP073", examples=[])


def test_spans_that_do_not_align_raise_GP074(taught):
    reference = Doc(taught.vocab, words=["Leith", "ers", "left"], spaces=[0, 1, 0])
    reference.spans["sc"] = [Span(reference, 0, 1, label="PLACE")]
    example = Example(taught.make_doc("Leithers left"), reference)
    good = make_examples(taught, texts=TEXTS[:1], gold=GOLD[:1])
    unchanged(taught, "GP074.*Leith", examples=[*good, example])


def test_labels_without_text_raise_GP013(taught):
    doc = taught.make_doc("Leith left")
    doc.spans["sc"] = [Span(doc, 0, 1)]
    unchanged(taught, "GP013", examples=[Example(taught.make_doc(doc.text), doc)])


def test_more_entries_than_the_limit_raise_GP075(taught):
    taught.get_pipe(NAME).memory_limit = 7
    examples = make_examples(taught, texts=TEXTS * 1, gold=GOLD)
    unchanged(taught, "GP075.*12", examples=examples, source="again")


def test_entries_without_a_label_make_room_for_others(nlp):
    n = sum(map(len, GOLD))
    nlp.get_pipe(NAME).memory_limit = n
    teach(nlp)
    stats = nlp.get_pipe(NAME).memory.stats()
    assert stats["entries"] == n and stats["no_label"] == 0


def test_interruption_leaves_the_memory(taught, monkeypatch):
    pipe = taught.get_pipe(NAME)
    before, search = pipe._memory, pipe._search

    def interrupted(docs, *args, **kwargs):
        if any("Scotland" in doc.text for doc in docs):
            raise KeyboardInterrupt
        return search(docs, *args, **kwargs)

    monkeypatch.setattr(pipe, "_search", interrupted)
    taught.batch_size = 1
    with pytest.raises(KeyboardInterrupt):
        teach(taught, source="again")
    assert pipe._memory is before
    monkeypatch.undo()
    assert teach(taught, source="again") > 0


def test_remembering_before_initialization_raises():
    nlp = build()
    with pytest.raises(ValueError, match="E143"):
        teach(nlp)


def test_threads_read_what_one_reads_while_another_remembers(nlp):
    teach(nlp, [0], source="first")
    pipe, errors = nlp.get_pipe(NAME), []
    before = predict(nlp)
    teach(nlp, source="more")
    after = predict(nlp)
    pipe.forget(source="more")

    def read():
        try:
            for _ in range(15):
                own = predict(nlp)
                for one, *expected in zip(own, before, after):
                    assert one in expected
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        teach(nlp, source="more")
        pipe.forget(source="more")
    for thread in threads:
        thread.join()
    assert not errors


def test_evidence_is_what_spoke_for_a_span(nlp):
    teach(nlp, source="notes")
    doc = nlp(UNSEEN[0])
    by_label = {span.label_: span for span in doc.spans["sc"]}
    first, *_ = by_label["FIRM"]._.evidence
    assert first["words"] in ("The Bank of York", "the Bank of Scotland")
    assert first["source"] == "notes"
    assert first["words"] in first["text"]
    weights = [own["weight"] for own in by_label["FIRM"]._.evidence]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) <= by_label["FIRM"]._.span_score + 1e-6
    assert by_label["PLACE"]._.evidence == []
    [stored] = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
    again = [span._.evidence for span in stored.spans["sc"]]
    assert again == [span._.evidence for span in doc.spans["sc"]]


def test_spans_without_a_memory_have_no_evidence(nlp):
    doc = nlp(UNSEEN[0])
    assert [span._.evidence for span in doc.spans["sc"]] == [[]] * len(doc.spans["sc"])
    assert doc[:2]._.evidence == []


def test_thresholds_may_name_remembered_labels(nlp, tmp_path):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    pipe.thresholds = {"FIRM": 0.999}
    assert not any(span[2] == "FIRM" for own in predict(nlp) for span in own)
    nlp.to_disk(tmp_path / "nlp")
    assert predict(spacy.load(tmp_path / "nlp")) == predict(nlp)


def test_a_remembered_label_can_be_trained_later(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    assert pipe.add_label("FIRM") == 1
    assert pipe.labels == ("ORG", "PERSON", "PLACE", "FIRM", "MONTH", "OFFICE")
    examples = make_examples(nlp, texts=TEXTS[:1], gold=[[(0, 4, "FIRM")]])
    nlp.update(examples, sgd=nlp.resume_training())
    pipe.refresh_memory()
    assert {span[2] for own in predict(nlp) for span in own} <= {*pipe.labels}


@pytest.mark.parametrize("change", ["remember", "forget", "refresh_memory"])
def test_examples_that_change_the_memory_raise_GP248(taught, change):
    pipe = taught.get_pipe(NAME)
    before = pipe.memory
    arguments = {"remember": [[]], "forget": [], "refresh_memory": []}[change]
    options = {"everything": True} if change == "forget" else {}

    def examples():
        assert pipe._changing._holder == threading.get_ident()  # it would wait forever
        getattr(pipe, change)(*arguments, **options)
        yield from make_examples(taught)

    with pytest.raises(ValueError, match="GP248"):
        pipe.remember(examples())
    assert pipe.memory is before
    assert pipe.forget(everything=True) > 0


def test_other_processes_have_the_memory(nlp):
    teach(nlp)
    expected = predict(nlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        docs = list(nlp.pipe(UNSEEN, n_process=2))
    assert [{*found(doc)} for doc in docs] == [{*own} for own in expected]


def test_scores_are_sorted_with_their_spans(nlp):
    teach(nlp)
    for doc in nlp.pipe(UNSEEN):
        spans = [(s.start, s.end, s.label_) for s in doc.spans["sc"]]
        assert spans == sorted(spans)
        scores = numpy.array([s._.span_score for s in doc.spans["sc"]], dtype=float)
        assert (scores >= 0.5).all()


def test_a_sourced_component_that_cannot_reach_its_encoder_raises_GP078(tmp_path):
    folder = make_bert(tmp_path / "bert")
    architecture = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": architecture, "name": str(folder), "window": 32}
    source, other = spacy.blank("en"), spacy.blank("en")
    source.add_pipe("transformer", config={"model": {**model, "context": 4}})
    source.add_pipe(NAME)
    source.initialize(partial(make_examples, source))
    for name in ("transformer", NAME):
        other.add_pipe(name, source=source)
    del source
    gc.collect()
    with pytest.raises(ValueError, match="GP078"):
        teach(other)
    assert len(other.get_pipe(NAME).memory) == 0


def test_an_encoder_that_other_components_trained_raises_GP076(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    predict(nlp)
    node = next(x for x in pipe.model.get_ref("tok2vec").walk() if x.has_param("W"))
    node.set_param("W", node.get_param("W") + 0.01)
    with pytest.raises(ValueError, match="GP076"):
        teach(nlp, source="more")


def test_labels_that_are_added_leave_the_memory(nlp, tmp_path):
    teach(nlp)
    nlp.get_pipe(NAME).add_label("NEW")
    nlp.to_disk(tmp_path / "nlp")
    assert (0, 4, "FIRM") in predict(spacy.load(tmp_path / "nlp"))[0]


def test_spans_are_not_longer_than_max_span_length(nlp):
    teach(nlp)
    nlp.get_pipe(NAME).max_span_length = 2
    assert all(end - start <= 2 for own in predict(nlp) for start, end, _ in own)


def test_a_lower_bound_does_not_change_what_the_memory_votes_on(nlp):
    pipe = nlp.get_pipe(NAME)
    teach(nlp)
    docs = [nlp.make_doc(text) for text in UNSEEN]
    n = len(pipe.labels)
    high, low = (pipe.candidates(docs, [p] * n) for p in (0.1, 0.0005))
    for own, other in zip(high, low):
        p = probability(other.scores)
        kept = other.take(numpy.flatnonzero(p.numpy() >= numpy.float32(0.1)))
        assert torch.equal(own.labels, kept.labels)
        assert torch.equal(own.starts, kept.starts)
        assert torch.equal(own.scores, kept.scores)
        known = other.labels < len(pipe.cfg["labels"])
        assert (p[known] < 0.02).any() or not len(other.scores)


def test_words_that_only_the_document_itself_has_do_not_count(nlp):
    pipe = nlp.get_pipe(NAME)
    pipe.memory_lowest = 0.999999
    teach(nlp, [0])
    docs = [nlp.make_doc(TEXTS[0])]
    lowest = [0.5] * len(pipe.labels)
    month = pipe.labels.index("MONTH")
    assert month in pipe.candidates(docs, lowest)[0].labels
    assert month not in pipe.candidates(docs, lowest, left_out=True)[0].labels
