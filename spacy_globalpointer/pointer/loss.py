"""Loss: the multi-label cross entropy over all spans, with its gradient."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

import torch
from torch import Tensor

from ..errors import Errors
from .states import PointerStates, score_dtype
from .tiles import Tile, score_tile, walk


@torch.no_grad()
def span_loss(
    states: PointerStates,
    positives: Tensor,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Tuple[Tensor, PointerStates]:
    """Multi-label cross entropy of all spans of a batch, and its gradient.

    For each document and label,

        log(1 + Σ_negative exp(s)) + log(1 + Σ_positive exp(−s)),

    and the mean of that over labels and over documents that hold a token. It is
    the loss of the author (Su, https://kexue.fm/archives/7359, used for
    GlobalPointer in https://kexue.fm/archives/8373) with the reduction of his
    dense form; his sparse form (https://kexue.fm/archives/8888) sums over labels
    instead, and so is larger by their number.

    The matrix of scores is walked twice, a tile at a time: once for the sum of
    exponentials, once for the gradient. Positives leave the negative sum by
    exclusion, not by subtraction, so that nothing cancels.

    states (PointerStates): The batch, on any device.
    positives (Tensor): Gold spans, shape (spans, 4), int64: document, label,
        first token, last token (inclusive). Repeated rows count once.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    size (Optional[int]): Side of a tile in tokens; None derives it.
    RETURNS (Tuple[Tensor, PointerStates]): The loss, shape (), and its gradient
        with respect to each tensor of the states, in their type.
    RAISES (ValueError): GP002 if a positive is not an allowed span of the batch.
    """
    positives = torch.unique(positives.to(states.queries.device), dim=0)
    _check_positives(states, positives, max_span_length)
    dtype, n_docs = score_dtype(states), len(states.lengths)
    n_terms = max(1, sum(length > 0 for length in states.lengths) * states.n_labels)
    tiles = _TilesWithGold(states, positives, max_span_length, size)

    # A zero stands for the threshold class: the two "1 +" of the formula.
    negative = states.queries.new_zeros((n_docs, states.n_labels), dtype=dtype)
    for tile, scores in tiles:
        tile_sum = scores.logsumexp(dim=(1, 2))
        negative[tile.doc] = torch.logaddexp(negative[tile.doc], tile_sum)
    positive, gold_weights = _positive_part(states, positives)
    loss = (negative.sum() + positive.sum()) / n_terms

    gradient = states.map(lambda x: torch.zeros_like(x, dtype=dtype).contiguous())
    for tile, scores in tiles:
        weights = (scores - negative[tile.doc, :, None, None]).exp() / n_terms
        _add_tile_gradient(gradient, states, tile, weights)
    _add_gold_gradient(gradient, states, positives, -gold_weights / n_terms)
    return loss, gradient.map(lambda x: x.to(states.queries.dtype))


class _TilesWithGold:
    """Tiles with their scores, −inf at the positives; can be walked repeatedly."""

    def __init__(
        self,
        states: PointerStates,
        positives: Tensor,
        max_span_length: Optional[int],
        size: Optional[int],
    ) -> None:
        self.states = states
        self.positives = positives
        self.max_span_length = max_span_length
        self.size = size

    def __iter__(self) -> Iterator[Tuple[Tile, Tensor]]:
        bound = self.max_span_length
        gold_of_doc = _rows_of_docs(self.positives, len(self.states.lengths))
        for tile in walk(self.states, max_span_length=bound, size=self.size):
            scores = score_tile(self.states, tile, max_span_length=bound)
            _, n_rows, n_columns = scores.shape
            labels, rows, columns = gold_of_doc[tile.doc].unbind(1)
            rows, columns = rows - tile.row, columns - tile.column
            inside = (rows >= 0) & (rows < n_rows)
            inside &= (columns >= 0) & (columns < n_columns)
            cells = (labels[inside], rows[inside], columns[inside])
            scores[cells] = -torch.inf
            yield tile, scores


def _rows_of_docs(positives: Tensor, n_docs: int) -> Tuple[Tensor, ...]:
    """Split the sorted positives by document into (label, start, end) rows."""
    counts = torch.bincount(positives[:, 0], minlength=n_docs)
    return positives[:, 1:].split(counts.tolist())


def _check_positives(
    states: PointerStates, positives: Tensor, max_span_length: Optional[int]
) -> None:
    if not len(positives):
        return
    doc, label, start, end = positives.unbind(1)
    valid = (doc >= 0) & (doc < len(states.lengths))
    valid &= (label >= 0) & (label < states.n_labels)
    lengths = torch.tensor((*states.lengths, 0), device=positives.device)
    last = lengths[doc.clamp(0, len(states.lengths))] - 1
    valid &= (start >= 0) & (start <= end) & (end <= last)
    if max_span_length is not None:
        valid &= end - start < max_span_length
    if not valid.all():
        wrong = positives[~valid][0].tolist()
        raise ValueError(
            Errors.GP002.format(
                span=wrong,
                lengths=states.lengths,
                n_labels=states.n_labels,
                max_span_length=max_span_length,
            )
        )


def _gold_cells(
    states: PointerStates, positives: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Label, head, start and end of each positive, the last two on the batch's
    token axis."""
    doc, label, start, end = positives.unbind(1)
    offset = torch.tensor(states.offsets, dtype=torch.int64, device=doc.device)[doc]
    head = label if states.queries.shape[1] > 1 else torch.zeros_like(label)
    return label, head, start + offset, end + offset


def _positive_part(states: PointerStates, positives: Tensor) -> Tuple[Tensor, Tensor]:
    """log(1 + Σ exp(−s)) per document and label, shape (documents, labels), and
    each positive's share exp(−s) / (1 + Σ exp(−s)), shape (positives,)."""
    dtype = score_dtype(states)
    label, head, start, end = _gold_cells(states, positives)
    dots = states.queries[start, head].to(dtype) * states.keys[end, head].to(dtype)
    scores = dots.sum(-1) * states.scale
    if states.start is not None:
        scores = scores + states.start[start, label].to(dtype)
    if states.end is not None:
        scores = scores + states.end[end, label].to(dtype)
    group = positives[:, 0] * states.n_labels + label
    shape = (len(states.lengths), states.n_labels)
    top = scores.new_full((shape[0] * shape[1],), -torch.inf)
    top = top.scatter_reduce(0, group, -scores, "amax", include_self=True)
    total = torch.zeros_like(top).index_add(0, group, (-scores - top[group]).exp())
    log_sum = torch.logaddexp(top.new_zeros(()), top + total.log())
    return log_sum.reshape(shape), (-scores - log_sum[group]).exp()


def _add_tile_gradient(
    gradient: PointerStates, states: PointerStates, tile: Tile, weights: Tensor
) -> None:
    """Add what a tile's score gradients, shape (labels, rows, columns), give."""
    dtype = weights.dtype
    if gradient.start is not None:
        gradient.start[tile.rows] += weights.sum(2).T
    if gradient.end is not None:
        gradient.end[tile.columns] += weights.sum(1).T
    if states.queries.shape[1] == 1:
        weights = weights.sum(0, keepdim=True)
    weights = weights * states.scale
    queries = states.queries[tile.rows].to(dtype).transpose(0, 1)
    keys = states.keys[tile.columns].to(dtype).transpose(0, 1)
    gradient.queries[tile.rows] += torch.matmul(weights, keys).transpose(0, 1)
    back = torch.matmul(weights.transpose(1, 2), queries)
    gradient.keys[tile.columns] += back.transpose(0, 1)


def _add_gold_gradient(
    gradient: PointerStates, states: PointerStates, positives: Tensor, weights: Tensor
) -> None:
    """Add what the positives' score gradients, shape (positives,), give."""
    label, head, start, end = _gold_cells(states, positives)
    scaled = (weights * states.scale)[:, None]
    add = {"accumulate": True}
    gradient.queries.index_put_(
        (start, head), scaled * states.keys[end, head].to(scaled.dtype), **add
    )
    gradient.keys.index_put_(
        (end, head), scaled * states.queries[start, head].to(scaled.dtype), **add
    )
    if gradient.start is not None:
        gradient.start.index_put_((start, label), weights, **add)
    if gradient.end is not None:
        gradient.end.index_put_((end, label), weights, **add)
