"""Count the pieces of the texts, and choose the sequences to hold out."""

from __future__ import annotations

import zlib
from typing import List, NamedTuple

import numpy
from numpy import ndarray

from ..errors import Errors
from .sequences import PieceSequence, SequenceSource

#: Highest number of sequences to read; the texts may have more.
LIMIT = 20_000
#: Fraction of the sequences to hold out: at least `LEAST_HELD_OUT`, at most a tenth.
SHARE = 0.01
LEAST_HELD_OUT = 20
#: Lowest number of different sequences.
LEAST_SEQUENCES = 10


class Survey(NamedTuple):
    """Statistics of the texts.

    held_out (List[PieceSequence]): Sequences that are not for training.
    threshold (int): A sequence is held out if its `fingerprint` is below it.
    counts (ndarray): Shape (vocabulary,): how often each piece occurs.
    fingerprint (int): Fingerprint of all sequences that were read.
    """

    held_out: List[PieceSequence]
    threshold: int
    counts: ndarray
    fingerprint: int

    def is_held_out(self, sequence: PieceSequence) -> bool:
        """Return whether a sequence is held out, wherever in the texts it occurs."""
        return fingerprint(sequence) < self.threshold


def fingerprint(sequence: PieceSequence) -> int:
    """Return a checksum of the pieces."""
    return zlib.crc32(sequence.ids.tobytes())


def survey(source: SequenceSource, *, vocabulary: int, length: int) -> Survey:
    """Read the texts, or the first `LIMIT` sequences of them.

    source (SequenceSource): The texts.
    vocabulary (int): Number of pieces that the encoder knows.
    length (int): Highest number of pieces in a sequence, for messages.
    RETURNS (Survey): Their statistics.
    RAISES (ValueError): GP202 if there are fewer than `LEAST_SEQUENCES`.
    """
    seen = _first(source)
    prints = numpy.array([fingerprint(x) for x in seen], dtype="int64")
    n = len(numpy.unique(prints))
    if n < LEAST_SEQUENCES:
        fields = {"n": n, "length": length, "least": LEAST_SEQUENCES}
        raise ValueError(Errors.GP202.format(**fields))
    n_held_out = max(round(n * SHARE), min(LEAST_HELD_OUT, n // 10))
    threshold = int(numpy.unique(prints)[n_held_out])
    chosen = numpy.flatnonzero(prints < threshold)
    return Survey(
        held_out=[seen[i] for i in chosen],
        threshold=threshold,
        counts=numpy.bincount(
            numpy.concatenate([x.ids for x in seen]), minlength=vocabulary
        ),
        fingerprint=zlib.crc32(prints.tobytes()),
    )


def _first(source: SequenceSource) -> List[PieceSequence]:
    seen: List[PieceSequence] = []
    for _, sequences in source.read(0):
        seen += sequences
        if len(seen) >= LIMIT:
            break
    return seen
