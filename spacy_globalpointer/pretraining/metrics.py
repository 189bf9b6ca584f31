"""The metrics of generator and detector on texts that are held out."""

from __future__ import annotations

from typing import Dict, Iterable, List

import torch
from spacy.scorer import ROCAUCScore
from torch import Tensor

from .detector import Detection, ReplacedTokens
from .masking import Batch


def measure(model: ReplacedTokens, batches: Iterable[Batch]) -> Dict[str, float]:
    """Compute the metrics of a model, which does not learn from the batches. The
    generator draws from torch's random numbers.

    model (ReplacedTokens): The model; is in training mode afterwards.
    batches (Iterable[Batch]): At least one, on the model's device.
    RETURNS (Dict[str, float]): The metrics, see `metrics_of`.
    """
    model.eval()
    with torch.no_grad():
        results = [model(batch) for batch in batches]
    model.train()
    return metrics_of(results)


def metrics_of(results: List[Detection]) -> Dict[str, float]:
    """Compute the metrics of all batches together.

    results (List[Detection]): The results of the batches, at least one.
    RETURNS (Dict[str, float]): `generator_loss` and `generator_accuracy` at the masked
        places; `detector_loss`; `trivial_loss` of a detector that always guesses
        `replaced`, the fraction of replaced pieces; `accuracy`, `precision`, `recall`
        and `f1` of the pieces detected as replaced, and `auc`, the area under the ROC
        curve.
    """
    n_masked = [len(x.is_right) for x in results]
    n_pieces = [len(x.scores) for x in results]
    scores = torch.cat([x.scores for x in results]).double().cpu()
    gold = torch.cat([x.is_replaced for x in results]).cpu()
    right = torch.cat([x.is_right for x in results]).double().mean()
    found, replaced = scores > 0, gold.double().mean()
    n_right = int((found & gold).sum())
    n_found, n_gold = int(found.sum()), int(gold.sum())
    guess = torch.stack([replaced, 1 - replaced])
    return {
        "generator_loss": _mean([x.generator_loss for x in results], n_masked),
        "generator_accuracy": float(right),
        "detector_loss": _mean([x.detector_loss for x in results], n_pieces),
        "trivial_loss": float(torch.special.entr(guess).sum()),
        "replaced": float(replaced),
        "accuracy": float((found == gold).double().mean()),
        "precision": n_right / max(1, n_found),
        "recall": n_right / max(1, n_gold),
        "f1": 2 * n_right / max(1, n_found + n_gold),
        "auc": auc(scores, gold),
    }


def auc(scores: Tensor, gold: Tensor) -> float:
    """Compute the area under the ROC curve.

    scores (Tensor): Shape (pieces,).
    gold (Tensor): Shape (pieces,), bool.
    RETURNS (float): From 0 to 1; 0.5 if all pieces are of one kind.
    """
    curve = ROCAUCScore()
    curve.cands, curve.golds = scores.tolist(), gold.tolist()
    return float(curve.score) if curve.is_binary() else 0.5


def _mean(losses: List[Tensor], weights: List[int]) -> float:
    pairs = zip(losses, weights)
    return sum(float(loss) * n for loss, n in pairs) / max(1, sum(weights))
