"""Texts to time pipelines on."""

from __future__ import annotations

import pytest
import spacy

from spacy_globalpointer.benchmarking.texts import plan_texts

NLP = spacy.blank("en")
TEXTS = ["Mary left Leith.", "", "A b\nc d e f g"]


def plan(texts, words=10, lengths=(3,), runs=4, nlp=NLP):
    return plan_texts(nlp, texts, words=words, lengths=lengths, runs=runs)


def test_stream_has_the_first_texts_with_enough_words():
    planned = plan(TEXTS, words=5)
    assert (planned.stream, planned.words, planned.available) == (TEXTS, 11, 11)
    planned = plan(TEXTS, words=4)
    assert (planned.stream, planned.words) == (TEXTS[:1], 4)


def test_stream_is_repeated_up_to_the_words():
    planned = plan(TEXTS, words=30)
    assert planned.stream == [*TEXTS * 2, *TEXTS]
    assert (planned.words, planned.available) == (33, 11)


@pytest.mark.parametrize("lang", ["en", "zh", "de"])
def test_windows_have_their_length(lang):
    nlp = spacy.blank(lang)
    planned = plan(None, lengths=[1, 7, 40], runs=6, nlp=nlp)
    assert planned.lengths == [1, 7, 40] and planned.repeated == []
    for length, windows in zip(planned.lengths, planned.windows):
        assert len(windows) == 6
        for text in windows:
            assert length - 2 <= len(nlp.make_doc(text)) <= length + 2


def test_windows_follow_each_other_and_begin_again():
    planned = plan(["a b c d e"], lengths=[2, 4, 9], runs=3)
    assert planned.windows[0] == ["a b ", "c d ", "e\n"]
    assert planned.windows[1] == ["a b c d ", "e\na b ", "c d e\n"]
    assert planned.repeated == [9]
    assert planned.windows[2][0] == "a b c d e\na b c "


def test_no_words_raise_GP246(monkeypatch):
    with pytest.raises(ValueError, match="GP246. The texts have no words"):
        plan(["", "\n"])
    monkeypatch.setattr(
        "spacy_globalpointer.benchmarking.texts.example_sentences", lambda nlp: []
    )
    with pytest.raises(ValueError, match="GP246. spaCy's examples for 'en' have"):
        plan(None)


def test_texts_may_be_longer_than_spacy_allows():
    nlp = spacy.blank("en")
    nlp.max_length = 5
    assert plan(TEXTS, words=5, nlp=nlp).words == 11
