"""Scores by label, length, nesting, order of mention and distance to a seam."""

from __future__ import annotations

from bisect import bisect_left
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from spacy.scorer import PRFScore

from .matching import MatchedSpan

Scores = Dict[str, PRFScore]  # by bin; their counts add up to those of all spans

#: Length of the longest span of each bin, in tokens.
LENGTHS = (1, 2, 4, 8, 16, 32)
LENGTH_BINS = ("1", "2", "3–4", "5–8", "9–16", "17–32", "33 and more")
NESTING_BINS = ("flat", "inside another", "holding another", "both")
MENTION_BINS = ("first", "later")
#: Largest distance of each bin, in word pieces; -1 means across a seam.
DISTANCES = (-1, 3, 15, 31)
SEAM_BINS = ("across a seam", "0–3", "4–15", "16–31", "32 and more")
NO_SEAM = "no seam"


def score_all(spans: Iterable[MatchedSpan]) -> PRFScore:
    """Compute the micro-averaged scores, like the component's scorer."""
    score = PRFScore()
    for span in spans:
        _count(score, span)
    return score


def score_by_label(spans: Sequence[MatchedSpan]) -> Scores:
    """Compute the scores of each label, in alphabetical order."""
    return _score_by(spans, lambda span: span.label, sorted({s.label for s in spans}))


def score_by_length(spans: Iterable[MatchedSpan]) -> Scores:
    """Compute the scores by length in tokens of the predicted document. A span that
    touches no token has the length 1."""

    def bin_of(span: MatchedSpan) -> str:
        return LENGTH_BINS[bisect_left(LENGTHS, span.tokens[1] - span.tokens[0])]

    return _score_by(spans, bin_of, LENGTH_BINS)


def score_by_nesting(spans: Iterable[MatchedSpan]) -> Scores:
    """Compute the scores by nesting: whether a span is inside another gold span,
    contains one, both, or neither. The labels do not matter."""

    def bin_of(span: MatchedSpan) -> str:
        return NESTING_BINS[span.is_inside + 2 * span.is_holding]

    return _score_by(spans, bin_of, NESTING_BINS)


def score_by_mention(spans: Iterable[MatchedSpan]) -> Scores:
    """Compute the scores by order of mention: whether a gold span with the same words
    starts before a span in its document. The labels do not matter."""
    return _score_by(spans, lambda span: MENTION_BINS[span.is_later], MENTION_BINS)


def score_by_seam(spans: Sequence[MatchedSpan]) -> Scores:
    """Compute the scores by distance to the nearest seam of windows, in word pieces.
    The result is empty if no document has a seam."""

    def bin_of(span: MatchedSpan) -> str:
        if span.seam is None:
            return NO_SEAM
        return SEAM_BINS[bisect_left(DISTANCES, span.seam)]

    if all(span.seam is None for span in spans):
        return {}
    return _score_by(spans, bin_of, [*SEAM_BINS, NO_SEAM])


def score_by_document(spans: Iterable[MatchedSpan]) -> Dict[int, PRFScore]:
    """Compute the scores by index of the document."""
    scores: Dict[int, PRFScore] = {}
    for span in spans:
        _count(scores.setdefault(span.document, PRFScore()), span)
    return scores


def _score_by(
    spans: Iterable[MatchedSpan],
    bin_of: Callable[[MatchedSpan], str],
    order: Sequence[str],
) -> Scores:
    scores = {name: PRFScore() for name in order}
    for span in spans:
        _count(scores[bin_of(span)], span)
    return {name: score for name, score in scores.items() if len(score)}


def _count(score: PRFScore, span: MatchedSpan) -> None:
    score.tp += span.is_right
    score.fp += span.is_found and not span.is_gold
    score.fn += span.is_gold and not span.is_found


def shares(
    score: PRFScore,
) -> Tuple[Optional[float], Optional[float], Optional[float]]:
    """Return precision, recall and F1. A value is None if it is not defined: precision
    without found spans, recall without gold spans, F1 without both."""
    n_found, n_gold = score.tp + score.fp, score.tp + score.fn
    return (
        score.precision if n_found else None,
        score.recall if n_gold else None,
        score.fscore if n_found + n_gold else None,
    )


def score_to_dict(score: PRFScore) -> Dict[str, float]:
    """Return the scores and counts, ready for JSON."""
    counts = {"right": score.tp, "spurious": score.fp, "missed": score.fn}
    return {**score.to_dict(), **counts}


def scores_to_dict(scores: Scores) -> Dict[str, Dict[str, float]]:
    """Return the scores and counts of each bin, ready for JSON."""
    return {name: score_to_dict(score) for name, score in scores.items()}


def labels_by_size(scores: Scores) -> List[str]:
    """Return the labels, those with the most gold spans first."""
    return sorted(scores, key=lambda name: (-scores[name].tp - scores[name].fn, name))
