"""The sieve: cells among which are all those whose score reaches a floor.

Scores are computed fast, a tile at a time, in float32; the floors are lowered by what
rounding can do to a score, so that no cell is missed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional

import torch
from torch import Tensor

from .products import Scratch, score_tile
from .states import PointerStates, by_token, score_dtype
from .tiles import TILE_CELLS, is_allowed, take, walk

# Relative error of a product's operands, by torch's setting for float32 products.
_OPERAND_ERROR = {"highest": 0.0, "high": 2.0**-10, "medium": 2.0**-8}
# Of a float32 number: what rounding can change it by, and where it loses precision.
_UNIT, _TINY = 2.0**-24, 2.0**-126
# Products whose sums may overflow on their way.
_LARGEST_PRODUCT = 1e37


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
    all_needed = _needed(states, floors)
    for tile in walk(products, max_span_length=bound, size=size):
        scores = score_tile(products, tile, max_span_length=bound, scratch=scratch)
        labels = slice(0, states.n_labels) if shared else tile.labels
        needed = highest = take(all_needed[:, labels], tile.rows(device))
        if states.end is not None:
            end = take(states.end, tile.columns(device))[..., labels].to(needed)
            highest = needed - end.amax(1, keepdim=True)
        # What is not a number must be looked at, so "not below" is not "above".
        alive = (~(scores.amax(3).transpose(1, 2) < highest)).nonzero()
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
                # A product that is no number stays so where no span is allowed.
                real = is_allowed(starts, ends, lengths[doc], bound)
                found = docs[doc], label + labels.start, starts, ends
                yield torch.stack(found, dim=1)[real]


def _needed(states: PointerStates, floors: Tensor) -> Tensor:
    """What a product and an end term must reach, shape (tokens, labels), in the type
    of the scores: the floor less the start term, and less a margin."""
    dtype, device = score_dtype(states), states.queries.device
    needed = (floors - _margins(states, floors)).to(dtype).to(device)
    needed = by_token(states, needed)
    if states.start is not None:
        needed = needed - states.start.to(dtype)
    return needed.nan_to_num(nan=-torch.inf).clamp(min=torch.finfo(dtype).min)


def _margins(states: PointerStates, floors: Tensor) -> Tensor:
    """How far below its exact value a score computed in float32 can lie, and a floor
    above its own: the textbook bound on the rounding of a sum of products. Shape
    (documents, labels), float64, infinite where a document's states are."""
    scale, width = abs(states.scale), states.queries.shape[2]
    norms = [_largest(states, x.detach()) for x in (states.queries, states.keys)]
    products = norms[0] * norms[1] * max(scale, 1.0)
    relative = 2.02 * _operand_error() + (width + 8) * _UNIT
    margins = relative * products + (width + 8) * _TINY * (1 + scale)
    margins = margins.where(products < _LARGEST_PRODUCT, torch.inf)
    for term in (states.start, states.end):
        if term is not None and len(term):
            finite = term.detach().nan_to_num(0.0, 0.0, 0.0)
            margins = margins + 8 * _UNIT * float(finite.abs().max())
    return margins + 8 * _UNIT * floors.abs().clamp(max=1e30)


def _largest(states: PointerStates, vectors: Tensor) -> Tensor:
    """A number that no vector's norm in a document is above, shape (documents,
    heads), float64 on the CPU; not a number where a document holds one that is not."""
    vectors = vectors.to(score_dtype(states))
    norms = torch.linalg.vector_norm(vectors, dim=2).cpu().double()
    # Rounding, and channels so small that their squares vanish.
    norms = norms * (1 + 1e-5) + vectors.shape[2] ** 0.5 * _TINY**0.5
    lengths = torch.tensor(states.lengths, dtype=torch.int64)
    docs = torch.arange(len(lengths)).repeat_interleave(lengths)[:, None]
    largest = norms.new_zeros(len(lengths), norms.shape[1])
    return largest.scatter_reduce(0, docs.expand_as(norms), norms, "amax")


def _operand_error() -> float:
    try:
        return _OPERAND_ERROR[torch.get_float32_matmul_precision()]
    except RuntimeError:  # the setting was made in more than one way
        return _OPERAND_ERROR["medium"]
