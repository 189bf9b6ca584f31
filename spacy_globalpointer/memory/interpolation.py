"""Interpolation of what a model and a memory say about the spans of a document."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor


def interpolate(
    probabilities: Tensor,
    votes: Tensor,
    remembered: Sequence[int],
    n_labels: int,
    weight: float,
) -> Tensor:
    """Compute (1 - weight) * model + weight * memory. A label that the model does not
    know has the probability of the memory alone, and a label that the memory does not
    know that of the model.

    probabilities (Tensor): Of the model, 0 for what it has not found, shape (spans,
        labels of the model), float64.
    votes (Tensor): Of the memory, shape (spans, labels of the memory), float64.
    remembered (Sequence[int]): For each label of the memory, its index in the result.
    n_labels (int): Labels of the result: those of the model come first.
    weight (float): From 0 to 1.
    RETURNS (Tensor): Shape (spans, n_labels), float64.
    """
    n, known = probabilities.shape
    result = torch.zeros(n, n_labels, dtype=torch.float64)
    result[:, :known] = probabilities
    shares = [weight if x < known else 1.0 for x in remembered]
    parts = torch.tensor(shares, dtype=torch.float64)
    own = result[:, list(remembered)]
    result[:, list(remembered)] = own + parts * (votes - own)
    return result
