"""Gold with white space at its ends, in each format: trimmed, counted, and no reason to
doubt the language."""

from __future__ import annotations

import pytest
import srsly
from corpus_helpers import NLP, char_spans, doc_with, load, read_jsonl, save
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.formats.registry import FORMATS

TEXT = "La\u00a0Banque  de\tLyon\u3000paie Anne."
#: With white space before, behind and around; without.
LOOSE = [("ORG", 2, 9), ("ORG", 3, 19), ("GPE", 13, 19)]
CLEAN = ("PER", 24, 28)
BLANK = ("ORG", 9, 11)
TRIMMED = [("ORG", 3, 9), ("ORG", 3, 18), ("GPE", 14, 18)]
CHARACTER_FORMATS = [
    name for name, format in FORMATS.items() if format.write and not format.cuts_tokens
]


def write(folder, name, triples):
    """A corpus of one document in a format."""
    spans = [TextSpan(label, a, b, Source("", 1)) for label, a, b in triples]
    path = folder / f"corpus{FORMATS[name].suffixes[0]}"
    document = AnnotatedText("a", TEXT, spans, len(spans))
    options = {"annotations": True} if name == "label-studio" else {}
    FORMATS[name].write([document], path, **options)
    return path


def convert(*args):
    return CliRunner().invoke(global_pointer_cli, ["convert", *map(str, args)])


@pytest.mark.parametrize("name", CHARACTER_FORMATS)
@pytest.mark.parametrize("mode", ["reject", "error", "contract", "expand"])
def test_edges_are_trimmed_in_every_format(tmp_path, name, mode):
    path = write(tmp_path, name, [*LOOSE, CLEAN, BLANK])
    options = {"nlp": NLP, "format": name, "on_misaligned": mode}
    summary = convert_corpus(path, tmp_path / "out", **options).splits["all"]
    [doc] = load(tmp_path / "out" / "all.spacy")
    assert sorted(char_spans(doc)) == sorted([*TRIMMED, CLEAN])
    stored = srsly.read_json(tmp_path / "out" / "summary.json")["all"]
    counts = {key: stored[key] for key in ("read", "kept", "trimmed", "adjusted")}
    assert counts == {"read": 5, "kept": 4, "trimmed": 3, "adjusted": 0}
    assert stored["rejected"] == {"white_space": 1} and stored["lost"] == 1
    assert summary.statistics.whitespace_edges == 0
    [reject] = read_jsonl(tmp_path / "out" / "rejects.jsonl")
    assert reject["reason"] == "white_space" and "only white space" in reject["remedy"]


def test_edges_are_trimmed_of_token_spans(tmp_path):
    words = [" ", "Ann", "\n\n", "pays"]
    doc = doc_with(words, [(0, 3, "PER"), (2, 3, "X")], spaces=[False] * 4)
    path = save(tmp_path / "a.spacy", [doc])
    summary = convert_corpus(path, tmp_path / "out", nlp=NLP).splits["all"]
    [doc] = load(tmp_path / "out" / "all.spacy")
    assert (char_spans(doc), summary.trimmed) == ([("PER", 1, 4)], 1)
    assert summary.rejected == {"white_space": 1}


def test_edges_are_trimmed_of_tags(tmp_path):
    path = tmp_path / "a.jsonl"
    tokens = [" ", "Ann", "\u00a0", "\u3000", "pays"]
    tags = ["B-PER", "I-PER", "I-PER", "B-X", "O"]
    srsly.write_jsonl(path, [{"tokens": tokens, "ner_tags": tags}])
    summary = convert_corpus(path, tmp_path / "out", nlp=NLP).splits["all"]
    [doc] = load(tmp_path / "out" / "all.spacy")
    assert [span.text for span in doc.spans["sc"]] == ["Ann"]
    assert (summary.trimmed, summary.rejected) == (1, {"white_space": 1})


@pytest.mark.parametrize("copy,trimmed", [("\u00a0Banque", 1), ("\u00a0Banane", 0)])
def test_copy_of_the_text_is_checked_with_its_edges(tmp_path, copy, trimmed):
    entity = {"start_idx": 2, "end_idx": 8, "type": "ORG", "entity": copy}
    region = {"start": 2, "end": 9, "text": copy, "labels": ["ORG"]}
    result = [{"type": "labels", "value": region}]
    for name, value in {
        "cmeee": [{"text": TEXT, "entities": [entity]}],
        "cluener": [{"text": TEXT, "label": {"ORG": {copy: [[2, 8]]}}}],
        "label-studio": [{"data": {"text": TEXT}, "annotations": [{"result": result}]}],
    }.items():
        srsly.write_json(tmp_path / "a.json", value)
        options = {"nlp": NLP, "format": name}
        found = convert_corpus(tmp_path / "a.json", tmp_path / name, **options)
        summary = found.splits["all"]
        rejected = {} if trimmed else {"text_mismatch": 1}
        assert (summary.trimmed, summary.rejected) == (trimmed, rejected)


def test_misaligned_white_space_does_not_suggest_another_language(tmp_path):
    path = write(tmp_path, "jsonl", LOOSE)
    result = convert(path, tmp_path / "out")
    rows = {tuple(line.split()) for line in result.output.splitlines()}
    assert result.exit_code == 0 and "--lang" not in result.output
    assert ("of", "these", "trimmed", "3") in rows


def test_span_of_white_space_has_its_own_reason(tmp_path):
    path = write(tmp_path, "jsonl", [BLANK])
    result = convert(path, tmp_path / "out")
    said = " ".join(result.output.split())
    assert result.exit_code == 1 and "are only white space" in said
    assert "--lang" not in said and "--format" not in said
