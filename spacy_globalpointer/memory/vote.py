"""The vote of neighbours on the label of a span."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

#: Similarity of an entry without a label that every span has. Whitened keys of spans
#: that have nothing in common have a similarity of about 0.
NOTHING = 0.3


def shares_of(similarities: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Compute the share of each neighbour in the vote: w * exp(similarity /
    temperature), divided by the sum of all. With weights of 1 it is that of kNN-NER
    (Wang et al. 2022, arXiv 2203.17103), except for one thing: shares of few neighbours
    would sum to 1 even for a span that is far from all of them. So there is one more,
    without a label, whose similarity is `NOTHING`.

    similarities (Tensor): Shape (spans, neighbours), float32.
    weights (Tensor): Weight of each neighbour, shape (spans, neighbours), float64.
    temperature (float): Divisor of the similarities, above 0.
    RETURNS (Tensor): Shape (spans, neighbours), float64. Sums are at most 1.
    """
    padded = F.pad(similarities.double(), (0, 1), value=NOTHING)
    # Relative to the highest similarity, so that nothing overflows.
    relative = padded - padded.amax(1, keepdim=True)
    own = F.pad(weights, (0, 1), value=1.0) * (relative / temperature).exp()
    return (own / own.sum(1, keepdim=True))[:, :-1]


def sum_by_label(shares: Tensor, labels: Tensor, n_labels: int) -> Tensor:
    """Sum the shares of neighbours by their labels.

    shares (Tensor): Shape (spans, neighbours), float64.
    labels (Tensor): Index of each neighbour's label, or n_labels if it has none, shape
        (spans, neighbours), int64.
    n_labels (int): Number of labels.
    RETURNS (Tensor): Shape (spans, labels), float64.
    """
    votes = shares.new_zeros(len(shares), n_labels + 1)
    return votes.scatter_add_(1, labels, shares)[:, :n_labels]
