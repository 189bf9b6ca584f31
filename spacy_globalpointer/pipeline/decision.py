"""The decision between the candidate spans of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy

from ..errors import Errors
from .overlap import FloatArray, IntArray, select_spans

if TYPE_CHECKING:  # torch is not imported before it is used
    from ..pointer.search import FoundSpans


@dataclass(frozen=True, eq=False)
class Decision:
    """The settings that turn candidates into spans. `decision_of` makes it.

    thresholds (FloatArray): Lowest probability of a span of each label, shape
        (labels,), float32.
    temperature (float): Divisor of the scores, above 0.
    overlap (str): The overlap policy, as in `select_spans`.
    limit (Optional[int]): How many of the spans of a document that reach their
        thresholds to keep, the most probable first; None for no limit.
    """

    thresholds: FloatArray
    temperature: float = 1.0
    overlap: str = "any"
    limit: Optional[int] = None

    def decide(self, found: FoundSpans) -> Tuple[IntArray, FloatArray]:
        """Decide which candidates of a document to keep.

        found (FoundSpans): All candidates of the document whose probability may reach
            their thresholds.
        RETURNS (Tuple[IntArray, FloatArray]): Indices of the spans that are kept,
            ascending, and the probability of every candidate.
        """
        labels, starts, ends = (
            column.numpy() for column in (found.labels, found.starts, found.ends)
        )
        probabilities = self.probabilities(found)
        return self.keep(labels, starts, ends, probabilities), probabilities

    def probabilities(self, found: FoundSpans) -> FloatArray:
        """Return the probability of each candidate, shape (spans,)."""
        from ..pointer.probability import probability

        return probability(found.scores, self.temperature).numpy()

    def keep(
        self,
        labels: IntArray,
        starts: IntArray,
        ends: IntArray,
        probabilities: FloatArray,
    ) -> IntArray:
        """Decide which candidates of a document to keep, given their probabilities. The
        candidates are sorted by start, end and label, and of equal ones the first is
        kept.

        labels (IntArray): Index of each span's label, shape (spans,).
        starts (IntArray): First token of each span, shape (spans,).
        ends (IntArray): Last token of each span, inclusive, shape (spans,).
        probabilities (FloatArray): Probability of each span, shape (spans,), float32.
        RETURNS (IntArray): Indices of the spans that are kept, ascending.
        """
        above = numpy.flatnonzero(probabilities >= self.thresholds[labels])
        if self.limit is not None and len(above) > self.limit:
            best = numpy.argsort(-probabilities[above], kind="stable")[: self.limit]
            above = above[numpy.sort(best)]
        if not len(above):
            return above
        first = starts[above[0]]  # the lowest start
        return above[
            select_spans(
                self.overlap,
                starts[above] - first,
                ends[above] - first,
                probabilities[above],
            )
        ]


def decision_of(cfg: Dict[str, Any], **changes: Any) -> Decision:
    """Make the decision that a component's settings describe.

    cfg (Dict[str, Any]): The cfg of a component.
    **changes: Other values of its settings.
    RETURNS (Decision): The decision.
    RAISES (ValueError): GP016 if `thresholds` names an unknown label.
    """
    cfg = {**cfg, **changes}
    return Decision(
        numpy.array(label_thresholds(cfg), dtype=numpy.float32),
        temperature=cfg["temperature"],
        overlap=cfg["overlap"],
        limit=cfg["max_spans_per_doc"],
    )


def label_thresholds(cfg: Dict[str, Any]) -> List[float]:
    """Return the threshold of each label.

    cfg (Dict[str, Any]): The cfg of a component.
    RETURNS (List[float]): The thresholds, in the order of the labels.
    RAISES (ValueError): GP016 if `thresholds` names an unknown label.
    """
    labels, own = cfg["labels"], cfg["thresholds"]
    unknown = sorted(set(own) - set(labels))
    if unknown:
        fields = {"setting": "thresholds", "unknown": unknown}
        raise ValueError(Errors.GP016.format(labels=tuple(labels), **fields))
    return [own.get(label, cfg["threshold"]) for label in labels]
