"""Soft targets for a student's loss, from the scores of its teachers."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor

from .cells import score_cells
from .probability import lowest_score
from .search import search_spans
from .states import PointerStates

#: Lowest probability, in any teacher, of a span with a target above 0. The target of a
#: less probable span would be below 1.1e-4.
LOWEST = 0.01


@torch.no_grad()
def soft_targets(
    teachers: Sequence[PointerStates],
    *,
    temperatures: Sequence[float],
    max_span_lengths: Sequence[Optional[int]],
    lowest: float = LOWEST,
    limit: Optional[int] = None,
) -> Tuple[Tensor, Tensor]:
    """Compute the degrees that make a student's probabilities, at a temperature of 1,
    the mean of its teachers' probabilities.

    With degrees t, `loss.span_loss` is lowest where σ(2s) = t (Su,
    https://kexue.fm/archives/9064), but the probability of a score is σ(s). So for the
    mean probability p, the degree is σ(2 · logit(p)) = p² / (p² + (1 − p)²). With one
    teacher and a lowest probability of 0 the loss is `loss.teacher_loss`.

    Only spans that are not improbable for all teachers are listed; the loss counts
    all others with a degree of 0. So memory grows with the number of tokens and of such
    spans, not with the square of the tokens.

    teachers (Sequence[PointerStates]): States of the same tokens, with the same labels
        in the same order.
    temperatures (Sequence[float]): Temperature of each teacher's probabilities.
    max_span_lengths (Sequence[Optional[int]]): For each teacher, the length in tokens
        of the longest span that it may find; None for no limit.
    lowest (float): Lowest probability, in any teacher, of a span that is listed.
    limit (Optional[int]): Highest number of spans that a teacher finds in a document,
        the most probable ones; None for no limit.
    RETURNS (Tuple[Tensor, Tensor]): The spans, shape (spans, 4), int64: document,
        label, first token, last token (inclusive); and their degrees, shape (spans,),
        float64, on the CPU.
    """
    found = [
        _find(states, lowest_score(lowest, temperature), bound, limit)
        for states, temperature, bound in zip(teachers, temperatures, max_span_lengths)
    ]
    cells = torch.unique(torch.cat(found), dim=0)
    means = torch.zeros(len(cells), dtype=torch.float64)
    for states, temperature, bound in zip(teachers, temperatures, max_span_lengths):
        places = cells.to(states.queries.device)
        scores = score_cells(states, places).cpu().double() / temperature
        in_reach = cells[:, 3] - cells[:, 2] < (bound or sum(states.lengths) + 1)
        means += scores.sigmoid().where(in_reach, means.new_zeros(())) / len(teachers)
    degrees = means**2 / (means**2 + (1 - means) ** 2)
    listed = degrees > 0
    return cells[listed], degrees[listed]


def _find(
    states: PointerStates, floor: float, bound: Optional[int], limit: Optional[int]
) -> Tensor:
    """Find the spans that score at least the floor, shape (spans, 4)."""
    floors = [floor] * states.n_labels
    found = search_spans(states, floors, max_span_length=bound, limit=limit)
    rows = [
        torch.stack([torch.full_like(x.labels, doc), x.labels, x.starts, x.ends], dim=1)
        for doc, x in enumerate(found)
    ]
    return torch.cat([torch.zeros((0, 4), dtype=torch.int64), *rows])
