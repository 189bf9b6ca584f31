"""The formulas as the author writes them, in float64, cell by cell."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple

import numpy

Cell = Tuple[int, int, int]  # label, start, end (inclusive)


def rotated(vector: numpy.ndarray, position: int) -> numpy.ndarray:
    """RoPE of one vector: kexue.fm/archives/8265, equation 13."""
    out, width = numpy.empty_like(vector), len(vector)
    for c in range(0, width, 2):
        angle = position * 10000.0 ** (-c / width)
        cos, sin = math.cos(angle), math.sin(angle)
        out[c] = vector[c] * cos - vector[c + 1] * sin
        out[c + 1] = vector[c + 1] * cos + vector[c] * sin
    return out


def global_pointer(x, weight, bias, constant, width, rope) -> dict[Cell, float]:
    """Scores of one document: s_α(i, j) = (R_i q_{i,α})ᵀ (R_j k_{j,α}) / √width."""
    scores = {}
    for label in range(len(weight) // (2 * width)):
        rows = slice(label * 2 * width, (label + 1) * 2 * width)
        pairs = [weight[rows] @ vector + bias[rows] for vector in x]
        for i in range(len(x)):
            for j in range(i, len(x)):
                q, k = pairs[i][:width], pairs[j][width:]
                if rope:
                    q, k = rotated(q, i), rotated(k, j)
                scores[label, i, j] = q @ k / math.sqrt(width) + constant[label]
    return scores


def efficient(x, weight, bias, type_weight, type_bias, rope) -> dict[Cell, float]:
    """Scores of one document: q_iᵀ k_j / √width + w_αᵀ[q_i; k_i; q_j; k_j] halved."""
    projected = [weight @ vector + bias for vector in x]
    terms = [(type_weight @ p + type_bias) / 2 for p in projected]
    scores, width = {}, len(weight) // 2
    for i in range(len(x)):
        for j in range(i, len(x)):
            q, k = projected[i][0::2], projected[j][1::2]
            if rope:
                q, k = rotated(q, i), rotated(k, j)
            for label in range(len(type_weight) // 2):
                extra = terms[i][2 * label + 1] + terms[j][2 * label]
                scores[label, i, j] = q @ k / math.sqrt(width) + extra
    return scores


def pointer_scores(states, doc: int, bound: Optional[int]) -> dict[Cell, float]:
    """Scores of one document of PointerStates, cell by cell."""
    q, k = (x.double().numpy() for x in (states.queries, states.keys))
    offset, scores = sum(states.lengths[:doc]), {}
    for label in range(states.n_labels):
        head = label if q.shape[1] > 1 else 0
        for i in range(states.lengths[doc]):
            for j in range(i, min(states.lengths[doc], i + (bound or 10**9))):
                s = q[offset + i, head] @ k[offset + j, head] * states.scale
                if states.start is not None:
                    s += float(states.start[offset + i, label])
                if states.end is not None:
                    s += float(states.end[offset + j, label])
                scores[label, i, j] = s
    return scores


def loss(scores: List[dict[Cell, float]], gold: List[set[Cell]], n_labels: int):
    """Mean over labels and non-empty documents of
    log(1 + Σ_neg e^s) + log(1 + Σ_pos e^−s): kexue.fm/archives/7359."""
    parts = []
    for cells, positives in zip(scores, gold):
        for label in range(n_labels if cells else 0):
            mine = {cell: s for cell, s in cells.items() if cell[0] == label}
            terms = [-s if cell in positives else s for cell, s in mine.items()]
            neg = [s for cell, s in zip(mine, terms) if cell not in positives]
            pos = [s for cell, s in zip(mine, terms) if cell in positives]
            parts.append(log1p_sum_exp(neg) + log1p_sum_exp(pos))
    return sum(parts) / len(parts) if parts else 0.0


def log1p_sum_exp(values: List[float]) -> float:
    top = max([0.0, *values])
    return top + math.log(math.exp(-top) + math.fsum(math.exp(v - top) for v in values))
