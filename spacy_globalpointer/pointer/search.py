"""Search: every span whose score reaches its label's threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

import torch
from torch import Tensor

from .states import PointerStates
from .tiles import score_tile, walk


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

    Memory grows with the tokens and the spans found, not with their square: one
    tile of scores exists at a time.

    states (PointerStates): The batch, on any device.
    thresholds (Sequence[float]): Lowest score per label, in label order. These
        are scores, not probabilities: 0 is the decision of the paper.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    limit (Optional[int]): Keep at most so many spans of a document, the highest
        scores first; of equal scores the first by start, end and label.
    size (Optional[int]): Side of a tile in tokens; None derives it.
    RETURNS (List[FoundSpans]): One entry a document, on the CPU.
    """
    floors = torch.tensor(thresholds, dtype=torch.float64)
    hits = {doc: _Hits(limit) for doc in range(len(states.lengths))}
    for tile in walk(states, max_span_length=max_span_length, size=size):
        scores = score_tile(states, tile, max_span_length=max_span_length)
        floor = floors.to(scores).clamp(min=torch.finfo(scores.dtype).min)
        above = scores >= floor[:, None, None]
        found = above.nonzero()  # (hits, 3): label, row, column
        if len(found):
            origin = torch.tensor([0, tile.row, tile.column], device=found.device)
            hits[tile.doc].add((found + origin).cpu(), scores[above].cpu())
    return _collect(hits)


class _Hits:
    """The spans of one document so far, never many more than the limit."""

    def __init__(self, limit: Optional[int]) -> None:
        self.limit = limit
        self.cells = torch.zeros((0, 3), dtype=torch.int64)
        self.scores: Optional[Tensor] = None
        self.pending: List[tuple[Tensor, Tensor]] = []
        self.n_pending = 0
        self.n_above = 0

    def add(self, cells: Tensor, scores: Tensor) -> None:
        self.n_above += len(cells)
        self.n_pending += len(cells)
        self.pending.append((cells, scores))
        if self.limit is not None and self.n_pending > self.limit:
            self.merge()

    def merge(self) -> None:
        if self.scores is not None:
            self.pending.insert(0, (self.cells, self.scores))
        self.cells = torch.cat([self.cells[:0], *(cells for cells, _ in self.pending)])
        scores = [scores for _, scores in self.pending]
        self.scores = torch.cat(scores) if scores else torch.zeros(0)
        self.pending, self.n_pending = [], 0
        if self.limit is not None and len(self.cells) > self.limit:
            best = _order(self.cells)
            best = best[self.scores[best].sort(descending=True, stable=True).indices]
            best = best[: self.limit]
            self.cells, self.scores = self.cells[best], self.scores[best]


def _order(cells: Tensor) -> Tensor:
    """Indices that sort (label, start, end) rows by start, then end, then label."""
    order = cells[:, 0].sort(stable=True).indices
    order = order[cells[order, 2].sort(stable=True).indices]
    return order[cells[order, 1].sort(stable=True).indices]


def _collect(hits: Dict[int, _Hits]) -> List[FoundSpans]:
    results = []
    for doc_hits in hits.values():
        doc_hits.merge()
        assert doc_hits.scores is not None
        order = _order(doc_hits.cells)
        labels, starts, ends = doc_hits.cells[order].unbind(1)
        scores = doc_hits.scores[order]
        results.append(FoundSpans(labels, starts, ends, scores, doc_hits.n_above))
    return results
