"""Exact search for the nearest keys."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

#: Products that are computed at once.
CELLS = 2**24
#: Pairs whose similarity is computed at once, so that their vectors fit a CPU's cache.
PAIRS = 2**12
#: Keys after the k nearest ones whose order is also checked.
SPARE = 8
# Relative rounding error of a float32 number.
_UNIT = 2.0**-24


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

    Fast products in float32 select keys, and the similarity of each of these is
    computed again. So the result depends neither on the other queries nor on threads.
    Bfloat16 would miss about one neighbour in ten. Memory grows with the number of keys
    and of queries, not with their product.

    queries (Tensor): Shape (queries, width), float32, of length 1 or shorter.
    keys (Tensor): Shape (entries, width), float32, of length 1 or shorter.
    k (int): Number of neighbours, at least 1. There are fewer if there are fewer keys.
    RETURNS (Neighbours): The neighbours.
    """
    k = min(k, len(keys))
    size = max(1, CELLS // max(1, len(keys)))
    parts = [_nearest(own, keys, k) for own in queries.split(size)]
    rows, similarities = zip(*parts)
    return Neighbours(torch.cat(rows), torch.cat(similarities))


def _nearest(queries: Tensor, keys: Tensor, k: int) -> Neighbours:
    products = queries @ keys.T
    highest, rows = products.topk(min(k + SPARE, len(keys)), dim=1)
    found = rank(queries, keys, rows, k)
    if not 0 < k < len(keys):
        return found
    # The textbook bound on the rounding of a sum of products, for both products.
    margin = 2 * (queries.shape[1] + 8) * _UNIT
    floors = highest[:, k - 1] - margin
    for i in (highest[:, -1] >= floors).nonzero().flatten().tolist():
        others = (products[i] >= floors[i]).nonzero().T
        own = rank(queries[i : i + 1], keys, others, k)
        found.rows[i], found.similarities[i] = own.rows[0], own.similarities[0]
    return found


def rank(queries: Tensor, keys: Tensor, rows: Tensor, k: int) -> Neighbours:
    """Choose the nearest of some keys.

    queries (Tensor): Shape (queries, width), float32.
    keys (Tensor): Shape (entries, width), float32.
    rows (Tensor): Rows of different keys for each query, shape (queries, some), int64.
    k (int): Number of neighbours, at most `some`.
    RETURNS (Neighbours): The neighbours. Similarities are sums in float64, rounded
        once.
    """
    rows = rows.sort(dim=1).values
    which = torch.arange(len(rows))[:, None].expand_as(rows).flatten()
    pairs = zip(which.split(PAIRS), rows.flatten().split(PAIRS))
    sums = [(queries[q].double() * keys[row]).sum(1).float() for q, row in pairs]
    similarities, order = (
        torch.cat(sums).view_as(rows).sort(dim=1, descending=True, stable=True)
    )
    return Neighbours(rows.gather(1, order)[:, :k], similarities[:, :k])
