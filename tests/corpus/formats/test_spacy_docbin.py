"""The .spacy format: what convert wrote can be converted anew."""

from __future__ import annotations

import gzip
import zlib

import pytest
import srsly
from corpus_helpers import NLP, doc_with, save
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_globalpointer.corpus.annotations import Reason
from spacy_globalpointer.corpus.docbin import parse_docs
from spacy_globalpointer.corpus.formats.registry import detect_format, read_documents
from spacy_globalpointer.corpus.formats.spacy_docbin import SPACY


def read(path, **options):
    return list(read_documents(SPACY, path, options=options))


def places(annotated):
    return [(s.label, s.start, s.end) for s in annotated.spans]


def test_spans_names_and_sources(tmp_path):
    named = doc_with(["😀", "Leith", "Bank"], [(1, 3, "ORG"), (1, 2, "GPE")])
    named.user_data["title"] = "mine"
    save(tmp_path / "a.spacy", [named, doc_with(["b"])])
    (first, rejects), (second, _) = read(tmp_path / "a.spacy")
    assert (first.name, first.text, rejects) == ("mine", "😀 Leith Bank ", [])
    assert places(first) == [("ORG", 2, 12), ("GPE", 2, 7)]
    assert [str(s.source) for s in first.spans] == ["a.spacy:1", "a.spacy:1"]
    assert (second.name, str(second.source), second.n_read) == (
        *("a:2", "a.spacy:2"),
        0,
    )


def test_subfolders_and_packed_files_are_read(tmp_path):
    (tmp_path / "train.spacy").mkdir()
    save(tmp_path / "train.spacy" / "0.spacy", [doc_with(["a"])])
    data = DocBin(docs=[doc_with(["b"])]).to_bytes()
    (tmp_path / "dev.spacy.gz").write_bytes(gzip.compress(data))
    names = [annotated.name for annotated, _ in read(tmp_path)]
    assert names == ["dev:1", "train.spacy/0:1"]
    assert detect_format(tmp_path) is SPACY


def test_option_chooses_the_spans_key(tmp_path):
    save(tmp_path / "a.spacy", [doc_with(["a"], [(0, 1, "X")], key="mine")])
    ((annotated, _),) = read(tmp_path / "a.spacy", spans_key="mine")
    assert places(annotated) == [("X", 0, 1)]
    with pytest.raises(ValueError, match=r"GP180.*a\.spacy:1.*keys found: mine"):
        read(tmp_path / "a.spacy")


def test_option_reads_entities(tmp_path):
    doc = Doc(NLP.vocab, words=["a", "b"])
    doc.ents = [Span(doc, 1, 2, label="PER")]
    save(tmp_path / "a.spacy", [doc])
    ((annotated, _),) = read(tmp_path / "a.spacy", ents=True)
    assert places(annotated) == [("PER", 2, 3)]


def test_options_are_parsed_from_text():
    assert SPACY.reading({"spans_key": "x", "ents": "true"}) == {
        **{"spans_key": "x", "ents": True}
    }
    with pytest.raises(ValueError, match="GP167"):
        SPACY.reading({"ents": "perhaps"})


def test_spans_without_characters_and_labels_of_the_document_are_rejects(tmp_path):
    doc = doc_with(["a", "b"], [(1, 1, "X"), (0, 1, "Y")])
    doc.cats = {"LETTER": 1.0}
    save(tmp_path / "a.spacy", [doc])
    ((annotated, rejects),) = read(tmp_path / "a.spacy")
    assert places(annotated) == [("Y", 0, 1)]
    assert [r.reason for r in rejects] == [Reason.EMPTY, Reason.NOT_A_SPAN]
    assert annotated.n_read == 3


GOOD = DocBin(docs=[doc_with(["a", "b"], [(0, 1, "X")])], store_user_data=True)
RECORD = srsly.msgpack_loads(zlib.decompress(GOOD.to_bytes()))
BAD = [
    *(b"", b"text", GOOD.to_bytes()[:-9], zlib.compress(b""), zlib.compress(b"\x80")),
    *(zlib.compress(srsly.msgpack_dumps(value)) for value in (None, 3, [], {"a": 1})),
    *(
        zlib.compress(srsly.msgpack_dumps({**RECORD, key: value}))
        for key in RECORD
        for value in (None, b"abc", [1])
        if key not in ("version", "user_data")
    ),
]


@pytest.mark.parametrize("data", BAD)
def test_damaged_content_is_an_error(data):
    try:
        docs = list(parse_docs(data, Vocab(), path="a.spacy"))
    except ValueError as err:
        assert "GP118" in str(err) and "a.spacy" in str(err)
    else:
        assert all(isinstance(doc, Doc) for doc in docs)


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_read_or_raise_GP118(data, pack):
    with pytest.raises(ValueError, match="GP118"):
        list(parse_docs(zlib.compress(data) if pack else data, Vocab(), path="a"))


@given(st.data())
def test_any_damage_is_read_or_raises_GP118(data):
    content = bytearray(GOOD.to_bytes())
    place = data.draw(st.integers(2, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        docs = list(parse_docs(bytes(content), Vocab(), path="a.spacy"))
    except ValueError as err:
        assert "GP118" in str(err)
    else:  # a bit that zlib does not read
        assert [doc.text for doc in docs] == ["a b "]


def test_damaged_gzip_is_an_error(tmp_path):
    path = tmp_path / "a.spacy.gz"
    path.write_bytes(gzip.compress(GOOD.to_bytes())[:-20])
    with pytest.raises(ValueError, match="GP169"):
        read(path)


def test_format_has_no_writer():
    assert SPACY.write is None
