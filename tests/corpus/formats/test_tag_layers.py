"""Spans as layers of tags: nothing is lost, and the outermost come first."""

from __future__ import annotations

import re

import pytest
from corpus_helpers import places
from format_helpers import documents
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.formats.tag_layers import assign_layers, tag_sentences
from spacy_globalpointer.corpus.formats.tags import SCHEMES, TagRun, read_runs


def tagged(document, **options):
    return list(tag_sentences(document, scheme="IOB2", format="conll", **options))


def test_cut_tokens_keep_the_index_of_their_origin():
    span = TextSpan("X", 1, 3, Source("", 1))
    document = AnnotatedText("d", "abcd e", [span], tokens=[(0, 4), (5, 6)])
    [sentence] = tagged(document)
    assert sentence.tokens == ["a", "bc", "d", "e"]
    assert sentence.origins == [0, 0, 0, 1]
    assert sentence.columns == [["O", "B-X", "O", "O"]]


def test_text_that_a_token_cannot_hold_is_left_out():
    document = AnnotatedText("d", "a\tb c", tokens=[(0, 3), (3, 4), (4, 5)])
    [sentence] = tagged(document, cut_at=re.compile("[\t ]"))
    assert sentence.tokens == ["a", "b", "c"]


@pytest.mark.parametrize(
    "keep_empty,tokens", [(True, ["a", "", "b"]), (False, ["a", "b"])]
)
def test_tokens_without_characters_are_optional(keep_empty, tokens):
    document = AnnotatedText("d", "a  b", tokens=[(0, 1), (2, 2), (3, 4)])
    [sentence] = tagged(document, keep_empty=keep_empty)
    assert sentence.tokens == tokens


def test_a_text_without_tokens_has_no_sentence():
    assert tagged(AnnotatedText("d", " \n ")) == []


def test_span_without_a_token_is_an_error():
    span = TextSpan("X", 1, 2, Source("", 1))
    with pytest.raises(ValueError, match="GP172.*1-2 'X'.*'d'.*conll"):
        tagged(AnnotatedText("d", "a b", [span]))


@given(found=places(9))
def test_no_spans_of_a_layer_overlap_and_inner_ones_are_later(found):
    found = sorted(found, key=lambda place: (place[0], -place[1]))
    layers = assign_layers([TagRun("X", a, b, True) for a, b in found])
    placed = [(k, run) for k, layer in enumerate(layers) for run in layer]
    assert sorted((run.start, -run.end) for _, run in placed) == [
        (a, -b) for a, b in found
    ]
    for k, outer in placed:
        for m, inner in placed:
            if (
                outer is not inner
                and outer.start < inner.end
                and inner.start < outer.end
            ):
                assert k != m
                is_within = outer.start <= inner.start and inner.end <= outer.end
                same = outer[1:3] == inner[1:3]
                assert not is_within or same or k < m


@given(document=documents(), scheme=st.sampled_from(sorted(SCHEMES)))
def test_every_span_is_in_one_layer(document, scheme):
    document.spans = [
        s for s in document.spans if document.text[s.start : s.end].strip()
    ]
    sentences = list(tag_sentences(document, scheme=scheme, format="conll"))
    found = [
        (run.label, "".join(sentence.tokens[run.start : run.end]))
        for sentence in sentences
        for tags in sentence.columns
        for run in read_runs(tags, scheme)
    ]
    given = [
        (s.label, "".join(document.text[s.start : s.end].split()))
        for s in document.spans
    ]
    assert sorted(found) == sorted(given)
