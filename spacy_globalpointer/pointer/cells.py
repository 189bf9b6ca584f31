"""Scores of single cells of the span matrices."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from .states import PointerStates, score_dtype, zeros_of

#: Number of cells that are scored together, so that their vectors fit a CPU's cache.
CHUNK = 2**12


def place_cells(
    states: PointerStates, cells: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Find the places in the states' tensors from which the scores of cells are
    computed.

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
    """Compute the scores of some cells one by one.

    Products are summed in float64, always in the same order, and the result is rounded
    once. So a score depends only on the vectors of the cell.

    states (PointerStates): The batch.
    cells (Tensor): Shape (cells, 4), as in `place_cells`.
    RETURNS (Tensor): Shape (cells,), float32 (float64 for states in float64).
    """
    scores = [_score(states, chunk) for chunk in cells.split(CHUNK)]
    return torch.cat([zeros_of(states, 0), *scores])


def take_vectors(x: Tensor, token: Tensor, head: Tensor) -> Tensor:
    """Select single queries or keys.

    x (Tensor): Shape (tokens, heads, width).
    token (Tensor): Places on the token axis, any shape.
    head (Tensor): Heads, of a shape that broadcasts to that of token.
    RETURNS (Tensor): Shape (*token.shape, width).
    """
    first, second = token, head  # rows of a matrix: faster than two indices
    if x.transpose(0, 1).is_contiguous():
        x, first, second = x.transpose(0, 1), head, token
    elif not x.is_contiguous():
        return x[token, head]
    rows = first * x.shape[1] + second
    taken = x.flatten(0, 1).index_select(0, rows.flatten())
    return taken.view(*rows.shape, x.shape[2])


def _score(states: PointerStates, cells: Tensor) -> Tensor:
    label, head, start, end = place_cells(states, cells)
    if states.exact is not None:
        query, key = states.exact.operands(label, start, end)
    else:
        query = take_vectors(states.queries, start, head)
        key = take_vectors(states.keys, end, head)
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
    return scores.to(score_dtype(states)).to(cells.device)


def _double(x: Tensor) -> Tensor:
    """Convert to float64 where the device has it; Apple's GPUs do not."""
    return x.cpu().double() if x.device.type == "mps" else x.double()


def add_cell_gradient(
    gradient: PointerStates, states: PointerStates, cells: Tensor, weights: Tensor
) -> None:
    """Add the gradient that comes from the scores of some cells.

    gradient (PointerStates): Contiguous tensors, to which the gradient is added.
    states (PointerStates): The batch.
    cells (Tensor): Shape (cells, 4), as in `place_cells`.
    weights (Tensor): Gradient with respect to each cell's score, shape (cells,).
    """
    for chunk, weight in zip(cells.split(CHUNK), weights.split(CHUNK)):
        label, head, start, end = place_cells(states, chunk)
        scaled = (weight * states.scale)[:, None]
        n_heads = states.queries.shape[1]
        for own, x, token, other in (
            (gradient.queries, states.keys, start, end),
            (gradient.keys, states.queries, end, start),
        ):
            vectors = scaled * take_vectors(x, other, head).to(scaled.dtype)
            sum_at(own.flatten(0, 1), token * n_heads + head, vectors)
        for term, token in ((gradient.start, start), (gradient.end, end)):
            if term is not None:
                sum_at(term.flatten(), token * states.n_labels + label, weight)


def sum_at(x: Tensor, index: Tensor, values: Tensor) -> None:
    """Add values to a tensor at some places, always in the same order.

    x (Tensor): Shape (n, …), changed in place.
    index (Tensor): Shape (values,), int64; a place may be repeated.
    values (Tensor): Shape (values, …).
    """
    if x.device.type == "cpu":  # threads race in index_put_
        x.index_add_(0, index, values)
    else:  # threads race in index_add_
        x.index_put_((index,), values, accumulate=True)
