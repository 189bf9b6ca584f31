"""Several tags in one cell are layers; what may be one tag or several is asked."""

from __future__ import annotations

import pytest
from format_helpers import detected, read_value, texts
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.formats.tag_cells import split_cell, split_layers
from spacy_globalpointer.corpus.formats.tag_layers import assign_layers
from spacy_globalpointer.corpus.formats.tags import TagRun, read_runs, write_tags


def one(folder, tags, **options):
    lines = [f"{word}\t{tag}\n" for word, tag in zip("abcdefgh", tags.split())]
    [(document, rejects)] = detected(folder, "".join(lines), **options)
    assert rejects == []
    return sorted(texts(document))


@pytest.mark.parametrize("mark", ["|", ";", ",", "/", "+", "&", "#"])
def test_tags_in_one_cell_are_layers(tmp_path, mark):
    tags = f"B-ORG I-ORG I-ORG{mark}B-GPE O B-PER"
    assert one(tmp_path, tags) == [("GPE", "c"), ("ORG", "a b c"), ("PER", "e")]


@pytest.mark.parametrize(
    "tags,spans",
    [
        ("B-ORG B-PER|I-ORG I-ORG O", [("ORG", "a b c"), ("PER", "b")]),
        ("B-A|B-B I-B|I-A I-A", [("A", "a b c"), ("B", "a b")]),
        ("B-A I-A|B-B I-B O", [("A", "a b"), ("B", "b c")]),  # they cross
        ("O|B-B O|I-B O|O", [("B", "a b")]),
        ("B-A|B-A I-A|I-A I-A", [("A", "a b"), ("A", "a b c")]),
        ("B-A I-A|U-B L-A U-C", [("A", "a b c"), ("B", "b"), ("C", "d")]),
        ("B-A|B-B|B-C I-A|I-B I-A", [("A", "a b c"), ("B", "a b"), ("C", "a")]),
    ],
)
def test_tag_that_continues_a_span_goes_into_its_layer(tmp_path, tags, spans):
    assert one(tmp_path, tags) == spans


LABELS = ["GPE/LOC", "R&D", "C++", "A,B", "A;B", "A#1", "I/O", "B-x", "I_B", "A-b-c"]


@pytest.mark.parametrize("label", [*LABELS, "line_S-Bahn", "X:Y-Z"])
def test_label_with_a_separator_is_one_label(tmp_path, label):
    assert one(tmp_path, f"B-{label} I-{label} O") == [(label, "a b")]


UNCLEAR = [f"I-ORG{mark}U-GPE" for mark in "@:^~.*\\\u3001\uff5c"]
UNCLEAR += ["I-ORG_B-GPE", "I-ORG-I-GPE", "B-GPE|LOC", "I-ORG|GPE"]


@pytest.mark.parametrize("cell", [*UNCLEAR, "B-A|B-", "B-A|X|B-B"])
def test_cell_that_may_be_one_tag_or_several_raises_GP125(tmp_path, cell):
    with pytest.raises(ValueError, match="GP125.*file.tsv:2.*tag_separator=none"):
        one(tmp_path, f"O {cell} O")
    label = cell.partition("-")[2]
    spans = one(tmp_path, f"O {cell} O", tag_separator="none")
    assert spans == [(label, "b")]


def test_space_can_separate_the_tags_of_a_cell(tmp_path):
    content = "a\tB-ORG B-GPE\nb\tI-ORG\n"
    with pytest.raises(ValueError, match="GP125.*tag_separator=space"):
        detected(tmp_path, content)
    [(document, _)] = detected(tmp_path, content, tag_separator="space")
    assert sorted(texts(document)) == [("GPE", "a"), ("ORG", "a b")]
    assert split_cell("B-a label") == ("B-a label",)


def test_option_chooses_the_separator_of_tags(tmp_path):
    assert one(tmp_path, "B-A~B-B I-A", tag_separator="~") == [("A", "a b"), ("B", "a")]
    with pytest.raises(ValueError, match="GP167.*'tag_separator'"):
        one(tmp_path, "B-A", tag_separator="")


def test_lower_case_prefixes_of_several_tags_are_read(tmp_path):
    spans = [("GPE", "b"), ("ORG", "a b")]
    assert one(tmp_path, "b-ORG i-ORG|b-GPE o") == spans
    assert one(tmp_path, "b-ORG i-ORG;b-GPE o") == spans


def test_scheme_is_detected_from_all_tags_of_a_cell(tmp_path):
    spans = [("GPE", "b"), ("ORG", "a b")]
    assert one(tmp_path, "B-ORG L-ORG~U-GPE O", tag_separator="~") == spans
    for mark in "|~":
        record = {"tokens": ["a", "b"], "ner_tags": ["B-ORG", f"L-ORG{mark}U-GPE"]}
        found = read_value("hf-tokens", tmp_path, record, tag_separator=mark)
        assert sorted(texts(found[0][0])) == spans


def test_tags_in_one_string_of_hf_tokens_are_layers(tmp_path):
    record = {"tokens": ["a", "b"], "ner_tags": ["B-ORG", "I-ORG|B-GPE"]}
    [(document, _)] = read_value("hf-tokens", tmp_path, record)
    assert sorted(texts(document)) == [("GPE", "b"), ("ORG", "a b")]
    record["ner_tags"] = ["B-ORG|GPE", "O"]
    with pytest.raises(ValueError, match="GP125.*file.json:1"):
        read_value("hf-tokens", tmp_path, record)
    [(document, _)] = read_value("hf-tokens", tmp_path, record, tag_separator="none")
    assert texts(document) == [("ORG|GPE", "a")]


def test_cell_with_too_many_tags_is_unclear():
    assert split_cell("|".join(["B-A"] * 100_000)) is None


@st.composite
def nested(draw):
    """Spans of which none cross, with different labels."""
    found = []

    def add(start, end):
        if start < end and len(found) < 6:
            a = draw(st.integers(start, end - 1))
            b = draw(st.integers(a + 1, end))
            found.append(TagRun(f"L{len(found)}", a, b, True))
            add(a, b)
            add(b, end)

    add(0, 6)
    return sorted(found, key=lambda run: (run.start, -run.end))


@given(spans=nested(), scheme=st.sampled_from(["IOB2", "BIOES", "BMES", "BILOU"]))
@pytest.mark.parametrize("inner_first", [False, True])
def test_nested_spans_survive_a_round_trip(inner_first, spans, scheme):
    layers = [write_tags(6, layer, scheme) for layer in assign_layers(spans)]
    cells = [[tag for tag in tags if tag != "O"] or ["O"] for tags in zip(*layers)]
    cells = [cell[::-1] if inner_first else cell for cell in cells]
    found = [
        r for layer in split_layers(cells, scheme) for r in read_runs(layer, scheme)
    ]
    assert sorted(found) == sorted(spans)
