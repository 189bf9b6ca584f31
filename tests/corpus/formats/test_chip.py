"""CHIP-2020: inclusive ends, fields between bars."""

from __future__ import annotations

import gzip

import pytest
from format_helpers import documents, read_all, reasons, texts, there_and_back, triples
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.formats.registry import FORMATS

# Made for this test in the form of the shared task.
SAMPLE = "小儿肺炎可用药。|||2    3    dis|||0    3    sym|||\n无。|||\n"


def read(folder, content, **options):
    path = folder / "train.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_all("chip", path, **options)


def test_spans_have_their_source(tmp_path):
    (first, _), (second, _) = read(tmp_path, SAMPLE)
    assert (first.name, second.name) == ("train:1", "train:2")
    assert triples(first) == [("dis", 2, 4), ("sym", 0, 4)]
    assert texts(first) == [("dis", "肺炎"), ("sym", "小儿肺炎")]
    assert str(second.source) == "train.txt:2"
    assert (second.text, second.spans, second.n_read) == ("无。", [], 0)


def test_offsets_count_code_points(tmp_path):
    [(document, _)] = read(tmp_path, "😀e\u0301肺炎|||3    4    dis|||")
    assert texts(document) == [("dis", "肺炎")]


@pytest.mark.parametrize("end", ["\r\n", "\n\n", ""])
def test_line_ends_and_blank_lines_are_not_part_of_the_text(tmp_path, end):
    [(document, rejects)] = read(tmp_path, f"肺炎|||0 1 dis|||{end}")
    assert texts(document) == [("dis", "肺炎")] and rejects == []


def test_byte_order_mark_is_not_part_of_the_text(tmp_path):
    [(document, _)] = read(tmp_path, "\ufeff" + "肺炎|||0    1    dis|||\n")
    assert texts(document) == [("dis", "肺炎")]


def test_packed_file_is_read(tmp_path):
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(SAMPLE.encode("utf-8")))
    assert [document.name for document, _ in read_all("chip", path)] == [
        "train:1",
        "train:2",
    ]


@pytest.mark.parametrize(
    "piece,reason",
    [
        ("1    0    dis", "end_before_start"),
        ("0    2    dis", "out_of_text"),
        ("0    x    dis", "bad_line"),
        ("-1    0    dis", "bad_line"),
        ("0    1", "bad_line"),
        ("", "bad_line"),
        ("9" * 5000 + " 1 dis", "bad_line"),
    ],
)
def test_rejects_have_their_reasons(tmp_path, piece, reason):
    [(document, rejects)] = read(tmp_path, f"肺炎|||0    1    dis|||{piece}|||\n")
    assert texts(document) == [("dis", "肺炎")]
    assert reasons(rejects) == [reason]
    assert (rejects[0].value, rejects[0].line) == (piece, 1)


def test_a_line_without_bars_is_another_format(tmp_path):
    with pytest.raises(ValueError, match="GP164.*train.txt:2"):
        read(tmp_path, "肺炎|||\nhello\n")


def test_sample_is_written_unchanged(tmp_path):
    path = tmp_path / "back.txt"
    FORMATS["chip"].write([document for document, _ in read(tmp_path, SAMPLE)], path)
    assert path.read_bytes() == SAMPLE.encode("utf-8")


@pytest.mark.parametrize("text", ["a\nb", "a|||b", "a|"])
def test_texts_that_a_line_cannot_hold(tmp_path, text):
    with pytest.raises(ValueError, match="GP175"):
        FORMATS["chip"].write([AnnotatedText("d", text)], tmp_path / "out.txt")


@pytest.mark.parametrize("label", [" a", "a ", "a|b", "a\nb"])
def test_labels_that_a_line_cannot_hold(tmp_path, label):
    document = AnnotatedText("d", "ab", [TextSpan(label, 0, 1, Source("", 1))])
    with pytest.raises(ValueError, match="GP175"):
        FORMATS["chip"].write([document], tmp_path / "out.txt")


@settings(max_examples=40)
@given(st.lists(documents(characters="ab 北é\u0301😀\r\t\ufeff"), max_size=3))
def test_written_file_is_read_back(given):
    back, first, second = there_and_back("chip", given)
    assert [(d.text, triples(d)) for d in back] == [(d.text, triples(d)) for d in given]
    assert first == second
