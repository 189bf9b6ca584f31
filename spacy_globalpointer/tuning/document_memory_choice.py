"""Choice of a document memory on documents with gold spans."""

from __future__ import annotations

from itertools import product

from ..memory.document_memory import DocumentMemory
from .candidates import Candidates
from .choice import Chooser
from .kind_choice import choose_kind

#: Document memories that are tried.
WEIGHTS = (0.25, 0.5, 0.75, 1.0)
LOWS = (0.05, 0.1, 0.2, 0.3)
HIGHS = (0.7, 0.8, 0.9, 0.95)
OFF = DocumentMemory(0.0, (0.1, 0.9))


def choose_document_memory(candidates: Candidates, chooser: Chooser) -> DocumentMemory:
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
    return kinds[choose_kind(kinds, chooser)].memory
