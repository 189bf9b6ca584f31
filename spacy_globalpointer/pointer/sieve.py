"""The sieve: cells among which are all those whose score reaches a floor.

Scores are computed fast, a tile at a time, in float32; the floors are lowered by what
rounding can do to a score, so that no cell is missed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional

import torch
from torch import Tensor

from .states import PointerStates, score_dtype
from .tiles import TILE_CELLS, Scratch, score_tile, take, walk

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
    bound, scratch, device = max_span_length, Scratch(), states.queries.device
    products = replace(states, start=None, end=None)  # its labels are the heads
    shared = products.n_labels < states.n_labels
    all_needed = _needed(states, floors - _margins(states, floors))
    for tile in walk(products, max_span_length=bound, size=size):
        scores = score_tile(products, tile, max_span_length=bound, scratch=scratch)
        labels = slice(0, states.n_labels) if shared else tile.labels
        needed = highest = take(all_needed[:, labels], tile.rows(device))
        if states.end is not None:
            end = take(states.end, tile.columns(device))[..., labels].to(needed)
            highest = needed - end.amax(1, keepdim=True)
        alive = (scores.amax(3).transpose(1, 2) >= highest).nonzero()
        if not len(alive):
            continue
        docs = torch.tensor(tile.docs, device=device)
        for some in alive.split(max(1, TILE_CELLS // tile.n_columns)):
            doc, row, label = some.unbind(1)
            cells = scores[doc, torch.zeros_like(label) if shared else label, row]
            if states.end is not None:
                cells += end[doc, :, label]
            above = (cells >= needed[doc, row, label][:, None]).nonzero()
            if len(above):
                which, column = above.unbind(1)
                found = docs[doc[which]], label[which], row[which], column
                origin = (0, labels.start, tile.row, tile.column)
                yield torch.stack([x + first for x, first in zip(found, origin)], 1)


def _needed(states: PointerStates, floors: Tensor) -> Tensor:
    """What a product and an end term must reach, shape (tokens, labels)."""
    dtype = score_dtype(states)
    needed = floors.to(dtype).to(states.queries.device).expand(len(states.queries), -1)
    if states.start is not None:
        needed = needed - states.start.to(dtype)
    return needed.clamp(min=torch.finfo(dtype).min)


def _margins(states: PointerStates, floors: Tensor) -> Tensor:
    """How far below its exact value a score computed in float32 can lie, and a
    floor above its own, per label: the textbook bound on the rounding of a sum."""
    width = states.queries.shape[2]
    error = 2 * _OPERAND_ERROR[torch.get_float32_matmul_precision()]
    margins = (error * 1.01 + (width + 8) * _UNIT) * _largest(states)
    for term in (states.start, states.end):
        if term is not None and len(term):
            finite = term.detach().nan_to_num(neginf=0.0).abs().amax(0)
            margins = margins + 8 * _UNIT * finite.cpu().double()
    return margins + 8 * _UNIT * floors.abs().clamp(max=1e30)


def _largest(states: PointerStates) -> Tensor:
    """No product of a label is larger: scale · |q| · |k|, float64."""
    norms = [_norms(x).amax(0) for x in (states.queries, states.keys) if len(x)]
    if not norms:
        return torch.zeros(states.n_labels, dtype=torch.float64)
    product = norms[0].cpu().double() * norms[1].cpu().double() * (1 + 1e-5)
    return product.expand(states.n_labels) * states.scale


def _norms(vectors: Tensor) -> Tensor:
    """Euclidean norms along the last axis, float32 at least."""
    vectors = vectors if vectors.dtype == torch.float64 else vectors.float()
    return torch.linalg.vector_norm(vectors, dim=-1)
