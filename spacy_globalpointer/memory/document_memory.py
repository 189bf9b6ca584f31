"""Revision of doubtful spans by sure spans of the same words elsewhere in the
document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, Hashable, Sequence, Set, Tuple

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]


@dataclass(frozen=True)
class DocumentMemory:
    """How sure spans revise doubtful ones.

    weight (float): Highest weight of what the memory says, from 0 to 1; 0 turns it off.
    band (Tuple[float, float]): A span is sure if its probability is at least the second
        number. It is doubtful if it is at least the first, and less than the second.
    """

    weight: float
    band: Tuple[float, float]

    def revise(
        self,
        probabilities: FloatArray,
        labels: IntArray,
        starts: IntArray,
        ends: IntArray,
        words: Sequence[Sequence[Hashable]],
    ) -> FloatArray:
        """Revise the probabilities of a document's candidates.

        Take the n other places with a sure span of the same words. Where r is the
        fraction of them whose span has the label of a doubtful one, the probability p
        of that one becomes (1 - v) * p + v * r, with v = weight * n / (n + 1). Sure
        spans, and those below the band, keep their probabilities.

        probabilities (FloatArray): Probability of each candidate, shape (spans,).
        labels (IntArray): Index of each candidate's label, shape (spans,).
        starts (IntArray): First token of each candidate, shape (spans,).
        ends (IntArray): Last token of each candidate, shape (spans,).
        words (Sequence[Sequence[Hashable]]): Names of each candidate's words, the most
            telling first, and as many for each candidate. Names are compared with those
            at the same position, and the first that is known from elsewhere counts.
        RETURNS (FloatArray): The revised probabilities, shape (spans,).
        """
        low, high = self.band
        places = list(zip(starts.tolist(), ends.tolist()))
        known: Dict[Tuple[int, Hashable], _Sure] = {}
        for row in numpy.flatnonzero(probabilities >= high).tolist():
            for name in enumerate(words[row]):
                own = known.setdefault(name, _Sure())
                own.add(places[row], int(labels[row]))
        revised = probabilities.copy()
        is_doubtful = (probabilities >= low) & (probabilities < high)
        for row in numpy.flatnonzero(is_doubtful).tolist():
            for name in enumerate(words[row]):
                place, label = places[row], int(labels[row])
                right, n = known.get(name, _Sure()).elsewhere(place, label)
                if n:
                    weight = self.weight * n / (n + 1)
                    revised[row] += weight * (right / n - revised[row])
                    break
        return revised


@dataclass
class _Sure:
    """Places of the sure spans with one name, and their labels."""

    labels: Dict[Tuple[int, int], Set[int]] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, place: Tuple[int, int], label: int) -> None:
        own = self.labels.setdefault(place, set())
        self.counts[label] += label not in own
        own.add(label)

    def elsewhere(self, place: Tuple[int, int], label: int) -> Tuple[int, int]:
        """Return the number of other places with a label, and of all other places."""
        own = self.labels.get(place, set())
        return self.counts[label] - (label in own), len(self.labels) - bool(own)
