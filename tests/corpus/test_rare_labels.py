from __future__ import annotations

from collections import Counter

import pytest
import spacy
from spacy.training import Example

from spacy_globalpointer.corpus.rare_labels import create_rare_labels_corpus_v1


@pytest.fixture
def nlp():
    return spacy.blank("en")


def corpus_of(*labels):
    """A reader of texts that have one span of each label of theirs."""

    def read(nlp):
        for i, own in enumerate(labels):
            spans = {"sc": [(0, len(str(i)), label) for label in own]}
            yield Example.from_dict(nlp.make_doc(f"{i} text"), {"spans": spans})

    return read


def times(corpus, nlp):
    return Counter(str(example.reference[0]) for example in corpus(nlp))


def test_label_below_the_fraction_is_repeated(nlp):
    corpus = corpus_of("A", *["B"] * 24)  # A: 4 %, a ninth of 36 %
    found = times(create_rare_labels_corpus_v1(corpus, least_share=0.36), nlp)
    assert found["0"] == 3
    assert set(found.values()) == {1, 3}
    assert len(found) == 25


def test_factors_between_numbers_are_drawn(nlp):
    corpus = corpus_of(*["A"] * 400, *[""] * 600)  # √(0.9 / 0.4) = 1.5
    found = times(create_rare_labels_corpus_v1(corpus, least_share=0.9), nlp)
    own = [found[str(i)] for i in range(400)]
    assert set(own) == {1, 2}
    assert 540 < sum(own) < 660
    assert all(found[str(i)] == 1 for i in range(400, 1000))


def test_no_example_comes_more_than_ten_times(nlp):
    corpus = corpus_of("A", *["B"] * 199)
    found = times(create_rare_labels_corpus_v1(corpus, least_share=1.0), nlp)
    assert found["0"] == 10


def test_the_rarest_label_counts(nlp):
    corpus = corpus_of(["A", "B"], *["B"] * 24)
    found = times(create_rare_labels_corpus_v1(corpus, least_share=0.36), nlp)
    assert found["0"] == 3


def test_passes_differ_and_the_same_seed_repeats_them(nlp):
    corpus = corpus_of(*["A"] * 40, *[""] * 60)
    one, other = (create_rare_labels_corpus_v1(corpus, least_share=0.9) for _ in "ab")
    first, second = times(one, nlp), times(one, nlp)
    assert first != second
    assert (first, second) == (times(other, nlp), times(other, nlp))


def test_documents_that_were_not_annotated_are_kept(nlp):
    def read(nlp):
        yield Example.from_dict(nlp.make_doc("0 text"), {})

    assert times(create_rare_labels_corpus_v1(read), nlp) == {"0": 1}


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan"), "0.1", True])
def test_fraction_out_of_range_is_an_error(share):
    with pytest.raises(ValueError, match="GP227"):
        create_rare_labels_corpus_v1(corpus_of("A"), least_share=share)


def test_streamed_corpus_raises_GP222(nlp):
    nlp.config["training"]["max_epochs"] = -1
    with pytest.raises(ValueError, match="GP222.*max_epochs = -1"):
        next(create_rare_labels_corpus_v1(corpus_of("A"))(nlp))


def test_config_block_makes_the_corpus():
    config = {
        "corpus": {
            "@readers": "spacy-globalpointer.RareLabelsCorpus.v1",
            "corpus": {
                "@readers": "spacy-globalpointer.ChunkedCorpus.v1",
                "path": "train.spacy",
            },
        }
    }
    corpus = spacy.registry.resolve(config)["corpus"]
    assert corpus.least_share == 0.1
    assert str(corpus.corpus.path) == "train.spacy"
