"""Precision and recall at every threshold, from candidates with scores."""

from __future__ import annotations

from collections import defaultdict
from typing import DefaultDict, Dict, Iterable, List, NamedTuple, Tuple

import numpy
from numpy.typing import NDArray

from .matching import MatchedSpan

FloatArray = NDArray[numpy.float64]


class Curve(NamedTuple):
    """Precision and recall by threshold.

    thresholds (FloatArray): Scores of candidates, descending.
    precision (FloatArray): Precision of the candidates that reach each threshold.
    recall (FloatArray): Recall at each threshold; it never decreases.
    gold (int): Number of gold spans.
    """

    thresholds: FloatArray
    precision: FloatArray
    recall: FloatArray
    gold: int

    @property
    def average_precision(self) -> float:
        """Compute the mean precision over the recall gained at each threshold. Recall
        that the candidates do not reach counts as 0. The result is 0 without gold
        spans."""
        gained = numpy.diff(self.recall, prepend=0.0)
        return float((gained * self.precision).sum())


def make_curve(scores: Iterable[float], right: Iterable[bool], gold: int) -> Curve:
    """Make a curve of candidates. Candidates with the same score are kept or dropped
    together.

    scores (Iterable[float]): Probability of each candidate.
    right (Iterable[bool]): Whether each candidate is a gold span.
    gold (int): Number of gold spans, also of those that are not candidates.
    RETURNS (Curve): The curve; empty without candidates.
    """
    values = numpy.array(list(scores), dtype=numpy.float64)
    hits = numpy.array(list(right), dtype=bool)
    order = numpy.argsort(-values, kind="stable")
    values, found = values[order], hits[order].cumsum()
    last = numpy.flatnonzero(numpy.diff(values, append=-numpy.inf))
    precision = found[last] / (last + 1)
    return Curve(values[last], precision, found[last] / max(gold, 1), gold)


def make_curves(spans: Iterable[MatchedSpan]) -> Tuple[Curve, Dict[str, Curve]]:
    """Make the curve of all spans, and one for each label.

    spans (Iterable[MatchedSpan]): Gold spans and candidates. Those that were found have
        a score.
    RETURNS (Tuple[Curve, Dict[str, Curve]]): The curves, labels in alphabetical order.
    """
    groups: DefaultDict[str, List[MatchedSpan]] = defaultdict(list)
    for span in spans:
        groups[span.label].append(span)
    every = [span for group in groups.values() for span in group]
    return _curve_of(every), {
        label: _curve_of(groups[label]) for label in sorted(groups)
    }


def _curve_of(spans: List[MatchedSpan]) -> Curve:
    found = [(s.score or 0.0, s.is_gold) for s in spans if s.is_found]
    return make_curve(
        (score for score, _ in found),
        (right for _, right in found),
        sum(span.is_gold for span in spans),
    )
