"""Tuning of thresholds, temperature and document memory on documents with gold
spans."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, Optional, Tuple

import numpy

from ..errors import Errors
from ..evaluation.calibration import expected_calibration_error, fit_temperature
from ..pipeline.global_pointer import GlobalPointer
from .candidates import Candidates
from .choice import Chooser, Score, Thresholds, kept_thresholds, score_left_out
from .document_memory_choice import choose_document_memory
from .mention_memory_choice import MentionChoice

#: Operating points of the precision-recall table.
POINTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Tuning:
    """Result of `tune`.

    present (Thresholds): The component's present thresholds.
    single (Thresholds): The best single threshold.
    best (Thresholds): The best thresholds: `single`, and those of single labels if they
        were asked for.
    before (Candidates): The candidates, with the present probabilities.
    after (Candidates): The candidates, with the new probabilities. All thresholds
        except the present ones are for these.
    chooser (Chooser): The rules by which they were chosen.
    mentions (Dict[str, Any]): Settings of the memory of spans for the new
        probabilities, where they differ from the present ones.
    """

    present: Thresholds
    single: Thresholds
    best: Thresholds
    before: Candidates
    after: Candidates
    chooser: Chooser
    mentions: Dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Dict[str, Any]:
        """Return the settings to write: the present thresholds if none are better."""
        chosen = self.best if self.gains else self.present
        settings: Dict[str, Any] = {
            "threshold": chosen.threshold,
            "thresholds": self._written(chosen),
        }
        if self.after.temperature != self.before.temperature:
            settings["temperature"] = self.after.temperature
        memory = self.after.memory
        if memory != self.before.memory:
            settings["document_memory"] = memory.weight
            settings["document_band"] = list(memory.band)
        return {**settings, **self.mentions}

    def _written(self, chosen: Thresholds) -> Dict[str, float]:
        """Return the thresholds of single labels that a config needs."""
        return {
            name: x
            for name, x in chosen.thresholds.items()
            if chosen is self.present
            or x != chosen.threshold
            or name not in self.chooser.kept
        }

    @property
    def gains(self) -> bool:
        """Return whether to use the best thresholds. They are used if they are better
        than the present ones, or if the present ones do not fit the request, because
        they are for another temperature or memory, or for single labels."""
        own = {*self.present.thresholds} - {*self.chooser.kept}
        unasked = self.best is self.single and own
        others = self.after.temperature != self.before.temperature
        memories = self.mentions or self.after.memory != self.before.memory
        if unasked or others or memories:
            return True
        return self.score(self.best).f > self.score(self.present).f

    @property
    def has_few_gold(self) -> bool:
        """Return whether the thresholds were chosen on fewer gold spans than a label
        needs for its own threshold, so that they say little about other spans."""
        return self.before.n_gold < self.chooser.min_gold

    @property
    def single_expects_more(self) -> bool:
        """Return whether the single threshold does better than the best ones on
        documents that they were not chosen on."""
        single, best = self.left_out(self.single), self.left_out(self.best)
        if single is None or best is None:
            return False
        return round(single.f, 3) > round(best.f, 3)  # digits that are printed

    @property
    def keeps_all(self) -> bool:
        """Return whether the best single threshold keeps all spans that were
        considered. Then a lower one may be better."""
        lowest = Thresholds(self.after.lowest, self.chooser.kept)
        stands = self.chooser.standing(self.after, lowest)
        kept = self.chooser.standing(self.after, self.single)
        return bool((kept == stands).all())

    def candidates(self, chosen: Thresholds) -> Candidates:
        """Return the candidates that some thresholds are for."""
        return self.before if chosen is self.present else self.after

    def score(self, chosen: Thresholds) -> Score:
        """Compute the score over all spans with some thresholds."""
        return self.chooser.score(self.candidates(chosen), chosen)

    def left_out(self, chosen: Thresholds) -> Optional[Score]:
        """Compute the cross-validated score of thresholds like these, chosen on other
        documents than they are scored on; None for a single document."""
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
        """Compute the score of each label."""
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
        """Score the single thresholds of `POINTS` above which no candidate is
        missing."""
        points = [p for p in POINTS if p >= self.after.lowest]
        return [(point, self.score(Thresholds(point))) for point in points]

    def calibration_errors(self) -> Tuple[float, float]:
        """Compute the expected calibration error of the same candidates at the present
        and at the new temperature, with the present memory."""
        return _error(self.before), _error(self.after.with_memory(self.before.memory))


def tune(
    candidates: Candidates,
    pipe: GlobalPointer,
    *,
    per_label: bool = True,
    temperature: bool = False,
    document_memory: bool = False,
    mentions: Optional[MentionChoice] = None,
    min_gold: int = 20,
    beta: float = 1.0,
) -> Tuning:
    """Find the thresholds with the best F-score over all spans.

    candidates (Candidates): The candidates of documents with gold spans.
    pipe (GlobalPointer): The component, for its settings.
    per_label (bool): Whether to choose thresholds of single labels.
    temperature (bool): Whether to fit the temperature.
    document_memory (bool): Whether to choose a document memory.
    mentions (Optional[MentionChoice]): Settings of the memory of spans that were
        chosen.
    min_gold (int): Labels with fewer gold spans get the single threshold, because a
        threshold that fits a few spans says nothing about others.
    beta (float): How many times as important recall is as precision.
    RETURNS (Tuning): The present and the best thresholds.
    RAISES (ValueError): GP132 if there is no gold span; GP133 if there is no candidate;
        GP136 if beta is out of its range; GP138 if the temperature is asked for, but
        the component has a memory of spans.
    """
    if temperature and len(pipe.memory):
        raise ValueError(Errors.GP138.format(name=pipe.name))
    if not beta > 0:
        raise ValueError(Errors.GP136.format(name="beta", value=beta, limit=""))
    if not candidates.n_gold:
        raise ValueError(Errors.GP132.format(key=pipe.key, name=pipe.name))
    if not len(candidates.docs):
        fields = {"name": pipe.name, "lowest": candidates.lowest}
        raise ValueError(Errors.GP133.format(**fields))
    after = candidates if mentions is None else mentions.candidates
    if temperature:
        fitted = fit_temperature(candidates.raw, candidates.right)
        after = candidates.at_temperature(fitted)
    present = Thresholds(pipe.cfg["threshold"], dict(pipe.cfg["thresholds"]))
    kept = {
        name: after.moved(x, candidates.temperature)
        for name, x in kept_thresholds(candidates, present).items()
    }
    chooser = Chooser(pipe.cfg["overlap"], min_gold, beta, kept)
    if document_memory:
        memory = choose_document_memory(after, chooser)
        if memory.weight or after.memory.weight:  # the band of no memory stays
            after = after.with_memory(memory)
    single = chooser.single(after)
    return Tuning(
        present=present,
        single=single,
        best=chooser.per_label(after) if per_label else single,
        before=candidates,
        after=after,
        chooser=chooser,
        mentions={} if mentions is None else _changes(mentions.settings, pipe),
    )


def _changes(settings: Dict[str, Any], pipe: GlobalPointer) -> Dict[str, Any]:
    return {name: x for name, x in settings.items() if x != pipe.cfg[name]}


def _error(candidates: Candidates) -> float:
    return expected_calibration_error(candidates.scores, candidates.right)
