"""Windows gathered to arrays."""

from __future__ import annotations

import numpy
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.encoders.batches import SpecialPieces, batch_windows
from spacy_globalpointer.encoders.pieces import Pieces

SPECIAL = SpecialPieces(numpy.array([1]), numpy.array([2, 3]), pad=0)


def make_pieces(length, first):
    """A document whose pieces have numbers of their own, each a token."""
    everything = numpy.arange(length)
    lengths = numpy.ones(length, dtype=int)
    return Pieces(everything + first, everything, everything, lengths)


@given(
    st.lists(st.integers(0, 60), max_size=6),
    st.integers(0, 3),
    st.integers(10, 20),
    st.integers(1, 80),
    st.integers(0, 40),
    st.integers(0, 2),
)
def test_every_piece_is_given_from_its_own_place(
    lengths, context, window, max_pieces, max_filling, coarseness
):
    docs = [make_pieces(n, 1000 * (i + 1)) for i, n in enumerate(lengths)]
    bounds = {"max_pieces": max_pieces, "max_filling": max_filling}
    bounds["coarseness"] = coarseness
    batches = batch_windows(docs, SPECIAL, window=window, context=context, **bounds)
    expected = numpy.concatenate([numpy.array([], int), *(d.ids for d in docs)])
    total = numpy.zeros(len(expected))
    for batch in batches:
        assert (batch.ids.flatten()[batch.rows] == expected[batch.places]).all()
        numpy.add.at(total, batch.places, batch.weights)
        n, longest = batch.ids.shape
        assert longest <= window and (n == 1 or n * longest <= max_pieces)
        assert coarseness or (~batch.mask).sum() <= max_filling
        for ids, mask in zip(batch.ids, batch.mask):
            own = ids[mask].tolist()
            assert own[0] == 1 and own[-2:] == [2, 3] and not ids[~mask].any()
            assert own[1:-2] == list(range(own[1], own[1] + len(own) - 3))
        assert batch.is_global is None
    assert numpy.allclose(total, 1)


def test_global_pieces_are_marked():
    docs = [make_pieces(4, 10), make_pieces(2, 20)]
    is_global = [numpy.array([0, 1, 0, 0], bool), numpy.array([0, 1], bool)]
    bounds = {"window": 20, "context": 2, "max_pieces": 100, "max_filling": 100}
    [batch] = batch_windows(
        docs, SPECIAL, **bounds, is_global=is_global, first_is_global=True
    )
    assert batch.ids[batch.is_global].tolist() == [1, 11, 1, 21]
    [batch] = batch_windows(docs, SPECIAL, **bounds, is_global=is_global)
    assert batch.ids[batch.is_global].tolist() == [11, 21]
