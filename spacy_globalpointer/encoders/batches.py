"""Batches of windows of many documents, as arrays that an encoder can read."""

from __future__ import annotations

from itertools import islice
from typing import Any, List, NamedTuple, Optional, Sequence

import numpy
from numpy import ndarray

from .batch_shapes import count_for_few_shapes, count_for_little_filling, round_length
from .pieces import Pieces
from .windows import Window, blend_weights, plan_windows


class SpecialPieces(NamedTuple):
    """Special pieces that an encoder needs around the pieces of a text.

    before (ndarray): Pieces before the text, such as [CLS].
    after (ndarray): Pieces after the text, such as [SEP].
    pad (int): Piece that pads a window.
    """

    before: ndarray
    after: ndarray
    pad: int


class WindowBatch(NamedTuple):
    """Windows of about the same length, padded to the same length.

    ids (ndarray): Shape (windows, pieces), int64.
    mask (Any): Shape (windows, pieces), bool: False for padding.
    is_global (Optional[Any]): Same shape, bool: pieces that see the whole window.
    rows (ndarray): Shape (given,): flat offsets of the pieces whose vectors are used.
    places (ndarray): Shape (given,): indices of these pieces among those of all
        documents.
    weights (ndarray): Shape (given,), float32: weights of these vectors.
    """

    ids: ndarray
    mask: Any
    is_global: Optional[Any]
    rows: ndarray
    places: ndarray
    weights: ndarray


def batch_windows(
    docs: Sequence[Pieces],
    special: SpecialPieces,
    *,
    window: int,
    context: int,
    max_pieces: int,
    max_filling: int,
    coarseness: int = 0,
    is_global: Optional[Sequence[Any]] = None,
    first_is_global: bool = False,
) -> List[WindowBatch]:
    """Plan the windows of documents and gather them by length.

    docs (Sequence[Pieces]): The documents.
    special (SpecialPieces): Special pieces, which every window has.
    window (int): Highest number of pieces of a window, including special ones.
    context (int): Pieces of context that a window reads on each side.
    max_pieces (int): Highest number of pieces of a batch, including padding. A longer
        window is a batch by itself.
    max_filling (int): Highest number of padding pieces in a batch. It is not used with
        a coarseness.
    coarseness (int): 1 for batches of few shapes, 2 for very few, 0 for any.
    is_global (Optional[Sequence[Any]]): Whether each piece of a document sees its whole
        window, shape (pieces,), bool, for each document.
    first_is_global (bool): Whether a window's first piece sees the whole window.
    RETURNS (List[WindowBatch]): The batches, longest windows first. The weights of each
        piece of each document add up to 1.
    """
    reads = _plan(docs, special, window, context, coarseness)
    lengths = [read.filled for read in reads]
    if coarseness:
        counts = count_for_few_shapes(lengths, max_pieces, coarseness)
    else:
        counts = count_for_little_filling(lengths, max_pieces, max_filling)
    batches, rest = [], iter(reads)
    for count in counts:
        group = list(islice(rest, count))
        batch = _fill(group, docs, special)
        if is_global is not None or first_is_global:
            seeing = _fill_global(group, batch.mask, special, is_global)
            seeing[:, 0] |= first_is_global
            batch = batch._replace(is_global=seeing)
        batches.append(batch)
    return batches


class _Read(NamedTuple):
    """Window to read: its numbers of pieces with special ones and with padding, its
    document, the offset of the document's pieces, and the weights of its vectors."""

    length: int
    filled: int
    doc: int
    offset: int
    window: Window
    weights: ndarray


def _plan(
    docs: Sequence[Pieces],
    special: SpecialPieces,
    window: int,
    context: int,
    coarseness: int,
) -> List[_Read]:
    """Plan the windows of all documents, the longest first."""
    n_special = len(special.before) + len(special.after)
    reads, offset = [], 0
    for i, pieces in enumerate(docs):
        n, capacity = len(pieces.ids), window - n_special
        plan = plan_windows(n, pieces.cuts, capacity=capacity, context=context)
        for own, weights in zip(plan, blend_weights(plan, n, context)):
            length = filled = own.stop - own.start + n_special
            if coarseness:
                filled = min(window, round_length(length, coarseness))
            reads.append(_Read(length, filled, i, offset, own, weights))
        offset += n
    return sorted(reads, key=lambda read: -read.filled)


def _fill(
    group: List[_Read], docs: Sequence[Pieces], special: SpecialPieces
) -> WindowBatch:
    begin, longest = len(special.before), group[0].filled
    ids = numpy.full((len(group), longest), special.pad, dtype="int64")
    rows, places, weights = [], [], []
    for i, (length, _, doc, offset, window, own) in enumerate(group):
        end = length - len(special.after)
        ids[i, :begin] = special.before
        ids[i, begin:end] = docs[doc].ids[window.start : window.stop]
        ids[i, end:length] = special.after
        given = numpy.arange(window.start, window.stop)
        rows.append(given + (i * longest + begin - window.start))
        places.append(given + offset)
        weights.append(own)
    lengths = numpy.array([read.length for read in group])
    mask = numpy.arange(longest) < lengths[:, None]
    parts = map(numpy.concatenate, (rows, places, weights))
    return WindowBatch(ids, mask, None, *parts)


def _fill_global(
    group: List[_Read],
    mask: Any,
    special: SpecialPieces,
    is_global: Optional[Sequence[Any]],
) -> Any:
    seeing = numpy.zeros(mask.shape, dtype=bool)
    begin = len(special.before)
    for i, (length, _, doc, _, window, _) in enumerate(group):
        if is_global is not None:
            end = length - len(special.after)
            seeing[i, begin:end] = is_global[doc][window.start : window.stop]
    return seeing
