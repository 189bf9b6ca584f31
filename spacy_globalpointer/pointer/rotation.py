"""The rotation of queries and keys by their position."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor


def rotate(vectors: Tensor, positions: Tensor, *, base: float = 10000.0) -> Tensor:
    """Rotate each pair of channels by an angle that grows with the position.

    Channels 2c and 2c + 1 of the token at position p are turned by the angle
    p · base^(−2c / width), so that ⟨rotate(q)_i, rotate(k)_j⟩ depends on the
    positions only through j − i. This is the interleaved form of the author
    (Su et al., RoFormer, arXiv 2104.09864; https://kexue.fm/archives/8265); the
    half-split form of other libraries is not compatible with its weights.

    vectors (Tensor): Shape (tokens, heads, width), width even.
    positions (Tensor): Shape (tokens,): place of each token in its document.
    base (float): Base of the geometric sequence of frequencies.
    RETURNS (Tensor): Shape and type of vectors.
    """
    cos, sin = (
        x.to(vectors)[:, None] for x in turns(positions, vectors.shape[-1], base=base)
    )
    even, odd = vectors[..., 0::2], vectors[..., 1::2]
    turned = (even * cos - odd * sin, odd * cos + even * sin)
    return torch.stack(turned, dim=-1).flatten(-2)


def turns(
    positions: Tensor, width: int, *, base: float = 10000.0
) -> Tuple[Tensor, Tensor]:
    """Compute the cosines and sines of the angles of `rotate`.

    Angles are computed in float64: at position 10⁶ a float32 angle would be off
    by 0.03.

    positions (Tensor): Shape (tokens,): place of each token in its document.
    width (int): Number of channels, even.
    base (float): Base of the geometric sequence of frequencies.
    RETURNS (Tuple[Tensor, Tensor]): Shape (tokens, width / 2) each, float64, on the
        CPU.
    """
    channels = torch.arange(0, width, 2, dtype=torch.float64)
    distinct, rows = positions.cpu().unique(return_inverse=True)
    angles = distinct.double()[:, None] * base ** (-channels / width)
    return angles.cos()[rows], angles.sin()[rows]
