"""Choice of thresholds on some documents, and scores on these or other documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, Sequence

import numpy

from ..pipeline.settings import can_be_key
from .best_cut import f_score
from .candidates import BoolArray, Candidates
from .label_thresholds import best_per_label, best_single, label_cuts

#: Number of parts of the documents for cross-validation.
PARTS = 10


@dataclass(frozen=True)
class Thresholds:
    """Threshold settings of the component.

    threshold (float): The threshold of labels without their own.
    thresholds (Dict[str, float]): Thresholds of single labels.
    """

    threshold: float
    thresholds: Dict[str, float] = field(default_factory=dict)

    def of(self, label: str) -> float:
        """Return the threshold of a label."""
        return self.thresholds.get(label, self.threshold)


@dataclass(frozen=True)
class Score:
    """Counts of spans, and the scores that follow from them.

    right (int): Number of found spans that are gold spans.
    found (int): Number of found spans.
    gold (int): Number of gold spans.
    beta (float): Weight of recall in `f`.
    """

    right: int
    found: int
    gold: int
    beta: float = 1.0

    @property
    def p(self) -> float:
        """Return the precision; 0 if nothing was found."""
        return self.right / max(self.found, 1)

    @property
    def r(self) -> float:
        """Return the recall; 0 without gold."""
        return self.right / max(self.gold, 1)

    @property
    def f(self) -> float:
        """Return the F-score; 0 if nothing is right."""
        if not self.right:
            return 0.0
        return float(f_score(self.right, self.found, self.gold, self.beta))


@dataclass(frozen=True)
class Chooser:
    """Rules by which thresholds are chosen.

    overlap (str): The overlap policy.
    min_gold (int): Labels with fewer gold spans get the common threshold.
    beta (float): Weight of recall in the F-score that is maximized.
    kept (Dict[str, float]): Thresholds of labels that stay, and whose spans do not
        count in the choice of the others.
    """

    overlap: str
    min_gold: int
    beta: float
    kept: Dict[str, float] = field(default_factory=dict)

    def counted(self, candidates: Candidates) -> Candidates:
        """Return the candidates without the spans that do not count."""
        return candidates.without_labels(self.kept) if self.kept else candidates

    def single(self, candidates: Candidates) -> Thresholds:
        """Find the best single threshold."""
        counted = self.counted(candidates)
        threshold = best_single(counted, self.overlap, beta=self.beta)
        return Thresholds(threshold, dict(self.kept))

    def per_label(self, candidates: Candidates) -> Thresholds:
        """Find the best single threshold, and better ones of single labels."""
        candidates = self.counted(candidates)
        threshold = best_single(candidates, self.overlap, beta=self.beta)
        labels = frequent_labels(candidates, self.min_gold)
        own = best_per_label(
            candidates, self.overlap, threshold, labels, beta=self.beta
        )
        return Thresholds(threshold, {**own, **self.kept})

    def standing(self, candidates: Candidates, chosen: Thresholds) -> BoolArray:
        """Return whether each span is returned, shape (spans,)."""
        names = candidates.label_names
        cuts = label_cuts(names, chosen.threshold, chosen.thresholds)
        return candidates.standing(cuts, self.overlap)

    def score(self, candidates: Candidates, chosen: Thresholds) -> Score:
        """Compute the score over all spans with some thresholds."""
        stands = self.standing(candidates, chosen)
        right = int(candidates.right[stands].sum())
        return Score(right, int(stands.sum()), candidates.n_gold, self.beta)


def kept_thresholds(candidates: Candidates, present: Thresholds) -> Dict[str, float]:
    """Return the thresholds of labels without a gold span. Such documents may not be
    annotated with the label, so they say nothing about its threshold, which stays.

    candidates (Candidates): The candidates.
    present (Thresholds): The present thresholds.
    RETURNS (Dict[str, float]): Labels that cannot be a key in a config file are left
        out.
    """
    counts = zip(candidates.label_names, candidates.label_gold.tolist())
    return {name: present.of(name) for name, n in counts if not n and can_be_key(name)}


def frequent_labels(candidates: Candidates, min_gold: int) -> Sequence[int]:
    """Find the labels that can have their own threshold.

    candidates (Candidates): The candidates.
    min_gold (int): Lowest number of gold spans of such a label.
    RETURNS (Sequence[int]): The indices of the labels, ascending. Labels that cannot be
        a key in a config file are left out.
    """
    return [
        i
        for i, (label, n) in enumerate(
            zip(candidates.label_names, candidates.label_gold)
        )
        if n >= min_gold and can_be_key(label)
    ]


def score_left_out(
    candidates: Candidates,
    choose: Callable[[Candidates], Thresholds],
    chooser: Chooser,
) -> Score:
    """Score each document with thresholds that were chosen on other documents. This
    estimates the score on new documents; the score on the same documents is too high.

    The documents are split into ten parts, or into one per document if there are fewer.

    candidates (Candidates): The candidates of at least two documents.
    choose (Callable[[Candidates], Thresholds]): Chooses thresholds.
    chooser (Chooser): Scores them.
    RETURNS (Score): The counts over all documents.
    """
    n_docs = len(candidates.gold)
    parts = numpy.arange(n_docs) % min(PARTS, n_docs)
    scores = []
    for part in numpy.unique(parts):
        others = candidates.of_documents(parts != part)
        chosen = choose(others) if others.n_gold else Thresholds(0.5)
        scores.append(chooser.score(candidates.of_documents(parts == part), chosen))
    right, found = sum(one.right for one in scores), sum(one.found for one in scores)
    return Score(right, found, candidates.n_gold, chooser.beta)
