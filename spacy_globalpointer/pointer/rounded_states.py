"""States whose queries and keys are rounded to bfloat16, for a faster search.

Where a CPU computes fast in bfloat16, projections and products of all tokens take a
fraction of the time. They only select candidate cells: a bound of what the rounding
changes lowers the floors, so that no cell is missed, and the score of each candidate is
computed from its two token vectors and the weights as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from .rotation import rotate, turns
from .states import PointerStates

#: Tokens that are projected together, so that their projections fit a CPU's cache.
BLOCK = 256
# Relative errors of rounding to float32 and bfloat16.
_UNIT, _ROUGH = 2.0**-24, 2.0**-8
# Covers the rounding of the bounds' own computation, which is in float32.
_SLACK = 1.001


def round_states(
    projection: nn.Linear,
    bias: Optional[Tensor],
    vectors: Tensor,
    lengths: Sequence[int],
    *,
    n_labels: int,
    rope: bool,
) -> PointerStates:
    """Compute rounded states of a head with one pair of projections per label.

    projection (nn.Linear): For each label, first the query, then the key.
    bias (Optional[Tensor]): Constant of each label, shape (labels,).
    vectors (Tensor): Token vectors, shape (tokens, n_input), float32.
    lengths (Sequence[int]): Tokens of each document.
    n_labels (int): Number of labels.
    rope (bool): Rotate queries and keys by their position.
    RETURNS (PointerStates): States in bfloat16, with `exact`. The factor 1 / √width is
        part of the queries, so scale is 1.
    """
    pairs = _Pairs(projection, n_labels=n_labels, rope=rope)
    rounded = vectors.new_empty(
        (2, n_labels, len(vectors), pairs.width), dtype=torch.bfloat16
    )
    norms = vectors.new_empty((len(vectors), n_labels, 2))
    positions = torch.cat([torch.arange(n) for n in (0, *lengths)])
    weight, offset = (x.detach().bfloat16() for x in pairs.parameters)
    factors = pairs.factors(max(lengths, default=0))
    for first in range(0, len(vectors), BLOCK):
        part = slice(first, first + BLOCK)
        projected = nn.functional.linear(vectors[part].bfloat16(), weight, offset)
        turned = pairs.turn(projected.float(), factors[positions[part]])
        torch.linalg.vector_norm(turned, dim=3, out=norms[part])
        rounded[:, :, part] = turned.permute(2, 1, 0, 3)
    queries, keys = rounded.transpose(1, 2)
    start = None if bias is None else bias.expand(len(vectors), -1)
    errors = _bound(pairs, vectors, norms, lengths)
    exact = ExactScores(pairs, vectors, positions, errors)
    covered = vectors.ne(0).any(dim=1)
    return PointerStates(
        queries, keys, start, None, tuple(lengths), 1.0, covered, exact=exact
    )


@dataclass(frozen=True, eq=False)
class ExactScores:
    """What rounded states lack: exact queries and keys of single tokens, and a bound of
    the error of a product.

    pairs (_Pairs): The projections.
    vectors (Tensor): Token vectors, shape (tokens, n_input), float32.
    positions (Tensor): Place of each token in its document.
    errors (Tensor): Largest difference between a product of rounded states, summed
        exactly, and that of exact ones; shape (documents, labels), float64.
    """

    pairs: _Pairs
    vectors: Tensor
    positions: Tensor
    errors: Tensor

    def operands(
        self, labels: Tensor, starts: Tensor, ends: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """Compute the exact queries and keys of some cells.

        labels (Tensor): Label of each cell, shape (cells,).
        starts (Tensor): Place of its first token on the token axis.
        ends (Tensor): Place of its last token.
        RETURNS (Tuple[Tensor, Tensor]): Shape (cells, width) each, float32. The factor
            1 / √width is part of the queries.
        """
        queries, keys = (
            self._project(side, labels, tokens)
            for side, tokens in enumerate((starts, ends))
        )
        return queries, keys

    def _project(self, side: int, labels: Tensor, tokens: Tensor) -> Tensor:
        n_tokens = len(self.vectors)
        distinct, rows = (labels * n_tokens + tokens).unique(return_inverse=True)
        own_labels, places = distinct // n_tokens, distinct % n_tokens
        results = self.vectors.new_empty((len(distinct), self.pairs.width))
        for label in own_labels.unique().tolist():
            mine = own_labels == label
            weight, bias = self.pairs.of(label, side)
            exact = self.vectors[places[mine]].double() @ weight.double().T
            results[mine] = (exact + bias.double()).float()
        if self.pairs.rope:
            results = rotate(results[:, None], self.positions[places])[:, 0]
        factor = self.pairs.scale if side == 0 else 1.0
        return (results * factor)[rows]


class _Pairs:
    """The projections of a head by label, query or key, and channel."""

    def __init__(self, projection: nn.Linear, *, n_labels: int, rope: bool) -> None:
        self.parameters = projection.weight, projection.bias
        self.width = projection.out_features // (2 * n_labels)
        self.n_labels = n_labels
        self.rope = rope
        self.scale = self.width**-0.5

    def of(self, label: int, side: int) -> Tuple[Tensor, Tensor]:
        """Return the weight and bias of one label's query (side 0) or key (1)."""
        first = (2 * label + side) * self.width
        weight, bias = (x.detach()[first : first + self.width] for x in self.parameters)
        return weight, bias

    def by_label(self, x: Tensor) -> Tensor:
        """Split the first axis into labels, query or key, and channels."""
        return x.detach().unflatten(0, (self.n_labels, 2, self.width))

    def factors(self, n_positions: int) -> Tensor:
        """Return the complex factors that rotate and scale the channels of queries and
        keys at each position, shape (positions, 2, width / 2)."""
        cos, sin = turns(torch.arange(n_positions), self.width)
        if not self.rope:
            cos, sin = torch.ones_like(cos), torch.zeros_like(sin)
        turned = torch.complex(cos.float(), sin.float())
        return torch.stack([turned * self.scale, turned], dim=1)

    def turn(self, projected: Tensor, factors: Tensor) -> Tensor:
        """Multiply projections in place, two channels being a complex number.

        projected (Tensor): Shape (tokens, labels · 2 · width), float32.
        factors (Tensor): Those of each token.
        RETURNS (Tensor): Shape (tokens, labels, 2, width).
        """
        shape = (len(projected), self.n_labels, 2, self.width // 2, 2)
        channels = torch.view_as_complex(projected.view(shape))
        return torch.view_as_real(channels.mul_(factors[:, None])).flatten(-2)


def _bound(
    pairs: _Pairs, vectors: Tensor, norms: Tensor, lengths: Sequence[int]
) -> Tensor:
    """Bound the error of a product of rounded queries and keys.

    With W = V + D, where V is rounded, and x = y + d, an exact projection W x + b and
    that of rounded operands differ by D x + V d, at most ‖D‖ ‖x‖ + ‖V‖ ‖d‖ with the
    spectral norms of D and V. The sum is in float32; its result is rounded to bfloat16,
    rotated in float32 and rounded again. RETURNS: shape (documents, labels), float64.
    """
    weight, bias = (pairs.by_label(x) for x in pairs.parameters)
    rough_weight, rough_bias = weight.bfloat16().float(), bias.bfloat16().float()
    largest = {
        "x": torch.linalg.vector_norm(vectors, dim=1),
        "d": torch.linalg.vector_norm(vectors - vectors.bfloat16().float(), dim=1),
        "norms": norms.flatten(1),
    }
    by_doc = {name: _largest_by_doc(x, lengths) for name, x in largest.items()}
    norm_x, norm_d = (by_doc[name][:, None, None] for name in "xd")
    norm = by_doc["norms"].unflatten(1, norms.shape[1:])
    summed = (pairs.parameters[0].shape[1] + 8) * _UNIT
    error = norm_x * _spectral_norms(weight - rough_weight)
    error = error + norm_d * _spectral_norms(rough_weight)
    error = error + norm_x * summed * torch.linalg.matrix_norm(rough_weight).double()
    error = error + torch.linalg.vector_norm(bias - rough_bias, dim=2).double()
    factors = torch.tensor([pairs.scale, 1.0], dtype=torch.float64)
    error = error * factors * (1 + 2 * _ROUGH) + norm * (2.02 * _ROUGH + 64 * _UNIT)
    (query_error, key_error), (query, key) = error.unbind(2), norm.unbind(2)
    # The norms are those before the last rounding.
    query, key = query * (1 + _ROUGH), key * (1 + _ROUGH)
    products = query_error * key + query * key_error + query_error * key_error
    products = products + (pairs.width + 8) * _UNIT * query * key
    return products * _SLACK + 2.0**-100


def _largest_by_doc(x: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return the largest value of each document, in float64; 0 without tokens."""
    empty = x.new_zeros((1, *x.shape[1:]))
    parts = [torch.cat([part, empty]).amax(0) for part in x.split(list(lengths))]
    return torch.stack(parts).double()


def _spectral_norms(matrices: Tensor) -> Tensor:
    """Bound the largest singular value of some matrices from above, within a third.

    The eighth power of A = M Mᵀ has the eigenvalues σ¹⁶, and its Frobenius norm is at
    least the largest. A is divided by its trace, so that no power underflows.
    matrices: shape (…, rows, columns). RETURNS: shape (…), float64.
    """
    gram = matrices @ matrices.transpose(-1, -2)
    trace = gram.diagonal(dim1=-2, dim2=-1).sum(-1)
    power = gram / trace.clamp(min=torch.finfo(gram.dtype).tiny)[..., None, None]
    for _ in range(3):
        power = power @ power
    top = torch.linalg.matrix_norm(power).double() ** (1 / 8)
    return (trace.double() * top).sqrt() * _SLACK
