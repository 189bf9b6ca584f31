"""Plan where to cut a long document, in tokens."""

from __future__ import annotations

from typing import Iterable, List, Sequence, Tuple

import numpy
from numpy.typing import NDArray

from ..errors import Errors

Chunk = Tuple[int, int]  # first token, token after the last
IntArray = NDArray[numpy.int64]


def plan_chunks(
    length: int,
    *,
    size: int,
    forbidden: Iterable[Chunk],
    preferred: Sequence[Iterable[int]],
    overlap: int = 0,
) -> List[Chunk]:
    """Plan to cut a document into consecutive chunks.

    Boundary b lies before token b. A chunk ends at the last boundary of the best level
    that leaves it at least half full. Without such a boundary it ends at the last
    allowed one. If a span is longer than the chunk, the chunk ends at the first allowed
    boundary after the span.

    length (int): Tokens of the document.
    size (int): Highest number of tokens in a chunk, if no span forces it to be longer.
    forbidden (Iterable[Chunk]): Spans that must not be cut: first token, and token
        after the last.
    preferred (Sequence[Iterable[int]]): Levels of good boundaries, the best first,
        such as ends of paragraphs and ends of sentences.
    overlap (int): Highest number of tokens of the previous chunk to repeat at the start
        of a chunk, in addition to its own. The chunk begins where it cuts no span.
    RETURNS (List[Chunk]): First token and token after the last of each chunk. Without
        overlap they tile the document; there are none if it is empty.
    RAISES (ValueError): The size is less than 1.
    """
    if size < 1:
        raise ValueError(Errors.GP117.format(name="size", value=size, least=1))
    allowed = _allowed_boundaries(length, forbidden)
    levels = [_last_at(allowed, level) for level in preferred]
    any_last = _last_at(allowed, range(length + 1))
    following = _next_at(allowed)
    chunks, start = [], 0
    while start < length:
        limit = min(start + size, length)
        end = length if limit == length else _choose(start, limit, size, levels)
        end = end or int(any_last[limit])
        if end <= start:
            end = int(following[limit])
        chunks.append((int(following[max(0, start - overlap)]), end))
        start = end
    return chunks


def _choose(start: int, limit: int, size: int, levels: Sequence[IntArray]) -> int:
    """RETURNS (int): The preferred boundary up to the limit, or 0."""
    for last in levels:
        if last[limit] - start >= max(size / 2, 1):
            return int(last[limit])
    return 0


def _allowed_boundaries(length: int, spans: Iterable[Chunk]) -> NDArray[numpy.bool_]:
    """RETURNS (NDArray): Whether a boundary cuts no span, shape (length + 1,)."""
    change = numpy.zeros(length + 2, dtype=numpy.int64)
    for start, end in spans:
        if end - start > 1:
            change[start + 1] += 1
            change[end] -= 1
    return change.cumsum()[:-1] == 0


def _last_at(allowed: NDArray[numpy.bool_], level: Iterable[int]) -> IntArray:
    """RETURNS (IntArray): For each boundary, the last allowed one of the level up to
    and including itself; 0 if there is none. Shape (length + 1,)."""
    last = numpy.zeros(len(allowed), dtype=numpy.int64)
    for boundary in level:
        if allowed[boundary]:
            last[boundary] = boundary
    return numpy.maximum.accumulate(last)


def _next_at(allowed: NDArray[numpy.bool_]) -> IntArray:
    """RETURNS (IntArray): For each boundary, the first allowed one from itself on; the
    document's end is always allowed. Shape (length + 1,)."""
    end = len(allowed) - 1
    following = numpy.where(allowed, numpy.arange(end + 1), end)
    return numpy.minimum.accumulate(following[::-1])[::-1]
