"""Raw texts as a corpus."""

from __future__ import annotations

import gzip
from itertools import islice

import pytest
import spacy
from distillation_helpers import RAW, write_raw
from helpers import TEXTS

from spacy_globalpointer.distillation import raw_texts
from spacy_globalpointer.distillation.raw_texts import (
    RawTextCorpus,
    create_raw_text_corpus_v1,
)
from spacy_globalpointer.pipeline.gold import GoldSpans
from spacy_globalpointer.types import RAW_TEXT

NLP = spacy.blank("en")


def texts(corpus):
    return [example.text for example in corpus(NLP)]


def test_texts_of_all_files_are_read_without_empty_ones(tmp_path):
    write_raw(tmp_path)
    (tmp_path / "one.txt").write_text("A line .\n", "utf-8")
    with gzip.open(tmp_path / "two.txt.gz", "wt", encoding="utf-8") as stream:
        stream.write("Another line .")
    found = texts(RawTextCorpus([tmp_path], 100, 0))
    written = [*TEXTS, *RAW, "A line .\n", "Another line ."]
    assert sorted(found) == sorted(text for text in written if text)


def test_order_differs_by_pass_and_seed_and_repeats(tmp_path):
    path = write_raw(tmp_path, [f"Text {i} ." for i in range(30)])
    corpus = RawTextCorpus([path], 100, 0)
    passes = [texts(corpus), texts(corpus)]
    assert passes[0] != passes[1] and sorted(passes[0]) == sorted(passes[1])
    again = RawTextCorpus([path], 100, 0)
    assert [texts(again), texts(again)] == passes
    assert texts(RawTextCorpus([path], 100, 1)) != passes[0]


def test_a_bounded_number_of_texts_is_read_ahead(tmp_path, monkeypatch):
    path = write_raw(tmp_path, [f"Text {i} ." for i in range(100)])
    read = []

    def counted(file):
        for text in real(file):
            read.append(text)
            yield text

    real = raw_texts.read_texts
    monkeypatch.setattr(raw_texts, "read_texts", counted)
    monkeypatch.setattr(raw_texts, "HELD", 10)
    assert len([*islice(RawTextCorpus([path], 100, 0)(NLP), 5)]) == 5
    assert len(read) <= 15


def test_long_texts_are_cut_into_chunks_with_all_tokens(tmp_path):
    text = "One sentence here . " * 20
    path = write_raw(tmp_path, [text])
    corpus = RawTextCorpus([path], 10, 0)
    docs = [example.predicted for example in corpus(NLP)]
    assert max(map(len, docs)) <= 10
    assert sum(map(len, docs)) == len(NLP.make_doc(text))


def test_raw_text_says_nothing_about_gold(tmp_path):
    corpus = RawTextCorpus([write_raw(tmp_path)], 100, 0)
    gold = GoldSpans("sc", None)
    for example in corpus(NLP):
        assert example.reference.user_data[RAW_TEXT]
        assert RAW_TEXT not in example.predicted.user_data
        assert gold.add(example) == []
    assert gold.n_docs == 0 and not [*gold.warnings("global_pointer")]


@pytest.mark.parametrize("content", ["", "\n", '{"text": " \\n"}\n'])
def test_texts_of_white_space_are_empty(tmp_path, content):
    (tmp_path / "raw.jsonl").write_text(content, "utf-8")
    assert RawTextCorpus([tmp_path / "raw.jsonl"], 10, 0).is_empty()


def test_registered_name_makes_the_corpus(tmp_path):
    path = write_raw(tmp_path)
    section = {"@readers": "spacy-globalpointer.RawTextCorpus.v1", "paths": [str(path)]}
    corpus = spacy.registry.resolve({"raw": section})["raw"]
    assert corpus.chunk_size == 256 and not corpus.is_empty()


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_invalid_chunk_size_raises_GP117(tmp_path, size):
    with pytest.raises(ValueError, match="GP117"):
        create_raw_text_corpus_v1([write_raw(tmp_path)], size)
