"""The brat reader: every line of every file has exactly one fate."""

from __future__ import annotations

import pytest
from corpus_helpers import TEXT, span_line, write_brat
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import (
    REMEDIES,
    AnnotatedText,
    Reason,
    Source,
    TextSpan,
)
from spacy_globalpointer.corpus.formats.brat import BRAT, read_brat


def read_one(folder, text, lines, **kwargs):
    write_brat(folder, {"doc": (text, lines)})
    ((annotated, rejects),) = read_brat(folder, **kwargs)
    return annotated, rejects


def test_spans_have_their_source(tmp_path):
    lines = [span_line(TEXT, 0, 17, "ORG", 1), "", span_line(TEXT, 12, 17, "GPE", 2)]
    annotated, rejects = read_one(tmp_path, TEXT, lines)
    assert (annotated.name, annotated.text, annotated.n_read) == ("doc", TEXT, 2)
    spans = [(s.label, s.start, s.end, str(s.source)) for s in annotated.spans]
    assert spans == [("ORG", 0, 17, "doc.ann:1"), ("GPE", 12, 17, "doc.ann:3")]
    assert rejects == []


@pytest.mark.parametrize(
    "line,reason",
    [
        ("T1\tORG 25 30\tary .", Reason.OUT_OF_TEXT),
        ("T1\tORG 900 905\tLeith", Reason.OUT_OF_TEXT),
        ("T1\tORG -1 3\tThe", Reason.OUT_OF_TEXT),
        ("T1\tORG 8 4\tBank", Reason.END_BEFORE_START),
        ("T1\tORG 4 4\t", Reason.EMPTY),
        ("T1\tORG 4 8;12 17\tBank Leith", Reason.DISCONTINUOUS),
        ("T1\tORG 5 9\tBank", Reason.TEXT_MISMATCH),
        ("T1\tORG 4 8\tbank", Reason.TEXT_MISMATCH),
        ("T1\tORG 4 8", Reason.BAD_LINE),
        ("T1\tORG 4 x\tBank", Reason.BAD_LINE),
        ("T1\tORG " + "9" * 5000 + " 8\tBank", Reason.BAD_LINE),
        ("T1 ORG 4 8 Bank", Reason.BAD_LINE),
        ("X1\tORG 4 8\tBank", Reason.BAD_LINE),
        ("Rubbish", Reason.BAD_LINE),
        ("R1\tpart-of Arg1:T1 Arg2:T2", Reason.NOT_A_SPAN),
        ("E1\tPay:T1 Who:T2", Reason.NOT_A_SPAN),
        ("A1\tNegated T1", Reason.NOT_A_SPAN),
        ("M1\tNegated T1", Reason.NOT_A_SPAN),
        ("N1\tReference T1 Wiki:1\tBank", Reason.NOT_A_SPAN),
        ("#1\tAnnotatorNotes T1\tsure?", Reason.NOT_A_SPAN),
        ("*\tEquiv T1 T2", Reason.NOT_A_SPAN),
    ],
)
def test_rejects_have_their_reasons(tmp_path, line, reason):
    annotated, rejects = read_one(tmp_path, TEXT, [span_line(TEXT, 0, 3), line])
    assert [(s.start, s.end) for s in annotated.spans] == [(0, 3)]
    (reject,) = rejects
    assert (reject.file, reject.line, reject.value) == ("doc.ann", 2, line)
    assert (reject.reason, reject.remedy) == (reason, REMEDIES[reason])


def test_every_reason_has_a_remedy():
    assert set(REMEDIES) == set(Reason)


def test_missing_text_rejects_every_line(tmp_path):
    lines = [span_line(TEXT, 0, 3), "R1\tx Arg1:T1 Arg2:T1", "junk"]
    annotated, rejects = read_one(tmp_path, None, lines)
    assert (annotated.text, annotated.spans, annotated.n_read) == ("", [], 3)
    assert [r.reason for r in rejects] == [Reason.MISSING_TEXT] * 3


@pytest.mark.parametrize("text", ["", " ", " \n\t \r\n"])
@pytest.mark.parametrize("lines", [None, []])
def test_text_without_annotations_has_no_spans(tmp_path, text, lines):
    annotated, rejects = read_one(tmp_path, text, lines)
    assert (annotated.text, annotated.spans, annotated.n_read) == (text, [], 0)
    assert (annotated.skip, rejects) == (lines is None, [])


def test_text_without_annotation_file_is_to_be_skipped(tmp_path):
    write_brat(tmp_path, {"README": ("About", None), "a": (TEXT, []), "b": (None, [])})
    found = [(annotated.name, annotated.skip) for annotated, _ in read_brat(tmp_path)]
    assert found == [("README", True), ("a", False), ("b", False)]


def test_folder_is_sorted_and_recursive(tmp_path):
    names = ["b", "a/2", "a/10.v1", "c.d"]
    write_brat(tmp_path, {name: (TEXT, []) for name in names})
    write_brat(tmp_path, {".hidden": (TEXT, []), ".cache/x": (TEXT, [])})
    (tmp_path / "annotation.conf").write_text("[entities]\n")
    found = [annotated.name for annotated, _ in read_brat(tmp_path)]
    assert found == ["a/10.v1", "a/2", "b", "c.d"]


@pytest.mark.parametrize("suffix", [".txt", ".ann"])
def test_single_file_is_read_with_its_partner(tmp_path, suffix):
    write_brat(tmp_path, {"a.b": (TEXT, [span_line(TEXT, 0, 3)]), "c": (TEXT, [])})
    ((annotated, _),) = read_brat(tmp_path / f"a.b{suffix}")
    assert (annotated.name, len(annotated.spans)) == ("a.b", 1)


def test_documents_are_yielded_one_at_a_time(tmp_path):
    write_brat(tmp_path, {"a": (TEXT, []), "b": (b"\xff", [])})
    documents = read_brat(tmp_path)
    assert next(documents)[0].name == "a"
    with pytest.raises(ValueError, match="GP103"):
        next(documents)


def test_crlf_counts_two_characters(tmp_path):
    text = "Mary\r\nsaw\r\nLeith"
    line = "T1\tGPE 11 16\tLeith\r"
    annotated, rejects = read_one(tmp_path, text, [line])
    assert annotated.text == text and rejects == []
    assert text[annotated.spans[0].start : annotated.spans[0].end] == "Leith"


def test_line_end_in_a_span_may_be_a_space_in_its_copy(tmp_path):
    text = "Bank\nof  Leith "
    lines = ["T1\tORG 0 14\tBank of  Leith", "T2\tORG 0 15\tBank of  Leith"]
    annotated, rejects = read_one(tmp_path, text, lines)
    assert [(s.start, s.end) for s in annotated.spans] == [(0, 14), (0, 15)]
    assert rejects == []


def test_offsets_count_code_points(tmp_path):
    text = "😀 Łódź e\u0301"
    lines = [span_line(text, 2, 6, "GPE"), span_line(text, 7, 9, "X", 2)]
    annotated, rejects = read_one(tmp_path, text, lines)
    assert [text[s.start : s.end] for s in annotated.spans] == ["Łódź", "e\u0301"]
    assert rejects == []


def test_byte_order_mark_counts_but_is_not_text(tmp_path):
    marked = "\ufeff" + TEXT
    lines = [span_line(marked, 5, 9), "T2\tORG 0 1\t\ufeff", span_line(TEXT, 4, 8)]
    annotated, rejects = read_one(tmp_path, marked, lines)
    assert annotated.text == TEXT
    assert [TEXT[s.start : s.end] for s in annotated.spans] == ["Bank"]
    reasons = [reject.reason for reject in rejects]
    assert reasons == [Reason.OUT_OF_TEXT, Reason.TEXT_MISMATCH]


def test_byte_order_mark_of_the_ann_file(tmp_path):
    write_brat(tmp_path, {"doc": (TEXT, [])})
    content = "\ufeff" + span_line(TEXT, 4, 8)
    (tmp_path / "doc.ann").write_text(content, encoding="utf-8")
    ((annotated, rejects),) = read_brat(tmp_path)
    assert (len(annotated.spans), rejects) == (1, [])


def test_other_encoding_is_read(tmp_path):
    text = "Café"
    annotated, _ = read_one(tmp_path, text.encode("latin-1"), [], encoding="latin-1")
    assert annotated.text == text


def test_wrong_encoding_error_names_file_and_position(tmp_path):
    with pytest.raises(ValueError, match=r"GP103.*doc\.txt.*position 3.*--encoding"):
        read_one(tmp_path, "Café".encode("latin-1"), [])


def test_unknown_encoding_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP104.*'klingon'"):
        read_one(tmp_path, TEXT, [], encoding="klingon")


@pytest.mark.parametrize("name", ["missing", "notes.docx"])
def test_path_that_is_not_a_corpus_is_an_error(tmp_path, name):
    (tmp_path / "notes.docx").write_bytes(b"")
    with pytest.raises(ValueError, match="GP101"):
        list(read_brat(tmp_path / name))


@pytest.mark.parametrize("name", ["", "missing.txt"])
def test_folder_without_files_is_an_error(tmp_path, name):
    with pytest.raises(ValueError, match="GP102"):
        list(read_brat(tmp_path / name))


def with_labels(name, *labels):
    spans = [TextSpan(label, 0, 1, Source("", 1)) for label in labels]
    return AnnotatedText(name, "a", spans, len(spans))


def test_labels_are_written_without_white_space(tmp_path):
    BRAT.write([with_labels("a", "WORK OF ART", "WORK OF ART")], tmp_path / "out")
    ((document, _),) = read_brat(tmp_path / "out")
    assert [span.label for span in document.spans] == ["WORK_OF_ART"] * 2


@pytest.mark.parametrize("apart", [True, False])
def test_labels_written_in_the_same_way_are_an_error(tmp_path, apart):
    labels = ["WORK OF ART", "WORK_OF_ART"]
    one = [with_labels("a", *labels)]
    two = [with_labels(name, label) for name, label in zip("ba", labels)]
    message = "GP189.*'WORK OF ART' and 'WORK_OF_ART' .in document 'a'"
    with pytest.raises(ValueError, match=message):
        BRAT.write(two if apart else one, tmp_path / "out")


def test_empty_label_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="GP175.*label ''.*'a'.*brat"):
        BRAT.write([with_labels("a", "")], tmp_path / "out")


ANN_CHARS = st.sampled_from("TR#*E1 2;-\tab\r\n\x85\u2028é")


@given(content=st.text(ANN_CHARS, max_size=60), text=st.text("ab é", max_size=12))
def test_each_line_becomes_a_span_or_a_reject(tmp_path_factory, content, text):
    folder = tmp_path_factory.mktemp("brat")
    write_brat(folder, {"doc": (text, [])})
    (folder / "doc.ann").write_bytes(content.encode("utf-8"))
    ((annotated, rejects),) = read_brat(folder)
    lines = [i for i, line in enumerate(content.split("\n"), 1) if line.strip()]
    fates = [span.source.line for span in annotated.spans] + [r.line for r in rejects]
    assert sorted(fates) == lines
    assert annotated.n_read == len(lines)


NAMES = ["a", "ü" * 127, "x" * 251, "x" * 252, "x" * 300, "人" * 200, "X" * 300]
PATHS = ["a.txt/b", "A.ANN/b", "a", "/".join("p" * 300), "/".join(["q" * 300] * 20)]


def test_long_names_are_cut_and_numbered(tmp_path):
    names = [*NAMES, *PATHS, *(f"{'x' * 300}{i}" for i in range(3))]
    documents = [AnnotatedText(name, f"{i} {name}") for i, name in enumerate(names)]
    BRAT.write(documents, tmp_path / "out")
    found = {
        document.text: document.name for document, _ in read_brat(tmp_path / "out")
    }
    assert set(found) == {document.text for document in documents}
    assert len({name.lower() for name in found.values()}) == len(names)
    for name in ("ü" * 125, "x" * 251):  # as long as they can be
        assert name in found.values()
    assert max(map(len, found.values())) < 1300


@given(names=st.lists(st.text("aA./ü-1\0", max_size=6), max_size=8))
def test_documents_of_any_names_are_written(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("brat")
    texts = [f"{i}" for i in range(len(names))]
    documents = [AnnotatedText(name, text) for name, text in zip(names, texts)]
    BRAT.write(documents, folder)
    if names:
        found = [document.text for document, _ in read_brat(folder)]
        assert sorted(found) == sorted(texts)


def test_names_that_the_system_cannot_encode_are_written(tmp_path, monkeypatch):
    """As with LC_ALL=C."""
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    BRAT.write([AnnotatedText(name, name) for name in ("öa", "üa")], tmp_path)
    names = sorted(path.name for path in tmp_path.glob("*.txt"))
    assert names == ["_a-1.txt", "_a.txt"]
