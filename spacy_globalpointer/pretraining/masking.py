"""Make batches of sequences, with pieces to mask that are drawn for each batch."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence

import numpy
import torch
from numpy import ndarray
from torch import Tensor

from ..encoders.batches import SpecialPieces
from .sequences import PieceSequence


class Batch(NamedTuple):
    """Sequences with their special pieces, padded to the longest.

    ids (Tensor): Shape (sequences, pieces), int64: the original pieces.
    mask (Tensor): Same shape, int64: 0 for padding.
    is_text (Tensor): Same shape, bool: False for special pieces and padding.
    places (Tensor): Shape (masked,), int64: flat offsets of the pieces to mask.
    """

    ids: Tensor
    mask: Tensor
    is_text: Tensor
    places: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(*(x.to(device) for x in self))


def make_batch(
    sequences: Sequence[PieceSequence],
    special: SpecialPieces,
    *,
    never: Sequence[int],
    share: float,
    whole_words: bool,
    random: numpy.random.Generator,
) -> Batch:
    """Make a batch and choose the pieces to mask.

    sequences (Sequence[PieceSequence]): The sequences.
    special (SpecialPieces): The encoder's special pieces around a text.
    never (Sequence[int]): Pieces that are not masked, such as [UNK].
    share (float): Fraction of the other pieces of each sequence to mask.
    whole_words (bool): Mask all pieces of a word or none.
    random (numpy.random.Generator): Draws the places.
    RETURNS (Batch): The batch on the CPU.
    """
    begin, n_around = len(special.before), len(special.before) + len(special.after)
    longest = max(len(x.ids) for x in sequences) + n_around
    shape = len(sequences), longest
    ids = numpy.full(shape, special.pad, dtype="int64")
    mask = numpy.zeros(shape, dtype="int64")
    is_text, chosen = numpy.zeros(shape, dtype=bool), numpy.zeros(shape, dtype=bool)
    for i, pieces in enumerate(sequences):
        end = begin + len(pieces.ids)
        ids[i, :begin], ids[i, begin:end] = special.before, pieces.ids
        ids[i, end : end + len(special.after)] = special.after
        mask[i, : end + len(special.after)] = 1
        is_text[i, begin:end] = True
        units = pieces.begins.cumsum() if whole_words else numpy.arange(end - begin)
        allowed = ~numpy.isin(pieces.ids, never)
        chosen[i, begin:end] = choose(units, allowed, share=share, random=random)
    places: Any = numpy.flatnonzero(chosen)
    arrays: List[ndarray] = [ids, mask, is_text, places]
    return Batch(*(torch.from_numpy(x) for x in arrays))


def choose(
    units: ndarray, allowed: Any, *, share: float, random: numpy.random.Generator
) -> Any:
    """Choose whole units in random order until they have enough pieces.

    units (ndarray): Shape (pieces,), int: the unit of each piece; ascending.
    allowed (Any): Shape (pieces,), bool: pieces that may be chosen.
    share (float): Fraction of these to choose, at least one piece. The last unit may
        exceed it.
    random (numpy.random.Generator): Draws the order of the units.
    RETURNS (Any): Shape (pieces,), bool.
    """
    wanted = max(1, round(share * int(allowed.sum())))
    names, numbers = numpy.unique(units, return_inverse=True)
    sizes = numpy.bincount(numbers[allowed], minlength=len(names))
    order = random.permutation(len(names))
    n_units = int(numpy.searchsorted(sizes[order].cumsum(), wanted)) + 1
    taken = numpy.zeros(len(names), dtype=bool)
    taken[order[:n_units]] = True
    return taken[numbers] & allowed
