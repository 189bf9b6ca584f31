"""Which pieces are masked."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pretraining_helpers import pieces

from spacy_globalpointer.encoders.batches import SpecialPieces
from spacy_globalpointer.pretraining.masking import choose, make_batch

SPECIAL = SpecialPieces(numpy.array([2]), numpy.array([3]), 0)
UNKNOWN = 1


def batch(sequences, *, share=0.15, whole_words=False, seed=0):
    random = numpy.random.default_rng(seed)
    options = {"share": share, "whole_words": whole_words, "random": random}
    return make_batch(sequences, SPECIAL, never=[0, UNKNOWN, 2, 3], **options)


def test_a_batch_is_padded_to_its_longest_sequence():
    made = batch([pieces([7, 8, 9]), pieces([7])])
    assert made.ids.tolist() == [[2, 7, 8, 9, 3], [2, 7, 3, 0, 0]]
    assert made.mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert made.is_text.tolist() == [[0, 1, 1, 1, 0], [0, 1, 0, 0, 0]]


def test_special_and_unknown_pieces_are_never_masked():
    sequences = [pieces([7, UNKNOWN, 8, 3, 9] * 4), pieces([9, 9, UNKNOWN])]
    for seed in range(50):
        made = batch(sequences, share=0.9, seed=seed)
        assert set(made.ids.flatten()[made.places].tolist()) <= {7, 8, 9}


@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
)
def test_the_wanted_number_of_pieces_is_masked(allowed, share, seed):
    allowed = numpy.array(allowed)
    random = numpy.random.default_rng(seed)
    chosen = choose(numpy.arange(len(allowed)), allowed, share=share, random=random)
    assert not (chosen & ~allowed).any()
    n = allowed.sum()
    assert chosen.sum() == min(n, max(1, round(share * n)))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.integers(0, 9))
def test_whole_words_are_masked_whole(lengths, seed):
    units = numpy.repeat(numpy.arange(len(lengths)), lengths)
    random = numpy.random.default_rng(seed)
    allowed = numpy.ones(len(units), dtype=bool)
    chosen = choose(units, allowed, share=0.3, random=random)
    shares = numpy.bincount(units, chosen) / lengths
    assert set(shares) <= {0, 1}
    wanted = max(1, round(0.3 * len(units)))
    assert wanted <= chosen.sum() < wanted + max(lengths)


def test_each_piece_is_masked_as_often_as_any_other():
    random = numpy.random.default_rng(0)
    allowed = numpy.ones(20, dtype=bool)
    draws = [
        choose(numpy.arange(20), allowed, share=0.15, random=random)
        for _ in range(4000)
    ]
    counts = numpy.sum(draws, axis=0)
    # 600 each; the standard deviation is 23.
    assert counts.sum() == 12000 and abs(counts - 600).max() < 100


def test_masked_places_differ_between_draws_and_repeat_with_a_seed():
    sequences = [pieces(range(10, 70))]
    places = [batch(sequences, seed=seed).places.tolist() for seed in (0, 1, 0)]
    assert places[0] == places[2] != places[1]


@pytest.mark.parametrize("whole_words", [False, True])
def test_each_sequence_has_the_fraction_of_masked_pieces(whole_words):
    begins = [True, False] * 50
    made = batch([pieces([9] * 100, begins)] * 8, whole_words=whole_words)
    counts = torch.bincount(made.places // 102, minlength=8)
    assert counts.tolist() == [16 if whole_words else 15] * 8
