"""Choice of a document memory on documents with gold spans."""

from __future__ import annotations

from itertools import product
from typing import List, Sequence

import numpy

from ..memory.document_memory import DocumentMemory
from .candidates import Candidates
from .choice import PARTS, Chooser, Score, Thresholds

WEIGHTS = (0.25, 0.5, 0.75, 1.0)
LOWS = (0.05, 0.1, 0.2, 0.3)
HIGHS = (0.7, 0.8, 0.9, 0.95)
OFF = DocumentMemory(0.0, (0.1, 0.9))


def choose_memory(candidates: Candidates, chooser: Chooser) -> DocumentMemory:
    """Choose the document memory with the best F-score at the best single threshold.

    A memory is chosen only if it also gains on documents that neither the memory nor
    the threshold were chosen on. With a single document there are none.

    candidates (Candidates): The candidates.
    chooser (Chooser): Chooses thresholds and scores.
    RETURNS (DocumentMemory): The memory; its weight is 0 if none gains.
    """
    if len(candidates.gold) < 2:
        return OFF
    bands = [band for band in product(LOWS, HIGHS) if band[0] >= candidates.lowest]
    known = [DocumentMemory(*own) for own in product(WEIGHTS, bands)]
    kinds = [candidates.with_memory(memory) for memory in (OFF, *known)]
    best = _best(kinds, chooser)
    gained = _left_out(kinds, chooser).f > _left_out(kinds[:1], chooser).f
    return best.memory if gained else OFF


def _best(kinds: Sequence[Candidates], chooser: Chooser) -> Candidates:
    """Return the candidates with the best score; of equal ones the first."""
    return max(kinds, key=lambda own: chooser.score(own, chooser.single(own)).f)


def _left_out(kinds: Sequence[Candidates], chooser: Chooser) -> Score:
    """Score each document with what is best on others."""
    n_docs = len(kinds[0].gold)
    parts = numpy.arange(n_docs) % min(PARTS, n_docs)
    scores: List[Score] = []
    for part in numpy.unique(parts):
        others = [own.of_documents(parts != part) for own in kinds]
        best, threshold = others[0], Thresholds(0.5)
        if best.n_gold:
            best = _best(others, chooser)
            threshold = chooser.single(best)
        [left_out] = (
            own.of_documents(parts == part)
            for own in kinds
            if own.memory == best.memory
        )
        scores.append(chooser.score(left_out, threshold))
    right, found = sum(one.right for one in scores), sum(one.found for one in scores)
    return Score(right, found, kinds[0].n_gold, chooser.beta)
