"""Choice between kinds of candidates, such as those of several memories."""

from __future__ import annotations

from typing import List, Sequence

import numpy

from .candidates import Candidates
from .choice import PARTS, Chooser, Score, Thresholds


def choose_kind(kinds: Sequence[Candidates], chooser: Chooser) -> int:
    """Choose between kinds of candidates of the same documents.

    kinds (Sequence[Candidates]): The kinds. The first one is what is there without a
        memory.
    chooser (Chooser): Chooses thresholds and scores. The spans of labels that it keeps
        do not count.
    RETURNS (int): The index of the kind with the best F-score at its best single
        threshold; 0 unless choosing also gains on documents that neither the kind nor
        the threshold were chosen on. With a single document there are none.
    """
    if len(kinds[0].gold) < 2:
        return 0
    kinds = [chooser.counted(own) for own in kinds]
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
