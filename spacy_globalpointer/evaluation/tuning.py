"""Tuning: thresholds and temperature from documents with gold spans."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Optional, Tuple

import numpy

from ..errors import Errors
from ..pipeline.global_pointer import GlobalPointer
from .calibration import expected_calibration_error, fit_temperature
from .candidates import Candidates
from .choice import Chooser, Score, Thresholds, score_left_out

#: Operating points of the precision-recall table.
POINTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Tuning:
    """What tuning found.

    present (Thresholds): The component's thresholds so far.
    single (Thresholds): The best single threshold.
    best (Thresholds): The thresholds to take: `single`, with those of single labels
        if they were asked for.
    before (Candidates): The candidates, with the probabilities so far.
    after (Candidates): The candidates, with the probabilities to come. All thresholds
        but the present ones are for these.
    chooser (Chooser): How they were chosen.
    """

    present: Thresholds
    single: Thresholds
    best: Thresholds
    before: Candidates
    after: Candidates
    chooser: Chooser

    @property
    def settings(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The settings to write: the present thresholds if
        none are better."""
        chosen = self.best if self.gains else self.present
        settings: Dict[str, Any] = {
            "threshold": chosen.threshold,
            "thresholds": dict(chosen.thresholds),
        }
        if self.after.temperature != self.before.temperature:
            settings["temperature"] = self.after.temperature
        return settings

    @property
    def gains(self) -> bool:
        """RETURNS (bool): Whether to take the best thresholds: they are better than the
        present ones, or these are none of what was asked for, since they are for
        another temperature, or for single labels."""
        unasked = self.best is self.single and self.present.thresholds
        if unasked or self.after.temperature != self.before.temperature:
            return True
        return self.score(self.best).f > self.score(self.present).f

    @property
    def has_few_gold(self) -> bool:
        """RETURNS (bool): Whether the thresholds were chosen on fewer gold spans than a
        label needs for one of its own, so that they say little about other spans."""
        return self.before.n_gold < self.chooser.min_gold

    @property
    def single_expects_more(self) -> bool:
        """RETURNS (bool): Whether the single threshold does better than the best ones
        on documents that they were not chosen on."""
        single, best = self.left_out(self.single), self.left_out(self.best)
        if single is None or best is None:
            return False
        return round(single.f, 3) > round(best.f, 3)  # as it is printed

    @property
    def keeps_all(self) -> bool:
        """RETURNS (bool): Whether the best single threshold keeps all that was looked
        at, so that a lower one may be better."""
        stands = self.chooser.standing(self.after, Thresholds(self.after.lowest))
        kept = self.chooser.standing(self.after, self.single)
        return bool((kept == stands).all())

    def candidates(self, chosen: Thresholds) -> Candidates:
        """RETURNS (Candidates): The candidates that thresholds are for."""
        return self.before if chosen is self.present else self.after

    def score(self, chosen: Thresholds) -> Score:
        """RETURNS (Score): The score over all spans with some thresholds."""
        return self.chooser.score(self.candidates(chosen), chosen)

    def left_out(self, chosen: Thresholds) -> Optional[Score]:
        """RETURNS (Optional[Score]): The score with thresholds like these, each
        document with those that were chosen on others; None for a single document."""
        if len(self.after.gold) < 2:
            return None
        if chosen is self.present:
            return self.score(chosen)
        return self._single_left_out if chosen is self.single else self._best_left_out

    @cached_property
    def _single_left_out(self) -> Score:
        return score_left_out(self.after, self.chooser.single, self.chooser)

    @cached_property
    def _best_left_out(self) -> Score:
        return score_left_out(self.after, self.chooser.per_label, self.chooser)

    def label_scores(self, chosen: Thresholds) -> Dict[str, Score]:
        """RETURNS (Dict[str, Score]): The score of each label."""
        candidates = self.candidates(chosen)
        stands = self.chooser.standing(candidates, chosen)
        n_labels = len(candidates.label_names)
        found = numpy.bincount(candidates.labels[stands], minlength=n_labels)
        stands &= candidates.right
        right = numpy.bincount(candidates.labels[stands], minlength=n_labels)
        counts = zip(right.tolist(), found.tolist(), candidates.label_gold.tolist())
        scores = [Score(*own, self.chooser.beta) for own in counts]
        return dict(zip(candidates.label_names, scores))

    def operating_points(self) -> List[Tuple[float, Score]]:
        """RETURNS (List[Tuple[float, Score]]): Single thresholds with their scores,
        those of `POINTS` above which no candidate is missing."""
        points = [p for p in POINTS if p >= self.after.lowest]
        return [(point, self.score(Thresholds(point))) for point in points]

    def calibration_errors(self) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The expected calibration error of the same
        candidates, with the probabilities so far and with those to come."""
        return _error(self.before), _error(self.after)


def tune(
    candidates: Candidates,
    pipe: GlobalPointer,
    *,
    per_label: bool = True,
    temperature: bool = False,
    min_gold: int = 20,
    beta: float = 1.0,
) -> Tuning:
    """Find the thresholds with the best F-score over all spans.

    candidates (Candidates): The candidates of documents with gold spans.
    pipe (GlobalPointer): The component, for its settings.
    per_label (bool): Whether to look for thresholds of single labels.
    temperature (bool): Whether to fit the temperature.
    min_gold (int): Labels with fewer gold spans keep the single threshold: a threshold
        that fits a handful of spans tells nothing about the next.
    beta (float): How many times as important recall is as precision.
    RETURNS (Tuning): The thresholds, before and after.
    RAISES (ValueError): GP132 if there is no gold span, GP133 if no candidate; GP136
        if beta is out of its range.
    """
    if not beta > 0:
        raise ValueError(Errors.GP136.format(name="beta", value=beta, limit=""))
    if not candidates.n_gold:
        raise ValueError(Errors.GP132.format(key=pipe.key, name=pipe.name))
    if not len(candidates.docs):
        fields = {"name": pipe.name, "lowest": candidates.lowest}
        raise ValueError(Errors.GP133.format(**fields))
    after = candidates
    if temperature:
        fitted = fit_temperature(candidates.raw, candidates.right)
        after = candidates.at_temperature(fitted)
    chooser = Chooser(pipe.cfg["overlap"], min_gold, beta)
    single = chooser.single(after)
    return Tuning(
        present=Thresholds(pipe.cfg["threshold"], dict(pipe.cfg["thresholds"])),
        single=single,
        best=chooser.per_label(after) if per_label else single,
        before=candidates,
        after=after,
        chooser=chooser,
    )


def _error(candidates: Candidates) -> float:
    return expected_calibration_error(candidates.scores, candidates.right)
