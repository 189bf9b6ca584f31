"""Token-tag columns of Hugging Face datasets: names, class ids, Parquet."""

from __future__ import annotations

import datetime
import importlib.util
import json
import tempfile
from pathlib import Path

import pytest
from format_helpers import documents, named, read_all, there_and_back
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import (
    AnnotatedText,
    Reason,
    Source,
    TextSpan,
)
from spacy_globalpointer.corpus.formats.class_names import find_class_names
from spacy_globalpointer.corpus.formats.huggingface import HF_TOKENS

RECORD = {
    "id": "7",
    "tokens": ["😀", "Bank", "of", "Leith"],
    "ner_tags": ["O", "B-ORG", "I-ORG", "I-ORG"],
    "nested_ner_tags": ["O", "O", "O", "B-GPE"],
    "pos_tags": [1, 2, 3, 2],
}
NAMES = ["O", "B-ORG", "I-ORG"]
IDS = {"tokens": ["Bank", "of"], "ner_tags": [1, 2]}
# As `datasets` describes them.
LABEL = {"names": NAMES, "_type": "ClassLabel"}
FEATURES = {
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
    "ner_tags": {"feature": LABEL, "length": -1, "_type": "Sequence"},
}


def read(folder, *records, name="file.jsonl", **options):
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (folder / name).write_text("".join(lines), encoding="utf-8")
    return read_all("hf-tokens", folder / name, **options)


def one(folder, record, **options):
    [(document, rejects)] = read(folder, record, **options)
    return document, rejects


def found(document):
    return [
        (span.label, document.text[span.start : span.end]) for span in document.spans
    ]


def written(folder, *documents, **options):
    HF_TOKENS.write(documents, folder / "new.jsonl", **options)
    lines = (folder / "new.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def text_with(text, *spans):
    made = [TextSpan(label, a, b, Source("", 1)) for label, a, b in spans]
    return AnnotatedText("d", text, made, len(made))


def test_tags_can_be_names(tmp_path):
    document, rejects = one(tmp_path, RECORD)
    assert (document.name, document.text) == ("file:7", "😀 Bank of Leith")
    assert document.tokens == [(0, 1), (2, 6), (7, 9), (10, 15)]
    assert found(document) == [("ORG", "Bank of Leith"), ("GPE", "Leith")]
    assert (str(document.source), rejects) == ("file.jsonl:1", [])


def test_a_record_is_written_back_with_its_other_fields(tmp_path):
    document, _ = one(tmp_path, RECORD)
    assert written(tmp_path, document) == [RECORD]
    assert (tmp_path / "new.jsonl").read_bytes() == (
        tmp_path / "file.jsonl"
    ).read_bytes()


@pytest.mark.parametrize(
    "record",
    [
        {"words": ["Bank"], "ner": ["B-ORG"]},
        {"tokens": ["Bank"], "tags": ["B-ORG"], "nested_ner_tags": None},
        {"tokens": ["Bank"], "labels": ["B-ORG"], "id": 3},
    ],
)
def test_other_column_names_are_read(tmp_path, record):
    document, _ = one(tmp_path, record)
    assert found(document) == [("ORG", "Bank")]
    assert document.name == f"file:{record.get('id', 1)}"


def test_option_chooses_columns(tmp_path):
    record = {"t": ["Bank"], "a": ["B-A"], "b": ["B-B"], "ner_tags": ["O"]}
    document, _ = one(tmp_path, record, tokens="t", tags="b,a")
    assert found(document) == [("B", "Bank"), ("A", "Bank")]


def test_array_of_records_is_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([RECORD, {**RECORD, "id": 8}]))
    names = [document.name for document, _ in HF_TOKENS.read(tmp_path)]
    assert names == ["a:7", "a:8"]


def test_option_names_class_ids(tmp_path):
    document, _ = one(tmp_path, IDS, labels="O,B-ORG,I-ORG")
    assert found(document) == [("ORG", "Bank of")]
    [record] = written(tmp_path, document)
    assert record["ner_tags"] == ["B-ORG", "I-ORG"]


def test_dataset_info_names_class_ids(tmp_path):
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    read(tmp_path, IDS)
    [(document, _)] = HF_TOKENS.read(tmp_path)
    assert found(document) == [("ORG", "Bank of")]


@pytest.mark.parametrize("info", [None, "[", "[]", '{"features": {"ner_tags": [1]}}'])
def test_class_ids_without_names_raise_GP174(tmp_path, info):
    if info is not None:
        (tmp_path / "dataset_info.json").write_text(info)
    with pytest.raises(ValueError, match=r"GP174.*file\.jsonl:1.*ner_tags"):
        read(tmp_path, IDS)


@pytest.mark.parametrize("tag", [-100, 3, None, True, 1.0, ["O"], "ORG", "B-\ud800"])
def test_invalid_tags_are_rejected(tmp_path, tag):
    record = {"tokens": ["a", "b", "c"], "ner_tags": [1, tag, 1]}
    (tmp_path / "file.jsonl").write_text(json.dumps(record))
    found_ones = read_all("hf-tokens", tmp_path / "file.jsonl", labels="O,B-ORG,I-ORG")
    [(document, [reject])] = found_ones
    assert (reject.reason, len(document.spans)) == (Reason.BAD_TAG, 2)


def test_strict_rejects_spans_with_irregular_beginnings(tmp_path):
    record = {"tokens": ["a", "b"], "ner_tags": ["B-X", "I-Y"]}
    document, [reject] = one(tmp_path, record, strict=True, scheme="IOB2")
    assert (found(document), reject.value) == ([("X", "a")], "I-Y")
    assert one(tmp_path, record)[1] == []


@pytest.mark.parametrize(
    "record,reason",
    [
        ({"ner_tags": ["O"]}, "'tokens' is missing"),
        ({"tokens": "a", "ner_tags": ["O"]}, "'tokens' is"),
        ({"tokens": ["a", 1], "ner_tags": ["O", "O"]}, "not a string"),
        ({"tokens": ["a"]}, "no column of tags"),
        ({"tokens": ["a"], "ner_tags": "O"}, "'ner_tags' is"),
        ({"tokens": ["a"], "ner_tags": ["O", "O"]}, "1 'tokens', but 2 'ner_tags'"),
        (["a"], "not an object"),
    ],
)
def test_invalid_records_are_an_error(tmp_path, record, reason):
    with pytest.raises(ValueError, match=rf"GP164.*file\.jsonl:2.*{reason}"):
        read(tmp_path, {"tokens": [], "ner_tags": []}, record)


@pytest.mark.parametrize("option,value", [("labels", "O,,B"), ("scheme", "BIO3")])
def test_invalid_options_are_an_error(tmp_path, option, value):
    with pytest.raises(ValueError, match=f"GP167.*'{option}'"):
        read(tmp_path, RECORD, **{option: value})
    with pytest.raises(ValueError, match="GP167.*'scheme'"):
        written(tmp_path, scheme="x")


@pytest.mark.parametrize(
    "feature,expected",
    [
        (LABEL, NAMES),
        ([LABEL], NAMES),
        ({"feature": LABEL, "_type": "Sequence"}, NAMES),
        ({"feature": {"num_classes": 3, "_type": "ClassLabel"}}, []),
        *[({"names": [1]}, []), ({}, []), ([], []), (None, []), (3, [])],
    ],
)
def test_names_are_read_from_a_description_of_features(feature, expected):
    assert find_class_names({"x": feature}, "x") == expected
    assert find_class_names({}, "x") == []


# The writer


def test_every_record_has_the_same_number_of_layers(tmp_path):
    flat = text_with("a", ("X", 0, 1))
    deep = text_with("a b", ("X", 0, 3), ("Y", 0, 1), ("Z", 0, 1))
    first, second = written(tmp_path, flat, deep, scheme="BIOES")
    layers = ["ner_tags", "nested_ner_tags", "ner_tags_3"]
    assert [first[key] for key in layers] == [["S-X"], ["O"], ["O"]]
    assert [second[key] for key in layers] == [
        *[["B-X", "E-X"], ["S-Y", "O"], ["S-Z", "O"]]
    ]
    assert list(first) == ["id", "tokens", *layers]


def test_sentences_option_writes_a_record_for_each_line(tmp_path):
    document = text_with("a b\n\nc", ("X", 5, 6))
    records = written(tmp_path, document, sentences=True)
    assert [record["id"] for record in records] == ["d:1", "d:2"]
    assert [record["tokens"] for record in records] == [["a", "b"], ["c"]]


def test_texts_that_cannot_be_written_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP172"):
        written(tmp_path, text_with("a  b", ("X", 1, 2)))
    with pytest.raises(ValueError, match="GP173"):
        written(tmp_path, text_with("a", ("", 0, 1)))


def words(document):
    return sorted(
        (span.label, "".join(document.text[span.start : span.end].split()))
        for span in document.spans
    )


@given(drawn=st.lists(documents(), max_size=3), sentences=st.booleans())
def test_every_span_survives_a_round_trip(drawn, sentences):
    given = [
        document
        for document in named(drawn)
        if all(document.text[s.start : s.end].strip() for s in document.spans)
    ]
    writing = {"sentences": sentences}
    back, first, second = there_and_back("hf-tokens", given, writing=writing)
    spans = [span for document in given for span in words(document)]
    assert sorted(s for document in back for s in words(document)) == sorted(spans)
    assert sentences or first == second


VALUES = st.none() | st.integers(-1, 4) | st.sampled_from(["B-A", "O", "", "\ud800"])
LISTS = st.lists(VALUES, max_size=3) | VALUES


@given(
    record=st.dictionaries(
        st.sampled_from(["id", "tokens", "words", "ner_tags", "tags", "x"]), LISTS
    ),
    labels=st.sampled_from(["", "O,B-A"]),
)
@example({"tokens": ["\ud800"], "ner_tags": ["O"]}, "")
def test_any_record_is_read_or_an_error_with_a_code(record, labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.jsonl"
        path.write_text(json.dumps(record))
        try:
            found_ones = read_all("hf-tokens", path, labels=labels)
            HF_TOKENS.write([d for d, _ in found_ones], path)
        except ValueError as err:
            assert str(err).startswith("[GP"), err


@given(meta=st.dictionaries(st.sampled_from(["id", "tokens", "tags", "scheme"]), LISTS))
def test_any_meta_is_written(meta):
    document = text_with("a b", ("X", 0, 1))
    document.meta["hf-tokens"] = meta
    with tempfile.TemporaryDirectory() as folder:
        HF_TOKENS.write([document], Path(folder) / "new.jsonl")
        [line] = (Path(folder) / "new.jsonl").read_text("utf-8").splitlines()
        assert ["B-X", "O"] in json.loads(line).values()


# Parquet


def write_parquet(path, records, features=None, **kwargs):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.Table.from_pylist(records)
    if features is not None:
        info = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": info})
    parquet.write_table(table, path, **kwargs)
    return path


def test_parquet_schema_names_class_ids(tmp_path):
    records = [{"id": str(i), **IDS, "when": datetime.date.today()} for i in range(5)]
    path = write_parquet(tmp_path / "a.parquet", records, FEATURES, row_group_size=2)
    read_ones = read_all("hf-tokens", path)
    assert [document.name for document, _ in read_ones] == [f"a:{i}" for i in range(5)]
    assert str(read_ones[4][0].source) == "a.parquet:5"
    assert all(found(document) == [("ORG", "Bank of")] for document, _ in read_ones)
    assert len(written(tmp_path, *[document for document, _ in read_ones])) == 5


def test_parquet_tags_can_be_names(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", [{**RECORD, "x": b"\xff"}])
    [(document, _)] = read_all("hf-tokens", path)
    assert found(document) == [("ORG", "Bank of Leith"), ("GPE", "Leith")]


def test_parquet_class_ids_without_names_raise_GP174(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", [IDS])
    with pytest.raises(ValueError, match="GP174"):
        read_all("hf-tokens", path)
    [(document, _)] = read_all("hf-tokens", path, labels=",".join(NAMES))
    assert found(document) == [("ORG", "Bank of")]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 40 + b"PAR1"])
@pytest.mark.parametrize("name", ["a.parquet", "a.parquet.gz"])
def test_damaged_parquet_is_an_error(tmp_path, content, name):
    pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"GP169.*a\.parquet"):
        read_all("hf-tokens", tmp_path / name)


@pytest.mark.parametrize("kind", ["memory", "permission"])
def test_errors_of_the_machine_are_not_reported_as_damage(tmp_path, monkeypatch, kind):
    pyarrow = pytest.importorskip("pyarrow")
    errors = {
        "memory": pyarrow.ArrowMemoryError("malloc"),
        "permission": PermissionError,
    }
    target = {"memory": "pyarrow.parquet.ParquetFile", "permission": "builtins.open"}

    def fail(*_):
        raise errors[kind]

    (tmp_path / "a.parquet").touch()
    monkeypatch.setattr(target[kind], fail)
    with pytest.raises((MemoryError, PermissionError)):
        list(HF_TOKENS.read(tmp_path / "a.parquet"))


def test_pyarrow_is_missing(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="GP170.*pip install pyarrow"):
        read_all("hf-tokens", tmp_path / "a.parquet")


@pytest.mark.parametrize("byte", [0x80, 0xFF])
def test_parquet_column_name_of_invalid_bytes_is_an_error_with_a_code(tmp_path, byte):
    path = write_parquet(tmp_path / "a.parquet", [IDS])
    content = path.read_bytes().replace(b"tokens", bytes([byte]) + b"okens")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\[GP"):
        read_all("hf-tokens", path)
