"""A memory of labelled spans, and what it says about other spans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Tuple,
)

import torch
from torch import Tensor

from .entries import Entries, Mention
from .known_words import lower_case
from .nearest import Neighbours
from .pools import Annotated, Pool, annotated_labels, pools_of
from .span_features import span_features
from .vote import shares_of, sum_by_label
from .whitening import Whitening


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
    annotated (Annotated): Labels that sources annotate, in addition to those of their
        entries.
    is_exact (bool): Whether the search is exact, however many entries there are.
    """

    entries: Entries
    whitening: Optional[Whitening] = None
    digest: str = ""
    annotated: Annotated = field(default_factory=dict)
    is_exact: bool = False

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
            entries of each; "no_label", the number of those without a label;
            "annotated", the labels that each source annotates; "width" of the keys.
        """
        mentions = self.entries.mentions
        labels = [x.label for x in mentions if x.label is not None]
        annotated = annotated_labels(self.entries, self.annotated)
        return {
            "entries": len(mentions),
            "labels": _count(labels),
            "no_label": len(mentions) - len(labels),
            "sources": _count(x.source for x in mentions),
            "annotated": {x: sorted(own) for x, own in annotated.items()},
            "width": int(self.entries.keys.shape[1]),
        }

    def only(self, is_kept: Callable[[Mention], bool]) -> MentionMemory:
        """Return the memory with the entries whose mentions fulfil a condition."""
        entries = self.entries.only(is_kept)
        return self if entries is self.entries else self.with_entries(entries)

    def with_entries(self, entries: Entries) -> MentionMemory:
        """Return a memory with other entries. What sources without entries annotate is
        forgotten.

        entries (Entries): The entries, whose keys the same map has made.
        """
        sources = {one.source for one in entries.mentions}
        own = {name: x for name, x in self.annotated.items() if name in sources}
        return replace(self, entries=entries, annotated=own)

    def without(self, text: str) -> MentionMemory:
        """Return the memory without the entries of a text. An index for an approximate
        search would be used only once, so its search is exact.

        text (str): The text.
        RETURNS (MentionMemory): The same memory if it has no such entry.
        """
        left = self.only(lambda one: one.text != text)
        return left if left is self else replace(left, is_exact=True)

    def forget(self, label: Optional[str], source: Optional[str]) -> MentionMemory:
        """Return the memory without the entries that have a label and a source. The
        sources then do not annotate the label.

        label (Optional[str]): The label; None for all, also entries without a label.
        source (Optional[str]): The source; None for all.
        RETURNS (MentionMemory): The same memory if it has no such entry.
        """
        left = self.only(
            lambda one: (
                label not in (None, one.label) or source not in (None, one.source)
            )
        )
        own = {
            name: labels - {label} if source in (None, name) else labels
            for name, labels in left.annotated.items()
        }
        return left if left is self else replace(left, annotated=own)

    @cached_property
    def pools(self) -> Tuple[Pool, ...]:
        """Return the entries that vote on each label."""
        return pools_of(self.entries, self.annotated)

    def recall(self, vectors: Tensor, starts: Tensor, ends: Tensor, k: int) -> Recall:
        """Find the nearest entries of a document's spans.

        vectors (Tensor): Vectors of its tokens, shape (tokens, width), float32.
        starts (Tensor): First token of each span, shape (spans,), int64.
        ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
        k (int): Number of entries for each span and label.
        RETURNS (Recall): The entries.
        """
        parts: List[Tuple[Pool, Neighbours]] = []
        if self.whitening is not None and self.pools:
            keys = self.whitening.keys(span_features(vectors, starts, ends))
            for pool in self.pools:
                found = pool.entries.nearest(keys, k, is_exact=self.is_exact)
                parts.append((pool, found))
        return Recall(self.entries.label_names, starts, ends, tuple(parts))


def _count(values: Iterable[str]) -> Dict[str, int]:
    return dict(sorted(Counter(values).items()))


@dataclass(frozen=True, eq=False)
class Recall:
    """The nearest entries of a document's spans.

    label_names (Tuple[str, ...]): Labels of the memory, in alphabetical order.
    starts (Tensor): First token of each span, shape (spans,), int64.
    ends (Tensor): Last token of each span, inclusive, shape (spans,), int64.
    parts (Tuple[Tuple[Pool, Neighbours], ...]): For each pool, those entries that are
        nearest to each span.
    """

    label_names: Tuple[str, ...]
    starts: Tensor
    ends: Tensor
    parts: Tuple[Tuple[Pool, Neighbours], ...]

    def nearest(self, k: int) -> Recall:
        """Return only the nearest k entries of each span and label."""
        parts = [
            (pool, Neighbours(*(column[:, :k] for column in found)))
            for pool, found in self.parts
        ]
        return replace(self, parts=tuple(parts))

    def votes(self, temperature: float) -> Tensor:
        """Return the probability of each label of the memory, shape (spans, labels),
        float64.

        temperature (float): Divisor of the similarities, above 0.
        """
        n = len(self.label_names)
        votes = torch.zeros(len(self.starts), n, dtype=torch.float64)
        for (labels, entries), found in self.parts:
            shares = _shares(entries, found, temperature)
            numbers = entries.label_numbers[found.rows]
            own = sum_by_label(shares, numbers, len(entries.label_names))
            columns = [self.label_names.index(label) for label in labels]
            votes[:, columns] = own[:, [entries.label_names.index(x) for x in labels]]
        return votes

    def evidence(
        self, span: int, label: str, temperature: float, most: int = 3
    ) -> Tuple[Evidence, ...]:
        """Return the entries that speak most for a label of a span.

        span (int): Index of the span.
        label (str): The label.
        temperature (float): Divisor of the similarities, above 0.
        most (int): Highest number of entries.
        """
        for (labels, entries), found in self.parts:
            if label not in labels:
                continue
            alone = Neighbours(*(column[span : span + 1] for column in found))
            shares = _shares(entries, alone, temperature)[0].tolist()
            mentions = (entries.mentions[row] for row in alone.rows[0].tolist())
            own = (Evidence(*x) for x in zip(shares, mentions) if x[1].label == label)
            return tuple(islice(own, most))
        return ()


def _shares(entries: Entries, found: Neighbours, temperature: float) -> Tensor:
    return shares_of(found.similarities, entries.weights[found.rows], temperature)
