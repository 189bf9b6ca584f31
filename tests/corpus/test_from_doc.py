"""What make_doc puts on a Doc comes back from it, through a DocBin too."""

from __future__ import annotations

from collections import Counter

import numpy
import pytest
from corpus_helpers import NLP, doc_with, trim
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_globalpointer.corpus.align import make_doc
from spacy_globalpointer.corpus.annotations import (
    AnnotatedText,
    Reason,
    Source,
    TextSpan,
    find_fault,
)
from spacy_globalpointer.corpus.from_doc import annotated_from_doc
from spacy_globalpointer.types import LOST_GOLD, SORTED

SOURCE = Source("a.ann", 3)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(st.sampled_from("ab é\u0301😀𝔘.,\n\t\r'-") | CHARACTERS, max_size=30)
NAMES = st.text(CHARACTERS, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=5,
)


@st.composite
def annotated_texts(draw):
    text = draw(TEXTS)
    edges = st.integers(-1, len(text) + 1)
    spans = st.builds(
        TextSpan,
        label=st.sampled_from(["ORG", "PER", "a b", "", "机构"]),
        start=edges,
        end=edges,
        source=st.just(SOURCE),
        id=st.sampled_from(["", "T1", "T2", "ORG", "😀"]),
    )
    cuts = sorted(draw(st.sets(st.integers(0, len(text)))))
    return AnnotatedText(
        draw(NAMES),
        text,
        draw(st.lists(spans, max_size=8)),
        source=SOURCE,
        meta=draw(st.dictionaries(NAMES, JSON, max_size=3)),
        tokens=draw(st.none() | st.just(list(zip(cuts, cuts[1:])))),
    )


def stored(doc):
    """The Doc as another process reads it."""
    data = DocBin(docs=[doc], attrs=["ORTH"], store_user_data=True).to_bytes()
    (loaded,) = DocBin().from_bytes(data).get_docs(Vocab())
    return loaded


def place(span):
    return span.start, span.end, span.label


@given(annotated_texts())
def test_round_trip(annotated):
    doc, rejects = make_doc(NLP, annotated)
    back = annotated_from_doc(stored(doc), source=SOURCE)
    assert (back.name, back.text, back.meta) == (
        *(annotated.name, annotated.text),
        annotated.meta,
    )
    text = annotated.text
    sound = {
        (*trim(text, span.start, span.end), span.label)
        for span in annotated.spans
        if find_fault(text, span.start, span.end) is None
        and not text[span.start : span.end].isspace()
    }
    assert Counter(map(place, back.spans)) == Counter(sound)
    assert back.n_read == len(sound)
    lost = sum(reject.reason is Reason.MISALIGNED for reject in rejects)
    assert len(doc.spans["sc"]) == len(sound) - lost
    if annotated.tokens is not None:
        assert back.tokens == annotated.tokens


@given(annotated_texts())
def test_second_round_trip_changes_nothing(annotated):
    back = annotated_from_doc(stored(make_doc(NLP, annotated)[0]))
    again = annotated_from_doc(stored(make_doc(NLP, back)[0]))
    assert again == back


def test_order_and_ids_are_those_of_the_source():
    text = "The Bank of Leith"
    places = [(12, 17, "T9"), (0, 17, "T2"), (4, 8, "T1")]
    spans = [TextSpan("X", a, b, SOURCE, id) for a, b, id in places]
    doc, _ = make_doc(NLP, AnnotatedText("a", text, spans))
    assert annotated_from_doc(stored(doc), source=SOURCE).spans == spans


def test_lost_gold_is_sorted_by_offsets():
    text = "The Bank of Leith"
    places = [(0, 3), (4, 6), (4, 8), (12, 15), (12, 17), (13, 15)]
    spans = [TextSpan("X", a, b, SOURCE) for a, b in places]
    doc, rejects = make_doc(NLP, AnnotatedText("a", text, spans))
    assert len(rejects) == 3
    assert annotated_from_doc(stored(doc), source=SOURCE).spans == spans


def test_tokens_are_the_docs_without_white_space():
    doc = doc_with(["a", " \n", "b"], spaces=[True, False, False])
    assert doc.text == "a  \nb"
    assert annotated_from_doc(doc).tokens == [(0, 1), (4, 5)]


def test_no_tokens_of_the_source_are_given_back_as_none():
    doc, _ = make_doc(NLP, AnnotatedText("a", "a b", tokens=[]))
    assert annotated_from_doc(stored(doc)).tokens == []


def test_document_without_a_title_gets_a_name():
    doc = doc_with(["a"])
    assert annotated_from_doc(doc, name="file:1").name == "file:1"
    doc.user_data["title"] = "own"
    assert annotated_from_doc(doc, name="file:1").name == "own"


@pytest.mark.parametrize("key", ["id", ("._.", "id", None, None)])
@pytest.mark.parametrize("id", ["a/1", 7])
def test_id_of_others_is_the_name(key, id):
    doc = doc_with(["a"])
    doc.user_data[key] = id
    back = annotated_from_doc(stored(doc), name="file:1")
    assert (back.name, back.meta) == (str(id), {})
    doc.user_data["title"] = "own"
    back = annotated_from_doc(stored(doc), name="file:1")
    assert (back.name, back.meta) == ("own", {"id": id})


def test_user_data_of_others_becomes_metadata():
    doc = doc_with(["a", "b"])
    doc.user_data.update({"url": "http", "n": 2, "meta": {"n": 3, "tags": ["x"]}})
    doc.user_data[("._.", "author", None, None)] = "Mary"
    doc.user_data[("._.", "score", 0, 1)] = 0.5  # of a span
    doc.user_data[("mine", "x")] = 1
    meta = {"author": "Mary", "url": "http", "n": 3, "tags": ["x"]}
    assert annotated_from_doc(stored(doc)).meta == meta
    doc.user_data["array"] = numpy.zeros(2)
    doc.user_data["nothing"] = float("nan")
    assert annotated_from_doc(doc).meta == meta


@pytest.mark.parametrize(
    "key,value",
    [
        *(("title", 3), ("meta", "x"), ("meta", {("a", 1): 2}), ("tokens", "x")),
        *(("tokens", [[0, 9]]), ("tokens", [[1, 2], [0, 1]]), ("tokens", [["a", 1]])),
    ],
)
def test_invalid_data_of_others_is_ignored(key, value):
    doc = doc_with(["a", "b"])
    plain = annotated_from_doc(doc, name="n")
    doc.user_data[key] = value
    assert annotated_from_doc(doc, name="n") == plain


@pytest.mark.parametrize(
    "scores,expected",
    [
        (numpy.array([0.9, 0.1], dtype="float32"), [0.9, 0.1]),
        (numpy.array([0.9, 0.1]), [0.9, 0.1]),
        ([0.5, None], [0.5, None]),
        ([float("nan"), 1], [None, 1.0]),
        (["high", 0.5], [None, 0.5]),
        ([0.5], [None, None]),
        (numpy.zeros((2, 3), dtype="float32"), [None, None]),
        ("xy", [None, None]),
        (0.5, [None, None]),
        (None, [None, None]),
    ],
)
def test_valid_scores_are_read(scores, expected):
    doc = doc_with(["a", "b"], [(0, 1, "X"), (0, 2, "Y")])
    doc.spans["sc"].attrs["scores"] = scores
    spans = annotated_from_doc(stored(doc)).spans
    assert [span.score for span in spans] == expected


def test_missing_key_is_an_error_that_names_the_keys():
    doc = doc_with(["a"], key="mine")
    with pytest.raises(ValueError, match=r"GP180.*'sc'.*keys found: mine"):
        annotated_from_doc(doc)
    assert annotated_from_doc(doc, spans_key="mine").spans == []


def test_entities_are_used_only_if_the_key_is_missing():
    doc = Doc(NLP.vocab, words=["a", "b"])
    doc.set_ents([Span(doc, 1, 2, label="PER")])
    (span,) = annotated_from_doc(doc, ents=True).spans
    assert place(span) == (2, 3, "PER")
    doc.spans["sc"] = []
    assert annotated_from_doc(doc, ents=True).spans == []


def test_lost_gold_is_not_part_of_predictions():
    spans = [TextSpan("X", 0, 2, SOURCE)]
    doc, _ = make_doc(NLP, AnnotatedText("a", "The Bank", spans))
    assert len(annotated_from_doc(doc).spans) == 1
    doc.spans["sc"] = []
    doc.spans["sc"].attrs[SORTED] = True
    assert annotated_from_doc(doc).spans == []


@pytest.mark.parametrize(
    "value",
    ["x", [[0, 1]], [[0, "1", "X"]], [[0, 1, 2]], [3], {"a": 1}, [[0, True, ""]]],
)
def test_invalid_lost_gold_is_an_error(value):
    doc = doc_with(["a"])
    doc.user_data[LOST_GOLD] = value
    with pytest.raises(ValueError, match="GP181"):
        annotated_from_doc(doc)


def test_predictions_keep_their_scores(trained):
    doc = trained("The Bank of Leith paid Mary .")
    spans = annotated_from_doc(stored(doc)).spans
    assert spans
    expected = doc.spans["sc"].attrs["scores"]
    assert numpy.array([s.score for s in spans], dtype="float32").tolist() == list(
        expected
    )


def test_ids_that_no_vocab_has_are_none():
    doc = doc_with(["a"])
    doc.spans["sc"] = [Span(doc, 0, 1, label="X", span_id=12345)]
    (span,) = annotated_from_doc(doc).spans
    assert span == TextSpan("X", 0, 1, Source("", 1))
