"""How well generator and detector do on texts that are held out."""

from __future__ import annotations

import math
from typing import Dict, Iterable, List

import torch
from torch import Tensor

from .detector import Detection, ReplacedTokens
from .masking import Batch
from .seeds import seed_torch


def measure(
    model: ReplacedTokens, batches: Iterable[Batch], *, seed: int
) -> Dict[str, float]:
    """Run over batches without learning. The same model gets the same figures.

    model (ReplacedTokens): The model; is in training mode afterwards.
    batches (Iterable[Batch]): At least one, where the model is.
    seed (int): What the generator draws with.
    RETURNS (Dict[str, float]): The figures, see `figures_of`.
    """
    seed_torch(seed, next(model.parameters()).device)
    model.eval()
    with torch.no_grad():
        results = [model(batch) for batch in batches]
    model.train()
    return figures_of(results)


def figures_of(results: List[Detection]) -> Dict[str, float]:
    """Put the results of batches together.

    results (List[Detection]): The results, at least one.
    RETURNS (Dict[str, float]): `generator_loss` and `generator_accuracy` at the masked
        places; `detector_loss`; `trivial_loss` of one that knows nothing but the share
        of replaced pieces, `replaced`; `accuracy`, `precision`, `recall` and `f1` of
        the detector's replaced pieces, and `auc`, the probability that it gives a
        replaced piece a higher score than another.
    """
    n_masked = [len(x.is_right) for x in results]
    n_pieces = [len(x.scores) for x in results]
    scores = torch.cat([x.scores for x in results]).double().cpu()
    truth = torch.cat([x.is_replaced for x in results]).cpu()
    right = torch.cat([x.is_right for x in results]).double().mean()
    found, share = scores > 0, float(truth.double().mean())
    n_right = int((found & truth).sum())
    n_found, n_true = int(found.sum()), int(truth.sum())
    return {
        "generator_loss": _mean([x.generator_loss for x in results], n_masked),
        "generator_accuracy": float(right),
        "detector_loss": _mean([x.detector_loss for x in results], n_pieces),
        "trivial_loss": entropy(share),
        "replaced": share,
        "accuracy": float((found == truth).double().mean()),
        "precision": n_right / max(1, n_found),
        "recall": n_right / max(1, n_true),
        "f1": 2 * n_right / max(1, n_found + n_true),
        "auc": auc(scores, truth),
    }


def _mean(losses: List[Tensor], weights: List[int]) -> float:
    pairs = zip(losses, weights)
    return sum(float(loss) * n for loss, n in pairs) / max(1, sum(weights))


def entropy(share: float) -> float:
    """RETURNS (float): Cross-entropy, in nats, of always guessing a share."""
    return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)


def auc(scores: Tensor, truth: Tensor) -> float:
    """Area under the ROC curve; equal scores count half.

    scores (Tensor): Shape (pieces,).
    truth (Tensor): Shape (pieces,), bool.
    RETURNS (float): From 0 to 1; 0.5 if all pieces are of one kind.
    """
    n_true = int(truth.sum())
    n_false = len(truth) - n_true
    if n_true == 0 or n_false == 0:
        return 0.5
    _, numbers, counts = scores.unique(return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0) - (counts - 1) / 2
    above = float(ranks[numbers][truth].sum()) - n_true * (n_true + 1) / 2
    return above / (n_true * n_false)
