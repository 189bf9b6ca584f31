from __future__ import annotations

import pytest
from corpus_helpers import char_spans, doc_with

from spacy_globalpointer.corpus.crop import crop_docs


@pytest.mark.parametrize("max_tokens,kept,n_spans", [(2, "a", 0), (6, "abcdef", 1)])
def test_cuts_no_span_of_either(max_tokens, kept, n_spans):
    found = doc_with(list("abcdefgh"), [(1, 3, "X"), (7, 8, "X")])
    gold = doc_with(list("abcdefgh"), [(2, 5, "Y")])
    for whole, doc in zip([gold, found], crop_docs([gold, found], "sc", max_tokens)):
        assert [token.text for token in doc] == list(kept)
        assert char_spans(doc) == char_spans(whole)[:n_spans]


def test_with_other_tokens():
    gold = doc_with(["ab", "cd", "ef"], [(0, 1, "Y")], spaces=[False, True, False])
    found = doc_with(["a", "bcd", "e", "f"], spaces=[False, True, False, False])
    cropped = crop_docs([gold, found], "sc", 2)
    assert [doc.text for doc in cropped] == ["abcd ", "abcd "]


def test_leaves_short_docs_alone():
    doc = doc_with(["a", "b"])
    assert crop_docs([doc], "sc", 2) == [doc]
    assert crop_docs([doc_with([])], "sc", 2)[0].text == ""
