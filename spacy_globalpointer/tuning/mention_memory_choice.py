"""Choice of the settings of a memory of spans on documents with gold spans."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Dict, Sequence

import numpy

from ..evaluation.predictions import Predicted
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.recalled_spans import RecalledSpans, revise_by_memory
from .candidates import Candidates, collect
from .choice import Chooser
from .kind_choice import choose_kind

#: Settings of the memory of spans that are tried.
MENTION_WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5)
TEMPERATURES = (0.05, 0.1, 0.2)
NEIGHBOURS = (16, 64)


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
    """Choose settings of the memory of spans, as
    `choose_document_memory` does.

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
    return choices[choose_kind([one.candidates for one in choices], chooser)]


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
