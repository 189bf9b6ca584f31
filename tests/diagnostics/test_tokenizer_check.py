"""Documents against the tokenizer of a pipeline."""

from __future__ import annotations

import pytest
import spacy
from corpus_helpers import NLP, doc_with, places
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_globalpointer.diagnostics.tokenizer_check import TokenizerCheck


def check(*docs, nlp=NLP):
    result = TokenizerCheck(nlp, "sc")
    for doc in docs:
        result.add(doc)
    return result


def test_documents_of_the_same_tokenizer_do_not_differ():
    found = check(NLP.make_doc("The Bank of Leith paid Mary."), NLP.make_doc(""))
    assert (found.documents, found.misaligned, found.example) == (0, 0, None)


def test_a_document_that_is_cut_differently():
    words = ["in", "Leith.", "Mary", "can", "not"]
    spans = [(1, 2, "PLACE"), (2, 3, "PERSON"), (0, 2, "X"), (0, 3, "X")]
    spaces = [True] * 3 + [False] * 2
    docs = doc_with(words, spans, spaces=spaces), NLP.make_doc("in Leith")
    found = check(*docs)
    assert (found.documents, found.misaligned) == (1, 0)
    assert "'Leith. Mary can' in the file" in str(found.example)
    assert "'Leith . Mary' by the tokenizer" in str(found.example)


def test_spans_that_no_longer_align_are_counted():
    spaces = [True, False, False]
    doc = doc_with(["of", "Leith", "."], [(1, 2, "X"), (1, 3, "X")], spaces=spaces)
    by_words = spacy.blank("en")
    by_words.tokenizer = lambda text: Doc(by_words.vocab, text.split(" "))
    found = check(doc, nlp=by_words)
    assert (found.documents, found.misaligned) == (1, 1)


def test_a_longer_text_differs_at_its_end():
    by_words = spacy.blank("en")
    by_words.tokenizer = lambda text: Doc(by_words.vocab, text.split(" ")[:1])
    found = check(doc_with(["a", "b"], spaces=[True, False]), nlp=by_words)
    assert found.documents == 1
    assert found.example == "'b' in the file, '' by the tokenizer"


def test_words_without_spaces_are_unchanged():
    words = ["can", "not.", "x"]
    assert check(doc_with(words, spaces=[True] * 3)).documents == 1
    assert check(doc_with(words)).documents == 0


@pytest.mark.parametrize("key", ["sc", "other"])
def test_only_spans_under_the_key_are_checked(key):
    doc = doc_with(["can", "not."], [(1, 2, "X")], key=key, spaces=[True, False])
    doc.spans[key].append(Span(doc, 0, 1, label="X"))
    by_letter = spacy.blank("zh")
    found = check(doc, nlp=by_letter)
    assert (found.documents, found.misaligned) == (1, 0)


@given(st.data())
def test_misaligned_spans_are_those_that_training_loses(data):
    words = st.text(st.sampled_from("ab'.-"), min_size=1, max_size=4)
    tokens = data.draw(st.lists(st.tuples(words, st.booleans()), max_size=8))
    doc = Doc(NLP.vocab, [w for w, _ in tokens], [s for _, s in tokens])
    spans = data.draw(places(len(doc)))
    doc.spans["sc"] = [Span(doc, a, b, label="X") for a, b in spans]
    predicted = NLP.make_doc(doc.text)
    aligned = Example(predicted, doc).get_aligned_spans_y2x(
        list(doc.spans["sc"]), allow_overlap=True
    )
    assert check(doc).misaligned == len(spans) - len(aligned)
