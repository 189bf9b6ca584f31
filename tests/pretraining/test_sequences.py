"""Texts as sequences, and the stream of them."""

from __future__ import annotations

import json

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_encoders import FAMILIES, make_bert, make_roberta

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.pretraining.sequences import (
    LEAST,
    SequenceSource,
    SequenceStream,
    cut_sequences,
)
from spacy_globalpointer.pretraining.texts import find_texts


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = make_bert(tmp_path_factory.mktemp("bert"))
    return load_encoder(str(folder), with_weights=False).tokenizer


def write(folder, texts, name="a.jsonl"):
    (folder / name).write_text("".join(json.dumps({"text": x}) + "\n" for x in texts))
    return find_texts([folder])


def nobody(sequence):
    return False


def everything(stream, n, seed=0):
    """The ids of n sequences, one by one."""
    random = numpy.random.default_rng(seed)
    drawn = [stream.draw(random, max_pieces=1, n_special=2) for _ in range(n)]
    return [tuple(x.ids) for [x] in drawn]


@settings(max_examples=30)
@given(st.lists(st.text("ab ", max_size=80), max_size=5), st.integers(2 * LEAST, 30))
def test_sequences_are_the_texts_pieces_in_order(tokenizer, texts, room):
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    expected = [i for own in ids if len(own) >= LEAST for i in own]
    cut = list(cut_sequences(tokenizer, texts, room=room))
    assert all(LEAST <= len(x.ids) <= room for x in cut)
    assert [i for x in cut for i in x.ids] == expected


def test_parts_of_a_text_are_about_equally_long(tokenizer):
    cut = list(cut_sequences(tokenizer, ["a " * 70], room=30))
    assert [len(x.ids) for x in cut] == [23, 23, 24]


def test_texts_are_not_mixed(tokenizer):
    cut = list(cut_sequences(tokenizer, ["a " * 10, "b " * 10], room=30))
    assert [len(set(x.ids)) for x in cut] == [1, 1]


@pytest.mark.parametrize("family", FAMILIES)
def test_begins_of_words(family, tmp_path):
    tokenizer = load_encoder(
        str(FAMILIES[family](tmp_path)), with_weights=False
    ).tokenizer
    [cut] = cut_sequences(tokenizer, ["abc de, fghi jk"], room=60)
    begins = numpy.flatnonzero(cut.begins)
    # A word of byte pieces begins with its space.
    is_bytes = family in ("roberta", "longformer")
    words = [0, 3, 6, 7, 12] if is_bytes else [0, 3, 5, 6, 10]
    assert begins.tolist() == words


def test_short_and_unknown_texts_are_left_out(tokenizer):
    texts = ["a b c", "", "你" * 40, "a b c d e f g h"]
    [cut] = cut_sequences(tokenizer, texts, room=30)
    assert len(cut.ids) == 8


def test_an_epoch_has_each_sequence_once(tokenizer, tmp_path):
    texts = [f"{letter} " * 9 for letter in "abcdefghijklmnopq"]
    files = write(tmp_path, texts[:9]) and write(tmp_path, texts[9:], "b.jsonl")
    source = SequenceSource(files, tokenizer, room=20, seed=0)
    stream = SequenceStream(source, nobody, size=4)
    epochs = [everything(stream, 17, seed) for seed in range(3)]
    assert all(len(set(epoch)) == 17 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert stream.epoch >= 2


def test_held_out_sequences_are_never_drawn(tokenizer, tmp_path):
    files = write(tmp_path, [f"{letter} " * 9 for letter in "abcd"])
    source = SequenceSource(files, tokenizer, room=20, seed=0)
    [[first, *_]] = [sequences for _, sequences in source.read(0)]
    stream = SequenceStream(source, lambda x: x.ids[0] == first.ids[0])
    assert len(set(everything(stream, 30))) == 3


@pytest.mark.parametrize("n", [0, 1, 5, 16, 17, 40])
def test_a_restored_stream_draws_the_same_sequences(n, tokenizer, tmp_path):
    files = write(tmp_path, [f"{a} {b} " * 9 for a in "abcdef" for b in "xyz"])
    source = SequenceSource(files, tokenizer, room=20, seed=0)
    stream, other = (SequenceStream(source, nobody, size=4) for _ in range(2))
    everything(stream, n)
    other.restore(*stream.state())
    assert everything(other, 50) == everything(stream, 50)


def test_a_batch_fills_its_budget_of_pieces(tokenizer, tmp_path):
    draws = numpy.random.default_rng(0)
    files = write(tmp_path, ["a " * n for n in draws.integers(8, 30, size=60)])
    source = SequenceSource(files, tokenizer, room=30, seed=0)
    stream = SequenceStream(source, nobody)
    random, sizes = numpy.random.default_rng(0), []
    for _ in range(20):
        batch = stream.draw(random, max_pieces=128, n_special=2)
        longest = max(len(x.ids) for x in batch) + 2
        sizes.append(len(batch) * longest)
        assert sizes[-1] <= 128
    assert numpy.mean(sizes) > 96


def test_sequence_longer_than_a_batch_is_a_batch_of_its_own(tokenizer, tmp_path):
    files = write(tmp_path, ["a " * 30])
    source = SequenceSource(files, tokenizer, room=30, seed=0)
    stream = SequenceStream(source, nobody)
    random = numpy.random.default_rng(0)
    assert len(stream.draw(random, max_pieces=8, n_special=2)) == 1


def test_each_file_is_read_part_by_part(tokenizer, tmp_path):
    """A buffer of 2 need not read a file of 3,200 texts to its end."""
    files = write(tmp_path, ["a " * 9] * 3200)
    source = SequenceSource(files, tokenizer, room=30, seed=0)
    stream = SequenceStream(source, nobody, size=2)
    everything(stream, 1)
    assert stream.n_texts < 100


def test_a_byte_tokenizer_has_no_words_of_bytes(tmp_path):
    tokenizer = load_encoder(str(make_roberta(tmp_path)), with_weights=False).tokenizer
    [cut] = cut_sequences(tokenizer, ["äöü äöü"], room=60)
    assert cut.begins.sum() == 2
