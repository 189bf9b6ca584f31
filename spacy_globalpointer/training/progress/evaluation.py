"""What is known after an evaluation during training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Dict, Mapping, Optional


@dataclass(frozen=True)
class Evaluation:
    """An evaluation, and the updates since the one before.

    epoch (int): Passes over the training data that are complete.
    step (int): Number of the last update, from 0 on.
    score (float): The weighted score that chooses the best model.
    is_best (bool): Whether no score so far was higher, so that the model was saved as
        the best.
    best_score (float): The highest score so far.
    best_step (int): The step it is from, the last one if there are several.
    learn_rate (Optional[float]): Learning rate of the last update; None if the config's
        optimizer does not tell.
    losses (Dict[str, float]): By component, the mean of the updates.
    updates (int): Number of updates since the evaluation before.
    words (int): Tokens that were trained on since the beginning.
    words_per_second (Optional[float]): Those since the evaluation before, by the time
        their updates took; None if none were seen.
    seconds (float): Time since the beginning, with the evaluations.
    scores (Dict[str, Any]): The numbers among the scores of the pipeline, as they are
        (mostly from 0 to 1), in the form of `nlp.evaluate`.
    """

    epoch: int
    step: int
    score: float
    is_best: bool
    best_score: float
    best_step: int
    learn_rate: Optional[float]
    losses: Dict[str, float]
    updates: int
    words: int
    words_per_second: Optional[float]
    seconds: float
    scores: Dict[str, Any]


def is_number(value: Any) -> bool:
    """Tell whether a score is a number.

    value (Any): The score.
    RETURNS (bool): Whether it is one; infinite and undefined ones are not.
    """
    return isinstance(value, Real) and math.isfinite(value)


def numbers(scores: Mapping[str, Any]) -> Dict[str, Any]:
    """Take the numbers out of scores.

    scores (Mapping[str, Any]): Scores, by label or not, as nested as they are.
    RETURNS (Dict[str, Any]): The same without what is no number.
    """
    kept: Dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            kept[str(name)] = numbers(value)
        elif is_number(value):
            kept[str(name)] = value if isinstance(value, int) else float(value)
    return kept
