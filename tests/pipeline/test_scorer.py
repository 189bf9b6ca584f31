from __future__ import annotations

import pytest
import spacy
from helpers import make_examples
from spacy.pipeline.spancat import spancat_score
from spacy.tokens import Span
from spacy.training import Example

from spacy_globalpointer.pipeline.scorer import score_spans
from spacy_globalpointer.types import LOST_GOLD


@pytest.fixture
def examples():
    nlp = spacy.blank("en")
    examples = make_examples(nlp)
    doc = examples[0].predicted
    doc.spans["sc"] = [
        Span(doc, 0, 4, label="ORG"),
        Span(doc, 3, 4, label="ORG"),
        Span(doc, 5, 9, label="PERSON"),
    ]
    doc = examples[1].predicted
    doc.spans["sc"] = [Span(doc, 2, 3, label="PLACE")]
    return examples


def test_scores_agree_with_spacy_if_all_gold_aligns(examples):
    ours = score_spans(examples, spans_key="sc")
    theirs = spancat_score(examples, spans_key="sc", labels=["ORG", "PERSON", "PLACE"])
    assert ours == {**theirs, "spans_sc_per_type": ours["spans_sc_per_type"]}
    for label, scores in theirs["spans_sc_per_type"].items():
        assert ours["spans_sc_per_type"][label] == scores
    assert (ours["spans_sc_p"], ours["spans_sc_r"]) == (3 / 4, 3 / 8)


def test_lost_gold_counts_as_missed(examples):
    examples[2].reference.user_data[LOST_GOLD] = [[0, 3, "PLACE"], [0, 1, "DATE"]]
    scores = score_spans(examples, spans_key="sc")
    assert scores["spans_sc_r"] == 3 / 10
    assert scores["spans_sc_per_type"]["PLACE"]["r"] == 1 / 5
    assert scores["spans_sc_per_type"]["DATE"]["f"] == 0


def test_documents_without_the_key_are_left_out(examples):
    del examples[0].reference.spans["sc"]
    scores = score_spans(examples, spans_key="sc")
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (1, 1 / 4)


def test_scores_are_none_if_no_document_has_the_key(examples):
    scores = score_spans(examples, spans_key="absent")
    assert set(scores.values()) == {None}


def test_misaligned_prediction_is_wrong():
    nlp = spacy.blank("en")
    reference = nlp.make_doc("Leith-based firm")
    predicted = spacy.tokens.Doc(
        nlp.vocab, words=["Leith-based", "firm"], spaces=[True, False]
    )
    assert len(reference) > len(predicted)
    reference.spans["sc"] = [Span(reference, 0, 1, label="PLACE")]
    predicted.spans["sc"] = [Span(predicted, 0, 1, label="PLACE")]
    scores = score_spans([Example(predicted, reference)], spans_key="sc")
    assert scores["spans_sc_f"] == 0
