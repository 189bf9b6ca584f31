"""The scores of an evaluation, in the groups that are shown together."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

#: How fast the evaluation was, which spaCy has among the scores.
SPEED = "speed"


class ScoreGroup(NamedTuple):
    """Scores with the same beginning of their names, in percent.

    name (str): The beginning, such as spans_sc; empty for scores on their own.
    totals (Dict[str, float]): P, R and F, or scores on their own by their names.
    labels (Dict[str, float]): F1 by label.
    """

    name: str
    totals: Dict[str, float]
    labels: Dict[str, float]


def group_scores(
    scores: Mapping[str, Any], weights: Mapping[str, Optional[float]]
) -> List[ScoreGroup]:
    """Put scores into groups.

    scores (Mapping[str, Any]): The numbers among a pipeline's scores.
    weights (Mapping[str, Optional[float]]): The config's score weights; a score that
        is not there, or with None, is left out, unless there are scores by label.
    RETURNS (List[ScoreGroup]): The group with the highest weight first, scores on their
        own last.
    """
    labels = _scores_by_label(scores)
    shown = [key for key, weight in weights.items() if weight is not None]
    shown = [key for key in shown if key in scores and key != SPEED]
    shown = [key for key in shown if not isinstance(scores[key], Mapping)]
    names = [key[:-2] for key in shown if _is_total(scores, key)]
    groups = [
        ScoreGroup(name, _totals(scores, name), labels.get(name, {}))
        for name in dict.fromkeys([*names, *labels])
    ]
    groups.sort(key=lambda group: -_weight(weights, group.name))
    single = {key: 100 * scores[key] for key in shown if not _is_total(scores, key)}
    return [*groups, ScoreGroup("", single, {})] if single else groups


def _scores_by_label(scores: Mapping[str, Any]) -> Dict[str, Dict[str, float]]:
    """F1 by label, by what the names of scores such as ents_per_type begin with."""
    found = {}
    for key, value in scores.items():
        match = re.fullmatch(r"(.+)_per_(type|feat)", key)
        if match and isinstance(value, Mapping):
            labels = {k: v for k, v in value.items() if isinstance(v, Mapping)}
            found[match[1]] = {k: 100 * v["f"] for k, v in labels.items() if "f" in v}
    return {name: labels for name, labels in found.items() if labels}


def _is_total(scores: Mapping[str, Any], key: str) -> bool:
    """Whether it is one of a precision, a recall and an F1."""
    return key[-2:] in ("_p", "_r", "_f") and len(_totals(scores, key[:-2])) == 3


def _totals(scores: Mapping[str, Any], name: str) -> Dict[str, float]:
    keys = {letter.upper(): f"{name}_{letter}" for letter in "prf"}
    return {k: 100 * scores[key] for k, key in keys.items() if key in scores}


def _weight(weights: Mapping[str, Optional[float]], name: str) -> float:
    return sum(weights.get(f"{name}_{letter}") or 0.0 for letter in "prf")
