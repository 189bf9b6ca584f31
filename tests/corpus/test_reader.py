"""The chunked reader."""

from __future__ import annotations

import pytest
import spacy
from corpus_helpers import NLP, char_spans, doc_with, places, save
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example
from spacy.util import registry

from spacy_globalpointer.corpus.breaks import find_breaks
from spacy_globalpointer.corpus.reader import (
    ChunkedCorpus,
    create_chunked_corpus_v1,
    cut_doc,
)
from spacy_globalpointer.types import LOST_GOLD

WORDS = ["Mary", "saw", "Leith", ".", "She", "left", "."]
WORDS += ["Then", "he", "came", "back"]


@pytest.fixture
def path(tmp_path):
    docs = [
        doc_with(WORDS, [(0, 1, "PER"), (2, 3, "GPE")]),
        doc_with([]),
        doc_with(WORDS[:7], [(0, 7, "X")]),
        doc_with(["\n"]),
    ]
    return save(tmp_path / "train.spacy", docs)


def texts(examples):
    return [example.reference.text for example in examples]


def test_whole_documents_are_read_as_by_spacy(path):
    found = list(create_chunked_corpus_v1(path)(NLP))
    expected = list(Corpus(path)(NLP))
    assert len(found) == 3
    for one, other in zip(found, expected):
        assert one.to_dict() == other.to_dict()
        assert char_spans(one.reference) == char_spans(other.reference)
        assert [t.text for t in one.predicted] == [t.text for t in other.predicted]


def test_chunks_end_at_sentences_and_keep_spans(path):
    examples = list(ChunkedCorpus(path, chunk_size=4)(NLP))
    assert texts(examples) == [
        "Mary saw Leith . ",
        "She left . ",
        "Then he came back ",
        "Mary saw Leith . She left . ",
        "\n ",
    ]
    spans = [char_spans(example.reference) for example in examples]
    assert spans == [[("PER", 0, 4), ("GPE", 9, 14)], [], [], [("X", 0, 27)], []]
    assert all("sc" in example.reference.spans for example in examples)


def test_config_makes_the_registered_reader(path):
    config = {
        "corpus": {
            "@readers": "spacy-globalpointer.ChunkedCorpus.v1",
            "path": str(path),
            "chunk_size": 4,
            "limit": 1,
        }
    }
    corpus = registry.resolve(config)["corpus"]
    assert len(list(corpus(NLP))) == 3


@pytest.mark.parametrize("value", [1.5, "5", True, None])
def test_numbers_of_the_wrong_type_are_an_error(path, value):
    with pytest.raises(ValueError, match="GP117.*chunk_size"):
        create_chunked_corpus_v1(path, chunk_size=value)


@pytest.mark.parametrize("name", ["chunk_size", "overlap", "limit", "shuffle_buffer"])
def test_negative_numbers_are_an_error(path, name):
    with pytest.raises(ValueError, match=f"GP117.*{name}.*-1"):
        ChunkedCorpus(path, **{name: -1})


def test_missing_path_is_an_error():
    with pytest.raises(ValueError, match="GP116"):
        create_chunked_corpus_v1(None)


def test_damaged_file_is_an_error(tmp_path):
    (tmp_path / "bad.spacy").write_bytes(b"not a DocBin")
    with pytest.raises(ValueError, match="GP118.*bad.spacy"):
        list(ChunkedCorpus(tmp_path / "bad.spacy")(NLP))


def test_folder_is_read_in_order_of_names_and_limit_spans_files(tmp_path):
    for name in "cab":
        save(
            tmp_path / f"{name}.spacy", [doc_with([name]), doc_with([]), doc_with("x")]
        )
    assert texts(ChunkedCorpus(tmp_path)(NLP)) == ["a ", "x ", "b ", "x ", "c ", "x "]
    assert texts(ChunkedCorpus(tmp_path, limit=3)(NLP)) == ["a ", "x ", "b "]


def test_shuffle_is_seeded_and_new_in_each_pass(tmp_path):
    path = save(tmp_path / "x.spacy", [doc_with([str(i)] * 4) for i in range(10)])

    def passes(seed):
        corpus = ChunkedCorpus(path, chunk_size=2, shuffle=True, seed=seed)
        return [texts(corpus(NLP)) for _ in range(3)]

    in_order = texts(ChunkedCorpus(path, chunk_size=2)(NLP))
    first, second, third = passes(0)
    assert [first, second, third] == passes(0)
    assert len({tuple(p) for p in (in_order, first, second, third)}) == 4
    assert sorted(first) == sorted(second) == sorted(in_order)
    assert passes(1)[0] != first


def test_shuffling_holds_no_more_than_the_buffer(tmp_path):
    path = save(tmp_path / "x.spacy", [doc_with([str(i)]) for i in range(100)])
    options = {"shuffle": True, "shuffle_buffer": 7}
    orders = [
        [int(text) for text in texts(ChunkedCorpus(path, seed=seed, **options)(NLP))]
        for seed in range(20)
    ]
    for order in orders:
        assert sorted(order) == list(range(100))
        # The item at place i has been read when the buffer was full: i + 7 were.
        assert all(item <= place + 7 for place, item in enumerate(order))
    assert len(set(map(tuple, orders))) == 20


def test_overlap_repeats_the_spans_that_lie_in_it(path):
    examples = list(ChunkedCorpus(path, chunk_size=4, overlap=2, limit=1)(NLP))
    found = [(eg.reference.text, char_spans(eg.reference)) for eg in examples]
    assert found == [
        ("Mary saw Leith . ", [("PER", 0, 4), ("GPE", 9, 14)]),
        ("Leith . She left . ", [("GPE", 0, 5)]),
        ("left . Then he came back ", []),
    ]


def test_overlap_repeats_lost_gold():
    doc = doc_with(["ab", "cd", "ef", "gh"])
    doc.user_data[LOST_GOLD] = [[4, 5, "L"]]
    first, second = cut_doc(doc, 2, overlap=1)
    assert (first.text, second.text) == ("ab cd ", "cd ef gh ")
    assert first.user_data[LOST_GOLD] == [(4, 5, "L")]
    assert second.user_data[LOST_GOLD] == [(1, 2, "L")]


def test_augmenter_adds_examples(path):
    def twice(nlp, example):
        yield example
        yield Example(nlp.make_doc("new"), doc_with(["new"]))

    found = texts(ChunkedCorpus(path, chunk_size=20, augmenter=twice)(NLP))
    assert found[1::2] == ["new "] * 3 and len(found) == 6


def test_predicted_doc_is_tokenized_by_the_pipeline(tmp_path):
    doc = Doc(NLP.vocab, words=["can", "not", "x"], spaces=[False, True, False])
    path = save(tmp_path / "x.spacy", [doc])
    (example,) = ChunkedCorpus(path)(spacy.blank("xx"))
    assert [token.text for token in example.predicted] == ["cannot", "x"]
    assert [token.text for token in example.reference] == ["can", "not", "x"]


@pytest.mark.parametrize("chunk_size", [0, 2])
def test_unknown_spaces_keep_the_reference_tokens(tmp_path, chunk_size):
    doc = Doc(NLP.vocab, words=["a-b c", "d", "e"])
    doc.has_unknown_spaces = True
    path = save(tmp_path / "x.spacy", [doc])
    examples = list(ChunkedCorpus(path, chunk_size=chunk_size)(NLP))
    tokens = [token.text for eg in examples for token in eg.predicted]
    assert tokens == ["a-b c", "d", "e"]


def test_chunks_cut_no_span():
    doc = doc_with(list("abcdefghij"), [(0, 4, "X")])
    doc.spans["other"] = [Span(doc, 3, 5, label="Y", kb_id="Q1", span_id="id")]
    doc.ents = [Span(doc, 4, 6, label="E")]
    doc.user_data[LOST_GOLD] = [[10, 13, "L"]]  # f and g
    chunks = cut_doc(doc, 2)
    assert [chunk.text for chunk in chunks] == ["a b c d e f g ", "h i ", "j "]
    assert char_spans(chunks[0]) == [("X", 0, 7)]
    (span,) = chunks[0].spans["other"]
    assert (span.text, span.label_, span.kb_id_, span.id_) == ("d e", "Y", "Q1", "id")
    assert [(ent.text, ent.label_) for ent in chunks[0].ents] == [("e f", "E")]
    assert list(chunks[1].spans) == ["sc", "other"] and not chunks[1].spans["other"]
    assert [chunk.user_data[LOST_GOLD] for chunk in chunks[1:]] == [[], []]


def test_lost_gold_moves_with_its_chunk():
    doc = doc_with(["ab", "cd", "ef", "gh"])
    doc.user_data[LOST_GOLD] = [[0, 1, "L"], [10, 11, "M"]]
    doc.user_data["title"] = "name"
    first, second = cut_doc(doc, 2)
    assert first.user_data[LOST_GOLD] == [(0, 1, "L")]
    assert second.user_data[LOST_GOLD] == [(4, 5, "M")]
    assert second.text[4:5] == doc.text[10:11] == "h"
    assert second.user_data["title"] == "name"
    assert doc.user_data[LOST_GOLD] == [[0, 1, "L"], [10, 11, "M"]]


def test_annotation_of_tokens_is_kept():
    tags, heads = list("ABCD"), [1, 1, 3, 3]
    deps = ["x", "ROOT", "y", "ROOT"]
    doc = doc_with(list("abcd"), tags=tags, heads=heads, deps=deps)
    first, second = cut_doc(doc, 2)
    assert [token.tag_ for token in second] == ["C", "D"]
    assert [token.head.i for token in second] == [1, 1]
    assert len(list(second.sents)) == 1 and len(list(doc.sents)) == 2


def test_short_document_is_not_copied():
    doc = doc_with(["a", "b"])
    assert cut_doc(doc, 2) == [doc] and cut_doc(doc, 0)[0] is doc


@pytest.mark.parametrize(
    "words,paragraphs,sentences",
    [
        ([], [], []),
        (["a", ".", "B"], [], [2]),
        (["a", ".", "b"], [], []),
        (["a", "!", '"', "\n", "B"], [], [4, 4]),
        (["a", "?"], [], [2]),
        (["a", "\n\n", "b", "\n", "c"], [2], [4]),
    ],
)
def test_breaks_follow_punctuation(words, paragraphs, sentences):
    found = find_breaks(Doc(NLP.vocab, words=words))
    assert (found[0], sorted(found[1])) == (paragraphs, sentences)


def test_breaks_follow_annotated_sentences():
    starts = [True, False, False, True]
    doc = Doc(NLP.vocab, words=["A", ".", "B", "c"], sent_starts=starts)
    assert find_breaks(doc) == ([], [0, 3])


@st.composite
def problems(draw):
    words = draw(st.lists(st.sampled_from(["a", "B.", ".", "\n", "é😀"]), max_size=15))
    spaces = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    spans = [(a, b, "X") for a, b in draw(places(len(words)))]
    doc = doc_with(words, spans, spaces=spaces)
    doc.user_data[LOST_GOLD] = [[a, b, "L"] for a, b in draw(places(len(doc.text)))]
    return doc, draw(st.integers(1, 6))


@given(problems())
def test_chunks_together_are_the_document(problem):
    doc, size = problem
    chunks = cut_doc(doc, size)
    assert "".join(chunk.text_with_ws for chunk in chunks) == doc.text_with_ws
    assert [t.text for chunk in chunks for t in chunk] == [t.text for t in doc]
    spans, lost, offset = [], [], 0
    for chunk in chunks:
        for label, start, end in char_spans(chunk):
            spans.append((label, start + offset, end + offset))
        for start, end, label in chunk.user_data[LOST_GOLD]:
            assert 0 <= start < end <= len(chunk.text_with_ws)
            lost.append((label, start + offset, end + offset))
        offset += len(chunk.text_with_ws)
    assert sorted(spans) == sorted(char_spans(doc))
    assert sorted(lost) == sorted((c, a, b) for a, b, c in doc.user_data[LOST_GOLD])
