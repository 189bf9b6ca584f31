"""Windows over a document that is too long for the encoder to read at once.

Each piece of the text belongs to one window. At its ends a window also reads pieces of
its neighbours, so that each piece is read in context. There the vectors of the windows
are blended, so that both ends of a span across a seam come from the same mixture:

    pieces   0 1 2 3 4 5 6 7 8 9
    window   [. . . .]+ +             4 of its own, 2 of context
    window       + +[. . . . . .]     6 of its own
    weight   1 1 ⅞ ⅝ ⅜ ⅛ 0 0 0 0      of the first window's vectors
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

import numpy
from numpy import ndarray


class Window(NamedTuple):
    """Window as offsets in a document's pieces, made by `plan_windows`. Ends are
    exclusive.

    start (int): First piece that the encoder reads.
    stop (int): End of the pieces that the encoder reads.
    first (int): First piece of its own part.
    last (int): End of its own part.
    """

    start: int
    stop: int
    first: int
    last: int


def plan_windows(
    n_pieces: int, cuts: ndarray, *, capacity: int, context: int
) -> List[Window]:
    """Split a document into windows of about the same length. If tokens are short,
    there are as few windows as possible.

    n_pieces (int): Number of the document's pieces.
    cuts (ndarray): Ascending offsets at which a token begins. Windows meet there. Only
        a token that is longer than the own part of a window is split.
    capacity (int): Highest number of pieces that a window can read, more than twice the
        context.
    context (int): Pieces that a window reads on each side of its own part, where
        the document has them.
    RETURNS (List[Window]): The windows in order. Each piece belongs to one window,
        which reads `context` neighbours of the piece on both sides, or all that exist.
    """
    windows, first = [], 0
    while first < n_pieces:
        last = _end_of_own_part(first, n_pieces, cuts, capacity, context)
        start, stop = max(0, first - context), min(n_pieces, last + context)
        windows.append(Window(start, stop, first, last))
        first = last
    return windows


def _end_of_own_part(
    first: int, n_pieces: int, cuts: ndarray, capacity: int, context: int
) -> int:
    before = min(first, context)
    rest = n_pieces - first
    if before + rest <= capacity:
        return n_pieces
    # Windows overlap by twice the context, so they read more pieces than there are.
    # Each one reads the same number.
    room = capacity - 2 * context
    n_windows = -(-(before + rest - 2 * context) // room)
    even = (before + rest + 2 * context * (n_windows - 1)) / n_windows
    limit = first + capacity - before - context
    target = min(limit, first + round(even) - before - context)
    at = numpy.searchsorted(cuts, (target, limit), side="right")
    # The start of a token at or before the target, or one before the limit if that is
    # far away.
    near, most = (int(cuts[i - 1]) if i else first for i in at)
    if near - first < (target - first) / 2:
        near = most
    return near if near > first else limit


def blend_weights(
    windows: Sequence[Window], n_pieces: int, context: int
) -> List[ndarray]:
    """Compute the weights of each window's vectors: 1 inside, decreasing to 0 at its
    two ends over twice the context, where the weights of the next window increase from
    0 to 1.

    windows (Sequence[Window]): A document's windows.
    n_pieces (int): Number of the document's pieces.
    context (int): As in `plan_windows`.
    RETURNS (List[ndarray]): A weight for each piece that each window reads, float32.
        The weights of each piece add up to 1.
    """
    totals, slopes = numpy.zeros(n_pieces), []
    for window in windows:
        pieces = numpy.arange(window.start, window.stop) + 0.5
        slope = numpy.ones(len(pieces))
        if window.start > 0 and context:
            slope = numpy.minimum(slope, (pieces - window.start) / (2 * context))
        if window.stop < n_pieces and context:
            slope = numpy.minimum(slope, (window.stop - pieces) / (2 * context))
        totals[window.start : window.stop] += slope
        slopes.append(slope)
    return [
        (slope / totals[window.start : window.stop]).astype("float32")
        for window, slope in zip(windows, slopes)
    ]
