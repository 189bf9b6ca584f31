"""The gold spans of a batch: their scores, degrees, and parts of the loss."""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import Tensor

from .cells import add_cell_gradient, score_cells, sum_at
from .states import PointerStates, wide_dtype


class GoldCells:
    """The cells of a batch's gold spans.

    states (PointerStates): The batch.
    rows (Tensor): Shape (rows, 4), int64: document, label, first token, last token
        (inclusive). Rows may be repeated; each cell is there once.
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
        """log(1 + Σ exp) over the cells of each document and label.

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
        """Add what a gradient by the cells' scores gives.

        gradient (PointerStates): Is added to.
        shares (Tensor): Shape (cells,).
        factors (Tensor): What a cell's share is multiplied with, shape (documents,
            labels).
        """
        weights = shares.to(factors.dtype) * factors.flatten()[self.group]
        add_cell_gradient(gradient, self.states, self.gold, weights)


def _unique(rows: Tensor, degrees: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
    """Each row once, and its highest degree."""
    gold, places = torch.unique(rows, dim=0, return_inverse=True)
    if degrees is None:
        return gold, torch.ones(len(gold))
    highest = torch.zeros(len(gold), dtype=torch.float64)
    return gold, highest.scatter_reduce(0, places, degrees.cpu().double(), "amax")
