"""Scores of single cells of the span matrices."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from .states import PointerStates, score_dtype, zeros_of

#: Cells that are scored at once; their vectors stay in a CPU's cache.
CHUNK = 2**12


def place_cells(
    states: PointerStates, cells: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where in the states' tensors a cell's score comes from.

    states (PointerStates): The batch.
    cells (Tensor): Shape (cells, 4), int64: document, label, first token, last
        token (inclusive).
    RETURNS (Tuple[Tensor, Tensor, Tensor, Tensor]): Label, head, and first and last
        token on the token axis, shape (cells,) each.
    """
    doc, label, start, end = cells.unbind(1)
    offset = torch.tensor(states.offsets, dtype=torch.int64, device=doc.device)[doc]
    head = label if states.queries.shape[1] > 1 else torch.zeros_like(label)
    return label, head, start + offset, end + offset


def score_cells(states: PointerStates, cells: Tensor) -> Tensor:
    """Scores of some cells, each by itself.

    Products are summed in float64, always in the same order, and the result is
    rounded once: it depends on nothing but the cell's own vectors.

    states (PointerStates): The batch.
    cells (Tensor): Shape (cells, 4), as in `place_cells`.
    RETURNS (Tensor): Shape (cells,), float32 (float64 for states in float64).
    """
    queries, keys = (x.flatten(0, 1) for x in (states.queries, states.keys))
    scores = [
        _score(states, queries, keys, *place_cells(states, chunk)).to(cells.device)
        for chunk in cells.split(CHUNK)
    ]
    return torch.cat([zeros_of(states, 0), *scores])


def _score(
    states: PointerStates,
    queries: Tensor,
    keys: Tensor,
    label: Tensor,
    head: Tensor,
    start: Tensor,
    end: Tensor,
) -> Tensor:
    n_heads = states.queries.shape[1]
    query = queries.index_select(0, start * n_heads + head)
    key = keys.index_select(0, end * n_heads + head)
    products = _double(query) * _double(key)
    while products.shape[1] > 1:
        half = products.shape[1] // 2
        sums = products[:, :half] + products[:, half : 2 * half]
        odd = products[:, 2 * half :]
        products = torch.cat([sums, odd], dim=1) if odd.shape[1] else sums
    scores = products.sum(1) * states.scale
    if states.start is not None:
        scores = scores + _double(states.start[start, label])
    if states.end is not None:
        scores = scores + _double(states.end[end, label])
    return scores.to(dtype=score_dtype(states))


def _double(x: Tensor) -> Tensor:
    """In float64, which Apple's GPUs do not have."""
    return x.cpu().double() if x.device.type == "mps" else x.double()


def add_cell_gradient(
    gradient: PointerStates, states: PointerStates, cells: Tensor, weights: Tensor
) -> None:
    """Add what the gradient by the scores of some cells gives.

    gradient (PointerStates): Is added to.
    states (PointerStates): The batch.
    cells (Tensor): Shape (cells, 4), as in `place_cells`.
    weights (Tensor): Gradient by each cell's score, shape (cells,).
    """
    label, head, start, end = place_cells(states, cells)
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
