"""The output of a head: everything that the score of a span is computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable, List, Optional, Protocol, Sequence, Tuple

import torch
from torch import Tensor

from ..errors import Errors


class Exact(Protocol):
    """What exact scores are computed from if queries and keys are rounded."""

    @property
    def errors(self) -> Tensor:
        """Return the largest difference between a product of the states and that of
        exact queries and keys; shape (documents, labels), float64."""

    def operands(
        self, labels: Tensor, starts: Tensor, ends: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """Compute the exact queries and keys of some cells, shape (cells, width)."""


@dataclass(frozen=True, eq=False)
class PointerStates:
    """Queries, keys and linear terms of the tokens of a batch of documents, made by a
    head.

    The score of label α for the span from token i to token j of one document,
    both inclusive, is

        scale · ⟨queries[i, h(α)], keys[j, h(α)]⟩ + start[i, α] + end[j, α]

    with h(α) = α if every label has its own pair of projections (GlobalPointer), and
    h(α) = 0 if all share one (Efficient GlobalPointer). The documents of the batch
    follow each other on the token axis.

    queries (Tensor): Shape (tokens, heads, width); heads is the number of labels
        or 1. A rotary embedding is already applied.
    keys (Tensor): Shape (tokens, heads, width).
    start (Optional[Tensor]): Shape (tokens, labels), or None for no such term.
    end (Optional[Tensor]): Shape (tokens, labels), or None for no such term.
    lengths (Tuple[int, ...]): Tokens of each document; they sum to tokens.
    scale (float): Factor of the dot product.
    exact (Optional[Exact]): What scores are computed from if queries and keys are
        rounded. `score_cells` and `search_spans` use it; the loss does not.
    covered (Optional[Tensor]): Shape (tokens,), bool: False where the encoder had no
        vector for a token. It does not affect the score.
    RAISES (ValueError): GP001 if shapes and lengths do not fit together.
    """

    queries: Tensor
    keys: Tensor
    start: Optional[Tensor]
    end: Optional[Tensor]
    lengths: Tuple[int, ...]
    scale: float
    covered: Optional[Tensor] = None
    exact: Optional[Exact] = None

    def __post_init__(self) -> None:
        tokens, heads = self.queries.shape[:2]
        terms = [term for term in (self.start, self.end) if term is not None]
        if (
            self.keys.shape != self.queries.shape
            or any(term.shape != (tokens, self.n_labels) for term in terms)
            or heads not in (1, self.n_labels)
            or sum(self.lengths) != tokens
        ):
            shapes = [tuple(x.shape) for x in (self.queries, self.keys, *terms)]
            raise ValueError(Errors.GP001.format(shapes=shapes, lengths=self.lengths))

    @property
    def n_labels(self) -> int:
        """Return the number of labels that are scored."""
        terms = self.start if self.start is not None else self.end
        return self.queries.shape[1] if terms is None else terms.shape[1]

    @cached_property
    def offsets(self) -> List[int]:
        """Return the index of each document's first token."""
        offsets, total = [], 0
        for length in self.lengths:
            offsets.append(total)
            total += length
        return offsets

    def tensors(self) -> Tuple[Tensor, ...]:
        """Return the tensors that a gradient reaches, in the order queries, keys,
        start, end; absent terms are left out."""
        terms = (self.queries, self.keys, self.start, self.end)
        return tuple(term for term in terms if term is not None)

    def is_finite(self) -> bool:
        """Return False if any value is infinite or NaN."""
        return all(
            bool(x.sum().isfinite()) or bool(x.isfinite().all()) for x in self.tensors()
        )

    def map(self, function: Callable[[Tensor], Tensor]) -> PointerStates:
        """Apply a function to each of the tensors that a gradient reaches.

        function (Callable[[Tensor], Tensor]): Must keep the shape.
        RETURNS (PointerStates): The states with the results instead of the tensors.
        """
        return replace(
            self,
            queries=function(self.queries),
            keys=function(self.keys),
            start=None if self.start is None else function(self.start),
            end=None if self.end is None else function(self.end),
        )


def score_dtype(states: PointerStates) -> torch.dtype:
    """Return the type in which scores are computed: float64 for float64, otherwise
    float32.

    states (PointerStates): The states.
    RETURNS (torch.dtype): torch.float64 or torch.float32.
    """
    is_double = states.queries.dtype == torch.float64
    return torch.float64 if is_double else torch.float32


def wide_dtype(device: torch.device) -> torch.dtype:
    """Return the type for sums over many cells: float64, or float32 on Apple's GPUs.

    device (torch.device): Device of the sums.
    RETURNS (torch.dtype): torch.float64 or torch.float32.
    """
    return torch.float32 if device.type == "mps" else torch.float64


def zeros_of(states: PointerStates, *shape: int) -> Tensor:
    """Make zeros in the type of the scores, on the states' device.

    states (PointerStates): The states.
    shape (int): The shape.
    RETURNS (Tensor): The zeros.
    """
    return states.queries.new_zeros(shape, dtype=score_dtype(states))


def by_token(states: PointerStates, by_doc: Tensor) -> Tensor:
    """Repeat a value of each document for each of its tokens.

    states (PointerStates): The batch.
    by_doc (Tensor): Shape (documents, labels).
    RETURNS (Tensor): Shape (tokens, labels).
    """
    lengths = torch.tensor(states.lengths, dtype=torch.int64, device=by_doc.device)
    return by_doc.repeat_interleave(lengths, dim=0)


def take_docs(
    states: PointerStates, docs: Sequence[int]
) -> Tuple[PointerStates, Tensor]:
    """Select some documents of a batch.

    states (PointerStates): The batch.
    docs (Sequence[int]): Indices of the documents.
    RETURNS (Tuple[PointerStates, Tensor]): Their states, without `covered`, and the
        places of their tokens on the token axis of the batch.
    """
    parts = [
        torch.arange(states.offsets[i], states.offsets[i] + states.lengths[i])
        for i in docs
    ]
    empty = torch.zeros(0, dtype=torch.int64)
    places = torch.cat([empty, *parts]).to(states.queries.device)
    return (
        PointerStates(
            states.queries[places],
            states.keys[places],
            None if states.start is None else states.start[places],
            None if states.end is None else states.end[places],
            tuple(states.lengths[i] for i in docs),
            states.scale,
        ),
        places,
    )


def order_labels(states: PointerStates, order: Sequence[int]) -> PointerStates:
    """Put the labels in another order.

    states (PointerStates): The batch.
    order (Sequence[int]): For each new label the index of the old one.
    RETURNS (PointerStates): The states with the new order.
    """
    own_pairs = states.queries.shape[1] > 1
    return replace(
        states,
        queries=states.queries[:, order] if own_pairs else states.queries,
        keys=states.keys[:, order] if own_pairs else states.keys,
        start=None if states.start is None else states.start[:, order],
        end=None if states.end is None else states.end[:, order],
    )
