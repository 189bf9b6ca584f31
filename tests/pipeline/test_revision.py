"""Candidates that the memory of their document revises."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
import spacy
import torch
from helpers import build, fit, found, make_examples
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_globalpointer.memory.document_memory import DocumentMemory
from spacy_globalpointer.pipeline.revision import revise_by_document, span_words
from spacy_globalpointer.pointer.probability import probability, score_of
from spacy_globalpointer.pointer.search import FoundSpans

TEXT = "Mr. Darcy saw a darcy and Mr. Darcy ."


def candidates(*rows):
    """Candidates (probability, label, start, last token)."""
    scores, *columns = zip(*rows)
    labels, starts, ends = (torch.tensor(x) for x in columns)
    return FoundSpans(labels, starts, ends, score_of(torch.tensor(scores)), len(rows))


def test_same_words_in_lower_case_are_known_by_all_or_the_last():
    doc = spacy.blank("en")(TEXT)
    spans = candidates((0.95, 0, 0, 1), (0.5, 0, 4, 4), (0.6, 0, 6, 7), (0.5, 0, 2, 2))
    memory = DocumentMemory(1.0, (0.1, 0.9))
    revised = revise_by_document(doc, spans, memory, 1.0)
    assert probability(revised.scores).tolist() == pytest.approx([0.95, 0.75, 0.8, 0.5])
    kept = [0, 3]
    assert torch.equal(revised.scores[kept], spans.scores[kept])


def test_spans_inside_or_around_the_only_sure_span_stay():
    doc = spacy.blank("en")("Mr. Darcy of Derby paid the Mrs. Darcy .")
    spans = candidates((0.95, 0, 0, 1), (0.5, 0, 1, 1), (0.5, 0, 6, 7), (0.5, 0, 0, 7))
    revised = revise_by_document(doc, spans, DocumentMemory(1.0, (0.1, 0.9)), 1.0)
    assert torch.equal(revised.scores, spans.scores)


def test_white_space_is_no_word():
    words = ["Mr.", "\n", "Darcy", "saw", "Mr.", "Darcy", " ", "\n"]
    doc = Doc(Vocab(), words=words)
    starts, ends = numpy.array([[0, 2], [4, 6], [1, 1], [6, 7]]).T
    name = ("mr. darcy", "darcy")
    assert span_words(doc, starts, ends) == [name, name, ("", ""), ("", "")]


def test_documents_without_tokens_or_candidates_stay():
    none = FoundSpans.none()
    for text in ("", "\n", "Darcy"):
        doc, memory = spacy.blank("en")(text), DocumentMemory(1.0, (0.1, 0.9))
        assert len(revise_by_document(doc, none, memory, 1.0).scores) == 0


def test_scores_keep_their_type():
    doc = spacy.blank("en")("Darcy saw Darcy")
    spans = candidates((0.95, 0, 0, 0), (0.5, 0, 2, 2))
    spans = replace(spans, scores=spans.scores.double())
    memory = DocumentMemory(1.0, (0.1, 0.9))
    scores = revise_by_document(doc, spans, memory, 1.0).scores
    assert scores.dtype == torch.float64
    assert probability(scores).tolist() == pytest.approx([0.95, 0.75])


def test_last_words_of_one_character_are_no_name():
    """Two mountains end with the same character, and many spans with a point."""
    doc = spacy.blank("zh")("黄山和泰山和黄山")
    spans = candidates((0.95, 0, 0, 1), (0.5, 0, 3, 4), (0.5, 0, 6, 7))
    revised = revise_by_document(doc, spans, DocumentMemory(1.0, (0.1, 0.9)), 1.0)
    assert probability(revised.scores).tolist() == pytest.approx([0.95, 0.5, 0.75])


@given(st.floats(-20, 20), st.floats(0.2, 5))
def test_scores_are_those_of_their_probabilities(score, temperature):
    p = probability(torch.tensor([score], dtype=torch.float64), temperature)
    again = probability(score_of(p, temperature), temperature)
    assert again.item() == pytest.approx(p.item(), rel=1e-5, abs=1e-7)


@pytest.fixture(scope="module")
def nlp():
    """A pipeline after a few updates, with probabilities of all sizes."""
    nlp = build()
    fit(nlp, make_examples(nlp), steps=4)
    return nlp


TEXTS = ["The Bank of Leith paid Leith .", "Mary saw Mary of Leith in Leith . " * 3, ""]


def predict(nlp, **settings):
    """The spans of the texts, and their scores."""
    pipe = nlp.get_pipe("global_pointer")
    before = {name: getattr(pipe, name) for name in settings}
    for name, value in settings.items():
        setattr(pipe, name, value)
    try:
        docs = list(nlp.pipe(TEXTS))
    finally:
        for name, value in before.items():
            setattr(pipe, name, value)
    return [
        dict(zip(found(x), map(float, x.spans["sc"].attrs["scores"]))) for x in docs
    ]


def test_memory_changes_only_doubtful_spans(nlp):
    band = [0.2, 0.7]
    plain = predict(nlp, threshold=0.2)
    revised = predict(nlp, threshold=0.2, document_memory=1.0, document_band=band)
    assert plain != revised
    for before, after in zip(plain, revised):
        for span in {*before, *after}:
            if before[span] != after.get(span):
                assert 0.2 <= before[span] < 0.7


def test_doubtful_spans_below_the_threshold_can_reach_it(nlp):
    settings = {"document_memory": 1.0, "document_band": [0.02, 0.5]}
    plain, revised = predict(nlp), predict(nlp, **settings)
    gained = [{*after} - {*before} for before, after in zip(plain, revised)]
    assert any(gained)
    low = predict(nlp, threshold=0.02)
    assert all(own <= {*low[i]} for i, own in enumerate(gained))


def test_weight_of_0_and_unrevised_candidates_are_the_plain_model(nlp):
    assert predict(nlp, document_memory=0.0, document_band=[0.3, 0.4]) == predict(nlp)
    pipe = nlp.get_pipe("global_pointer")
    docs = [nlp.make_doc(text) for text in TEXTS]
    lowest = [0.1] * len(pipe.labels)
    plain = pipe.candidates(docs, lowest)
    pipe.document_memory = 1.0
    unrevised = pipe.candidates(docs, lowest, document_memory=0.0)
    pipe.document_memory = 0.0
    for own, other in zip(plain, unrevised):
        assert torch.equal(own.scores, other.scores)


def test_the_settings_are_saved(nlp, tmp_path):
    pipe = nlp.get_pipe("global_pointer")
    pipe.document_memory, pipe.document_band = 0.5, (0.2, 0.8)
    nlp.to_disk(tmp_path / "nlp")
    pipe.document_memory, pipe.document_band = 0.0, [0.1, 0.9]
    own = spacy.load(tmp_path / "nlp").get_pipe("global_pointer")
    assert own.document_memory == 0.5
    assert own.document_band == [0.2, 0.8]


@pytest.mark.parametrize(
    "name, value",
    [("document_memory", value) for value in (-0.1, 1.1, "much", None, True)]
    + [
        ("document_band", value)
        for value in (
            [0.1],
            [0.9, 0.1],
            [0, 0.5],
            [0.5, 1],
            "ab",
            None,
            [0.1, "b"],
            0.5,
        )
    ],
)
def test_settings_out_of_range_raise_GP063(nlp, name, value):
    with pytest.raises(ValueError, match=f"GP063.*{name}"):
        setattr(nlp.get_pipe("global_pointer"), name, value)
    with pytest.raises(ValueError, match=f"GP063.*{name}"):
        build(**{name: value})
