"""Exact search for the nearest keys."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

#: Products that are computed at once.
CELLS = 2**24


class Neighbours(NamedTuple):
    """The nearest entries of each query, the most similar first; of equally similar
    ones, that with the lower row.

    rows (Tensor): Rows of the entries, shape (queries, neighbours), int64.
    similarities (Tensor): Shape (queries, neighbours), float32.
    """

    rows: Tensor
    similarities: Tensor


def nearest(queries: Tensor, keys: Tensor, k: int) -> Neighbours:
    """Find the keys with the highest products with each query.

    Products are float32, because in bfloat16 about one neighbour in ten is missed.
    Memory grows with the number of keys and of queries, not with their product.

    queries (Tensor): Shape (queries, width), float32.
    keys (Tensor): Shape (entries, width), float32.
    k (int): Number of neighbours, at least 1. There are fewer if there are fewer keys.
    RETURNS (Neighbours): The neighbours.
    """
    k = min(k, len(keys))
    size = max(1, CELLS // max(1, len(keys)))
    parts = [_nearest(own, keys, k) for own in queries.split(size)]
    rows, similarities = zip(*parts) if parts else ((), ())
    return Neighbours(torch.cat(rows), torch.cat(similarities))


def _nearest(queries: Tensor, keys: Tensor, k: int) -> Neighbours:
    products = queries @ keys.T
    similarities, rows = products.topk(k, dim=1)
    # Of equal products, topk takes any.
    last = similarities[:, -1:]
    tied = (products == last).sum(1) > (similarities == last).sum(1)
    for i in tied.nonzero().flatten().tolist():
        rows[i] = products[i].sort(descending=True, stable=True).indices[:k]
    rows = rows.sort(dim=1).values
    similarities = products.gather(1, rows)
    order = similarities.sort(dim=1, descending=True, stable=True).indices
    return Neighbours(rows.gather(1, order), similarities.gather(1, order))
