"""Whatever a .spacy file holds: documents with an account, or an error with a code."""

from __future__ import annotations

import errno
import json
import struct
import tempfile
import zlib
from pathlib import Path

import numpy
import pytest
import srsly
from corpus_helpers import NLP, doc_with
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.attrs import LEMMA, ORTH
from spacy.tokens import DocBin, Span
from spacy.vocab import Vocab

from spacy_globalpointer.corpus import docbin
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.docbin import parse_docs
from spacy_globalpointer.corpus.reader import cut_doc
from spacy_globalpointer.corpus.statistics import CorpusStatistics
from spacy_globalpointer.types import LOST_GOLD


def make_doc(title):
    doc = doc_with(["Ann", "of", "Leith"], [(0, 1, "PER"), (0, 3, "PER")])
    doc.spans["sc"].attrs["scores"] = numpy.array([0.5, 0.25], dtype="float32")
    doc.set_ents([Span(doc, 0, 1, label="PER")])
    for token in doc:
        token.head, token.dep_ = doc[0], "dep"
    doc.cats = {"LETTER": 1.0}
    stored = {"title": title, "meta": {"page": [1]}, LOST_GOLD: [[0, 2, "PER"]]}
    doc.user_data.update({**stored, "tokens": [[0, 3], [4, 12]]})
    return doc


GOOD = DocBin(docs=[make_doc("a"), make_doc("b")], store_user_data=True).to_bytes()
RECORD = srsly.msgpack_loads(zlib.decompress(GOOD))


def packed(record):
    return zlib.compress(srsly.msgpack_dumps(record))


def changed(**parts):
    return packed({**RECORD, **parts})


def with_group(**parts):
    """With other values in the first group of spans."""
    groups = srsly.msgpack_loads(RECORD["span_groups"][0])
    [(group, keys)] = groups.items()
    new = srsly.msgpack_dumps({**srsly.msgpack_loads(group), **parts})
    first = srsly.msgpack_dumps({new: keys})
    return changed(span_groups=[first, *RECORD["span_groups"][1:]])


def with_span(*places, label=None):
    label = NLP.vocab.strings["PER"] if label is None else label
    return with_group(spans=[struct.pack(">QQQllll", 0, 0, label, *places)])


def with_user_data(**parts):
    data = {**srsly.msgpack_loads(RECORD["user_data"][0]), **parts}
    return changed(user_data=[srsly.msgpack_dumps(data), RECORD["user_data"][1]])


def with_lengths(*lengths):
    return changed(lengths=numpy.array(lengths, dtype="int32").tobytes())


def without(key):
    return packed({k: value for k, value in RECORD.items() if k != key})


def read(data):
    """Read, count and cut; RETURNS: the number of Docs."""
    docs = list(parse_docs(data, Vocab(), path="a.spacy"))
    statistics = CorpusStatistics("sc")
    for doc in docs:
        statistics.add(doc)
        cut_doc(doc, 2)
    return len(docs)


def convert(data, **options):
    """RETURNS (str): The code of the error; "" if there is an account."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.spacy").write_bytes(data)
        try:
            output = Path(folder) / "out"
            convert_corpus(Path(folder) / "a.spacy", output, nlp=NLP, options=options)
        except ValueError as err:
            assert str(err).startswith("[GP"), err
            assert not output.exists()
            return str(err)[1:6]
        summary = json.loads((output / "summary.json").read_text("utf-8"))["all"]
        assert summary["read"] == summary["kept"] + sum(summary["rejected"].values())
        return ""


def test_valid_file_is_read():
    assert read(GOOD) == 2 and convert(GOOD) == ""


CRAFTED = {
    "negative length": with_lengths(7, -1),
    "lengths that are too large": with_lengths(3, 2**30),
    "lengths that are too small": with_lengths(1, 1),
    "a length less": with_lengths(6),
    "half a length": changed(lengths=RECORD["lengths"][:-1]),
    "half a token": changed(tokens=RECORD["tokens"][:-3]),
    "a token less": changed(tokens=RECORD["tokens"][: -8 * len(RECORD["attrs"])]),
    "a space more": changed(spaces=RECORD["spaces"] + b"\x01"),
    "no columns": changed(attrs=[]),
    "columns without the words": changed(attrs=[a + 1 for a in RECORD["attrs"]]),
    "a column more": changed(attrs=[*RECORD["attrs"], LEMMA]),
    "no strings": changed(strings=[]),
    "strings of another kind": changed(strings=[1, None]),
    "words that no string has": changed(tokens=b"\x07" * len(RECORD["tokens"])),
    "labels of one Doc": changed(cats=[{}]),
    "labels of three Docs": changed(cats=[{}] * 3),
    "labels that are a list": changed(cats=[[], []]),
    "flags of one Doc": changed(flags=[{}]),
    "spans of one Doc": changed(span_groups=RECORD["span_groups"][:1]),
    "spans that are no bytes": changed(span_groups=["x", "y"]),
    "spans that are cut off": changed(span_groups=[b"\x81", b"\x81"]),
    "span beyond the tokens": with_span(0, 99, 0, 3),
    "span beyond the text": with_span(0, 1, 0, 99),
    "span before the tokens": with_span(-1, 1, 0, 3),
    "span before the text": with_span(0, 1, -5, 3),
    "span whose end is before its start": with_span(2, 1, 7, 3),
    "label that no string has": with_span(0, 1, 0, 3, label=12345),
    "spans that are a number": with_group(spans=3),
    "half a span": with_group(spans=[b"abc"]),
    "lost gold of another form": with_user_data(**{LOST_GOLD: [3]}),
    "user data that are a list": changed(user_data=[srsly.msgpack_dumps([1])] * 2),
    "no record": packed([1, 2]),
    **{f"no {key}": without(key) for key in ("attrs", "tokens", "lengths", "cats")},
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_file_is_an_error(name):
    with pytest.raises(ValueError, match=r"GP118.*a\.spacy"):
        read(CRAFTED[name])
    assert convert(CRAFTED[name]) == "GP118"


@pytest.mark.parametrize("key,value", [("title", 3), ("meta", [1]), ("tokens", [[9]])])
def test_invalid_user_data_of_others_is_ignored(key, value):
    assert convert(with_user_data(**{key: value})) == ""


def test_scores_of_another_form_are_read_as_none():
    for scores in ("x", [1], 0.5, {"a": 1}, numpy.array(0.5), [[1], [2]]):
        assert convert(with_group(attrs={"scores": scores})) == ""


def test_entities_of_unknown_labels_are_an_error():
    doc = make_doc("a")
    strings = [s for s in RECORD["strings"] if s != "PER"]
    del doc.spans["sc"]
    bin = DocBin(docs=[doc], store_user_data=True).to_bytes()
    record = srsly.msgpack_loads(zlib.decompress(bin))
    assert convert(packed({**record, "strings": strings}), ents="true") == "GP118"


def test_old_files_without_spans_and_flags_are_read():
    old = {k: RECORD[k] for k in ("attrs", "tokens", "spaces", "lengths", "strings")}
    assert read(packed({**old, "cats": RECORD["cats"]})) == 2
    assert ORTH in RECORD["attrs"]


JUNK = st.sampled_from(
    [None, -1, 2**63, 2**64 - 1, "x", "", b"", b"abc", [], [1], [None], {}, {"a": 1}]
    + [{b"nd": True}, {b"nd": True, b"type": "<f4", b"shape": [9], b"data": b"1234"}]
    + [{b"complex": True, b"data": b"x"}, float("nan"), True, [[[]]], [-1, 2], ["a"]]
)


@st.composite
def damaged(draw, value):
    """A part of a value is another, is missing, or comes twice; bytes are unpacked
    for it, or cut, or have another byte."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value, key=str)))
        rest = {k: v for k, v in value.items() if k != key}
        return (
            rest
            if not draw(st.integers(0, 9))
            else {**rest, key: draw(damaged(value[key]))}
        )
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        i = draw(st.integers(0, len(value) - 1))
        parts = draw(st.sampled_from([[], [value[i]] * 2, None]))
        parts = [draw(damaged(value[i]))] if parts is None else parts
        return [*value[:i], *parts, *value[i + 1 :]]
    if isinstance(value, bytes) and len(value) > 4 and draw(st.integers(0, 9)):
        return draw(damaged_bytes(value))
    return draw(JUNK)


@st.composite
def damaged_bytes(draw, value):
    place = draw(st.integers(0, len(value) - 1))
    how = draw(st.sampled_from(["inside", "cut", "byte"]))
    if how == "cut":
        return value[:place]
    if how == "inside":
        try:
            return srsly.msgpack_dumps(draw(damaged(srsly.msgpack_loads(value))))
        except (ValueError, TypeError, OverflowError):
            pass
    byte = draw(st.integers(0, 255))
    return value[:place] + bytes([byte]) + value[place + 1 :]


@settings(max_examples=100)
@given(damaged(RECORD))
def test_any_damage_to_a_part_is_read_or_an_error_with_a_code(record):
    try:
        data = packed(record)
    except (ValueError, TypeError, OverflowError):
        return  # cannot be written at all
    try:
        read(data)
    except ValueError as err:
        assert "GP118" in str(err)
    convert(data)


@settings(max_examples=60)
@given(st.data())
def test_any_other_byte_or_end_is_read_or_an_error_with_a_code(data):
    raw = zlib.decompress(GOOD)
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = bytes([data.draw(st.integers(0, 255))])
    for content in (raw[:place] + byte + raw[place + 1 :], raw[:place]):
        try:
            read(zlib.compress(content))
        except ValueError as err:
            assert "GP118" in str(err)
        convert(zlib.compress(content))


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "no memory")])
def test_too_little_memory_is_not_reported_as_a_damaged_file(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(docbin.srsly, "msgpack_loads", fail)
    with pytest.raises(type(error)) as raised:
        list(parse_docs(zlib.compress(b""), Vocab(), path="a.spacy"))
    assert raised.value is error
