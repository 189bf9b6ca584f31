"""spaCy's JSON: Doc.to_json, pairs of text and entities, and spaCy 2's paragraphs."""

from __future__ import annotations

import gzip
import json

import pytest
import spacy
from corpus_helpers import NLP, TEXT, doc_with
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training.converters import json_to_docs
from spacy.training.gold_io import docs_to_json
from spacy.vocab import Vocab

from spacy_globalpointer.corpus.annotations import (
    AnnotatedText,
    Reason,
    Source,
    TextSpan,
)
from spacy_globalpointer.corpus.formats.registry import detect_format, read_documents
from spacy_globalpointer.corpus.formats.spacy_json import SPACY_JSON, write_document

SOURCE = Source("a.jsonl", 1)


def read(tmp_path, value, name="a.json", **options):
    content = value if isinstance(value, str) else json.dumps(value)
    (tmp_path / name).write_text(content, encoding="utf-8")
    return list(read_documents(SPACY_JSON, tmp_path / name, options=options))


def places(annotated):
    return [(s.label, s.start, s.end) for s in annotated.spans]


def make_doc():
    doc = NLP("😀 The Bank of  Leith\n paid.")
    doc.spans["sc"] = [Span(doc, 1, 6, "ORG"), Span(doc, 5, 6, "GPE")]
    doc.spans["other"] = [Span(doc, 0, 1, "X")]
    doc.ents = [Span(doc, 1, 3, "ENT")]
    return doc


@pytest.mark.parametrize("form", ["line", "array"])
def test_output_of_to_json_is_read(tmp_path, form):
    data = make_doc().to_json()
    value = [data, data] if form == "array" else f"{json.dumps(data)}\n" * 2
    documents = read(tmp_path, value)
    assert [annotated.name for annotated, _ in documents] == ["a:1", "a:2"]
    annotated, rejects = documents[1]
    assert annotated.text == make_doc().text and rejects == []
    assert places(annotated) == [("ORG", 2, 20), ("GPE", 15, 20)]
    words = [annotated.text[a:b] for a, b in annotated.tokens]
    assert words == ["😀", "The", "Bank", "of", "Leith", "paid", "."]


@pytest.mark.parametrize("ents", [False, True])
@pytest.mark.parametrize(
    "value", [["a b", {"cats": {"X": 1}}], {"text": "a b", "cats": {"X": 1}}]
)
def test_a_text_with_categories_only_is_to_be_skipped(tmp_path, value, ents):
    ((document, (reject,)),) = read(tmp_path, [value], ents=ents)
    assert (document.skip, reject.reason.value) == (True, "not_a_span")


def test_options_choose_key_or_entities(tmp_path):
    data = make_doc().to_json()
    ((annotated, _),) = read(tmp_path, [data], spans_key="other")
    assert places(annotated) == [("X", 0, 1)]
    ((annotated, _),) = read(tmp_path, [data], spans_key="none", ents=True)
    assert places(annotated) == [("ENT", 2, 10)]
    with pytest.raises(ValueError, match="GP180.*keys found: other, sc"):
        read(tmp_path, [data], spans_key="none")


def test_pairs_of_text_and_entities_are_read(tmp_path):
    value = [
        ["Who is Shaka Khan?", {"entities": [[7, 17, "PERSON"]]}],
        ["I like 😀 London", {"entities": [[9, 15, "LOC", "Q84"]]}],
        [TEXT, {"entities": [[0, 3, "X"]], "spans": {"sc": [[4, 8, "Y"]]}}],
        ["", {"entities": []}],
    ]
    documents = read(tmp_path, value)
    assert [places(annotated) for annotated, _ in documents] == [
        *([("PERSON", 7, 17)], [("LOC", 9, 15)], [("Y", 4, 8)], []),
    ]
    assert [annotated.name for annotated, _ in documents] == [
        "a:1",
        "a:2",
        "a:3",
        "a:4",
    ]
    assert documents[0][0].tokens is None


def test_pairs_under_annotations_are_read(tmp_path):
    pair = ["Leith", {"entities": [[0, 5, "GPE"]]}]
    value = {"classes": ["GPE"], "annotations": [pair, None, pair]}
    assert len(read(tmp_path, value)) == 2


def paragraph(tags, **fields):
    words = TEXT.split()
    tokens = [{"orth": word, "ner": tag} for word, tag in zip(words, tags)]
    return {"sentences": [{"tokens": tokens[:3]}, {"tokens": tokens[3:]}], **fields}


def test_paragraphs_are_read(tmp_path):
    tags = ["B-ORG", "I-ORG", "I-ORG", "L-ORG", "O", "U-PER", "-"]
    value = [
        {"id": 7, "paragraphs": [paragraph(tags, raw=f" {TEXT}\n")]},
        {"id": "b", "paragraphs": [paragraph(tags), paragraph(["O"] * 7)]},
        {"paragraphs": [paragraph([None] * 7)]},
    ]
    documents = [annotated for annotated, _ in read(tmp_path, value)]
    assert [d.name for d in documents] == ["7", "b:1", "b:2", "a:4"]
    assert [places(d) for d in documents[:2]] == [
        [("ORG", 1, 18), ("PER", 24, 28)],
        [("ORG", 0, 17), ("PER", 23, 27)],
    ]
    assert documents[1].text == TEXT
    assert documents[1].tokens[:2] == [(0, 3), (4, 8)]


def test_training_data_of_spacy_2_is_read_as_by_spacy(tmp_path):
    doc = make_doc()
    doc.ents = [Span(doc, 1, 4, "ORG"), Span(doc, 5, 6, "GPE")]
    doc[0].is_sent_start = True
    for token in doc[1:]:
        token.is_sent_start = token.i == 5
    value = [docs_to_json([doc], doc_id=3)]
    ((annotated, _),) = read(tmp_path, value)
    (reference,) = json_to_docs(value)
    assert annotated.text == reference.text == doc.text
    expected = [(e.label_, e.start_char, e.end_char) for e in reference.ents]
    assert places(annotated) == expected and len(expected) == 2
    assert annotated.name == "3"


def test_text_is_made_from_tokens_with_spaces(tmp_path):
    words = [("Leith", "", "U-GPE"), (",", " ", "O"), ("ab", True, None), ("c", "", "")]
    tokens = [{"orth": w, "space": s, "ner": t} for w, s, t in words]
    value = [
        {"id": 1, "paragraphs": [{"raw": None, "sentences": [{"tokens": tokens}]}]}
    ]
    ((annotated, _),) = read(tmp_path, value)
    assert (annotated.text, places(annotated)) == ("Leith, ab c", [("GPE", 0, 5)])


@pytest.mark.parametrize(
    "tags,kept",
    [
        (["I-X", "O"], 0),
        (["B-X", "O"], 0),
        (["L-X", "U-Y"], 1),
        (["B-X", "L-Y"], 0),
        (["X", "U-"], 0),
        (["S-X", "U-Y"], 1),
    ],
)
def test_tags_that_do_not_fit_are_rejects(tmp_path, tags, kept):
    value = [{"id": 1, "paragraphs": [paragraph([*tags, *"OOOOO"])]}]
    ((annotated, rejects),) = read(tmp_path, value)
    assert len(annotated.spans) == kept and rejects
    assert {r.reason for r in rejects} == {Reason.BAD_TAG}
    assert annotated.n_read == kept + len(rejects)


@pytest.mark.parametrize(
    "entry,reason",
    [
        ([4, 99, "X"], Reason.OUT_OF_TEXT),
        ([-1, 3, "X"], Reason.OUT_OF_TEXT),
        ([5, 3, "X"], Reason.END_BEFORE_START),
        ([3, 3, "X"], Reason.EMPTY),
        ([0, 3, ""], Reason.BAD_LINE),
        ([0, 3], Reason.BAD_LINE),
        ([0.0, 3, "X"], Reason.BAD_LINE),
        ([True, 3, "X"], Reason.BAD_LINE),
        ("U-X", Reason.BAD_LINE),
        ({"start": 0, "label": "X"}, Reason.BAD_LINE),
        (None, Reason.BAD_LINE),
    ],
)
def test_rejects_have_their_reasons(tmp_path, entry, reason):
    pair = [TEXT, {"entities": [[0, 3, "Y"], entry], "cats": {"LETTER": 1.0}}]
    ((annotated, rejects),) = read(tmp_path, [pair])
    assert places(annotated) == [("Y", 0, 3)]
    assert [r.reason for r in rejects] == [reason, Reason.NOT_A_SPAN]
    assert annotated.n_read == 3


TOKEN = {"id": 0, "start": 0, "end": 3}


@pytest.mark.parametrize(
    "value,problem",
    [
        ("x", "Expecting value"),
        ("[[1, {}]]", "pair of a text"),
        ('[["a"]]', "pair of a text"),
        ('[["a", []]]', "not an object"),
        ('["a", {"entities": []}]', "not an object"),
        ([{"spans": {"sc": []}}], "'text' is missing"),
        ([{"text": 3}], "'text' is 3"),
        ([{"text": "a", "spans": []}], "'spans'"),
        ([{"text": "a", "spans": {"sc": {}}}], "'sc'"),
        ([{"text": "a", "spans": {"sc": []}, "tokens": [3]}], "not an object"),
        ([{"text": "a", "spans": {"sc": []}, "tokens": [TOKEN]}], "from 0 to 3"),
        ([{"text": "a", "spans": {"sc": []}, "scores": {"sc": [1]}}], "0 numbers"),
        ([{"text": "a", "spans": {"sc": []}, "lost_gold": 3}], "'lost_gold'"),
        ([{"text": "a", "spans": {"sc": []}, "cats": []}], "'cats'"),
        ([{"paragraphs": 3}], "'paragraphs'"),
        ([{"paragraphs": [{}]}], "'sentences'"),
        ([{"paragraphs": [{"sentences": [{"tokens": [{}]}]}]}], "'orth'"),
        ([{"paragraphs": [paragraph("O" * 7, raw="The Bank")]}], "token 'of'"),
        ([{"paragraphs": [paragraph("O" * 7, raw=TEXT + " x")]}], "no token"),
        ([{"paragraphs": [paragraph("O" * 7, raw=3)]}], "'raw' is 3"),
    ],
)
def test_value_of_no_known_form_is_an_error(tmp_path, value, problem):
    with pytest.raises(ValueError, match=rf"GP164.*a\.json:1.*{problem}"):
        read(tmp_path, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "spans", "sc", "ents", "tokens", "start", "end", "label", "id"]
                + ["paragraphs", "sentences", "raw", "orth", "ner", "entities", "cats"]
                + ["annotations", "scores", "lost_gold", "meta", "space"]
            ),
            inner,
        )
    ),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, max_size=3), st.booleans())
def test_any_json_is_read_or_an_error_with_a_code(tmp_path, value, ents):
    try:
        documents = read(tmp_path, value, ents=ents)
    except ValueError as err:
        assert str(err).startswith("[GP1")
    else:
        for annotated, rejects in documents:
            assert annotated.n_read == len(annotated.spans) + len(rejects)


CHARACTERS = st.sampled_from("ab.é\u0301😀  \n\t'")


@st.composite
def annotated_texts(draw):
    text = draw(st.text(CHARACTERS, max_size=20))
    edges = st.integers(0, len(text))
    spans = []
    for start, end in draw(st.lists(st.tuples(edges, edges), max_size=6)):
        if start < end:
            label, id = (
                draw(st.sampled_from(["X", "Y"])),
                draw(st.sampled_from(["", "T"])),
            )
            score = draw(st.none() | st.floats(0, 1))
            spans.append(TextSpan(label, start, end, SOURCE, id, score))
    cuts = sorted(draw(st.sets(edges)))
    pairs = [(a, b) for a, b in zip(cuts, cuts[1:]) if not text[a:b].isspace()]
    tokens = draw(st.none() | st.just(pairs))
    meta = draw(st.sampled_from([{}, {"source": ["x", 1]}]))
    return AnnotatedText("n", text, spans, len(spans), SOURCE, meta, tokens)


@given(annotated_texts())
def test_spacy_reads_the_written_file(annotated):
    # spaCy does not even read its own to_json with a token that begins with a space.
    starts = {start for start, _ in annotated.tokens or []}
    assume(not any(annotated.text[start] == " " for start in starts))
    (line,) = write_document(annotated)
    record = json.loads(line)
    doc = Doc(Vocab()).from_json(record, validate=True)
    assert doc.text == annotated.text
    found = [(s.start_char, s.end_char, s.label_) for s in doc.spans["sc"]]
    found += [tuple(entry) for entry in record.get("lost_gold", [])]
    assert sorted(found) == sorted((s.start, s.end, s.label) for s in annotated.spans)
    for start, end, _ in record.get("lost_gold", []):
        edges = annotated.text[start] + annotated.text[end - 1]
        assert annotated.tokens is not None or edges.strip() != edges


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotated_texts(), st.sampled_from(["sc", "mine"]))
def test_round_trip(tmp_path, annotated, key):
    assume(not any(annotated.text[start] == " " for start, _ in annotated.tokens or []))
    (line,) = write_document(annotated, spans_key=key)
    ((back, rejects),) = read(tmp_path, line, "a.jsonl", spans_key=key)
    assert rejects == []
    assert (back.name, back.text, back.meta) == ("n", annotated.text, annotated.meta)
    (again,) = write_document(back, spans_key=key)
    assert again == line
    lost = {tuple(entry) for entry in json.loads(line).get("lost_gold", [])}
    kept = [s for s in annotated.spans if (s.start, s.end, s.label) not in lost]
    found = [s for s in back.spans if (s.start, s.end, s.label) not in lost]
    assert found == kept


def test_tokens_of_a_doc_are_those_of_to_json():
    doc = make_doc()
    places = [(t.idx, t.idx + len(t)) for t in doc if not t.is_space]
    (line,) = write_document(AnnotatedText("a", doc.text, tokens=places))
    assert json.loads(line)["tokens"] == doc.to_json()["tokens"]


def test_packed_file_and_byte_order_mark(tmp_path):
    line = "\ufeff" + json.dumps(make_doc().to_json())
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line.encode("utf-8")))
    ((annotated, _),) = read_documents(SPACY_JSON, tmp_path / "a.jsonl.gz")
    assert len(annotated.spans) == 2


@pytest.mark.parametrize(
    "value",
    [
        [make_doc().to_json()],
        [["Leith", {"entities": [[0, 5, "GPE"]]}]],
        {"classes": ["GPE"], "annotations": [["Leith", {"entities": []}]]},
        [{"id": 1, "paragraphs": [paragraph("O" * 7)]}],
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_each_form_is_detected(tmp_path, value, indent):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    assert detect_format(path) is SPACY_JSON


def test_written_file_is_detected(tmp_path):
    doc = doc_with(["Leith"], [(0, 1, "GPE")])
    tokens = [(0, 5)]
    (line,) = write_document(AnnotatedText("a", doc.text, tokens=tokens))
    (tmp_path / "a.jsonl").write_text(line)
    assert detect_format(tmp_path) is SPACY_JSON
    assert Doc(spacy.blank("en").vocab).from_json(json.loads(line)).text == "Leith "


def test_offsets_of_to_json_always_count_code_points(tmp_path):
    ((annotated, _),) = read(tmp_path, [make_doc().to_json()], offsets="utf-16")
    assert places(annotated) == [("ORG", 2, 20), ("GPE", 15, 20)]


def test_entities_of_displacy_are_detected_and_need_the_option_ents(tmp_path):
    value = [{"text": "Anna", "ents": [{"start": 0, "end": 4, "label": "PER"}]}]
    (tmp_path / "a.json").write_text(json.dumps(value))
    assert detect_format(tmp_path / "a.json") is SPACY_JSON
    with pytest.raises(ValueError, match="GP180.*ents=true"):
        read(tmp_path, value)
