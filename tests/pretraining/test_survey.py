"""What is held out."""

from __future__ import annotations

import numpy
import pytest
from pretraining_helpers import pieces

from spacy_globalpointer.pretraining import survey as room
from spacy_globalpointer.pretraining.survey import survey


class Source:
    """Sequences in groups, as from files."""

    def __init__(self, n, *, size=10, seed=0):
        ids = numpy.random.default_rng(seed).integers(5, 30, size=(n, 12))
        self.groups = [ids[i : i + size] for i in range(0, n, size)]
        self.n_read = 0

    def read(self, epoch):
        for group in self.groups:
            self.n_read += len(group)
            yield len(group), [pieces(ids) for ids in group]


def look(source):
    return survey(source, vocabulary=40, length=12)


@pytest.mark.parametrize("n,n_held_out", [(10, 1), (99, 9), (200, 20), (3000, 30)])
def test_number_of_held_out_sequences_is_bounded(n, n_held_out):
    assert len(look(Source(n)).held_out) == n_held_out


def test_held_out_sequences_are_recognized_in_later_epochs():
    source = Source(300)
    result = look(source)
    everything = [x for _, group in source.read(1) for x in group]
    known = [x.ids.tolist() for x in everything if result.is_held_out(x)]
    assert known == [x.ids.tolist() for x in result.held_out]


def test_copies_of_a_sequence_are_all_held_out_or_none():
    source = Source(100)
    source.groups += source.groups
    result = look(source)
    assert len(result.held_out) == 20  # 10 and their copies
    assert len({tuple(x.ids) for x in result.held_out}) == 10


def test_counts_of_the_pieces():
    source = Source(50)
    counts = look(source).counts
    ids = numpy.concatenate(source.groups).ravel()
    assert counts.tolist() == [int((ids == i).sum()) for i in range(40)]


def test_other_texts_have_another_fingerprint():
    one, same, other = (look(Source(50, seed=seed)) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_large_texts_are_not_read_to_the_end(monkeypatch):
    monkeypatch.setattr(room, "LIMIT", 100)
    source = Source(1000)
    look(source)
    assert source.n_read == 100


def test_too_little_text_raises_GP202():
    with pytest.raises(ValueError, match="GP202.*9 different"):
        look(Source(9))
    copies = Source(1)
    copies.groups *= 50
    with pytest.raises(ValueError, match="GP202.*1 different"):
        look(copies)
