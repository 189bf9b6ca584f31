"""The sieve: a few cells that hold every span above the thresholds.

Products are computed fast, in float32, and compared with thresholds that are lowered
by what rounding can do. For long documents the product itself is made cheaper: with
an orthonormal basis, and a vector's part in its first r directions told from the
rest,

    ⟨q, k⟩ ≤ ⟨q_r, k_r⟩ + |q_rest| · |k_rest|,

and the right side is a product of width r + 1 (Cauchy and Schwarz). Trained queries
and keys lie close to a few directions, so that the bound passes few cells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional, Tuple

import torch
from torch import Tensor

from .states import PointerStates, score_dtype
from .tiles import TILE_CELLS, score_tile, take, walk

#: Ranks that are tried for the bound.
RANKS = (8, 12, 16, 24, 32)
#: Rows and columns that the choice among them is based on.
SAMPLE = 256
#: Memory of the bound's vectors; with more heads they are made group by group.
BOUND_BYTES = 2**24
# Costs in channels of the product of a cell: to look for the highest cell of a row,
# to go through a row that has one, and to score a single cell exactly. Of a head, in
# channels of cells: to find a basis. Only the speed depends on them.
_LOOK, _GO_THROUGH, _SCORE, _BASIS = 9, 30, 10_000, 3e7
# Relative error of a product's operands, by torch's setting for float32 products.
_OPERAND_ERROR = {"highest": 0.0, "high": 2.0**-11, "medium": 2.0**-8}
_UNIT = 2.0**-24


def candidates(
    states: PointerStates,
    floors: Tensor,
    *,
    max_span_length: Optional[int] = None,
    size: Optional[int] = None,
) -> Iterator[Tensor]:
    """Cells among which are all those that score at least the label's floor.

    states (PointerStates): The batch.
    floors (Tensor): Lowest score per label, float64, finite.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    size (Optional[int]): Longest side of a tile in tokens; None derives it.
    YIELDS (Tensor): Shape (cells, 4), int64: document, label, first token, last
        token (inclusive). No cell comes twice.
    """
    floors = floors - _margins(states, floors)
    for first, part in _parts(states, max_span_length):
        for label, bounds, bound_floors in _bounded(part, floors, max_span_length):
            scan = _scan(bounds, bound_floors, max_span_length, size)
            origin = torch.tensor([first, label, 0, 0], device=states.queries.device)
            yield from (cells + origin for cells in scan)


def _scan(
    states: PointerStates,
    floors: Tensor,
    max_span_length: Optional[int],
    size: Optional[int],
) -> Iterator[Tensor]:
    """Cells whose float32 score is at least the label's floor."""
    dtype, device = score_dtype(states), states.queries.device
    lowest = torch.finfo(dtype).min
    products = replace(states, start=None, end=None)  # its labels are the heads
    shared = products.n_labels < states.n_labels
    for tile in walk(products, max_span_length=max_span_length, size=size):
        scores = score_tile(products, tile, max_span_length=max_span_length)
        labels = slice(0, states.n_labels) if shared else tile.labels
        row_floors = floors[labels].to(dtype).to(device)[:, None]  # (labels, 1)
        if states.start is not None:
            start = take(states.start, tile.rows(device))[..., labels].to(dtype)
            row_floors = row_floors - start.transpose(1, 2)  # (docs, labels, rows)
        row_floors = row_floors.clamp(min=lowest)
        row_floors = row_floors.expand(len(tile.docs), -1, tile.n_rows)
        needed = row_floors
        if states.end is not None:
            end = take(states.end, tile.columns(device))[..., labels].to(dtype)
            needed = (row_floors - end.amax(1)[:, :, None]).clamp(min=lowest)
        alive = (scores.amax(3) >= needed).nonzero()
        docs = torch.tensor(tile.docs, device=device)
        for rows in alive.split(max(1, TILE_CELLS // tile.n_columns)):
            doc, label, row = rows.unbind(1)
            cells = scores[doc, torch.zeros_like(label) if shared else label, row]
            if states.end is not None:
                cells += end[doc, :, label]
            above = cells >= row_floors[doc, label, row][:, None]
            which, column = above.nonzero().unbind(1)
            places = (docs[doc], label + labels.start, row + tile.row)
            found = [place[which] for place in places]
            if len(which):
                yield torch.stack([*found, column + tile.column], dim=1)


def _margins(states: PointerStates, floors: Tensor) -> Tensor:
    """How far below its exact value a score computed in float32 can lie, and a
    floor above its own, per label: the textbook bound on the rounding of a sum."""
    sizes = _largest(states).expand(states.n_labels) * states.scale
    width = states.queries.shape[2]
    error = 2 * _OPERAND_ERROR[torch.get_float32_matmul_precision()]
    margins = (error * 1.01 + (width + 8) * _UNIT) * sizes
    for term in (states.start, states.end):
        if term is not None and len(term):
            finite = term.detach().nan_to_num(neginf=0.0).abs().amax(0)
            margins = margins + 8 * _UNIT * finite.cpu().double()
    return margins + 8 * _UNIT * floors.abs().clamp(max=1e30)


def _largest(states: PointerStates) -> Tensor:
    """Largest |q| times largest |k| of each head, float64."""
    if not len(states.queries):
        return torch.zeros(states.queries.shape[1], dtype=torch.float64)
    norms = [
        torch.linalg.vector_norm(x.to(score_dtype(states)), dim=2).amax(0)
        for x in (states.queries, states.keys)
    ]
    return (norms[0].cpu().double() * norms[1].cpu().double()) * (1 + 1e-5)


def _parts(
    states: PointerStates, max_span_length: Optional[int]
) -> Iterator[Tuple[int, PointerStates]]:
    """Cut the batch so that each document for which a bound may pay is alone.

    YIELDS (Tuple[int, PointerStates]): Index of the part's first document, and it.
    """
    first, width = 0, states.queries.shape[2]
    for doc, length in enumerate(states.lengths):
        if _bound_may_pay(length, width, max_span_length):
            if first < doc:
                yield first, states.docs(first, doc)
            yield doc, states.docs(doc, doc + 1)
            first = doc + 1
    if first < len(states.lengths):
        yield first, states.docs(first, len(states.lengths))


def _bound_may_pay(length: int, width: int, max_span_length: Optional[int]) -> bool:
    """Whether a bound that let nothing pass would save twice what its basis costs."""
    if torch.get_float32_matmul_precision() != "highest":
        return False
    cells = length * min(length // 2, max_span_length or length)
    return cells * (width - RANKS[0]) > 2 * (_BASIS + 2 * length * width**2)


def _bounded(
    part: PointerStates, floors: Tensor, max_span_length: Optional[int]
) -> Iterator[Tuple[int, PointerStates, Tensor]]:
    """A part as it is, or with its heads bounded from above where that is cheaper.

    YIELDS (Tuple[int, PointerStates, Tensor]): Index of the first label, states
        whose scores are not below the part's, and their floors.
    """
    n_tokens, n_heads, width = part.queries.shape
    if not _bound_may_pay(part.lengths[0], width, max_span_length):
        yield 0, part, floors
        return
    step = max(1, BOUND_BYTES // (8 * n_tokens * RANKS[-1]))
    for first in range(0, n_heads, step):
        heads = slice(first, first + step)
        group = part.labels(heads) if n_heads > 1 else part
        own = floors[heads] if n_heads > 1 else floors
        yield first, *(_bound(group, own) or (group, own))


def _bound(
    states: PointerStates, floors: Tensor
) -> Optional[Tuple[PointerStates, Tensor]]:
    """The bound of the cheapest rank for a document, and its floors; None where the
    product itself is cheaper."""
    n_tokens, _, width = states.queries.shape
    places = torch.linspace(0, n_tokens - 1, SAMPLE).long().to(states.queries.device)
    sample = [x[places].float().transpose(0, 1) for x in (states.queries, states.keys)]
    basis = _basis(torch.cat(sample, dim=1))
    if basis is None:
        return None
    gain = _highest_gain(states, floors)[places].transpose(0, 1)  # (heads, sample)
    costs = {width: float(width + _LOOK)}
    for rank in (rank for rank in RANKS if rank < width):
        queries, keys = (_project(x, basis[..., :rank]) for x in sample)
        bounds = torch.matmul(queries * states.scale, keys.transpose(1, 2))
        above = bounds + gain[..., None] >= 0
        rows, cells = float(above.any(2).float().mean()), float(above.float().mean())
        costs[rank] = rank + 1 + _LOOK + rows * _GO_THROUGH + cells * _SCORE
    rank = min(costs, key=lambda rank: costs[rank])
    if rank == width:
        return None
    queries, keys = (
        _project(x.float().transpose(0, 1), basis[..., :rank]).transpose(0, 1)
        for x in (states.queries, states.keys)
    )
    # What rounding does to the parts along the basis and across it, at the worst.
    error = 8 * width**0.5 * (width + 8) * _UNIT * states.scale
    return replace(states, queries=queries, keys=keys), floors - error * _largest(
        states
    )


def _basis(vectors: Tensor) -> Optional[Tensor]:
    """Orthonormal directions of each head, those first that most of the vectors lie
    along; None if the vectors lie along too many.

    vectors (Tensor): Shape (heads, vectors, width).
    RETURNS (Optional[Tensor]): Shape (heads, width, width), the directions last.
    """
    second_moment = torch.matmul(vectors.transpose(1, 2), vectors)
    trace = second_moment.diagonal(dim1=1, dim2=2).sum(1)
    n_directions = trace.square() / second_moment.square().sum((1, 2))
    if float(n_directions.mean()) > RANKS[-1]:
        return None
    return torch.linalg.eigh(second_moment).eigenvectors.flip(2)


def _project(vectors: Tensor, basis: Tensor) -> Tensor:
    """Parts of vectors along a basis, and the norm of what is across it.

    vectors (Tensor): Shape (heads, vectors, width).
    basis (Tensor): Shape (heads, width, rank).
    RETURNS (Tensor): Shape (heads, vectors, rank + 1).
    """
    along = torch.matmul(vectors, basis)
    squares = vectors.square().sum(2), along.square().sum(2)
    rounding = 8 * vectors.shape[2] * _UNIT * squares[0]
    across = (squares[0] - squares[1] + rounding).clamp(min=0).sqrt()
    return torch.cat([along, across[..., None]], dim=2)


def _highest_gain(states: PointerStates, floors: Tensor) -> Tensor:
    """The most that a token's labels can add to a product, less the floor, shape
    (tokens, heads)."""
    gain = -floors.to(torch.float32).to(states.queries.device)
    if states.start is not None:
        gain = gain + states.start
    if states.end is not None:
        gain = gain + states.end.amax(0)
    gain = gain.expand(len(states.queries), -1)
    shared = states.queries.shape[1] < states.n_labels
    return gain.amax(1, keepdim=True) if shared else gain
