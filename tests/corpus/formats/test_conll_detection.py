"""The columns of token-tag files: tokens are words and no ids, tags are entities."""

from __future__ import annotations

import pytest
from format_helpers import detected, read_all, texts

from spacy_globalpointer.corpus.formats.conll_detection import Wish, find_layout
from spacy_globalpointer.corpus.formats.registry import detect_format

SPANS = [("PER", "Anna Berg"), ("LOC", "Leith")]
CHUNKED = "Anna NNP B-NP {0}B-PER\nBerg NNP I-NP {0}I-PER\nlives VM B-VGF {1}\n"
CHUNKED += "in PSP B-NP {1}\ntown NN I-NP {1}\n"


def tabbed(content):
    return content.replace(" ", "\t")


def one(folder, content, **options):
    [(document, rejects)] = detected(folder, content, **options)
    assert rejects == []
    return document


def layout_of(content):
    return find_layout(tabbed(content).splitlines(), Wish())


@pytest.mark.parametrize(
    "content,text",
    [
        (
            "0 Anna B-PER\n1 Berg I-PER\n2 visits O\n3 Leith B-LOC\n\n0 He O\n",
            "Anna Berg visits Leith\nHe",
        ),
        (
            "1 Anna B-PER\n2 Berg I-PER\n3 visits O\n\n4 Leith B-LOC\n5 x O\n",
            "Anna Berg visits\nLeith x",
        ),
        (
            "1 Anna B-PER\n2 Berg I-PER\n3 visits O\n1 Leith B-LOC\n",
            "Anna Berg visits\nLeith",
        ),
        ("T1 Anna B-PER\nT2 Berg I-PER\nT3 in O\nT4 Leith B-LOC\n", None),
        ("1:1 Anna B-PER\n1:2 Berg I-PER\n2:1 Leith B-LOC\n", "Anna Berg\nLeith"),
        ("1-1 Anna B-PER\n1-2 Berg I-PER\n2-1 Leith B-LOC\n", "Anna Berg\nLeith"),
        ("2.1 Anna B-PER\n2.2 Berg I-PER\n3.1 Leith B-LOC\n", "Anna Berg\nLeith"),
        (
            "d3_s1_w1 Anna B-PER\nd3_s1_w2 Berg I-PER\nd3_s2_w1 Leith B-LOC\n",
            "Anna Berg\nLeith",
        ),
        ("s1 w1 Anna B-PER\ns1 w2 Berg I-PER\ns1 w3 Leith B-LOC\n", "Anna Berg Leith"),
        (
            "1 1 Anna B-PER\n1 2 Berg I-PER\n2 1 Leith B-LOC\n2 2 x O\n",
            "Anna Berg\nLeith x",
        ),
        ("0 4 Anna B-PER\n5 9 Berg I-PER\n10 15 Leith B-LOC\n", "Anna Berg Leith"),
        ("a/b Anna B-PER\na/b Berg I-PER\na/b Leith B-LOC\n", "Anna Berg Leith"),
        ("_ Anna B-PER\n_ Berg I-PER\n_ Leith B-LOC\n", "Anna Berg Leith"),
        ("1 NNP Anna B-PER\n2 NNP Berg I-PER\n3 NNP Leith B-LOC\n", "Anna Berg Leith"),
        ("१ Anna B-PER\n२ Berg I-PER\n३ Leith B-LOC\n", "Anna Berg Leith"),
        ("B-PER Anna\nI-PER Berg\nB-LOC Leith\n", "Anna Berg Leith"),
        ("Anna B-PER 0\nBerg I-PER 1\nLeith B-LOC 2\n", "Anna Berg Leith"),
        ("NNP Anna B-PER\nNNP Berg I-PER\nNNP Leith B-LOC\n. . O\n", None),
        ("NN Anna B-PER\nIN Berg I-PER\nVB x O\nNN Leith B-LOC\n", None),
        ("propn Anna B-PER\nx Berg I-PER\nadp x O\npropn Leith B-LOC\n", None),
    ],
)
def test_ids_and_counters_are_not_tokens(tmp_path, content, text):
    document = one(tmp_path, tabbed(content))
    assert texts(document) == SPANS
    assert document.text == (text or document.text)


def test_counter_of_one_token_sentences_is_not_a_sentence_id():
    layout = layout_of("1 a B-X\n\n1 b O\n\n1 c O\n2 d O\n")
    assert (layout.number, layout.token, layout.sentence_ids) == (0, 1, ())


@pytest.mark.parametrize(
    "content,text",
    [
        ("12.5 B-X\n300 O\n1991 O\n", "12.5 300 1991"),
        ("1 B-X\n2 O\n3 O\n", "1 2 3"),
        ("1 12.5 B-X\n2 300 O\n3 1991 O\n", "12.5 300 1991"),
        ("12.5 CD B-X\n300 CD O\n7 CD O\n", "12.5 300 7"),
        ("1991 CD B-X\n. . O\n", "1991 ."),
        ("1991 CD B-X\n", "1991"),
        ("1 Anna B-X\n", "Anna"),
    ],
)
def test_numbers_are_tokens_if_there_are_no_words(tmp_path, content, text):
    assert one(tmp_path, tabbed(content)).text == text


@pytest.mark.parametrize(
    "content",
    [
        "1 NNP B-X\n2 VBZ O\n3 CD O\n",
        "a8f3 Anna B-X\nb77c lives O\nc0d1 here O\n",
        "1 a8f3 Anna B-X\n2 b77c lives O\n3 c0d1 here O\n",
        "1 B B-X\n2 B O\n3 B O\n",
    ],
)
def test_unclear_column_of_tokens_raises_GP123(tmp_path, content):
    with pytest.raises(ValueError, match="GP123.*file.tsv.*--option token="):
        one(tmp_path, tabbed(content))
    assert one(tmp_path, tabbed(content), token="1").text


@pytest.mark.parametrize(
    "content",
    [
        "sentence_id words labels\n0 Anna B-PER\n0 Berg I-PER\n1 Leith B-LOC\n1 . O\n",
        "tokens ner_tags\nAnna B-PER\nBerg I-PER\nLeith B-LOC\n",
        "index ner_tags word\n7 B-PER Anna\n3 I-PER Berg\n9 B-LOC Leith\n",
        "pos word tag\nAnna Anna B-PER\nBerg Berg I-PER\nLeith Leith B-LOC\n",
    ],
)
def test_header_names_the_columns(tmp_path, content):
    document = one(tmp_path, tabbed(content))
    assert texts(document) == SPANS
    assert not document.text.startswith(("word", "tokens"))


def test_header_in_the_middle_of_joined_files_is_not_a_token(tmp_path):
    part = "word\ttag\nAnna\tB-PER\nlives\tO\n"
    assert one(tmp_path, part + part).text == "Anna lives\nAnna lives"


def test_words_of_a_header_with_a_tag_are_tokens(tmp_path):
    assert one(tmp_path, "word\tO\nlabel\tB-X\n").text == "word label"


@pytest.mark.parametrize("separator", ["\t", " ", ","])
def test_lines_that_end_in_a_carriage_return_alone_are_an_error(tmp_path, separator):
    content = "Anna B-PER\rlives O\rhere O\r".replace(" ", separator)
    with pytest.raises(ValueError, match=r"GP1\d\d"):
        detected(tmp_path, content)
    with pytest.raises(ValueError, match=r'GP164.*file.tsv:1.*end in "\\r" alone'):
        read_all("conll", tmp_path / "file.tsv")


@pytest.mark.parametrize("outside", ["o", "O", "_", "-", "OUT", "none", "0"])
@pytest.mark.parametrize("prefix", ["", "only_tags"])
def test_outside_tag_is_detected(tmp_path, outside, prefix):
    content = CHUNKED.format("", outside)
    if prefix:
        content = f"Anna B-PER\nBerg I-PER\nlives {outside}\nin {outside}\n"
    assert texts(one(tmp_path, tabbed(content))) == SPANS[:1]


def test_lower_case_tags_are_read(tmp_path):
    content = tabbed(CHUNKED.format("", "o")).replace("B-PER", "b-PER")
    assert texts(one(tmp_path, content.replace("I-PER", "i-PER"))) == SPANS[:1]


def test_file_without_spans_does_not_fall_back_to_chunks(tmp_path):
    content = tabbed("Anna NNP B-NP o\nlives VM B-VGF o\n")
    assert texts(one(tmp_path, content)) == []


@pytest.mark.parametrize(
    "content,message",
    [
        (CHUNKED.format("", "NIL"), "column 3.*'B-PER'.*'NIL'.*tags=3.*outside=NIL"),
        ("Anna B-PER\nlives NIL\nin NIL\n", "'B-PER'.*tags=1.*outside=NIL"),
        (CHUNKED.format("x", "O").replace("O", "no"), "column 2.*'B-NP'.*column 3"),
    ],
)
def test_unclear_column_of_tags_raises_GP124(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"GP124.*file.tsv.*{message}"):
        one(tmp_path, tabbed(content))


def test_labels_without_a_prefix_are_not_called_outside(tmp_path):
    with pytest.raises(ValueError, match="GP162.*has tags such as B-PER"):
        detected(tmp_path, "Anna\tPER\nBerg\tPER\nlives\tO\nhere\tO\n")


def test_option_names_the_outside_tag(tmp_path):
    content = tabbed(CHUNKED.format("", "NIL"))
    assert texts(one(tmp_path, content, outside="NIL")) == SPANS[:1]
    empty = tabbed(CHUNKED.format("", ""))
    assert texts(one(tmp_path, empty, tags="3", outside="")) == SPANS[:1]


KAGGLE = """Sentence #,Word,POS,Tag
Sentence: 1,Anna,NNP,B-PER
,Berg,NNP,I-PER
,",",",",O
Sentence: 2,Leith,NNP,B-LOC
,"a ""b"" c",NN,O
"""


@pytest.mark.parametrize(
    "content",
    [
        KAGGLE,
        KAGGLE.split("\n", 1)[1],
        "\ufeff" + KAGGLE.replace(",", ";").replace('";"', '","'),
        "".join(f"{i or ''},{line}\n" for i, line in enumerate(KAGGLE.splitlines())),
    ],
)
def test_csv_with_quotes_and_sentences_is_read(tmp_path, content):
    document = one(tmp_path, content, file="file.csv")
    assert document.text == 'Anna Berg ,\nLeith a "b" c'
    assert texts(document) == SPANS


@pytest.mark.parametrize(
    "content",
    [
        '-DOCSTART-,O\n,O\nAnna,B-PER\n"Berg",I-PER\n",",O\n,O\nLeith,B-LOC\n',
        '"-DOCSTART-","O"\n"",""\n"Anna","B-PER"\n"Berg","I-PER"\n",","O"\n,\n'
        '"Leith","B-LOC"\n',
        "Anna, B-PER\nBerg, I-PER\n\n(, O\n\nLeith, B-LOC\n",
    ],
)
def test_csv_without_a_header_is_read(tmp_path, content):
    document = one(tmp_path, content, file="file.csv")
    assert texts(document) == SPANS
    assert document.text.count("\n") >= 1


def test_csv_of_a_folder_is_read_only_without_other_files(tmp_path):
    (tmp_path / "a.csv").write_text(KAGGLE)
    found = detect_format(tmp_path)
    assert [texts(document) for document, _ in found.read(tmp_path)] == [SPANS]
    (tmp_path / "b.txt").write_text("Anna B-PER\n")
    assert [texts(document) for document, _ in found.read(tmp_path)] == [
        [("PER", "Anna")]
    ]


def test_csv_with_an_open_quote_names_line_and_separator(tmp_path):
    with pytest.raises(ValueError, match=r"GP164.*file\.csv:2.*CSV.*','"):
        one(tmp_path, 'Anna,B-PER\n",O\nlives,O\n', file="file.csv")


def test_csv_is_written_with_tabs(tmp_path):
    from spacy_globalpointer.corpus.formats.conll import CONLL

    document = one(tmp_path, KAGGLE, file="file.csv")
    CONLL.write([document], tmp_path / "new.conll")
    assert (tmp_path / "new.conll").read_text().split("\n")[:2] == [
        "Sentence: 1\tAnna\tNNP\tB-PER",
        "\tBerg\tNNP\tI-PER",
    ]
    [(again, _)] = CONLL.read(tmp_path / "new.conll")
    assert (again.text, texts(again)) == (document.text, texts(document))


def test_option_chooses_the_separator(tmp_path):
    content = "a;x,B-X\nb;x,O\n"
    assert one(tmp_path, content, separator="comma").text == "a;x b;x"
    with pytest.raises(ValueError, match="GP142.*commas"):
        one(tmp_path, content, separator="comma", tags="2")


@pytest.mark.parametrize(
    "content",
    [
        '{"1": {"words": "a b", "tags": "B-X I-X O I-X", "x": "O O"}}',
        '{\n"1": [\n"a", O\n',
        '[["a", B-X ], ["b", O ]]',
        '[\n["a", O ]\n',
    ],
)
def test_json_is_not_detected_as_conll(tmp_path, content):
    for file in ("file.json", "file.conll"):
        with pytest.raises(ValueError, match="GP127|GP162"):
            one(tmp_path, content, file=file)
    assert find_layout(content.splitlines(), Wish()) is None


@pytest.mark.parametrize("word", ["[", "{", "[[", '{"', '"'])
def test_brackets_are_tokens(tmp_path, word):
    assert one(tmp_path, f"{word}\tO\nAnna\tB-PER\n").text == f"{word} Anna"


@pytest.mark.parametrize(
    "content,message",
    [
        ("Anna B-PER\nlives O\nX O-ORG\n.\n\nHe O\n", ":4.*1 columns.*:3.*'O-ORG'"),
        ("Anna B-PER\nlives O\nin Leith B-LOC\nHe O\n", ":3.*3 columns.*2"),
        ("Anna B-PER\nlives O\nHe\nsleeps O\n", ":3.*1 columns"),
    ],
)
@pytest.mark.parametrize("file", ["file.conll", "file.txt"])
def test_bad_line_of_a_detected_file_is_named(tmp_path, content, message, file):
    with pytest.raises(ValueError, match=f"GP164.*{file}{message}"):
        one(tmp_path, content, file=file)


def test_file_of_which_most_lines_do_not_fit_is_not_conll(tmp_path):
    with pytest.raises(ValueError, match="GP162"):
        one(tmp_path, "a O\nb O\nc\nd e f\ng h i j\n")
