"""Multi-label cross entropy over all spans, with its gradient."""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import Tensor

from ..errors import Errors
from .cells import add_cell_gradient, score_cells, sum_at
from .log_sums import own_pairs_negatives, shifted_negatives, soft_labels
from .shared_pair import shared_pair_negatives
from .states import PointerStates, wide_dtype, zeros_of
from .tiles import is_allowed


@torch.no_grad()
def span_loss(
    states: PointerStates,
    gold: Tensor,
    *,
    degrees: Optional[Tensor] = None,
    balance: float = 0.0,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Tuple[Tensor, PointerStates]:
    """Compute the multi-label cross entropy of all spans of a batch, and its gradient.

    For each document and label, with the scores s of its spans,

        log(1 + Σ_negative exp(s)) + log(1 + Σ_positive exp(−s)),

    and the mean of that over labels and over documents with tokens. This is the loss of
    the GlobalPointer paper (Su, https://kexue.fm/archives/7359, used for GlobalPointer
    in https://kexue.fm/archives/8373) with the reduction of its dense form. The sparse
    form (https://kexue.fm/archives/8888) sums over labels instead, so it is larger by
    their number.

    With degrees, each gold span is positive to the degree t and negative to 1 − t. The
    loss is then the one for soft labels (Su, https://kexue.fm/archives/9064),

        log(1 + Σ (1 − t) · exp(s)) + log(1 + Σ t · exp(−s)),

    where t is 0 for spans that are not listed.

    The whole matrix of scores is never stored: its cells are walked a tile at a time.
    Positives are excluded from the negative sum, not subtracted, so there is no
    cancellation. Results are the same in every run; with another tile size they differ
    by rounding.

    states (PointerStates): The batch, on any device.
    gold (Tensor): Gold spans, shape (spans, 4), int64: document, label, first token,
        last token (inclusive). Repeated rows count once.
    degrees (Optional[Tensor]): How far each gold span is positive, shape (spans,),
        above 0 and up to 1; None for 1. The highest of a repeated row counts.
    balance (float): Weight of the parts, from -1 to 1: the negative part is multiplied
        by 1 − balance, the positive part by 1 + balance.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (Tuple[Tensor, PointerStates]): The loss, shape (), and its gradient
        with respect to each tensor of the states, in their type.
    RAISES (ValueError): GP002 if a gold span is not an allowed span of the batch,
        GP006 if the degrees do not fit the gold spans or a number is out of its range.
    """
    _check_gold(states, gold.cpu(), max_span_length)
    _check_degrees(states, gold, degrees)
    if not -1 <= balance <= 1:
        _refuse(states, f"a balance of {balance}")
    gradient = states.map(lambda x: zeros_of(states, *x.shape))
    factors = _factors(states)
    cells = _GoldCells(states, gold, degrees)
    shares = factors * (1 - balance), factors * (1 + balance)
    bounds = {"max_span_length": max_span_length, "size": size}
    negatives = _negatives(cells, shares[0], gradient, **bounds)
    positives = _positives(cells, shares[1], gradient)
    loss = (negatives * shares[0] + positives * shares[1]).sum()
    return loss, _in_types_of(states, gradient)


@torch.no_grad()
def teacher_loss(
    states: PointerStates,
    teacher: PointerStates,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Tuple[Tensor, PointerStates]:
    """Compute the loss of `span_loss` with a teacher's soft labels for all spans, and
    its gradient.

    The degree t of a span is σ(2 · teacher's score), so the loss is lowest if the
    scores equal the teacher's (Su, https://kexue.fm/archives/9064). In contrast,
    `probability` is σ(score), for a model that learned from gold spans.

    states (PointerStates): The batch, on any device.
    teacher (PointerStates): The teacher's states for the same tokens and labels.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    RETURNS (Tuple[Tensor, PointerStates]): As `span_loss`.
    RAISES (ValueError): GP006 if the sizes of the teacher's states and the batch
        differ.
    """
    if teacher.lengths != states.lengths or teacher.n_labels != states.n_labels:
        given = f"a teacher of {teacher.n_labels} labels for {teacher.lengths} tokens"
        _refuse(states, given)
    gradient = states.map(lambda x: zeros_of(states, *x.shape))
    factors = _factors(states)
    bounds = {"max_span_length": max_span_length, "size": size}
    log_sums = soft_labels(states, teacher, factors, gradient, **bounds)
    return (log_sums * factors).sum(), _in_types_of(states, gradient)


def _in_types_of(states: PointerStates, gradient: PointerStates) -> PointerStates:
    dtypes = iter([x.dtype for x in states.tensors()])
    return gradient.map(lambda x: x.to(next(dtypes)))


def _factors(states: PointerStates) -> Tensor:
    """Return the factor of each document and label in the loss, (documents, labels)."""
    n_docs = sum(length > 0 for length in states.lengths)
    zeros = zeros_of(states, len(states.lengths), states.n_labels)
    return zeros + 1 / max(1, n_docs * states.n_labels)


def _refuse(states: PointerStates, given: str) -> None:
    message = Errors.GP006.format(
        given=given, lengths=states.lengths, n_labels=states.n_labels
    )
    raise ValueError(message)


def _check_gold(
    states: PointerStates, gold: Tensor, max_span_length: Optional[int]
) -> None:
    if not len(gold):
        return
    doc, label, start, end = gold.unbind(1)
    valid = (doc >= 0) & (doc < len(states.lengths))
    valid &= (label >= 0) & (label < states.n_labels)
    lengths = torch.tensor((*states.lengths, 0))[doc.clamp(0, len(states.lengths))]
    valid &= is_allowed(start, end, lengths, max_span_length)
    if not valid.all():
        wrong = gold[~valid][0].tolist()
        raise ValueError(
            Errors.GP002.format(
                span=wrong,
                lengths=states.lengths,
                n_labels=states.n_labels,
                max_span_length=max_span_length,
            )
        )


def _check_degrees(
    states: PointerStates, gold: Tensor, degrees: Optional[Tensor]
) -> None:
    if degrees is None:
        return
    good = (degrees > 0) & (degrees <= 1)
    if degrees.shape != gold.shape[:1] or not good.all():
        shape = tuple(degrees.shape)
        _refuse(states, f"degrees of shape {shape} for {len(gold)} gold spans")


def _negatives(
    cells: _GoldCells,
    factors: Tensor,
    gradient: PointerStates,
    *,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Tensor:
    """Compute log(1 + Σ (1 − t) · exp(s)) per document and label, shape (documents,
    labels), and add the gradient of its product with the factors."""
    states, gold = cells.states, cells.gold
    exponents = cells.scores + (1 - cells.degrees).log()  # -inf for wholly positive
    log_rest = cells.log_sums(exponents).reshape(factors.shape).to(factors.dtype)
    bounds = {"max_span_length": max_span_length, "size": size}
    shared = states.queries.shape[1] < states.n_labels
    quick_negatives = shared_pair_negatives if shared else own_pairs_negatives
    log_sums = quick_negatives(states, gold, log_rest, factors, gradient, **bounds)
    if log_sums is None:
        log_sums = shifted_negatives(
            states, gold, log_rest, factors, gradient, **bounds
        )
    if (cells.degrees < 1).any():
        shares = (exponents - log_sums.flatten().to(cells.dtype)[cells.group]).exp()
        cells.add_gradient(gradient, shares, factors)
    return log_sums


def _positives(cells: _GoldCells, factors: Tensor, gradient: PointerStates) -> Tensor:
    """Compute log(1 + Σ t · exp(−s)) per document and label, shape (documents, labels),
    and add the gradient of its product with the factors."""
    exponents = cells.degrees.log() - cells.scores
    log_sums = cells.log_sums(exponents)
    cells.add_gradient(gradient, -(exponents - log_sums[cells.group]).exp(), factors)
    return log_sums.reshape(factors.shape).to(factors.dtype)


class _GoldCells:
    """Cells of the gold spans of a batch.

    states (PointerStates): The batch.
    rows (Tensor): Shape (rows, 4), int64: document, label, first token, last token
        (inclusive). Repeated rows count once.
    degrees (Optional[Tensor]): How far each row is positive, shape (rows,), above 0 and
        up to 1; None for 1. The highest of a repeated row counts.
    """

    def __init__(
        self, states: PointerStates, rows: Tensor, degrees: Optional[Tensor]
    ) -> None:
        device = states.queries.device
        gold, highest = _unique(rows.cpu(), degrees)
        self.states = states
        self.dtype = wide_dtype(device)
        #: Shape (cells, 4).
        self.gold = gold.to(device)
        #: Shape (cells,).
        self.degrees = highest.to(self.dtype).to(device)
        #: Shape (cells,).
        self.scores = score_cells(states, self.gold).to(self.dtype)
        #: Document and label of each cell as one number, shape (cells,).
        self.group = self.gold[:, 0] * states.n_labels + self.gold[:, 1]

    def log_sums(self, exponents: Tensor) -> Tensor:
        """Compute log(1 + Σ exp) over the cells of each document and label.

        exponents (Tensor): Shape (cells,).
        RETURNS (Tensor): Shape (documents · labels,), at least 0.
        """
        n_groups = len(self.states.lengths) * self.states.n_labels
        top = exponents.new_zeros(n_groups)
        top = top.scatter_reduce(0, self.group, exponents, "amax", include_self=True)
        total = (-top).exp()
        sum_at(total, self.group, (exponents - top[self.group]).exp())
        return top + total.log()

    def add_gradient(
        self, gradient: PointerStates, shares: Tensor, factors: Tensor
    ) -> None:
        """Add the gradient that comes from the cells' scores.

        gradient (PointerStates): The gradient to add to.
        shares (Tensor): Shape (cells,).
        factors (Tensor): Factor of the shares of each document and label, shape
            (documents, labels).
        """
        weights = shares.to(factors.dtype) * factors.flatten()[self.group]
        add_cell_gradient(gradient, self.states, self.gold, weights)


def _unique(rows: Tensor, degrees: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
    """Return each row once, with its highest degree."""
    gold, places = torch.unique(rows, dim=0, return_inverse=True)
    if degrees is None:
        return gold, torch.ones(len(gold))
    highest = torch.zeros(len(gold), dtype=torch.float64)
    return gold, highest.scatter_reduce(0, places, degrees.cpu().double(), "amax")
