"""Windows over a document that is longer than the encoder can read at once.

Each piece of the text belongs to one window; a window also reads its neighbours' pieces
at its ends, so that each piece is seen in context. There the windows' vectors are
blended, so that the two ends of a span across a seam come from the same mixture:

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
    """Offsets in a document's pieces; ends are exclusive.

    start (int): First piece that the encoder reads.
    stop (int): End of what it reads.
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
    """Cut a document into as few windows as can hold it where tokens are short, of
    about the same length.

    n_pieces (int): Number of the document's pieces.
    cuts (ndarray): Offsets at which a token begins, ascending. Windows meet at them;
        only a token that is longer than a window's own part is split.
    capacity (int): The most pieces that a window can read, more than twice the context.
    context (int): Pieces that a window reads on each side of its own part, where
        the document has them.
    RETURNS (List[Window]): The windows in order; each piece belongs to one, which
        reads `context` neighbours of it on both sides, or all that there are.
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
    # Windows that overlap by twice the context read this many pieces in all, and
    # each an equal part of them.
    room = capacity - 2 * context
    n_windows = -(-(before + rest - 2 * context) // room)
    even = (before + rest + 2 * context * (n_windows - 1)) / n_windows
    limit = first + capacity - before - context
    target = min(limit, first + round(even) - before - context)
    at = numpy.searchsorted(cuts, (target, limit), side="right")
    # A token's begin at or before the target; one before the limit if that is far off.
    near, most = (int(cuts[i - 1]) if i else first for i in at)
    if near - first < (target - first) / 2:
        near = most
    return near if near > first else limit


def blend_weights(
    windows: Sequence[Window], n_pieces: int, context: int
) -> List[ndarray]:
    """How much each window's vectors count: 1 inside, falling to 0 at its two ends over
    twice the context, where the next window's rise from 0 to 1.

    windows (Sequence[Window]): A document's windows.
    n_pieces (int): Number of the document's pieces.
    context (int): As in `plan_windows`.
    RETURNS (List[ndarray]): For each window a weight for each piece that it reads,
        float32. The weights of each piece add up to 1.
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
