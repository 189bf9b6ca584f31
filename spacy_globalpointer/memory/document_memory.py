"""Revision of doubtful spans by sure spans of the same words elsewhere in the
document."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy
from numpy.typing import NDArray

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]
Place = Tuple[int, int]  # first and last token
Name = Tuple[str, str]  # all words of a span, and the last one


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
        words: Sequence[Name],
    ) -> FloatArray:
        """Revise the probabilities of a document's candidates.

        Take the n places with a sure span of the same words. If there are none, take
        those with the same last word where all words of one span end the other: "Darcy"
        matches "Mr. Darcy". Places that share a token with the doubtful span never
        count. Where r is the fraction of the places whose span has the label of the
        doubtful one, its probability p becomes (1 - v) * p + v * r, with
        v = weight * n / (n + 1). Sure spans, and those below the band, keep their
        probabilities.

        probabilities (FloatArray): Probability of each candidate, shape (spans,).
        labels (IntArray): Index of each candidate's label, shape (spans,).
        starts (IntArray): First token of each candidate, shape (spans,).
        ends (IntArray): Last token of each candidate, shape (spans,).
        words (Sequence[Name]): All words of each candidate, with a space between two,
            and its last word. Candidates of the same place have the same words.
        RETURNS (FloatArray): The revised probabilities, shape (spans,).
        """
        low, high = self.band
        places = list(zip(starts.tolist(), ends.tolist()))
        same: Dict[Name, _Sure] = {}
        for row in numpy.flatnonzero(probabilities >= high).tolist():
            same.setdefault(words[row], _Sure()).add(places[row], int(labels[row]))
        is_doubtful = (probabilities >= low) & (probabilities < high)
        doubtful: List[int] = numpy.flatnonzero(is_doubtful).tolist()
        counts: Dict[int, Tuple[int, int]] = {}
        for row in doubtful:
            if words[row] in same:
                counts[row] = same[words[row]].apart(places[row], int(labels[row]))
        rest = [row for row in doubtful if not counts.get(row, (0, 0))[1]]
        related = _related(same, {words[row] for row in rest})
        for row in rest:
            found = [
                group.apart(places[row], int(labels[row]))
                for group in related[words[row]]
            ]
            counts[row] = sum(right for right, _ in found), sum(n for _, n in found)
        revised = probabilities.copy()
        for row, (right, n) in counts.items():
            if n:
                weight = self.weight * n / (n + 1)
                revised[row] += weight * (right / n - revised[row])
        return revised


@dataclass
class _Sure:
    """Places of sure spans by label. `DocumentMemory` and `_related` fill it before
    they count."""

    places: Dict[Optional[int], Set[Place]] = field(default_factory=dict)
    bounds: Dict[Optional[int], Tuple[List[int], List[int]]] = field(
        default_factory=dict
    )

    def add(self, place: Place, label: int) -> None:
        for own in (label, None):  # None stands for any label
            self.places.setdefault(own, set()).add(place)

    def update(self, other: _Sure) -> None:
        for label, places in other.places.items():
            self.places.setdefault(label, set()).update(places)

    def apart(self, place: Place, label: int) -> Tuple[int, int]:
        """Return the number of places with a label, and of all places, that share no
        token with a place."""
        return self._count(place, label), self._count(place, None)

    def _count(self, place: Place, label: Optional[int]) -> int:
        if label not in self.bounds:
            own = self.places.get(label, set())
            starts, ends = sorted(x for x, _ in own), sorted(x for _, x in own)
            self.bounds[label] = starts, ends
        starts, ends = self.bounds[label]
        before = bisect_left(ends, place[0])
        return before + len(starts) - bisect_right(starts, place[1])


def _related(same: Dict[Name, _Sure], names: Set[Name]) -> Dict[Name, List[_Sure]]:
    """Return the sure spans with the same last word as each name, where all words of
    one end the other.

    same (Dict[Name, _Sure]): The sure spans of each name.
    names (Set[Name]): Names of doubtful spans.
    RETURNS (Dict[Name, List[_Sure]]): For each of the names, first the spans of all
        longer names, then the spans of each shorter one.
    """
    related = {name: [_Sure()] for name in names}
    lasts = {last for _, last in names} & {last for _, last in same}
    # Read from the end, a name follows those that it ends with in sorted order.
    backward = {
        (last, *reversed(words.split(" "))): (words, last)
        for words, last in {*names, *same}
        if last in lasts
    }
    ending: List[Tuple[str, ...]] = []  # names that end the current one, shortest first
    for key in sorted(backward):
        while ending and key[: len(ending[-1])] != ending[-1]:
            ending.pop()
        name = backward[key]
        for shorter in map(backward.__getitem__, ending):
            if name in related and shorter in same:
                related[name].append(same[shorter])
            if name in same and shorter in related:
                related[shorter][0].update(same[name])
        ending.append(key)
    return related
