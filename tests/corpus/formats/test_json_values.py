"""JSON values one at a time: what json itself reads, with the line of each."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats import files, json_values
from spacy_globalpointer.corpus.formats.files import SourceFile
from spacy_globalpointer.corpus.formats.json_values import (
    get_field,
    read_json_items,
    read_json_lines,
)

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = st.recursive(
    SCALARS, lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=5)


def read(path, reader=read_json_items):
    file = SourceFile(path, path.name)
    found = list(reader(file, encoding="utf-8", format="test"))
    return [place.line for place, _ in found], [value for _, value in found]


@settings(max_examples=60, deadline=None)
@given(objects=OBJECTS, indent=st.sampled_from([None, 1]), block=st.integers(1, 30))
def test_array_and_lines_are_read_as_by_json(tmp_path_factory, objects, indent, block):
    path = tmp_path_factory.mktemp("json") / "x.json"
    files._BLOCK, old = block, files._BLOCK
    try:
        path.write_text(json.dumps(objects, indent=indent), encoding="utf-8")
        assert read(path)[1] == objects
        path.write_text("\n".join(map(json.dumps, objects)), encoding="utf-8")
        assert read(path)[1] == read(path, read_json_lines)[1] == objects
    finally:
        files._BLOCK = old


def test_values_have_the_line_where_they_begin(tmp_path):
    (tmp_path / "x").write_text(' [\n {"a":\n 1}, {"b": "\\n"}\n,\n\n{}]\n')
    assert read(tmp_path / "x") == ([2, 3, 6], [{"a": 1}, {"b": "\n"}, {}])
    (tmp_path / "x").write_text('\n{"a": 1}\r\n\n{"b": 2}')
    assert read(tmp_path / "x") == ([2, 4], [{"a": 1}, {"b": 2}])


@pytest.mark.parametrize(
    "content,message",
    [
        ('{"a": 1}\n{"a": ', "x:2.*column"),
        ("[1]", "x:1.*1 is not an object"),
        ('[{"a": 1}, [', "x:1"),
        ('[{"a": 1}', "x:1"),
        ('[{"a": 1}\n{"a": 1}]', "x:2.*comma"),
        ('[{"a": 1}]\n3', "x:2.*follows"),
        ('[{"a":\n\n nope}]', "x:3"),
        ('{"a": NaN}', "x:1.*NaN"),
        ('[{"a": Infinity}]', "x:1.*Infinity"),
        ("[" + '{"a":' * 100_000, "x:1"),
        ('{"a":' * 100_000, "x:1"),
        ('{"a": 1}\n{"a": {"b": 1, "b": 2}}', "x:2.*'b' comes twice"),
        ('[{"a": 1, "a": 1}]', "x:1.*'a' comes twice"),
        ('{"a": 1} {"b": 1}', "x:1.*Extra data"),
        ("nope", "x:1"),
        ("[,", "x:1"),
    ],
)
def test_invalid_json_is_an_error(tmp_path, content, message):
    (tmp_path / "x").write_text(content)
    with pytest.raises(ValueError, match=rf"GP164.*{message}"):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    "content,message",
    [
        ('{"a": 1}\n{"a": [1', "x:2.*line ends within"),
        ('{"a": 1}\n{"a": "b', "x:2.*line ends within"),
        ('{\n"a": 1\n}', "x:1.*line ends within.*several lines"),
        ('{"a" 1}', "x:1.*JSON is broken: Expecting ':' delimiter .column 6"),
        ('[{"a": 1},\n{"a":\n"b', "x:2.*file ends within.*line 3.*in part"),
        ('[{"a": 1},\n{"a":\n', "x:2.*file ends within.*line 3"),
        ('[{"a": nope}]', "x:1.*JSON is broken: Expecting value"),
    ],
)
def test_cut_off_values_are_distinguished_from_broken_ones(tmp_path, content, message):
    (tmp_path / "x").write_text(content)
    with pytest.raises(ValueError, match=rf"GP164.*{message}"):
        read(tmp_path / "x")


def test_endless_value_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_values, "MAX_LINE", 1)
    (tmp_path / "x").write_text('[\n{"a": "' + "b" * 3 * 2**20)
    with pytest.raises(ValueError, match="GP164.*x:2.*1 MiB.*Unterminated.*line 2"):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    "fault,message",
    [
        ('{"a" 1}', "Expecting ':'"),
        ('{"a": nope}', "Expecting value"),
        ('{"a": "b\nc"}', "control character"),
        ('{"a": "\\x"}', "escape"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": 1, "a": 1}', "'a' comes twice"),
    ],
)
def test_error_is_raised_before_the_rest_is_read(tmp_path, monkeypatch, fault, message):
    monkeypatch.setattr(json_values, "MAX_LINE", 1)
    rest = '{"a": "b"},\n' * 300_000
    (tmp_path / "x").write_text('[{"a": 0},\n' + fault + ",\n" + rest + "{}]")
    with pytest.raises(ValueError, match=rf"GP164.*x:2.*{message}"):
        read(tmp_path / "x")


def test_array_of_one_long_line_needs_no_long_line(tmp_path, monkeypatch):
    monkeypatch.setattr(json_values, "MAX_LINE", 2)
    monkeypatch.setattr(files, "MAX_LINE", 2)
    objects = [{"text": "b" * 2**19}] * 9
    (tmp_path / "x").write_text(json.dumps(objects))
    assert read(tmp_path / "x")[1] == objects


@pytest.mark.parametrize(
    "record,kind,message",
    [
        ({}, str, "'a' is missing"),
        ({"a": 1}, str, "'a' is 1, not a string"),
        ({"a": True}, int, "'a' is true, not a whole number"),
        ({"a": "b" * 99}, (int, list), "not a whole number or an array"),
    ],
)
def test_fields_of_another_type_are_an_error(record, kind, message):
    place = json_values.Source("x", 7)
    with pytest.raises(ValueError, match=f"GP164.*x:7.*{message}"):
        get_field(record, "a", kind, place, "test")
