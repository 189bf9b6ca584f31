"""Our own JSON lines."""

from __future__ import annotations

import json

import pytest
from corpus_helpers import places
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import Reason
from spacy_globalpointer.corpus.formats.jsonl import JSONL
from spacy_globalpointer.corpus.formats.registry import read_documents


def read(path):
    return list(read_documents(JSONL, path))


def test_documents_of_the_documented_form_are_read(tmp_path):
    spans = [{"start": 1, "end": 3, "label": "X", "id": 7, "score": 0.5}]
    lines = [
        {"id": "a", "text": "\U0001f600bc", "spans": spans, "meta": {"x": [1]}},
        {"text": "nothing"},
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (one, []), (two, []) = read(path)
    (span,) = one.spans
    assert (one.name, one.text, one.meta) == ("a", "\U0001f600bc", {"x": [1]})
    assert (span.start, span.end, span.label, span.id, span.score) == (
        1,
        3,
        "X",
        "7",
        0.5,
    )
    assert (str(one.source), one.n_read) == ("in.jsonl:1", 1)
    assert (two.name, two.spans, two.n_read) == ("in:2", [], 0)


@pytest.mark.parametrize(
    "span,reason",
    [
        ({"start": 0, "end": 1}, Reason.BAD_LINE),
        ({"start": 0, "end": 1, "label": ""}, Reason.BAD_LINE),
        ({"start": 0, "end": 1.5, "label": "X"}, Reason.BAD_LINE),
        ({"start": True, "end": 1, "label": "X"}, Reason.BAD_LINE),
        ({"start": 0, "end": 1, "label": "X", "score": "high"}, Reason.BAD_LINE),
        ({"start": 0, "end": 1, "label": "X", "id": []}, Reason.BAD_LINE),
        ("X", Reason.BAD_LINE),
        ({"start": 0, "end": 9, "label": "X"}, Reason.OUT_OF_TEXT),
        ({"start": 1, "end": 1, "label": "X"}, Reason.EMPTY),
        ({"start": 2, "end": 1, "label": "X"}, Reason.END_BEFORE_START),
    ],
)
def test_rejects_have_their_reasons(tmp_path, span, reason):
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": "abc", "spans": [span]}))
    ((document, (reject,)),) = read(path)
    assert (reject.reason, reject.line, document.n_read) == (reason, 1, 1)
    assert json.loads(reject.value) == span and not document.spans


@pytest.mark.parametrize(
    "line,message",
    [
        ("[]", "not an object"),
        ("{}", "'text' is missing"),
        ('{"text": 1}', "'text' is 1"),
        ('{"text": "", "spans": {}}', "'spans'"),
        ('{"text": "", "meta": []}', "'meta'"),
        ('{"text": "", "id": 1.5}', "'id'"),
        ('{"text": "", "entities": []}', "'entities' is not one of id, text"),
        ('{"text": "", "label": [[0, 1, "X"]]}', "'label' is not one of"),
        ('{"text": "", "span": []}', "'span' is not one of"),
    ],
)
def test_lines_of_another_form_are_an_error(tmp_path, line, message):
    (tmp_path / "in.jsonl").write_text('{"text": ""}\n' + line)
    with pytest.raises(ValueError, match=f"GP164.*in.jsonl:2.*{message}"):
        read(tmp_path / "in.jsonl")


LABELS = [
    {"label": "SPORT"},
    {"accept": ["A", "B"]},
    {"accept": "A"},
    {"cats": {"A": 1}},
]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("spans", [{}, {"spans": []}])
def test_labels_of_the_text_are_not_spans(tmp_path, labels, spans):
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "a", **labels, **spans}))
    ((document, (reject,)),) = read(tmp_path / "in.jsonl")
    assert (reject.reason, json.loads(reject.value)) == (Reason.NOT_A_SPAN, labels)
    assert (document.n_read, document.skip) == (1, not spans)


def test_other_fields_of_a_span_are_ignored(tmp_path):
    span = {"start": 0, "end": 1, "label": "X", "token_start": 0}
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "a", "spans": [span]}))
    ((document, rejects),) = read(tmp_path / "in.jsonl")
    assert (len(document.spans), rejects) == (1, [])


@st.composite
def corpora(draw):
    records = []
    for i in range(draw(st.integers(1, 3))):
        text = draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
        spans = [
            {"start": a, "end": b, "label": draw(st.text("XY-", min_size=1))}
            for a, b in draw(places(len(text)))
        ]
        records.append({"id": f"{i}", "text": text, "spans": spans})
    return records


@settings(max_examples=50, deadline=None)
@given(records=corpora())
def test_round_trip_gives_the_same_bytes(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("trip")
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (folder / "a.jsonl").write_bytes("".join(lines).encode())
    JSONL.write((document for document, _ in read(folder / "a.jsonl")), folder / "b")
    assert (folder / "b").read_bytes() == (folder / "a.jsonl").read_bytes()


def test_array_on_one_line_has_documents_with_names_of_their_own(tmp_path):
    value = [{"text": "a"}, {"text": "b"}, {"id": "x", "text": "c"}]
    (tmp_path / "in.json").write_text(json.dumps(value))
    documents = [document for document, _ in read(tmp_path / "in.json")]
    assert [(d.name, d.text) for d in documents] == [
        *([("in:1", "a"), ("in:2", "b"), ("x", "c")])
    ]


@pytest.mark.parametrize("start,end", [(2, 5), (3, 6), (5, 8), (2, 4)])
def test_copies_of_the_text_decide_the_reading_of_offsets(tmp_path, start, end):
    span = {"start": start, "end": end, "label": "PER", "text": "Ann"}
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"text": "👍 Ann ran", "spans": [span]})
    )
    ((document, rejects),) = read(tmp_path / "in.jsonl")
    assert [(s.start, s.end) for s in document.spans] == [(2, 5)] and not rejects


def test_span_with_another_text_is_a_reject(tmp_path):
    span = {"start": 0, "end": 3, "label": "PER", "text": "Bob"}
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "Ann", "spans": [span]}))
    ((_, (reject,)),) = read(tmp_path / "in.jsonl")
    assert reject.reason is Reason.TEXT_MISMATCH


def test_without_copies_offsets_count_code_points(tmp_path):
    span = {"start": 0, "end": 3, "label": "PER"}
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": "Annabel", "spans": [span]}))
    ((document, _),) = read(tmp_path / "in.jsonl")
    assert [(s.start, s.end) for s in document.spans] == [(0, 3)]
