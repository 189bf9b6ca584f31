"""Search: every span whose score reaches its label's threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy
import torch
from torch import Tensor

from ..errors import Errors
from .cells import CHUNK, score_cells
from .sieve import candidates
from .states import PointerStates, score_dtype


@dataclass(frozen=True, eq=False)
class FoundSpans:
    """The spans found in one document, by start, then end, then label.

    labels (Tensor): Index of each span's label, shape (spans,), int64.
    starts (Tensor): First token of each span, shape (spans,), int64.
    ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
    scores (Tensor): Score of each span, shape (spans,).
    n_above (int): Spans that reached the threshold before `limit` was applied.
    """

    labels: Tensor
    starts: Tensor
    ends: Tensor
    scores: Tensor
    n_above: int

    @classmethod
    def none(cls) -> FoundSpans:
        """RETURNS (FoundSpans): No span."""
        cells = torch.zeros(0, dtype=torch.int64)
        return cls(cells, cells, cells, torch.zeros(0), 0)


@torch.no_grad()
def search_spans(
    states: PointerStates,
    thresholds: Sequence[float],
    *,
    max_span_length: Optional[int] = None,
    limit: Optional[int] = None,
    size: Optional[int] = None,
) -> List[FoundSpans]:
    """Find all spans whose score is at least the threshold of their label.

    Fast products sift the cells; each that passes is scored exactly, by itself. So
    spans and scores do not depend on tiles, threads, the rest of the batch or the
    sieve, and scores are sums in float64, rounded to float32. Memory grows with the
    tokens and the spans found, not with their square.

    states (PointerStates): The batch, on any device.
    thresholds (Sequence[float]): Lowest score per label, in label order. These
        are scores, not probabilities: 0 is the decision of the paper.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    limit (Optional[int]): Keep at most so many spans of a document, the highest
        scores first; of equal scores the first by start, end and label.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (List[FoundSpans]): One entry a document, on the CPU.
    RAISES (ValueError): GP007 if there is not one threshold for each label.
    """
    if len(thresholds) != states.n_labels:
        message = Errors.GP007.format(n=len(thresholds), n_labels=states.n_labels)
        raise ValueError(message)
    lowest = torch.finfo(score_dtype(states)).min
    floors = torch.as_tensor(thresholds, dtype=torch.float64).clamp(min=lowest)
    hits = _Hits(len(states.lengths), limit)
    bound = max_span_length
    sieved = candidates(states, floors, max_span_length=bound, size=size)
    for cells in _gathered(sieved):
        scores, cells = score_cells(states, cells).cpu(), cells.cpu()
        above = scores >= floors[cells[:, 1]]
        hits.add(cells[above], scores[above])
    return hits.collect(score_dtype(states))


def _gathered(cells: Iterable[Tensor]) -> Iterator[Tensor]:
    """Cells of several tiles together: a call for each tile's few would cost more
    than their scores."""
    some: List[Tensor] = []
    for own in cells:
        some.append(own)
        if sum(map(len, some)) >= CHUNK:
            yield torch.cat(some)
            some = []
    if some:
        yield torch.cat(some)


class _Hits:
    """The spans of a batch so far, never many more than the limit."""

    def __init__(self, n_docs: int, limit: Optional[int]) -> None:
        self.limit = limit
        self.n_above = torch.zeros(n_docs, dtype=torch.int64)
        self.pending: List[Tuple[Tensor, Tensor]] = []
        self.n_pending = 0

    def add(self, cells: Tensor, scores: Tensor) -> None:
        self.n_above += torch.bincount(cells[:, 0], minlength=len(self.n_above))
        self.pending.append((cells, scores))
        self.n_pending += len(cells)
        n_docs = len(self.n_above)
        if self.limit is not None and self.n_pending > 2 * self.limit * n_docs:
            self.merge(self.limit)

    def merge(self, limit: int) -> None:
        """Keep the best of each document."""
        cells, scores = map(torch.cat, zip(*self.pending))
        docs, labels, starts, ends = cells.numpy().T
        order = numpy.lexsort((labels, ends, starts, -scores.numpy(), docs))
        counts = numpy.bincount(docs, minlength=len(self.n_above))
        first = numpy.repeat(numpy.cumsum(counts) - counts, counts)
        best = torch.from_numpy(order[numpy.arange(len(order)) - first < limit])
        self.pending = [(cells[best], scores[best])]
        self.n_pending = len(best)

    def collect(self, dtype: torch.dtype) -> List[FoundSpans]:
        """RETURNS (List[FoundSpans]): What was kept of each document."""
        empty = torch.zeros((0, 4), dtype=torch.int64), torch.zeros(0, dtype=dtype)
        self.pending.append(empty)
        if self.limit is not None:
            self.merge(self.limit)
        cells, scores = map(torch.cat, zip(*self.pending))
        docs, labels, starts, ends = cells.numpy().T
        order = torch.from_numpy(numpy.lexsort((labels, ends, starts, docs)))
        counts = torch.bincount(cells[:, 0], minlength=len(self.n_above)).tolist()
        _, labels, starts, ends = cells[order].unbind(1)
        columns = [labels, starts, ends, scores[order]]
        parts = [column.split(counts) for column in columns]
        return [
            FoundSpans(own_labels, own_starts, own_ends, own_scores, n)
            for own_labels, own_starts, own_ends, own_scores, n in zip(
                *parts, self.n_above.tolist()
            )
        ]
