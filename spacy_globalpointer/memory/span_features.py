"""Features of spans, from the vectors of their tokens."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def span_features(vectors: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Describe spans by their first and last token, the mean of all their tokens, and
    their length. Spans that share a border differ in the mean and the length.

    vectors (Tensor): Vectors of a document's tokens, shape (tokens, width), float32.
    starts (Tensor): First token of each span, shape (spans,), int64.
    ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
    RETURNS (Tensor): Shape (spans, 3 * width + 1), float32. The last feature is the
        binary logarithm of the number of tokens.
    """
    lengths = ends - starts + 1
    first = lengths.cumsum(0) - lengths
    places = torch.arange(int(lengths.sum()))
    tokens = places + (starts - first).repeat_interleave(lengths)
    inside = F.embedding_bag(tokens, vectors, first, mode="mean")
    logs = lengths.to(vectors.dtype).log2()[:, None]
    return torch.cat([vectors[starts], vectors[ends], inside, logs], dim=1)
