"""Approximate search for the nearest keys of a large memory, by faiss."""

from __future__ import annotations

from contextlib import contextmanager
from math import isqrt
from typing import Any, Iterator, Optional, Tuple, Type

import torch
from torch import Tensor

from .nearest import SPARE, Neighbours, nearest, rank

#: Number of entries above which the search is approximate, if faiss is installed. The
#: exact search of as many takes about 3 s for a thousand spans, and misses none.
LARGE = 500_000
#: Lists of keys that are searched for each query.
PROBES = 32
#: Keys for each list to which the lists are fitted.
SAMPLE = 64


def approximate_index(keys: Tensor) -> Optional[ApproximateIndex]:
    """Make an index of many keys.

    keys (Tensor): Shape (entries, width), float32, of length 1.
    RETURNS (Optional[ApproximateIndex]): The index. None if there are at most `LARGE`
        keys, or if faiss is not installed: then use `nearest`.
    """
    if len(keys) <= LARGE or not keys.shape[1]:
        return None
    try:
        return ApproximateIndex(keys)
    except ImportError:
        return None


class ApproximateIndex:
    """Inverted lists of keys, which `approximate_index` makes. Keys that are near each
    other are in the same list, and a query is compared with the keys of the nearest
    lists. The same keys make the same index. It is not stored: a copy is made again
    from the keys.

    keys (Tensor): Shape (entries, width), float32, of length 1.
    """

    def __init__(self, keys: Tensor) -> None:
        import faiss

        self.keys = keys.contiguous()
        n_lists, width = isqrt(len(keys)), keys.shape[1]
        centres = faiss.IndexFlatIP(width)
        metric = faiss.METRIC_INNER_PRODUCT
        self._lists = faiss.IndexIVFFlat(centres, width, n_lists, metric)
        self._lists.cp.spherical = True
        self._lists.cp.max_points_per_centroid = SAMPLE
        self._lists.nprobe = PROBES
        with _one_thread(faiss):
            self._lists.train(self.keys.numpy())
            self._lists.add(self.keys.numpy())

    def __reduce__(self) -> Tuple[Type[ApproximateIndex], Tuple[Tensor]]:
        return ApproximateIndex, (self.keys,)

    def nearest(self, queries: Tensor, k: int) -> Neighbours:
        """Find most of the keys with the highest products with each query.

        queries (Tensor): Shape (queries, width), float32.
        k (int): Number of neighbours, at least 1. There are fewer if there are fewer
            keys.
        RETURNS (Neighbours): The neighbours. Their similarities are the same bits as
            those of the exact search.
        """
        import faiss

        k = min(k, len(self.keys))
        n = min(k + SPARE, len(self.keys))
        with _one_thread(faiss):
            _, found = self._lists.search(queries.contiguous().numpy(), n)
        rows = torch.from_numpy(found)
        is_short = (rows < 0).any(1)  # the nearest lists have too few keys
        best = rank(queries, self.keys, rows.clamp(min=0), k)
        exact = nearest(queries[is_short], self.keys, k)
        best.rows[is_short] = exact.rows
        best.similarities[is_short] = exact.similarities
        return best


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:
    """Let faiss compute in the calling thread alone: sums then always have the same
    order, and a forked process does not wait for threads that it does not have."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
