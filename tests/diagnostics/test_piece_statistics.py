"""Counts over a corpus in word pieces."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import make_bert, make_roberta
from spacy.tokens import Doc, Span
from transformers import AutoTokenizer

from spacy_globalpointer.diagnostics.piece_statistics import (
    PieceStatistics,
    span_pieces,
)
from spacy_globalpointer.encoders.pieces import split_pieces
from spacy_globalpointer.encoders.windows import plan_windows

NLP = spacy.blank("en")
words = st.text(st.sampled_from("ab-é\n\u200b中😀"), min_size=1, max_size=4)
documents = st.lists(st.tuples(words, st.booleans()), max_size=12)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    folders = [make(tmp_path_factory.mktemp("t")) for make in (make_bert, make_roberta)]
    return [AutoTokenizer.from_pretrained(folder) for folder in folders]


def make_doc(tokens, spans=()):
    doc = Doc(NLP.vocab, [word for word, _ in tokens], [space for _, space in tokens])
    doc.spans["sc"] = [Span(doc, a, b, label="X") for a, b in spans]
    return doc


def spaced(text, spans=()):
    return make_doc([(word, True) for word in text.split(" ")], spans)


def count(tokenizer, *docs, **settings):
    settings = {"spans_key": "sc", **settings}
    result = PieceStatistics(tokenizer, NLP.vocab.strings, **settings)
    result.add(list(docs))
    return result


def test_pieces_of_tokens_are_counted(tokenizers):
    found = count(tokenizers[0], spaced("a bb ccc"), spaced("dddddd"))
    assert (found.tokens, found.pieces, found.per_token) == (4, 12, 3.0)
    assert [found.percentile(p) for p in (25, 26, 50, 75, 99)] == [1, 2, 2, 3, 6]
    assert found.longest_document == 6 and found.unknown == 0


def test_unknown_pieces_are_counted_and_their_words_named(tokenizers):
    found = count(tokenizers[0], spaced("中 a 中 a😀 b"), spaced("中"))
    assert found.unknown == 4 and found.unknown_share == 4 / 6
    assert found.tokens_with_unknown == 4
    assert found.unknown_words() == [("中", 3), ("a😀", 1)]
    assert found.unknown_words(1) == [("中", 3)]
    assert count(tokenizers[1], spaced("中 😀")).unknown == 0  # bytes are all known


def test_tokens_without_a_piece_are_counted(tokenizers):
    found = count(tokenizers[0], make_doc([("a", False), ("\n", False), ("\u200b", 0)]))
    assert found.without_piece == 1
    assert found.words_without_piece() == [("\u200b", 1)]


def test_windows_are_those_of_the_encoder(tokenizers):
    docs = [spaced("aaaa " * 9 + "b"), spaced("a")]
    found = count(tokenizers[0], *docs, capacity=10, context=2)
    [long, _] = split_pieces(tokenizers[0], docs)
    planned = plan_windows(37, long.cuts, capacity=10, context=2)
    assert found.most_windows == len(planned) > 4
    assert found.windows == len(planned) + 1
    assert count(tokenizers[0], *docs).windows == 0


def test_spans_longer_than_a_window_are_counted(tokenizers):
    doc = spaced("aaaa bb c", [(0, 1), (0, 2), (0, 3), (1, 3)])
    settings = {"capacity": 6, "context": 0}
    assert count(tokenizers[0], doc, **settings).spans_over_window == 1
    settings["capacity"] = 5
    assert count(tokenizers[0], doc, **settings).spans_over_window == 2
    assert count(tokenizers[0], doc).spans_over_window == 0
    other = count(tokenizers[0], doc, spans_key="other", **settings)
    assert other.spans_over_window == 0


def test_counts_of_an_empty_document_are_zero(tokenizers):
    found = count(tokenizers[0], make_doc([]), capacity=10)
    assert (found.tokens, found.pieces, found.per_token) == (0, 0, 0)
    assert (found.percentile(99), found.unknown_share, found.windows) == (0, 0, 0)
    assert count(tokenizers[0]).unknown_words() == []


@given(docs=st.lists(documents, max_size=3), data=st.data())
def test_counts_are_those_of_the_tokenizers_offsets(tokenizers, docs, data):
    docs = [make_doc(tokens) for tokens in docs]
    for tokenizer in tokenizers:
        found = count(tokenizer, *docs)
        parts = [count(tokenizer, doc) for doc in docs]
        assert found.pieces == sum(part.pieces for part in parts)
        n_pieces, n_without = 0, 0
        for doc, pieces in zip(docs, split_pieces(tokenizer, docs)):
            encoded = tokenizer(
                doc.text, add_special_tokens=False, return_offsets_mapping=True
            )
            offsets = encoded["offset_mapping"]
            n_pieces += len(offsets)
            for token in doc:
                own = [i for i, (a, b) in enumerate(offsets) if touches(token, a, b)]
                n_without += not own and not token.text.isspace()
            if len(doc):
                start = data.draw(st.integers(0, len(doc) - 1))
                end = data.draw(st.integers(start + 1, len(doc)))
                inside = [
                    i
                    for i, (a, b) in enumerate(offsets)
                    if any(touches(token, a, b) for token in doc[start:end])
                ]
                expected = inside[-1] - inside[0] + 1 if inside else 0
                assert span_pieces(pieces, [(start, end)]).tolist() == [expected]
        assert (found.pieces, found.without_piece) == (n_pieces, n_without)


def touches(token, start, end):
    return max(start, token.idx) < min(end, token.idx + len(token))
