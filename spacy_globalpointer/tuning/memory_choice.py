"""Choice of the settings of memories on documents with gold spans."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Dict, List, Sequence

import numpy

from ..evaluation.predictions import Predicted
from ..memory.document_memory import DocumentMemory
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.recalled_spans import RecalledSpans, revise_by_memory
from .candidates import Candidates, collect
from .choice import PARTS, Chooser, Score, Thresholds

#: Document memories that are tried.
WEIGHTS = (0.25, 0.5, 0.75, 1.0)
LOWS = (0.05, 0.1, 0.2, 0.3)
HIGHS = (0.7, 0.8, 0.9, 0.95)
OFF = DocumentMemory(0.0, (0.1, 0.9))
#: Settings of the memory of spans that are tried.
MENTION_WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5)
TEMPERATURES = (0.05, 0.1, 0.2)
NEIGHBOURS = (16, 64)


def choose_memory(candidates: Candidates, chooser: Chooser) -> DocumentMemory:
    """Choose the document memory with the best F-score at the best single threshold.

    candidates (Candidates): The candidates.
    chooser (Chooser): Chooses thresholds and scores.
    RETURNS (DocumentMemory): The memory; its weight is 0 if none gains.
    """
    if len(candidates.gold) < 2:
        return OFF
    bands = [band for band in product(LOWS, HIGHS) if band[0] >= candidates.lowest]
    known = [DocumentMemory(*own) for own in product(WEIGHTS, bands)]
    kinds = [candidates.with_memory(memory) for memory in (OFF, *known)]
    return kinds[choose(kinds, chooser)].memory


@dataclass(frozen=True)
class MentionChoice:
    """Settings of the memory of spans, and what the component finds with them.

    settings (Dict[str, Any]): memory_weight, memory_temperature and memory_neighbours.
    candidates (Candidates): The candidates.
    """

    settings: Dict[str, Any]
    candidates: Candidates


def choose_mention_memory(
    predicted: Sequence[Predicted],
    pipe: GlobalPointer,
    lowest: float,
    chooser: Chooser,
) -> MentionChoice:
    """Choose settings of the memory of spans, as `choose_memory` does.

    predicted (Sequence[Predicted]): The documents and their candidates, predicted with
        `collecting`.
    pipe (GlobalPointer): The component that predicted them.
    lowest (float): The lowest probability that was searched for.
    chooser (Chooser): Chooses thresholds and scores.
    RETURNS (MentionChoice): The settings; the weight is 0 if trained labels gain
        nothing.
    """
    present = pipe.cfg["memory_temperature"], pipe.cfg["memory_neighbours"]
    grid = [(0.0, *present), *product(MENTION_WEIGHTS, TEMPERATURES, NEIGHBOURS)]
    choices = []
    for values in grid:
        names = ("memory_weight", "memory_temperature", "memory_neighbours")
        settings = dict(zip(names, values))
        revised = [_revise(one, pipe, lowest, settings) for one in predicted]
        choices.append(MentionChoice(settings, collect(revised, pipe, lowest)))
    return choices[choose([one.candidates for one in choices], chooser)]


def at_present(
    predicted: Sequence[Predicted], pipe: GlobalPointer, lowest: float
) -> Candidates:
    """Return the candidates with the component's own settings.

    predicted (Sequence[Predicted]): As in `choose_mention_memory`.
    pipe (GlobalPointer): The component.
    lowest (float): The lowest probability that was searched for.
    RETURNS (Candidates): The candidates.
    """
    revised = [_revise(one, pipe, lowest, pipe.cfg) for one in predicted]
    return collect(revised, pipe, lowest)


def collecting(pipe: GlobalPointer, lowest: float) -> Dict[str, Any]:
    """Return the options of `predict_candidates` for `choose_mention_memory`.

    pipe (GlobalPointer): The component.
    lowest (float): Lowest probability of a candidate.
    """
    lowest = min(lowest, pipe.cfg["memory_lowest"])  # what the memory votes on
    most = max(*NEIGHBOURS, pipe.cfg["memory_neighbours"])
    settings = {"memory_weight": 0.0, "memory_neighbours": most}
    own = {"lowest": lowest, "left_out": True, "document_memory": 0.0}
    return {**own, **settings}


def _revise(
    one: Predicted, pipe: GlobalPointer, lowest: float, settings: Dict[str, Any]
) -> Predicted:
    if not isinstance(one.found, RecalledSpans):  # no span was found
        return one
    n_known, recall = len(pipe.cfg["labels"]), one.found.recall
    rows = numpy.flatnonzero(one.found.labels.numpy() < n_known)
    spans = revise_by_memory(
        one.found.take(rows),
        recall.nearest(settings["memory_neighbours"]),
        labels=one.found.names,
        n_known=n_known,
        lowest=[lowest] * len(one.found.names),
        temperature=pipe.cfg["temperature"],
        weight=settings["memory_weight"],
        memory_temperature=settings["memory_temperature"],
    )
    return Predicted(one.example, spans)


def choose(kinds: Sequence[Candidates], chooser: Chooser) -> int:
    """Choose between kinds of candidates of the same documents.

    kinds (Sequence[Candidates]): The kinds. The first one is what is there without a
        memory.
    chooser (Chooser): Chooses thresholds and scores.
    RETURNS (int): The index of the kind with the best F-score at its best single
        threshold; 0 unless choosing also gains on documents that neither the kind nor
        the threshold were chosen on. With a single document there are none.
    """
    if len(kinds[0].gold) < 2:
        return 0
    gained = _left_out(kinds, chooser).f > _left_out(kinds[:1], chooser).f
    return _best(kinds, chooser) if gained else 0


def _best(kinds: Sequence[Candidates], chooser: Chooser) -> int:
    """Return the index of the candidates with the best score; of equal ones the
    first."""
    scores = [chooser.score(own, chooser.single(own)).f for own in kinds]
    return scores.index(max(scores))


def _left_out(kinds: Sequence[Candidates], chooser: Chooser) -> Score:
    """Score each document with what is best on others."""
    n_docs = len(kinds[0].gold)
    parts = numpy.arange(n_docs) % min(PARTS, n_docs)
    scores: List[Score] = []
    for part in numpy.unique(parts):
        others = [own.of_documents(parts != part) for own in kinds]
        best, threshold = 0, Thresholds(0.5)
        if others[0].n_gold:
            best = _best(others, chooser)
            threshold = chooser.single(others[best])
        left_out = kinds[best].of_documents(parts == part)
        scores.append(chooser.score(left_out, threshold))
    right, found = sum(one.right for one in scores), sum(one.found for one in scores)
    return Score(right, found, kinds[0].n_gold, chooser.beta)
