"""Where sentences and documents of token-tag files end, and spans that run over it."""

from __future__ import annotations

import pytest
from format_helpers import detected, texts

from spacy_globalpointer.corpus.annotations import Reason
from spacy_globalpointer.corpus.formats.conll import CONLL

# As CoNLL-U has them: a multiword token, an empty node, comments.
CONLLU = """# newdoc id = a
# sent_id = 1
# text = Vámonos al mar
1-2 Vámonos _ _
1 Vamos VERB O
2 nos PRON B-PER
3-4 al _ _
3 a ADP B-LOC
4 el DET I-LOC
5 mar NOUN I-LOC
5.1 azul ADJ O

# newdoc id = b
# sent_id = 2
1 Leith PROPN B-LOC
2 . PUNCT O

"""


def tabbed(content):
    lines = content.split("\n")
    return "\n".join(
        line if line.startswith("#") else line.replace(" ", "\t") for line in lines
    )


def read(folder, content, **options):
    return detected(folder, tabbed(content), **options)


def read_texts(folder, content, **options):
    return [document.text for document, _ in read(folder, content, **options)]


def test_multiword_tokens_and_empty_nodes_of_conllu_are_not_doubled(tmp_path):
    (first, rejects), (second, _) = read(tmp_path, CONLLU)
    assert first.text == "Vamos nos a el mar"
    assert texts(first) == [("PER", "nos"), ("LOC", "a el mar")]
    assert (second.text, rejects) == ("Leith .", [])


def test_conllu_is_written_unchanged(tmp_path):
    documents = [document for document, _ in read(tmp_path, CONLLU)]
    CONLL.write(documents, tmp_path / "new.conll")
    assert (tmp_path / "new.conll").read_text("utf-8") == tabbed(CONLLU).replace(
        "5.1\tazul\tADJ\tO\n", ""
    )


def test_empty_node_is_not_written_into_the_next_sentence(tmp_path):
    content = "1 a B-X\n2 b O\n2.1 n O\n\n1 c O\n1.1 m O\n2 d O\n\n"
    [(document, _)] = read(tmp_path, content)
    CONLL.write([document], tmp_path / "new.conll")
    expected = tabbed(content).replace("2.1\tn\tO\n", "")
    assert (tmp_path / "new.conll").read_text() == expected


@pytest.mark.parametrize(
    "line,rejected",
    [
        ("1-2 ab B-X", []),
        ("1-2 ab B-Y", ["B-Y"]),
        ("1-2 ab _", []),
        ("1-2 ab x", ["x"]),
    ],
)
def test_tag_of_a_multiword_token_is_lost_unless_its_words_have_the_tag(
    tmp_path, line, rejected
):
    [(document, rejects)] = read(tmp_path, f"{line}\n1 a B-X\n2 b I-X\n3 c O\n")
    assert texts(document) == [("X", "a b")]
    assert [(reject.value, reject.line) for reject in rejects] == [
        (value, 1) for value in rejected
    ]


@pytest.mark.parametrize("tag,n", [("I-X", 0), ("O", 0), ("B-X", 1), ("I-Y", 1)])
def test_tag_of_an_empty_node_is_lost_unless_a_span_runs_over_it(tmp_path, tag, n):
    content = f"1 a B-X\n1.1 n {tag}\n2 b I-X\n3 c O\n"
    [(document, rejects)] = read(tmp_path, content)
    assert (document.text, texts(document)) == ("a b c", [("X", "a b")])
    assert [reject.reason for reject in rejects] == [Reason.BAD_TAG] * n


@pytest.mark.parametrize(
    "line",
    [
        "#doc 2",
        "# doc_id = 2",
        "# newdoc",
        "# newdoc id = x",
        "#begin document (x); part 000",
        "-DOCSTART-",
        "-DOCSTART- O",
        "-DOCSTART- -X- O",
        "9 -DOCSTART- O",
    ],
)
def test_known_comments_begin_a_document(tmp_path, line):
    content = f"{line}\n0 a B-X\n1 b I-X\n{line}\n0 c I-X\n1 d O\n"
    found = detected(tmp_path, content if "9" not in line else tabbed(content))
    assert [document.text for document, _ in found] == ["a b", "c d"]
    assert [texts(document) for document, _ in found] == [[("X", "a b")], [("X", "c")]]
    names = [document.name for document, _ in found]
    assert names == ["file:1", "file:4"]


@pytest.mark.parametrize("line", ["# sent_id = 2", "# text = c d", "#end document"])
def test_comment_between_sentences_ends_a_sentence(tmp_path, line):
    assert read_texts(tmp_path, f"a B-X\nb O\n{line}\nc O\nd O\n") == ["a b\nc d"]


@pytest.mark.parametrize("content", ["#doc\tO\na\tB-X\n", "#text\tO\n#sent\tB-X\n"])
def test_hashtags_are_tokens(tmp_path, content):
    [(document, _)] = detected(tmp_path, content)
    assert len(document.tokens) == 2


def test_line_with_as_many_columns_as_a_token_is_not_a_comment(tmp_path):
    content = "## doc_1\ta b\nx\tB-X\n\n## doc_2\tc d\ny\tO\n"
    [(document, rejects)] = detected(tmp_path, content)
    assert (document.text, rejects) == ("x\ny", [])


def test_documents_that_comments_begin_are_written_again(tmp_path):
    content = "#doc 1\na\tB-X\n\nb\tO\n\n#doc 2\nc\tO\n\n"
    documents = [document for document, _ in detected(tmp_path, content)]
    CONLL.write(documents, tmp_path / "new.conll")
    assert (tmp_path / "new.conll").read_text() == content


def test_empty_token_outside_spans_ends_a_sentence(tmp_path):
    content = "-DOCSTART-\tO\n\tO\na\tI-X\nb\tI-X\n,\tO\n\tO\nc\tI-X\n"
    [(document, rejects)] = detected(tmp_path, content)
    assert (document.text, rejects) == ("a b ,\nc", [])
    assert texts(document) == [("X", "a b"), ("X", "c")]


def test_empty_token_within_a_span_is_left_out(tmp_path):
    [(document, rejects)] = detected(tmp_path, "a\tB-X\n\tI-X\nb\tI-X\nc\tO\n")
    assert (document.text, texts(document), rejects) == ("a b c", [("X", "a b")], [])


@pytest.mark.parametrize(
    "tags,copy,n",
    [
        ("B-X I-X | I-X O", "a b\nc", 1),
        ("B-X I-X | I-X I-X", "a b\nc d", 1),
        ("O I-X | I-X O | B-Y O", "b\nc", 1),
        ("B-X | I-X | I-X | O", "a\nb\nc", 2),
        ("B-X I-X | E-X S-Y", "a b\nc", 1),
        ("B-X M-X | M-X E-X", "a b\nc d", 1),
        ("B-X I-X | L-X U-Y", "a b\nc", 1),
    ],
)
def test_span_over_sentence_ends_is_one_span(tmp_path, tags, copy, n):
    [(document, rejects)] = detected(tmp_path, with_tags(tags))
    assert texts(document)[0] == ("X", copy)
    assert (document.joined, document.cut, rejects) == (n, 0, [])
    [(strict, _)] = detected(tmp_path, with_tags(tags), strict=True)
    assert strict.joined == n


@pytest.mark.parametrize(
    "tags",
    ["B-X | I-Y B-X", "O B-X | B-X I-X", "B-X O | I-X B-X", "I-X I-X | I-X O"]
    + ["B-X E-X | S-X O", "S-X O | B-X E-X"],
)
def test_sentence_end_between_spans_joins_nothing(tmp_path, tags):
    [(document, _)] = detected(tmp_path, with_tags(tags))
    assert document.joined == 0
    assert not any("\n" in copy for _, copy in texts(document))


def test_span_of_an_inner_layer_may_run_over_a_sentence_end(tmp_path):
    content = "a\tB-X\tO\nb\tI-X\tB-Y\n\nc\tO\tI-Y\nd\tB-X\tO\n"
    [(document, _)] = detected(tmp_path, content)
    assert sorted(texts(document)) == [("X", "a b"), ("X", "d"), ("Y", "b\nc")]
    assert document.joined == 1


def test_span_cut_by_sentences_as_documents_is_counted(tmp_path):
    found = detected(tmp_path, with_tags("B-X I-X | I-X O"), documents="sentence")
    assert [texts(document) for document, _ in found] == [[("X", "a b")], [("X", "c")]]
    assert [(d.joined, d.cut) for d, _ in found] == [(0, 0), (0, 1)]


@pytest.mark.parametrize("documents", ["docstart", "file", "sentence"])
def test_span_does_not_run_over_the_beginning_of_a_document(tmp_path, documents):
    content = "a\tB-X\n\n-DOCSTART-\n\nb\tI-X\nc\tB-X\n"
    found = detected(tmp_path, content, documents=documents)
    copies = [copy for document, _ in found for _, copy in texts(document)]
    assert copies == ["a", "b", "c"]
    assert not any(document.joined or document.cut for document, _ in found)


def with_tags(tags):
    """A file with a token for each tag; a bar stands for the end of a sentence."""
    words = iter("abcdef")
    lines = ["" if tag == "|" else f"{next(words)}\t{tag}" for tag in tags.split()]
    return "\n".join([*lines, ""])
