"""Every format's file is told by its look, and taken for no other format."""

from __future__ import annotations

import gzip

import pytest
from format_samples import SAMPLES, as_text

from spacy_globalpointer.corpus.formats.registry import FORMATS, detect_format


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_each_sample_is_told(tmp_path, name, file, content):
    path = tmp_path / file
    path.write_text(as_text(content), encoding="utf-8")
    assert detect_format(path).name == name
    assert detect_format(tmp_path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_packed_and_with_a_byte_order_mark(tmp_path, name, file, content):
    path = tmp_path / f"{file}.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + as_text(content).encode("utf-8")))
    assert detect_format(path).name == name


@pytest.mark.parametrize("name,file,content", SAMPLES)
def test_no_other_format_but_the_plain_one_would_take_it(tmp_path, name, file, content):
    takers = {
        format.name
        for format in FORMATS.values()
        if format.looks_like(tmp_path / file, as_text(content))
    }
    assert name in takers and takers <= {name, "jsonl"}


@pytest.mark.parametrize(
    "content", ["", "Ann of Leith\n", "{}", "[]", "[1]", '"a"', "{"]
)
def test_what_is_of_no_format(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="GP162"):
        detect_format(tmp_path / "a.json")


def test_every_sample_is_of_a_format_that_is_there():
    assert {name for name, _, _ in SAMPLES} <= set(FORMATS)
