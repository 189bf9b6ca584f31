"""Documents as word pieces."""

from __future__ import annotations

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import make_bert, make_roberta
from spacy.tokens import Doc
from transformers import AutoTokenizer

from spacy_globalpointer.encoders import pieces as module
from spacy_globalpointer.encoders.pieces import split_pieces, tokens_to_pieces

NLP = spacy.blank("en")
words = st.text(st.sampled_from("ab-é\n\u200b中😀"), min_size=1, max_size=4)
documents = st.lists(st.tuples(words, st.booleans()), max_size=12)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    folders = [make(tmp_path_factory.mktemp("t")) for make in (make_bert, make_roberta)]
    return [AutoTokenizer.from_pretrained(folder) for folder in folders]


def make_doc(tokens):
    return Doc(NLP.vocab, [word for word, _ in tokens], [space for _, space in tokens])


def aligned(pieces):
    return numpy.split(pieces.indices, pieces.lengths.cumsum())[:-1]


@given(docs=st.lists(documents, max_size=3))
def test_every_piece_belongs_to_the_tokens_whose_characters_it_has(tokenizers, docs):
    docs = [make_doc(tokens) for tokens in docs]
    for tokenizer in tokenizers:
        for doc, pieces in zip(docs, split_pieces(tokenizer, docs)):
            encoded = tokenizer(
                doc.text, add_special_tokens=False, return_offsets_mapping=True
            )
            assert pieces.ids.tolist() == encoded["input_ids"]
            expected = [
                [
                    i
                    for i, (start, stop) in enumerate(encoded["offset_mapping"])
                    if max(start, token.idx) < min(stop, token.idx + len(token))
                ]
                for token in doc
            ]
            assert [list(own) for own in aligned(pieces)] == expected
            for cut in range(len(pieces.ids)):
                splits = any(own and own[0] < cut <= own[-1] for own in expected)
                assert (cut in pieces.cuts) != splits


@given(tokens=documents.map(lambda tokens: tokens * 4))
def test_long_text_in_parts_has_the_same_pieces(tokenizers, tokens):
    """Where there is white space: a cut elsewhere may change the pieces there."""
    doc = make_doc([(word, True) for word, _ in tokens])
    for tokenizer in tokenizers:
        [whole] = split_pieces(tokenizer, [doc])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "PART", 3)
            [parts] = split_pieces(tokenizer, [doc])
        assert all(numpy.array_equal(*pair) for pair in zip(whole, parts))


def test_empty_documents_have_no_pieces(tokenizers):
    for tokenizer in tokenizers:
        assert split_pieces(tokenizer, []) == []
        [pieces] = split_pieces(tokenizer, [make_doc([])])
        assert [len(array) for array in pieces] == [0, 0, 0, 0]


def test_a_part_without_white_space_is_cut_at_a_token(tokenizers):
    doc = make_doc([("ab", False)] * 3 * module.PART)
    [pieces] = split_pieces(tokenizers[1], [doc])
    assert (pieces.lengths == 2).all() and len(pieces.ids) == 2 * len(doc)


def test_pieces_of_chosen_tokens_are_found(tokenizers):
    doc = make_doc([("ab", True), ("a", True), ("bab", False)])
    [pieces] = split_pieces(tokenizers[0], [doc])
    chosen = tokens_to_pieces(pieces, numpy.array([False, True, True]))
    assert chosen.tolist() == [False, False, True, True, True, True]
