"""Windows over a document that is longer than the encoder can read at once.

Each piece of the text belongs to one window, which gives its vector; a window also
reads its neighbours' pieces at its ends, so that each piece is seen in context.

    pieces   0 1 2 3 4 5 6 7 8 9
    window   [. . . .]+ +             4 of its own, 2 of context
    window       + +[. . . . . .]     6 of its own
"""

from __future__ import annotations

from typing import List, NamedTuple

import numpy
from numpy import ndarray


class Window(NamedTuple):
    """Offsets in a document's pieces; ends are exclusive.

    start (int): First piece that the encoder reads.
    stop (int): End of what it reads.
    first (int): First piece whose vector the window gives.
    last (int): End of what it gives.
    """

    start: int
    stop: int
    first: int
    last: int


def plan_windows(
    n_pieces: int, cuts: ndarray, *, capacity: int, context: int
) -> List[Window]:
    """Cut a document into as few windows as can hold it, of about the same length.

    n_pieces (int): Number of the document's pieces.
    cuts (ndarray): Offsets at which a token begins, ascending. Windows meet at them;
        only a token that is longer than a window's own part is split.
    capacity (int): The most pieces that a window can read, more than twice the context.
    context (int): Pieces that a window reads on each side of its own part, where
        the document has them.
    RETURNS (List[Window]): The windows in order; each piece is given by one. Every
        piece has `context` neighbours on both sides, or all that there are.
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
    for i in at:  # a token's begin at or before the target, else before the limit
        if i and cuts[i - 1] > first:
            return int(cuts[i - 1])
    return limit
