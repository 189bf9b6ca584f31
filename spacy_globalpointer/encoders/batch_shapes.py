"""Sizes of the batches of windows, and the lengths to which windows are padded.

The CPU library oneDNN compiles code for each new shape of its products, and keeps it.
In bfloat16 this takes 2 MiB for each new shape of a batch in prediction, and 10 MiB in
training. In float32 it is little, but it prevents memory around it from being returned.
So batches have few shapes.
"""

from __future__ import annotations

from typing import List, Sequence

import numpy

#: On a CPU, a call of the encoder takes as long as this number of word pieces in
#: float32, and as twice this number in bfloat16, which is faster.
CALL_COST = 64


def round_length(length: int, coarseness: int) -> int:
    """Round the length of a window to one that many windows share.

    length (int): Word pieces of a window, at least 1.
    coarseness (int): 1 or 2.
    RETURNS (int): With a coarseness of 1, the next multiple of 4 up to 32, of 8 up to
        256, and of 1/32 of the next power of two above that. With 2, the next multiple
        of 4 up to 32, of 8 up to 64, of 16 up to 256, and of 1/16 of the next power of
        two above that.
    """
    power = 1 << (length - 1).bit_length()
    step = max(4, min(power // 8, 8 * coarseness), coarseness * power // 32)
    return -(-length // step) * step


def round_count(count: int, coarseness: int) -> int:
    """Round the number of windows of a batch to one that many batches share.

    count (int): Number of windows, at least 1.
    coarseness (int): 1 or 2.
    RETURNS (int): The largest number up to the count that is, with a coarseness of 1,
        one of 1 to 8, 10, 12, 14, 16, 20, 24, 28, 32, …, and with 2, one of 1 to 4, 6,
        8, 12, 16, 24, 32, …
    """
    step = max(1, coarseness * (1 << count.bit_length()) // 8)
    return count // step * step


def count_for_few_shapes(
    lengths: Sequence[int], max_pieces: int, coarseness: int
) -> List[int]:
    """Divide windows into batches that take the least time in total, using only the
    numbers of windows of `round_count`.

    lengths (Sequence[int]): Length of each window, the longest first, from
        `round_length`.
    max_pieces (int): Highest number of pieces of a batch, including padding. A longer
        window is a batch by itself.
    coarseness (int): 1 or 2.
    RETURNS (List[int]): Number of windows of each batch, in order.
    """
    n, call_cost = len(lengths), CALL_COST * coarseness
    counts = numpy.unique([round_count(i, coarseness) for i in range(1, n + 1)])
    # At index i, for the windows from i on: the lowest cost, and the size of the first
    # batch.
    costs, firsts = numpy.zeros(n + 1), numpy.ones(n, dtype="int64")
    for i in reversed(range(n)):
        most = max(1, min(n - i, max_pieces // lengths[i]))
        possible = counts[: numpy.searchsorted(counts, most, side="right")]
        sums = call_cost + possible * lengths[i] + costs[i + possible]
        best = int(sums.argmin())
        costs[i], firsts[i] = sums[best], possible[best]
    chosen, i = [], 0
    while i < n:
        chosen.append(int(firsts[i]))
        i += chosen[-1]
    return chosen


def count_for_little_filling(
    lengths: Sequence[int], max_pieces: int, max_filling: int
) -> List[int]:
    """Divide windows into batches of any size.

    lengths (Sequence[int]): Length of each window, the longest first.
    max_pieces (int): As in `count_for_few_shapes`.
    max_filling (int): Highest number of padding pieces in a batch.
    RETURNS (List[int]): Number of windows of each batch, in order.
    """
    counts: List[int] = []
    longest = filling = 0
    for length in lengths:
        filling += longest - length
        too_many = not counts or (counts[-1] + 1) * longest > max_pieces
        if too_many or filling > max_filling:
            counts.append(0)
            longest, filling = length, 0
        counts[-1] += 1
    return counts
