"""The entries of a mention memory, which never change in place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Callable, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from .approximate import ApproximateIndex, approximate_index
from .nearest import Neighbours, nearest

IntArray = NDArray[numpy.int64]


@lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Mention(NamedTuple):
    """A span of a text that is remembered.

    label (Optional[str]): Its label; None for a span that has none, although the model
        took it for one.
    source (str): A name for where it comes from.
    text (str): The whole text that it is read in.
    start (int): First character.
    end (int): Character after the last.
    """

    label: Optional[str]
    source: str
    text: str
    start: int
    end: int

    @property
    def id(self) -> int:
        """Return a number that depends on the content alone."""
        content = [self.label, self.source, _digest(self.text), self.start, self.end]
        data = json.dumps(content).encode("ascii")
        return int.from_bytes(blake2b(data, digest_size=8).digest(), "big") >> 1

    @property
    def words(self) -> str:
        """Return the characters of the span."""
        return self.text[self.start : self.end]


@dataclass(frozen=True, eq=False)
class Entries:
    """Mentions with their keys, sorted by id, so that nothing depends on the order in
    which they were added.

    ids (IntArray): Ids of the mentions, ascending, shape (entries,).
    keys (Tensor): Their keys, shape (entries, width), float32.
    mentions (Tuple[Mention, ...]): The mentions.
    """

    ids: IntArray
    keys: Tensor
    mentions: Tuple[Mention, ...]

    @classmethod
    def of(cls, mentions: Iterable[Mention], keys: Tensor) -> Entries:
        """Make entries. Of equal mentions, the first is kept.

        mentions (Iterable[Mention]): The mentions.
        keys (Tensor): Their keys, shape (mentions, width).
        RETURNS (Entries): The entries.
        """
        mentions = list(mentions)
        ids = numpy.array([one.id for one in mentions], dtype=numpy.int64)
        return cls._sorted(ids, keys, mentions)

    @classmethod
    def _sorted(
        cls, ids: IntArray, keys: Tensor, mentions: Sequence[Mention]
    ) -> Entries:
        ids, rows = numpy.unique(ids, return_index=True)
        return cls(ids, keys[rows], tuple(mentions[row] for row in rows.tolist()))

    @classmethod
    def none(cls, width: int = 0) -> Entries:
        """Return no entries."""
        return cls.of([], torch.zeros(0, width))

    def __len__(self) -> int:
        return len(self.ids)

    def with_others(self, *others: Entries) -> Entries:
        """Return these entries and others. Of equal mentions, the first is kept."""
        parts = [own for own in (self, *others) if len(own)]
        if len(parts) < 2:
            return parts[0] if parts else self
        ids = numpy.concatenate([own.ids for own in parts])
        keys = torch.cat([own.keys for own in parts])
        return self._sorted(ids, keys, [one for own in parts for one in own.mentions])

    def take(self, rows: IntArray) -> Entries:
        """Return some entries.

        rows (IntArray): Their rows, ascending.
        """
        mentions = tuple(self.mentions[row] for row in rows.tolist())
        return Entries(self.ids[rows], self.keys[rows], mentions)

    def only(self, is_kept: Callable[[Mention], bool]) -> Entries:
        """Return the entries whose mentions fulfil a condition."""
        kept = [i for i, one in enumerate(self.mentions) if is_kept(one)]
        if len(kept) == len(self):
            return self
        return self.take(numpy.array(kept, dtype=numpy.int64))

    def at_most(self, n: int) -> Entries:
        """Return at most n entries. Those without a label go first, then the others,
        and of both those with the highest ids, which are a random sample.

        n (int): The bound.
        """
        if len(self) <= n:
            return self
        has_none = numpy.array([one.label is None for one in self.mentions])
        order = numpy.lexsort((self.ids, has_none))
        return self.take(numpy.sort(order[:n]))

    @property
    def n_labelled(self) -> int:
        """Return the number of entries with a label."""
        return sum(one.label is not None for one in self.mentions)

    @cached_property
    def weights(self) -> Tensor:
        """Return the weight of each entry in a vote, shape (entries,), float64: 1 with
        a label. Those without a label are often many more, and together weigh at most
        as much as those with one."""
        n = max(self.n_labelled, 1)
        no_label = min(1.0, n / max(len(self) - self.n_labelled, 1))
        is_labelled = self.label_numbers < len(self.label_names)
        return torch.where(is_labelled, 1.0, no_label).double()

    @cached_property
    def index(self) -> Optional[ApproximateIndex]:
        """Return the index for an approximate search; None if the search is exact."""
        return approximate_index(self.keys)

    def nearest(self, keys: Tensor, k: int, *, is_exact: bool = False) -> Neighbours:
        """Find the entries that are nearest to spans.

        keys (Tensor): Keys of the spans, shape (spans, width), float32.
        k (int): Number of entries for each span.
        is_exact (bool): Whether to search without an index, even among many entries.
        RETURNS (Neighbours): The entries of each span.
        """
        index = None if is_exact else self.index
        return nearest(keys, self.keys, k) if index is None else index.nearest(keys, k)

    @cached_property
    def label_names(self) -> Tuple[str, ...]:
        """Return the labels, in alphabetical order."""
        return tuple(sorted({x.label for x in self.mentions if x.label is not None}))

    @cached_property
    def label_numbers(self) -> Tensor:
        """Return the index of each entry's label in `label_names`, or their number if
        it has none, shape (entries,)."""
        index: Dict[Optional[str], int] = {x: i for i, x in enumerate(self.label_names)}
        index[None] = len(index)
        return torch.tensor([index[x.label] for x in self.mentions], dtype=torch.int64)
