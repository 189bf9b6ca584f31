"""Search for every span whose score reaches the threshold of its label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import Errors
from .cells import CHUNK, score_cells
from .products import ROUNDED_MULTIPLE, Scratch, rounded_products, score_tile
from .states import PointerStates, by_token, score_dtype
from .tiles import TILE_CELLS, is_allowed, take, walk

# Relative error of a product's operands, by torch's setting for float32 products.
_OPERAND_ERROR = {"highest": 0.0, "high": 2.0**-10, "medium": 2.0**-8}
# Relative rounding error of a float32 number, and the size below which it loses
# precision.
_UNIT, _TINY = 2.0**-24, 2.0**-126
# Products whose sums may overflow while they are added.
_LARGEST_PRODUCT = 1e37


@dataclass(frozen=True, eq=False)
class FoundSpans:
    """Spans found in one document, sorted by start, then end, then label.

    labels (Tensor): Index of each span's label, shape (spans,), int64.
    starts (Tensor): First token of each span, shape (spans,), int64.
    ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
    scores (Tensor): Score of each span, shape (spans,).
    n_above (int): Number of spans that reached the threshold that is counted, before
        `limit` was applied.
    """

    labels: Tensor
    starts: Tensor
    ends: Tensor
    scores: Tensor
    n_above: int

    @classmethod
    def none(cls) -> FoundSpans:
        """Return a result without spans."""
        cells = torch.zeros(0, dtype=torch.int64)
        return cls(cells, cells, cells, torch.zeros(0), 0)

    def take(self, rows: NDArray[numpy.int64]) -> FoundSpans:
        """Return the spans with the given indices."""
        return FoundSpans(
            self.labels[rows],
            self.starts[rows],
            self.ends[rows],
            self.scores[rows],
            self.n_above,
        )


@torch.no_grad()
def search_spans(
    states: PointerStates,
    thresholds: Sequence[float],
    *,
    max_span_length: Optional[int] = None,
    limit: Optional[int] = None,
    counted: Optional[Sequence[float]] = None,
    size: Optional[int] = None,
) -> List[FoundSpans]:
    """Find all spans whose score is at least the threshold of their label.

    Fast products select candidate cells, and each of these is scored exactly and
    separately. So spans and scores do not depend on tiles, threads, the rest of the
    batch or the selection. Scores are sums in float64, rounded to float32. Memory grows
    with the number of tokens and found spans, not with its square.

    states (PointerStates): The batch, on any device.
    thresholds (Sequence[float]): Lowest score per label, in label order. These are
        scores, not probabilities: the threshold of the paper is 0.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    limit (Optional[int]): Keep at most this many spans of a document, the highest
        scores first. Of equal scores, the first by start, end and label is kept.
    counted (Optional[Sequence[float]]): Score per label from which spans are counted in
        `n_above`, at least that of `thresholds`, which are the default.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (List[FoundSpans]): One entry per document, on the CPU.
    RAISES (ValueError): GP007 if there is not one threshold for each label.
    """
    if len(thresholds) != states.n_labels:
        message = Errors.GP007.format(n=len(thresholds), n_labels=states.n_labels)
        raise ValueError(message)
    lowest = torch.finfo(score_dtype(states)).min
    floors = torch.as_tensor(thresholds, dtype=torch.float64).clamp(min=lowest)
    cuts = floors
    if counted is not None:
        cuts = torch.as_tensor(counted, dtype=torch.float64).clamp(min=lowest)
    hits = _Hits(len(states.lengths), limit)
    bound = max_span_length
    sifted = sift_cells(states, floors, max_span_length=bound, size=size)
    for cells in _gathered(sifted):
        scores, cells = score_cells(states, cells).cpu(), cells.cpu()
        above = scores >= floors[cells[:, 1]]
        hits.add(cells[above], scores[above])
        hits.count(cells[scores >= cuts[cells[:, 1]], 0])
    return hits.collect(score_dtype(states))


def _gathered(cells: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield the cells of several tiles together. Separate calls for the few cells of
    each tile would take longer than the computation of their scores."""
    some: List[Tensor] = []
    for own in cells:
        some.append(own)
        if sum(map(len, some)) >= CHUNK:
            yield torch.cat(some)
            some = []
    if some:
        yield torch.cat(some)


class _Hits:
    """Spans of a batch found so far, never many more than the limit."""

    def __init__(self, n_docs: int, limit: Optional[int]) -> None:
        self.limit = limit
        self.n_above = torch.zeros(n_docs, dtype=torch.int64)
        self.pending: List[Tuple[Tensor, Tensor]] = []
        self.n_pending = 0

    def count(self, docs: Tensor) -> None:
        self.n_above += torch.bincount(docs, minlength=len(self.n_above))

    def add(self, cells: Tensor, scores: Tensor) -> None:
        self.pending.append((cells, scores))
        self.n_pending += len(cells)
        n_docs = len(self.n_above)
        if self.limit is not None and self.n_pending > 2 * self.limit * n_docs:
            self.merge(self.limit)

    def merge(self, limit: int) -> None:
        """Keep the best spans of each document."""
        cells, scores = map(torch.cat, zip(*self.pending))
        docs, labels, starts, ends = cells.numpy().T
        order = numpy.lexsort((labels, ends, starts, -scores.numpy(), docs))
        counts = numpy.bincount(docs, minlength=len(self.n_above))
        first = numpy.repeat(numpy.cumsum(counts) - counts, counts)
        best = torch.from_numpy(order[numpy.arange(len(order)) - first < limit])
        self.pending = [(cells[best], scores[best])]
        self.n_pending = len(best)

    def collect(self, dtype: torch.dtype) -> List[FoundSpans]:
        """Return the spans that were kept of each document."""
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


def sift_cells(
    states: PointerStates,
    floors: Tensor,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Iterator[Tensor]:
    """Find candidate cells, among them all cells that score at least the label's floor.

    Scores are computed fast, a tile at a time, in float32. Those of rounded states are
    computed in bfloat16, if only positive products are needed. The floors are lowered
    by the largest error of a score, so that no cell is missed.

    states (PointerStates): The batch.
    floors (Tensor): Lowest score per label, float64, finite.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    YIELDS (Tensor): Shape (cells, 4), int64: document, label, first token, last
        token (inclusive). No cell comes twice.
    """
    bound, scratch, device = max_span_length, Scratch(), states.queries.device
    products = replace(states, start=None, end=None)  # one label per head
    shared = products.n_labels < states.n_labels
    all_needed = _needed(states, floors)
    rounded = states.exact is not None and bool((all_needed > 0).all())
    score = rounded_products if rounded else score_tile
    multiple = ROUNDED_MULTIPLE if rounded else 1
    for tile in walk(products, max_span_length=bound, size=size, multiple=multiple):
        scores = score(products, tile, max_span_length=bound, scratch=scratch)
        labels = slice(0, states.n_labels) if shared else tile.labels
        needed = take(all_needed[:, labels], tile.rows(device)).to(scores.dtype)
        highest = needed
        if states.end is not None:
            end = take(states.end, tile.columns(device))[..., labels].to(needed)
            highest = needed - end.amax(1, keepdim=True)
        # "Not below" also keeps NaN, which must be examined.
        tops = _positive_tops(scores) if rounded else scores.amax(3)
        alive = (~(tops.transpose(1, 2) < highest)).nonzero()
        if not len(alive):
            continue
        docs, lengths = (
            torch.tensor(x, device=device) for x in (tile.docs, tile.lengths)
        )
        for some in alive.split(max(1, TILE_CELLS // tile.n_columns)):
            doc, row, label = some.unbind(1)
            cells = scores[doc, torch.zeros_like(label) if shared else label, row]
            if states.end is not None:
                cells += end[doc, :, label]
            above = (~(cells < needed[doc, row, label][:, None])).nonzero()
            if len(above):
                which, column = above.unbind(1)
                doc, row, label = doc[which], row[which], label[which]
                starts, ends = row + tile.row, column + tile.column
                # A product that is NaN stays NaN where no span is allowed.
                real = is_allowed(starts, ends, lengths[doc], bound)
                found = docs[doc], label + labels.start, starts, ends
                yield torch.stack(found, dim=1)[real]


def _positive_tops(products: Tensor) -> Tensor:
    """Return the largest product of each row, or a negative number instead of a
    negative one.

    As integers, positive numbers of bfloat16 have the same order, and negative ones are
    below them. torch finds the largest integer several times faster.
    """
    return products.view(torch.int16).amax(3).view(products.dtype)


def _needed(states: PointerStates, floors: Tensor) -> Tensor:
    """Return the value that a product and an end term must reach: the floor less the
    start term and a margin. Shape (tokens, labels), in the type of the scores."""
    dtype, device = score_dtype(states), states.queries.device
    needed = (floors - _margins(states, floors)).to(dtype).to(device)
    needed = by_token(states, needed)
    if states.start is not None:
        needed = needed - states.start.to(dtype)
    return needed.nan_to_num(nan=-torch.inf).clamp(min=torch.finfo(dtype).min)


def _margins(states: PointerStates, floors: Tensor) -> Tensor:
    """Bound how far a score computed fast can be below its exact value, and a floor
    above its own. Shape (documents, labels), float64, infinite where a document's
    states are."""
    margins = _product_margins(states)
    for term in (states.start, states.end):
        if term is not None and len(term):
            finite = term.detach().nan_to_num(0.0, 0.0, 0.0)
            margins = margins + 8 * _UNIT * float(finite.abs().max())
    return margins + 8 * _UNIT * floors.abs().clamp(max=1e30)


def _product_margins(states: PointerStates) -> Tensor:
    """Bound the error of a product: for float32 by the textbook's bound on the rounding
    of a sum of products."""
    if states.exact is not None:
        errors = states.exact.errors
        return errors.where(errors < 2.0**-8 * _LARGEST_PRODUCT, torch.inf)
    scale, width = abs(states.scale), states.queries.shape[2]
    norms = [_largest(states, x.detach()) for x in (states.queries, states.keys)]
    products = norms[0] * norms[1] * max(scale, 1.0)
    relative = 2.02 * _operand_error() + (width + 8) * _UNIT
    margins = relative * products + (width + 8) * _TINY * (1 + scale)
    return margins.where(products < _LARGEST_PRODUCT, torch.inf)


def _largest(states: PointerStates, vectors: Tensor) -> Tensor:
    """Bound the norms of the vectors in each document from above, shape (documents,
    heads), float64 on the CPU. The bound of a document with a NaN is NaN."""
    vectors = vectors.to(score_dtype(states))
    norms = torch.linalg.vector_norm(vectors, dim=2).cpu().double()
    # Covers rounding, and channels so small that their squares underflow.
    norms = norms * (1 + 1e-5) + vectors.shape[2] ** 0.5 * _TINY**0.5
    lengths = torch.tensor(states.lengths, dtype=torch.int64)
    docs = torch.arange(len(lengths)).repeat_interleave(lengths)[:, None]
    largest = norms.new_zeros(len(lengths), norms.shape[1])
    return largest.scatter_reduce(0, docs.expand_as(norms), norms, "amax")


def _operand_error() -> float:
    try:
        return _OPERAND_ERROR[torch.get_float32_matmul_precision()]
    except RuntimeError:  # torch has two interfaces for the setting
        return _OPERAND_ERROR["medium"]
