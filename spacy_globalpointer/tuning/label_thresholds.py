"""Thresholds for single labels, under the overlap policy."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

import numpy
from numpy.typing import NDArray

from .best_cut import best_cut, f_score
from .candidates import BoolArray, Candidates, FloatArray, IntArray
from .conflicts import conflict_groups

#: Passes over all labels. Each pass that changes nothing is the last; two or three are
#: usual.
MAX_PASSES = 20


def best_single(candidates: Candidates, overlap: str, *, beta: float = 1.0) -> float:
    """The best threshold for all labels together.

    A conflict goes to the higher score, so that a span which one threshold drops never
    stood in the way of one that is kept: the overlap policy is applied once.

    candidates (Candidates): The candidates, with at least one gold span.
    overlap (str): The overlap policy.
    beta (float): Weight of recall, as in `f_score`.
    RETURNS (float): The threshold.
    """
    lowest = numpy.full(len(candidates.label_names), candidates.lowest, numpy.float32)
    stands = candidates.standing(lowest, overlap)
    return best_cut(
        candidates.scores[stands],
        candidates.right[stands],
        candidates.n_gold,
        lowest=candidates.lowest,
        beta=beta,
    ).threshold


def best_per_label(
    candidates: Candidates,
    overlap: str,
    threshold: float,
    labels: Sequence[int],
    *,
    beta: float = 1.0,
) -> Dict[str, float]:
    """Improve single labels' thresholds one after the other, until none can be.

    Each step tries all thresholds of a label with those of the others as they are,
    and counts the spans that the overlap policy then lets stand. It is taken only if
    the F-score over all spans gets higher, so the result is never worse than
    `threshold` alone. It need not be the best of all combinations.

    candidates (Candidates): The candidates, with at least one gold span.
    overlap (str): The overlap policy.
    threshold (float): The threshold to begin with, and that of all other labels.
    labels (Sequence[int]): Indices of the labels to improve.
    beta (float): Weight of recall, as in `f_score`.
    RETURNS (Dict[str, float]): Thresholds of the labels that have one of their own.
    """
    search = _LabelSearch(candidates, overlap, beta)
    names = candidates.label_names
    found: Dict[str, float] = {}
    best = search.f(label_cuts(names, threshold, found))
    for _ in range(MAX_PASSES):
        before = best
        for label in labels:
            cut, f = search.best(label, label_cuts(names, threshold, found))
            if f > best:
                found[names[label]], best = cut, f
        if best == before:
            break
    return found


def label_cuts(
    names: Sequence[str], threshold: float, thresholds: Dict[str, float]
) -> FloatArray:
    """RETURNS (FloatArray): Each label's threshold as the component compares it."""
    own = [thresholds.get(name, threshold) for name in names]
    return numpy.array(own, dtype=numpy.float32)


class _LabelSearch:
    """Counts what a label's thresholds give beside those of the other labels."""

    def __init__(self, candidates: Candidates, overlap: str, beta: float) -> None:
        self.spans = candidates
        self.overlap = overlap
        self.beta = beta
        groups = conflict_groups(
            overlap, candidates.docs, candidates.starts, candidates.ends
        )
        _, self.groups, sizes = numpy.unique(
            groups, return_inverse=True, return_counts=True
        )
        order = numpy.argsort(self.groups, kind="stable")
        self.members = numpy.split(order, numpy.cumsum(sizes)[:-1])
        self.alone = sizes == 1

    def f(self, cuts: FloatArray) -> float:
        """RETURNS (float): The F-score with the thresholds of all labels."""
        stands = self.spans.standing(cuts, self.overlap)
        right = self.spans.right[stands].sum()
        return float(f_score(right, stands.sum(), self.spans.n_gold, self.beta))

    def best(self, label: int, cuts: FloatArray) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The label's best threshold, its F-score."""
        spans = self.spans
        own = numpy.flatnonzero(spans.labels == label)
        touched = numpy.zeros(len(self.alone), dtype=bool)
        touched[self.groups[own]] = True
        stands = spans.standing(cuts, self.overlap) & ~touched[self.groups]
        base = numpy.array([spans.right[stands].sum(), stands.sum()])
        steps = numpy.ones((len(spans.docs), 2), dtype=numpy.int64)
        steps[:, 0] = spans.right
        for group in numpy.flatnonzero(touched & ~self.alone):
            base += self._contest(self.members[group], label, cuts, steps)
        return best_cut(
            spans.scores[own],
            steps[own, 0],
            spans.n_gold,
            lowest=spans.lowest,
            found=steps[own, 1],
            base_right=int(base[0]),
            base_found=int(base[1]),
            beta=self.beta,
        )

    def _contest(
        self, members: IntArray, label: int, cuts: FloatArray, steps: NDArray
    ) -> IntArray:
        """Write to `steps` what each span of the label adds to a group, from the
        highest score down. Those below all others change nothing but themselves, and
        one selection tells which of them stand: many candidates of low scores cost no
        more than that. RETURNS (IntArray): What stands without the label."""
        spans = self.spans
        mine = members[spans.labels[members] == label]
        mine = mine[numpy.argsort(-spans.scores[mine], kind="stable")]
        others = members[spans.labels[members] != label]
        present = others[spans.scores[others] >= cuts[spans.labels[others]]]
        base = before = self._count(present)
        last = spans.scores[present].min(initial=numpy.inf)
        n_among = int((spans.scores[mine] >= last).sum())
        for n, row in enumerate(mine[:n_among], start=1):
            after = self._count(numpy.concatenate((present, mine[:n])))
            steps[row] = after - before
            before = after
        below = mine[n_among:]
        stands = numpy.isin(below, self._stand(numpy.concatenate((present, mine))))
        steps[below] *= stands[:, None]
        return base

    def _count(self, rows: IntArray) -> IntArray:
        rows = self._stand(rows)
        right: BoolArray = self.spans.right[rows]
        return numpy.array([right.sum(), len(rows)], dtype=numpy.int64)

    def _stand(self, rows: IntArray) -> IntArray:
        rows = numpy.sort(rows)
        return rows[self.spans.select(rows, self.overlap)]
