"""Thresholds for single labels, under the overlap policy."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

import numpy
from numpy.typing import NDArray

from .best_cut import best_cut, f_score
from .candidates import BoolArray, Candidates, FloatArray, IntArray
from .conflicts import conflict_groups

#: Highest number of passes over all labels. The search ends with a pass that changes
#: nothing, usually the second or third.
MAX_PASSES = 20


def best_single(candidates: Candidates, overlap: str, *, beta: float = 1.0) -> float:
    """Find the best threshold for all labels together.

    Of two spans in conflict, the one with the higher score is kept. So a span below the
    threshold never displaces a span above it, and the overlap policy is applied only
    once.

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
    """Improve the thresholds of single labels one after the other, as long as possible.

    Each step tries all thresholds of a label with unchanged thresholds of the others,
    and counts the spans that the overlap policy then keeps. A step is used only if the
    F-score over all spans increases, so the result is never worse than `threshold`
    alone. It may not be the best of all combinations.

    candidates (Candidates): The candidates, with at least one gold span.
    overlap (str): The overlap policy.
    threshold (float): The initial threshold, which all other labels keep.
    labels (Sequence[int]): Indices of the labels to improve.
    beta (float): Weight of recall, as in `f_score`.
    RETURNS (Dict[str, float]): Thresholds of the labels that have their own.
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
    """Return each label's threshold in the precision in which the component compares
    it."""
    own = [thresholds.get(name, threshold) for name in names]
    return numpy.array(own, dtype=numpy.float32)


class _LabelSearch:
    """Search for the best threshold of a label, given those of the other labels."""

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
        """Compute the F-score with the thresholds of all labels."""
        stands = self.spans.standing(cuts, self.overlap)
        right = self.spans.right[stands].sum()
        return float(f_score(right, stands.sum(), self.spans.n_gold, self.beta))

    def best(self, label: int, cuts: FloatArray) -> Tuple[float, float]:
        """Return the label's best threshold and its F-score."""
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
        """Write to `steps` how each span of the label changes a group, from the highest
        score down, and return the spans that are kept without the label. Spans below
        all others do not affect these, so one selection finds which of them are kept,
        even for many candidates with low scores."""
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
