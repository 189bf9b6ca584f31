"""A memory of labelled spans, and what it says about other spans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Dict, FrozenSet, Iterable, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .entries import Entries, Mention
from .known_words import lower_case
from .nearest import Neighbours, nearest
from .span_features import span_features
from .vote import shares_of, sum_by_label
from .whitening import Whitening

#: Width of the keys.
WIDTH = 64


class Evidence(NamedTuple):
    """An entry that speaks for a span.

    weight (float): Its share of the vote, from 0 to 1.
    mention (Mention): What is remembered.
    """

    weight: float
    mention: Mention


@dataclass(frozen=True, eq=False)
class MentionMemory:
    """Entries, and the map that made their keys. It never changes in place, so that
    threads can read it while another one remembers.

    entries (Entries): The entries.
    whitening (Optional[Whitening]): The map from features to keys; None before anything
        is remembered.
    digest (str): Digest of the weights that made the features.
    """

    entries: Entries
    whitening: Optional[Whitening] = None
    digest: str = ""

    @classmethod
    def empty(cls) -> MentionMemory:
        """Return a memory without entries."""
        return cls(Entries.none())

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def words(self) -> FrozenSet[str]:
        """Return the words of the spans with a label, in lower case."""
        labelled = (x for x in self.entries.mentions if x.label is not None)
        return frozenset(lower_case(x.words) for x in labelled)

    def stats(self) -> Dict[str, Any]:
        """Count the entries.

        RETURNS (Dict[str, Any]): "entries"; "labels" and "sources", the number of
            entries of each; "no_label", the number of those without a label; "width" of
            the keys.
        """
        mentions = self.entries.mentions
        labels = [x.label for x in mentions if x.label is not None]
        return {
            "entries": len(mentions),
            "labels": _count(labels),
            "no_label": len(mentions) - len(labels),
            "sources": _count(x.source for x in mentions),
            "width": int(self.entries.keys.shape[1]),
        }

    def without(self, text: str) -> MentionMemory:
        """Return the memory without the entries of a text.

        text (str): The text.
        RETURNS (MentionMemory): The same memory if it has no such entry.
        """
        entries = self.entries.only(lambda one: one.text != text)
        return self if entries is self.entries else replace(self, entries=entries)

    def recall(
        self,
        vectors: Tensor,
        starts: Tensor,
        ends: Tensor,
        k: int,
        *,
        leave_out: Optional[str] = None,
    ) -> Recall:
        """Find the nearest entries of a document's spans.

        vectors (Tensor): Vectors of its tokens, shape (tokens, width), float32.
        starts (Tensor): First token of each span, shape (spans,), int64.
        ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
        k (int): Number of entries for each span.
        leave_out (Optional[str]): A text whose entries do not count.
        RETURNS (Recall): The entries.
        """
        entries, index = self.entries, None
        if leave_out is not None:
            entries = self.without(leave_out).entries
        if len(entries) and entries is self.entries:
            index = entries.index
        if self.whitening is None:
            keys = torch.zeros(len(starts), entries.keys.shape[1])
        else:
            keys = self.whitening.keys(span_features(vectors, starts, ends))
        if index is None:
            found = nearest(keys, entries.keys, k)
        else:
            found = index.nearest(keys, k)
        return Recall(entries, starts, ends, found)


def _count(values: Iterable[str]) -> Dict[str, int]:
    return dict(sorted(Counter(values).items()))


@dataclass(frozen=True, eq=False)
class Recall:
    """The nearest entries of a document's spans.

    entries (Entries): The entries.
    starts (Tensor): First token of each span, shape (spans,), int64.
    ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
    neighbours (Neighbours): The entries of each span.
    """

    entries: Entries
    starts: Tensor
    ends: Tensor
    neighbours: Neighbours

    def nearest(self, k: int) -> Recall:
        """Return only the nearest k entries of each span."""
        fewer = Neighbours(*(column[:, :k] for column in self.neighbours))
        return replace(self, neighbours=fewer)

    def votes(self, temperature: float) -> Tensor:
        """Return the probability of each label of the entries, shape (spans, labels),
        float64.

        temperature (float): Divisor of the similarities, above 0.
        """
        shares = self._shares(slice(None), temperature)
        labels = self.entries.label_numbers[self.neighbours.rows]
        return sum_by_label(shares, labels, len(self.entries.label_names))

    def _shares(self, spans: slice, temperature: float) -> Tensor:
        rows, similarities = (x[spans] for x in self.neighbours)
        return shares_of(similarities, self.entries.weights[rows], temperature)

    def evidence(
        self, span: int, label: str, temperature: float, most: int = 3
    ) -> Tuple[Evidence, ...]:
        """Return the entries that speak most for a label of a span.

        span (int): Index of the span.
        label (str): The label.
        temperature (float): Divisor of the similarities, above 0.
        most (int): Highest number of entries.
        """
        shares = self._shares(slice(span, span + 1), temperature)[0].tolist()
        mentions = [
            self.entries.mentions[row] for row in self.neighbours.rows[span].tolist()
        ]
        own = [
            Evidence(share, mention)
            for share, mention in zip(shares, mentions)
            if mention.label == label
        ]
        return tuple(own[:most])
