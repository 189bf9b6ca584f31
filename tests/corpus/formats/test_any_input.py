"""Whatever a file holds: documents with an account, or an error with a code."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path

import pytest
from format_helpers import read_all
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.registry import FORMATS

NAMES = ["chip", "cluener", "cmeee", "doccano", "label-studio", "prodigy"]
REGION = {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}
SPAN = {"start": 0, "end": 3, "label": "PER", "token_start": 0, "token_end": 0}
TOKEN = {"text": "Ann", "start": 0, "end": 3, "id": 0, "ws": False}
ENTITY = {"start_idx": 0, "end_idx": 2, "type": "PER", "entity": "Ann"}
PLACE = {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}
# In one record, the fields of all formats.
RECORD = {
    "id": 1,
    "text": "Ann 😀",
    "label": {"PER": {"Ann": [[0, 2]]}},
    "labels": [[0, 3, "PER"]],
    "entities": [ENTITY, PLACE],
    "relations": [{"from_id": 1, "to_id": 1, "type": "of"}],
    "data": {"text": "Ann 😀", "document": "a"},
    "annotations": [{"result": [{"type": "labels", "value": REGION, "id": "a"}]}],
    "spans": [SPAN],
    "tokens": [TOKEN],
    "answer": "accept",
    "meta": {"page": 1},
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([10**400, "\ud800", "Ann", "0", "", 1e308]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "label", "x", ""]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def read(name, content):
    """Read a file and write it again; ValueErrors with a code are an answer, too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        path.write_bytes(content)
        try:
            found = read_all(name, path)
            FORMATS[name].write([document for document, _ in found], path)
            return found
        except ValueError as err:
            assert str(err).startswith("[GP"), err
            return None


def paths(value, path=()):
    """Where the parts of a JSON value are."""
    yield path
    if isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from paths(value[key], (*path, key))


PLACES = [path for path in paths(RECORD) if path]


def record_of(name):
    """A record that the format reads; doccano has an array under label."""
    return {**copy.deepcopy(RECORD), **({"label": []} if name == "doccano" else {})}


def changed(name, path, value):
    record = record_of(name)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
        if not inner:
            return record
    inner[path[-1]] = value
    return record


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(st.binary(max_size=40) | st.text('[]{}",:|\n 01ab').map(str.encode))
@example(b"[" * 100_000)
@example(b'[{"text": "a", "label": ' + b"9" * 5000 + b"}]")
@example(b'{"text": "\\ud83d", "label": {}, "entities": []}')
def test_any_bytes_are_read_or_an_error_with_a_code(name, content):
    read(name, content)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(VALUES | st.lists(VALUES, max_size=3))
def test_any_json_values_are_read_or_an_error_with_a_code(name, value):
    read(name, json.dumps(value).encode())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(st.sampled_from(PLACES), VALUES)
def test_changed_records_are_read_or_an_error_with_a_code(name, path, value):
    read(name, json.dumps([changed(name, path, value)]).encode())


@pytest.mark.parametrize("name", NAMES[1:])
def test_unchanged_record_is_of_the_format(name):
    [(document, _)] = read(name, json.dumps([record_of(name)]).encode())
    assert ("PER", 0, 3) in [(s.label, s.start, s.end) for s in document.spans]
