"""Candidates of a document that a mention memory has revised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..memory.interpolation import interpolate
from ..memory.mention_memory import Evidence, Recall
from ..pointer.probability import probability, score_of
from ..pointer.search import FoundSpans


@dataclass(frozen=True, eq=False)
class RecalledSpans(FoundSpans):
    """Candidates, and the entries of the memory that are nearest to them.

    recall (Recall): The nearest entries of the document's proposed spans.
    proposals (Tensor): Index of each candidate among these spans, or -1 if it is not
        among them, shape (spans,).
    names (Tuple[str, ...]): Names of the labels.
    """

    recall: Recall
    proposals: Tensor
    names: Tuple[str, ...]

    def take(self, rows: NDArray[numpy.int64]) -> RecalledSpans:
        """Return the spans with the given indices."""
        own = super().take(rows)
        columns = own.labels, own.starts, own.ends, own.scores
        proposals = self.proposals[rows]
        return RecalledSpans(*columns, own.n_above, self.recall, proposals, self.names)

    def evidence(
        self, row: int, label: str, temperature: float
    ) -> Tuple[Evidence, ...]:
        """Return the entries that speak most for a candidate.

        row (int): Index of the candidate.
        label (str): Its label.
        temperature (float): Divisor of the similarities, above 0.
        """
        proposal = int(self.proposals[row])
        return (
            self.recall.evidence(proposal, label, temperature) if proposal >= 0 else ()
        )


def propose(
    found: FoundSpans, others: Sequence[Tuple[int, int]]
) -> Tuple[Tensor, Tensor]:
    """Return the places that the memory votes on: those of candidates, whatever their
    labels, and others.

    found (FoundSpans): The candidates of a document.
    others (Sequence[Tuple[int, int]]): First and last token of other places.
    RETURNS (Tuple[Tensor, Tensor]): First and last token of each place, sorted, int64.
    """
    places = torch.stack([found.starts, found.ends], dim=1)
    more = torch.tensor(others, dtype=torch.int64).view(-1, 2)
    starts, ends = torch.unique(torch.cat([places, more]), dim=0).unbind(1)
    return starts, ends


def revise_by_memory(
    found: FoundSpans,
    recall: Recall,
    *,
    labels: Sequence[str],
    n_known: int,
    lowest: Sequence[float],
    temperature: float,
    weight: float,
    memory_temperature: float,
) -> RecalledSpans:
    """Interpolate the probabilities of candidates with those of the memory, and add
    labels that only the memory knows.

    found (FoundSpans): The candidates of a document.
    recall (Recall): The nearest entries of their places, from `propose`.
    labels (Sequence[str]): Labels of the model, then those of the memory alone.
    n_known (int): Number of labels of the model.
    lowest (Sequence[float]): Lowest probability of a result of each label.
    temperature (float): The component's temperature.
    weight (float): Weight of the memory for labels of the model, from 0 to 1.
    memory_temperature (float): Divisor of the similarities, above 0.
    RETURNS (RecalledSpans): The candidates. Scores that are not revised are the same
        bits.
    """
    index = {label: i for i, label in enumerate(labels)}
    votes = recall.votes(memory_temperature)
    n = len(recall.starts)
    cells = _rows_of(found, recall), found.labels
    before = torch.zeros(n, n_known, dtype=torch.float64)
    before[cells] = probability(found.scores, temperature).double()
    remembered = [index[label] for label in recall.label_names]
    after = interpolate(before, votes, remembered, len(labels), weight)
    floors = torch.tensor([*lowest], dtype=torch.float64)
    spans, columns = ((after >= floors) & (after > 0)).nonzero(as_tuple=True)
    own = after[spans, columns]
    scores = score_of(own, temperature)
    raw = torch.zeros(n, len(labels))
    raw[cells] = found.scores
    known = torch.zeros(n, len(labels), dtype=torch.float64)
    known[:, :n_known] = before
    is_same = own == known[spans, columns]
    scores[is_same] = raw[spans, columns][is_same]
    return RecalledSpans(
        labels=columns,
        starts=recall.starts[spans],
        ends=recall.ends[spans],
        scores=scores,
        n_above=found.n_above,
        recall=recall,
        proposals=spans,
        names=tuple(labels),
    )


def split(found: FoundSpans, recall: Recall) -> Tuple[FoundSpans, FoundSpans]:
    """Return the candidates whose places were proposed, and the others.

    found (FoundSpans): The candidates of a document.
    recall (Recall): The nearest entries of the proposed places.
    RETURNS (Tuple[FoundSpans, FoundSpans]): Both in order.
    """
    rows = _rows_of(found, recall).clamp(max=max(len(recall.starts) - 1, 0))
    is_proposed = torch.zeros(len(rows), dtype=torch.bool)
    if len(recall.starts):
        is_proposed = (recall.starts[rows] == found.starts) & (
            recall.ends[rows] == found.ends
        )
    mask = is_proposed.numpy()
    return found.take(numpy.flatnonzero(mask)), found.take(numpy.flatnonzero(~mask))


def add_others(revised: RecalledSpans, others: FoundSpans) -> RecalledSpans:
    """Return revised candidates and others, sorted by start, end and label.

    revised (RecalledSpans): The revised candidates.
    others (FoundSpans): Candidates that were not proposed.
    """
    if not len(others.scores):
        return revised
    names = ("labels", "starts", "ends", "scores")
    columns = [torch.cat([getattr(revised, x), getattr(others, x)]) for x in names]
    missing = torch.full((len(others.scores),), -1)
    proposals = torch.cat([revised.proposals, missing])
    labels, starts, ends, scores = columns
    order = numpy.lexsort((labels.numpy(), ends.numpy(), starts.numpy()))
    both = RecalledSpans(
        *(labels, starts, ends, scores, revised.n_above),
        *(revised.recall, proposals, revised.names),
    )
    return both.take(order)


def _rows_of(found: FoundSpans, recall: Recall) -> Tensor:
    """Return the index of each candidate among the proposed spans."""
    if isinstance(found, RecalledSpans):
        return found.proposals
    width = 1 + max(
        (int(ends.max()) for ends in (found.ends, recall.ends) if len(ends)), default=0
    )
    known = recall.starts * width + recall.ends
    return torch.searchsorted(known, found.starts * width + found.ends)
