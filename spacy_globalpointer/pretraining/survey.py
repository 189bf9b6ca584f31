"""A look at the texts before the first step: how many there are, and which sequences
are held out."""

from __future__ import annotations

import zlib
from typing import List, NamedTuple

import numpy
from numpy import ndarray

from ..errors import Errors
from .sequences import Pieces, SequenceSource

#: Sequences to look at; the texts may have more.
LIMIT = 20_000
#: Share of the sequences that is held out; of few sequences at least `LEAST_HELD_OUT`,
#: but no more than a tenth.
SHARE = 0.01
LEAST_HELD_OUT = 20
#: Fewer sequences are not worth a training.
LEAST_SEQUENCES = 10


class Survey(NamedTuple):
    """What the texts are like.

    held_out (List[Pieces]): Sequences that are not for training.
    threshold (int): Those whose `fingerprint` is below it.
    counts (ndarray): Shape (vocabulary,): how often each piece was seen.
    fingerprint (int): Of all sequences that were looked at.
    """

    held_out: List[Pieces]
    threshold: int
    counts: ndarray
    fingerprint: int

    def is_held_out(self, sequence: Pieces) -> bool:
        """RETURNS (bool): Whether a sequence is not for training; the same one never
        is, wherever it comes again."""
        return fingerprint(sequence) < self.threshold


def fingerprint(sequence: Pieces) -> int:
    """RETURNS (int): A number that depends on the pieces only."""
    return zlib.crc32(sequence.ids.tobytes())


def survey(source: SequenceSource, *, vocabulary: int, length: int) -> Survey:
    """Read the texts, or the first `LIMIT` sequences of them.

    source (SequenceSource): The texts.
    vocabulary (int): Number of pieces that the encoder knows.
    length (int): The most pieces of a sequence, for messages.
    RETURNS (Survey): What they are like.
    RAISES (ValueError): GP202 if there are next to none.
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


def _first(source: SequenceSource) -> List[Pieces]:
    seen: List[Pieces] = []
    for _, sequences in source.read(0):
        seen += sequences
        if len(seen) >= LIMIT:
            break
    return seen
