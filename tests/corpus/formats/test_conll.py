"""Token-tag files: columns, layers, sentences and documents, there and back."""

from __future__ import annotations

import gzip
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
from spacy_globalpointer.corpus.formats.conll import CONLL

FLAT = "Mary\tB-PER\nsaw\tO\nthe\tB-ORG\nBank\tI-ORG\n\nLeith\tB-GPE\n.\tO\n\n"
# As the shared task's page shows it: spaces, IOB1, part of speech and chunk columns.
CONLL_2003 = """-DOCSTART- -X- O O

U.N. NNP I-NP I-ORG
official NN I-NP O
Ekeus NNP I-NP I-PER
heads VBZ I-VP O
for IN I-PP O
Baghdad NNP I-NP I-LOC
. . O O

-DOCSTART- -X- O O

Leith NNP I-NP I-LOC

"""
# As the task's page shows it: numbers, outer and inner layer, comments.
GERMEVAL = """#\thttp://example.org/wiki/Troia [2009-10-17]
1\tTroia\tB-OTH\tB-LOC
2\t-\tI-OTH\tO
3\tTraum\tI-OTH\tO
4\t.\tO\tO

#\thttp://example.org/wiki/Bonn [2009-10-18]
1\tBonn\tB-LOC\tO

"""
LITBANK = "the\tO\tB-LOC\tO\tO\t\nearth\tB-LOC\tI-LOC\tO\tO\t\n,\tO\tO\tO\tO\t\n\n"


def read(folder, content, name="file.conll", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_all("conll", path, **options)


def one(folder, content, **options):
    [(document, rejects)] = read(folder, content, **options)
    return document, rejects


def found(document):
    return [
        (span.label, document.text[span.start : span.end]) for span in document.spans
    ]


def rewritten(folder, content, **options):
    """What is written of a file that was read."""
    documents = [document for document, _ in read(folder, content, **options)]
    CONLL.write(documents, folder / "new.conll")
    return (folder / "new.conll").read_bytes().decode("utf-8")


def written(folder, *documents, **options):
    CONLL.write(documents, folder / "new.conll", **options)
    return (folder / "new.conll").read_bytes().decode("utf-8")


def text_with(text, *spans, **kwargs):
    found = [TextSpan(label, a, b, Source("", 1)) for label, a, b in spans]
    return AnnotatedText("d", text, found, len(found), **kwargs)


def test_tokens_are_joined_by_a_space_and_sentences_by_a_line_end(tmp_path):
    document, rejects = one(tmp_path, FLAT)
    assert (document.name, document.text) == ("file", "Mary saw the Bank\nLeith .")
    assert document.tokens == [(0, 4), (5, 8), (9, 12), (13, 17), (18, 23), (24, 25)]
    spans = [(s.label, s.start, s.end, str(s.source)) for s in document.spans]
    assert spans == [
        ("PER", 0, 4, "file.conll:1"),
        ("ORG", 9, 17, "file.conll:3"),
        ("GPE", 18, 23, "file.conll:6"),
    ]
    assert (document.n_read, rejects) == (3, [])


def test_conll_2003_has_documents_iob1_and_no_chunks(tmp_path):
    (first, _), (second, _) = read(tmp_path, CONLL_2003)
    assert (first.name, second.name) == ("file:1", "file:11")
    assert str(second.source) == "file.conll:11"
    assert found(first) == [("ORG", "U.N."), ("PER", "Ekeus"), ("LOC", "Baghdad")]
    assert found(second) == [("LOC", "Leith")]
    assert first.meta["conll"]["layout"]["scheme"] == "IOB1"
    assert rewritten(tmp_path, CONLL_2003) == CONLL_2003


def test_germeval_has_numbers_comments_and_an_inner_layer(tmp_path):
    document, _ = one(tmp_path, GERMEVAL)
    assert document.text == "Troia - Traum .\nBonn"
    assert found(document) == [
        ("OTH", "Troia - Traum"),
        ("LOC", "Troia"),
        ("LOC", "Bonn"),
    ]
    assert rewritten(tmp_path, GERMEVAL) == GERMEVAL


def test_litbank_has_four_layers_and_a_tab_at_the_end(tmp_path):
    document, _ = one(tmp_path, LITBANK)
    assert found(document) == [("LOC", "earth"), ("LOC", "the earth")]
    # The layers that are written begin with the outermost.
    new = rewritten(tmp_path, LITBANK)
    assert (
        new == "the\tB-LOC\tO\tO\tO\t\nearth\tI-LOC\tB-LOC\tO\tO\t\n,\tO\tO\tO\tO\t\n\n"
    )
    assert rewritten(tmp_path, new) == new


def test_chunks_are_read_only_without_other_tags(tmp_path):
    document, _ = one(tmp_path, "He PRP B-NP\nreckons VBZ B-VP\n")
    assert found(document) == [("NP", "He"), ("VP", "reckons")]


@pytest.mark.parametrize(
    "options,expected",
    [
        ({"tags": "2"}, ["U.N. official Ekeus", "heads", "for", "Baghdad"]),
        ({"tags": "3", "token": "1"}, ["NNP", "NNP", "NNP"]),
        ({"separator": "space", "scheme": "iob1"}, ["U.N.", "Ekeus", "Baghdad"]),
    ],
)
def test_option_chooses_columns(tmp_path, options, expected):
    (document, _), _ = read(tmp_path, CONLL_2003, **options)
    assert [copy for _, copy in found(document)] == expected


@pytest.mark.parametrize(
    "documents,names",
    [
        ("docstart", ["file:1", "file:11"]),
        ("file", ["file"]),
        ("sentence", ["file:3", "file:13"]),
    ],
)
def test_documents_option_decides_where_documents_begin(tmp_path, documents, names):
    read_ones = read(tmp_path, CONLL_2003, documents=documents)
    assert [document.name for document, _ in read_ones] == names


def test_sentences_keep_their_comments_and_docstarts(tmp_path):
    for content in (GERMEVAL, CONLL_2003.replace("-X- O O", "(1)", 1)):
        assert rewritten(tmp_path, content, documents="sentence") == content


def test_docstart_line_ends_a_sentence(tmp_path):
    (first, _), (second, _) = read(tmp_path, "a\tB-X\n-DOCSTART-\tO\nb\tI-X\n")
    assert (first.name, first.text, second.text) == ("file", "a", "b")


def test_word_with_a_hash_is_not_a_comment(tmp_path):
    content = "#tag\tB-X\n#\tO\n# id = 1\n#\tx y\nword\tO\n\n"
    document, _ = one(tmp_path, content)
    assert document.text == "#tag # word"
    assert document.meta["conll"]["comments"] == [[2, "# id = 1"], [2, "#\tx y"]]
    assert rewritten(tmp_path, content) == content


def test_lines_of_blanks_end_a_sentence(tmp_path):
    document, _ = one(tmp_path, "a\tB-X\n\t\nb\tB-X\n \t \n\n\nc\tO")
    assert document.text == "a\nb\nc"
    assert found(document) == [("X", "a"), ("X", "b")]


@pytest.mark.parametrize("token", [" ", "\u00a0", "a b", "\u2028", "\x85", "\u200b"])
def test_unusual_tokens_are_kept(tmp_path, token):
    content = f"x\tB-A\n{token}\tI-A\ny😀e\u0301\tB-B\n\n"
    document, rejects = one(tmp_path, content)
    assert document.text == f"x {token} y😀e\u0301"
    assert found(document) == [("A", f"x {token}"), ("B", "y😀e\u0301")]
    assert rejects == [] and rewritten(tmp_path, content) == content


def test_a_span_of_empty_tokens_is_a_reject(tmp_path):
    document, [reject] = one(tmp_path, "a\tO\n\tB-X\nb\tB-X\n\n")
    assert (reject.reason, reject.line, reject.value) == (Reason.EMPTY, 2, "B-X")
    assert (document.text, found(document)) == ("a b", [("X", "b")])


def test_spaces_separate_columns_without_tabs(tmp_path):
    content = "a\u00a0b  NN \t B-X\nc NN O\n"
    document, _ = one(tmp_path, content)
    assert found(document) == [("X", "a\u00a0b")]
    assert rewritten(tmp_path, content) == "a\u00a0b NN B-X\nc NN O\n\n"


@pytest.mark.parametrize(
    "tag,value", [("X-A", "X-A"), ("B-", "B-"), ("", ""), ("E-A", "E-A"), ("b", "b")]
)
def test_invalid_tags_are_rejected(tmp_path, tag, value):
    content = f"a\tB-A\nb\tI-A\nc\t{tag}\nd\tB-A\n"
    document, [reject] = one(tmp_path, content, scheme="IOB2")
    assert found(document) == [("A", "a b"), ("A", "d")]
    assert (reject.reason, reject.line, reject.value) == (Reason.BAD_TAG, 3, value)


@pytest.mark.parametrize(
    "tags,scheme,kept,rejected",
    [
        ("O I-A I-A B-B", "IOB2", ["d"], ["I-A I-A"]),
        ("B-A I-B O B-A", "IOB2", ["a", "d"], ["I-B"]),
        ("B-A I-A O S-B", "BIOES", ["d"], ["B-A I-A"]),
        ("E-A B-B M-B E-B", "BMES", ["b c d"], ["E-A"]),
        ("U-A L-A I-A U-A", "BILOU", ["a", "d"], ["L-A", "I-A"]),
        ("O I-A I-A B-B", "IOB1", ["b c", "d"], []),
    ],
)
def test_strict_rejects_spans_with_irregular_tags(
    tmp_path, tags, scheme, kept, rejected
):
    lines = [f"{token}\t{tag}\n" for token, tag in zip("abcd", tags.split())]
    options = {"scheme": scheme, "tags": "1"}
    document, rejects = one(tmp_path, "".join(lines), strict=True, **options)
    assert [copy for _, copy in found(document)] == kept
    assert [reject.value for reject in rejects] == rejected
    assert {reject.reason for reject in rejects} <= {Reason.BAD_TAG}
    easy, none = one(tmp_path, "".join(lines), **options)
    assert len(easy.spans) == len(kept) + len(rejected) and none == []


def test_a_line_with_other_columns_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"GP164.*file\.conll:2.*1 columns.*2"):
        read(tmp_path, "a\tO\nb\nc\tO\n")


@pytest.mark.parametrize("content", ["a NN\nb VB\n", "a\n"])
def test_file_without_columns_of_tags_is_an_error(tmp_path, content):
    with pytest.raises(ValueError, match="GP171.*tags"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "content,options,message",
    [
        (FLAT, {"tags": "2"}, r"column 2.*--option tags.*tabs.* 2 column.* 0 to 1"),
        (FLAT, {"token": "5"}, "column 5.*--option token.*such as 'Mary"),
        ("# x\na\tO\tb\n", {"separator": "space", "tags": "1,3"}, "column 3.*spaces"),
        ("-DOCSTART-\n\na B-X\n", {"separator": "tab", "tags": "1"}, "'a B-X'"),
    ],
)
def test_missing_column_is_an_error(tmp_path, content, options, message):
    with pytest.raises(ValueError, match=f"GP142.*{message}"):
        read(tmp_path, content, **options)


@pytest.mark.parametrize(
    "option,value",
    [
        *[("tags", "x"), ("tags", "1,1"), ("tags", ""), ("tags", "0"), ("token", "-1")],
        *[("separator", ";"), ("scheme", "BIO2"), ("documents", "page")],
    ],
)
def test_invalid_options_are_an_error(tmp_path, option, value):
    options = {"token": "0", option: value}
    with pytest.raises(ValueError, match=f"GP167.*'{option}'"):
        read(tmp_path, FLAT, **options)


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "-DOCSTART-\n"])
def test_a_file_without_tokens_has_no_document(tmp_path, content):
    assert read(tmp_path, content) == []


def test_byte_order_mark_crlf_encoding_and_gzip_are_handled(tmp_path):
    content = FLAT.replace("Leith", "Łódź").replace("\n", "\r\n")
    expected = "Mary saw the Bank\nŁódź ."
    assert one(tmp_path, "\ufeff" + content)[0].text == expected
    packed = gzip.compress(content.encode("utf-8"))
    assert one(tmp_path, packed, name="file.conll.gz")[0].text == expected
    path = tmp_path / "file.conll"
    path.write_bytes(content.encode("utf-16"))
    [(document, _)] = CONLL.read(path, encoding="utf-16")
    assert document.text == expected


def test_excluded_files_of_a_folder_are_not_read(tmp_path):
    for name in ("a.conll", "b/c.iob2", "d.annotated", "all.conll", "e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FLAT)
    names = [document.name for document, _ in CONLL.read(tmp_path, exclude=["all.*"])]
    assert names == ["a", "b/c", "d"]


def test_txt_files_are_read_only_without_other_endings(tmp_path):
    for name in ("a.txt", "b/c.txt", "d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FLAT)
    assert [document.name for document, _ in CONLL.read(tmp_path)] == ["a", "b/c"]
    assert CONLL.endings_in(tmp_path) == (".txt",)
    (tmp_path / "e.iob").write_text(FLAT)
    assert [document.name for document, _ in CONLL.read(tmp_path)] == ["e"]
    assert ".iob" in CONLL.endings_in(tmp_path)
    assert ".txt" not in CONLL.endings_in(tmp_path)


def test_columns_are_detected_only_from_the_first_lines(tmp_path):
    lines = ["a\tO\n"] * 10_000 + ["b\tB-X\n", "c\tE-X\n"]
    document, [reject] = one(tmp_path, "".join(lines))
    assert document.meta["conll"]["layout"]["scheme"] == "IOB2"
    assert (found(document), reject.value) == ([("X", "b")], "E-X")


# The writer


def test_a_text_without_tokens_is_cut_where_spans_are(tmp_path):
    document = text_with("Leith's Bank\nof May", ("GPE", 0, 5), ("ORG", 0, 12))
    expected = (
        "Leith\tB-ORG\tB-GPE\n's\tI-ORG\tO\nBank\tI-ORG\tO\n\nof\tO\tO\nMay\tO\tO\n\n"
    )
    assert written(tmp_path, document) == expected


def test_layers_grow_over_the_whole_file(tmp_path):
    flat = text_with("a", ("X", 0, 1))
    deep = text_with("a b c", ("X", 0, 5), ("X", 0, 5), ("Y", 0, 3), ("Z", 2, 5))
    lines = written(tmp_path, flat, deep).split("\n")
    assert lines[:2] == ["a\tB-X\tO\tO\tO", ""]
    assert lines[2:4] == ["-DOCSTART-\tO\tO\tO\tO", ""]
    assert lines[4] == "a\tB-X\tB-X\tB-Y\tO"
    assert lines[5] == "b\tI-X\tI-X\tI-Y\tB-Z"
    assert lines[6] == "c\tI-X\tI-X\tO\tI-Z"


def test_a_line_end_in_a_span_ends_no_sentence(tmp_path):
    document = text_with("a b\nc\nd", ("X", 2, 5))
    assert written(tmp_path, document) == "a\tO\nb\tB-X\nc\tI-X\n\nd\tO\n\n"


def test_tokens_of_a_doc_that_are_white_space_are_left_out(tmp_path):
    document = text_with("a \n\nb", ("X", 0, 1))
    document.tokens = [(0, 1), (2, 4), (4, 5)]
    assert written(tmp_path, document) == "a\tB-X\n\nb\tO\n\n"


@pytest.mark.parametrize("scheme,tag", [("BIOES", "S-X"), ("bilou", "U-X")])
def test_writer_uses_the_chosen_scheme(tmp_path, scheme, tag):
    document = text_with("a", ("X", 0, 1))
    assert written(tmp_path, document, scheme=scheme) == f"a\t{tag}\n\n"


def test_writer_uses_the_chosen_separator(tmp_path):
    document = text_with("a b", ("X", 0, 3), tokens=[(0, 3)])
    assert written(tmp_path, document) == "a b\tB-X\n\n"
    assert written(tmp_path, document, separator="space") == "a B-X\nb I-X\n\n"


@pytest.mark.parametrize("docstart,n", [("auto", 1), ("yes", 2), ("no", 0)])
def test_docstart_option_decides_about_docstart_lines(tmp_path, docstart, n):
    document = text_with("a")
    new = written(tmp_path, document, document, docstart=docstart)
    assert new.count("-DOCSTART-\tO\n") == n


def test_other_columns_are_unknown_where_tokens_were_cut(tmp_path):
    (document, _), _ = read(tmp_path, CONLL_2003)
    document.tokens = None
    assert written(tmp_path, document).split("\n")[2] == "U.N. _ _ I-ORG"


def test_a_first_token_keeps_its_byte_order_mark(tmp_path):
    content = "\ufeff\ufeffa\tB-X\n\n"
    assert rewritten(tmp_path, content) == content


def test_a_word_that_would_begin_a_document_becomes_two(tmp_path):
    document = text_with("-DOCSTART- a", ("X", 0, 10))
    assert written(tmp_path, document) == "-\tB-X\nDOCSTART-\tI-X\na\tO\n\n"


@pytest.mark.parametrize("text,place", [("a  b", (1, 2)), ("a \n b", (1, 4))])
def test_a_span_of_white_space_cannot_be_written(tmp_path, text, place):
    with pytest.raises(ValueError, match="GP172.*'X'.*'d'"):
        written(tmp_path, text_with(text, ("X", *place)))


@pytest.mark.parametrize("label", ["", "a\tb", "a\nb", "a\r"])
def test_label_that_a_tag_cannot_hold_is_an_error(tmp_path, label):
    with pytest.raises(ValueError, match="GP173"):
        written(tmp_path, text_with("a", (label, 0, 1)))


@pytest.mark.parametrize(
    "option,value", [("separator", ","), ("docstart", "maybe"), ("scheme", "x")]
)
def test_invalid_options_of_the_writer_are_an_error(tmp_path, option, value):
    with pytest.raises(ValueError, match=f"GP167.*'{option}'"):
        written(tmp_path, text_with("a"), **{option: value})


def words(document):
    """Spans by label and their words, whatever is between."""
    return sorted(
        (span.label, "".join(document.text[span.start : span.end].split()))
        for span in document.spans
    )


@given(drawn=st.lists(documents(labels=("ORG", "a b", "标", "B-X", "O")), max_size=3))
def test_every_span_survives_a_round_trip(drawn):
    given = [
        document
        for document in named(drawn)
        if all(document.text[s.start : s.end].strip() for s in document.spans)
        and not document.text.isspace()
        and document.text
    ]
    back, first, second = there_and_back("conll", given, reading={"scheme": "IOB2"})
    assert [words(document) for document in back] == [words(d) for d in given]
    assert first == second


TOKENS = st.text("ab 北é\u0301😀#-\u00a0\u2028\x85\ufeff", max_size=4)
TAG = st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"])


@given(
    sentences=st.lists(
        st.lists(st.tuples(TOKENS, TAG, TAG), min_size=1, max_size=5), min_size=1
    ),
    documents=st.sampled_from(["docstart", "sentence"]),
)
def test_written_file_has_the_same_documents(sentences, documents):
    lines = [["\t".join(row) + "\n" for row in rows] for rows in sentences]
    content = "".join("".join(part) + "\n" for part in lines)
    options = {"token": "0", "tags": "1,2", "documents": documents}
    with tempfile.TemporaryDirectory() as folder:
        first = [d for d, _ in read(Path(folder), content, **options)]
        new = written(Path(folder), *first)
        options["tags"] = "auto"  # crossing spans need more layers
        again = [d for d, _ in read(Path(folder), new, **options)]
        # A sentence does not end within a span where it is written.
        assert [(d.text.replace("\n", " "), d.tokens) for d in again] == [
            (d.text.replace("\n", " "), d.tokens) for d in first
        ]
        assert [places(d) for d in again] == [places(d) for d in first]
        assert written(Path(folder), *again) == new


def places(document):
    return sorted((span.label, span.start, span.end) for span in document.spans)


@given(
    content=st.text("aO B-\tI#\n\r\ufeff1", max_size=40).map(str.encode)
    | st.binary(max_size=30)
)
@example(b"-DOCSTART-")
@example(b"a O\n-DOCSTART- B-X\n")
def test_any_content_is_read_or_an_error_with_a_code(content):
    with tempfile.TemporaryDirectory() as folder:
        try:
            read(Path(folder), content)
        except ValueError as err:
            assert str(err).startswith("[GP"), err


VALUES = st.none() | st.integers(-1, 3) | st.sampled_from(["", "a\tb", "\t", "IOB2"])


@given(
    layout=st.dictionaries(
        st.sampled_from(
            ["separator", "n_columns", "token", "tags", "number", "scheme"]
        ),
        VALUES | st.lists(st.integers(-1, 3), max_size=3),
    ),
    meta=st.dictionaries(
        st.sampled_from(["documents", "docstart", "comments", "others"]),
        VALUES | st.lists(VALUES) | st.dictionaries(st.sampled_from("012x"), VALUES),
    ),
)
def test_any_meta_is_written(layout, meta):
    document = text_with("a b", ("X", 0, 1))
    document.meta["conll"] = {"layout": layout, **meta}
    back, _, _ = there_and_back("conll", [document])
    assert words(back[0]) == [("X", "a")]
