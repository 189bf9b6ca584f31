"""Results of an evaluation, which become a page or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import numpy
from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors
from ..pipeline.global_pointer import GlobalPointer
from ..types import LabelledSpan
from ..wording import as_unicode
from .breakdown import (
    Scores,
    score_all,
    score_by_label,
    score_by_length,
    score_by_mention,
    score_by_nesting,
    score_by_seam,
    score_to_dict,
    scores_to_dict,
)
from .calibration import Bin, expected_calibration_error, reliability_bins
from .confusion import Confusion, confuse
from .curves import Curve, make_curves
from .matching import Distance, MatchedSpan, match_spans
from .predictions import Predicted, find_component, floor_at, predict_candidates
from .worst import WorstDocument, find_worst


@dataclass(frozen=True)
class Report:
    """Results of a pipeline on a corpus, made by `evaluate`.

    settings (Dict[str, Any]): Description of the evaluation, ready for JSON.
    total (PRFScore): Micro-averaged scores, equal to those of the component's scorer.
    labels (Scores): Scores by label.
    lengths (Scores): Scores by length in tokens.
    nesting (Scores): Scores by nesting in gold spans.
    mentions (Scores): Scores by order of mention: the first of the same words in a
        document, or a later one.
    seams (Scores): Scores by distance to a seam of windows; empty without seams.
    confusion (Confusion): Confusion of gold spans with found spans.
    curve (Curve): Precision and recall at every threshold, before the overlap policy.
    label_curves (Dict[str, Curve]): The same for each label.
    bins (List[Bin]): Probability and precision of the candidates.
    calibration_error (float): Expected calibration error of the candidates.
    worst (List[WorstDocument]): The documents with the most mistakes.
    """

    settings: Dict[str, Any]
    total: PRFScore
    labels: Scores
    lengths: Scores
    nesting: Scores
    mentions: Scores
    seams: Scores
    confusion: Confusion
    curve: Curve
    label_curves: Dict[str, Curve]
    bins: List[Bin]
    calibration_error: float
    worst: List[WorstDocument]

    def to_dict(self) -> Dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return {
            "settings": self.settings,
            "all": score_to_dict(self.total),
            "labels": scores_to_dict(self.labels),
            "lengths": scores_to_dict(self.lengths),
            "nesting": scores_to_dict(self.nesting),
            "mentions": scores_to_dict(self.mentions),
            "seams": scores_to_dict(self.seams),
            "confusion": self.confusion.to_dict(),
            "average_precision": {
                "all": self.curve.average_precision,
                "labels": {
                    k: c.average_precision for k, c in self.label_curves.items()
                },
            },
            "calibration": {
                "expected_error": self.calibration_error,
                "bins": [own._asdict() for own in self.bins],
            },
            "worst": [
                {"document": d.index, "title": d.title, **score_to_dict(d.score)}
                for d in self.worst
            ],
        }


def evaluate(
    nlp: Language,
    path: Path,
    *,
    component: str = "global_pointer",
    worst: int = 5,
    progress: Optional[str] = None,
) -> Report:
    """Evaluate a pipeline.

    nlp (Language): The pipeline.
    path (Path): A .spacy file with gold spans, or a folder of such files.
    component (str): Name of a `global_pointer`.
    worst (int): Number of documents with mistakes to keep.
    progress (Optional[str]): Text of a progress bar; None shows none.
    RETURNS (Report): The results.
    RAISES (ValueError): GP140 if the corpus has no gold span under the component's
        key; the errors of `predict_candidates`.
    """
    pipe = find_component(nlp, component)
    cuts = [pipe.cfg["threshold"], *pipe.cfg["thresholds"].values()]
    lowest = max(min(floor_at(pipe.cfg["temperature"]), *cuts), 1e-6)
    predicted = predict_candidates(
        nlp, path, component=component, lowest=lowest, progress=progress
    )
    examples = [one.example for one in predicted]
    docs = [example.predicted for example in examples]
    found, returned = decide(predicted, pipe)
    candidates = match_spans(
        examples, found, spans_key=pipe.key, distances=_distances(nlp, component, docs)
    )
    if not any(span.is_gold for span in candidates):
        keys = sorted({key for e in examples for key in e.reference.spans}) or "none"
        raise ValueError(Errors.GP140.format(path=path, key=pipe.key, keys=keys))
    titles = [_title(example, i) for i, example in enumerate(examples)]
    spans = select(candidates, returned)
    return summarize(
        candidates,
        spans,
        worst=find_worst(docs, titles, spans, worst),
        settings=_describe(nlp, pipe, examples, path, lowest),
    )


def summarize(
    candidates: Sequence[MatchedSpan],
    spans: Sequence[MatchedSpan],
    *,
    worst: List[WorstDocument],
    settings: Dict[str, Any],
) -> Report:
    """Compute a report from matched spans.

    candidates (Sequence[MatchedSpan]): Gold spans and candidates with scores.
    spans (Sequence[MatchedSpan]): Gold spans and returned spans.
    worst (List[WorstDocument]): As in `Report`.
    settings (Dict[str, Any]): As in `Report`.
    RETURNS (Report): The results.
    """
    curve, label_curves = make_curves(candidates)
    found = [span for span in candidates if span.is_found]
    scores = numpy.array([span.score for span in found], dtype=numpy.float64)
    right = numpy.array([span.is_gold for span in found], dtype=bool)
    return Report(
        settings=settings,
        total=score_all(spans),
        labels=score_by_label(spans),
        lengths=score_by_length(spans),
        nesting=score_by_nesting(spans),
        mentions=score_by_mention(spans),
        seams=score_by_seam(spans),
        confusion=confuse(spans),
        curve=curve,
        label_curves=label_curves,
        bins=reliability_bins(scores, right),
        calibration_error=expected_calibration_error(scores, right),
        worst=worst,
    )


def decide(
    predicted: Sequence[Predicted], pipe: GlobalPointer
) -> Tuple[List[Dict[LabelledSpan, float]], List[Set[LabelledSpan]]]:
    """Find the spans that the component returns with its settings.

    predicted (Sequence[Predicted]): The documents and their candidates.
    pipe (GlobalPointer): The component.
    RETURNS (Tuple[List[Dict[LabelledSpan, float]], List[Set[LabelledSpan]]]): The
        candidates of each document with their probabilities, and those that are
        returned.
    """
    decision = pipe.decision()
    found, returned = [], []
    for one in predicted:
        rows, probabilities = decision.decide(one.found)
        spans = one.char_spans(pipe.labels)
        found.append(dict(zip(spans, probabilities.tolist())))
        returned.append({spans[row] for row in rows})
    return found, returned


def select(
    candidates: Sequence[MatchedSpan], returned: Sequence[Set[LabelledSpan]]
) -> List[MatchedSpan]:
    """Keep only the candidates that the component returns.

    candidates (Sequence[MatchedSpan]): Gold spans and candidates.
    returned (Sequence[Set[LabelledSpan]]): The spans that are returned, by document.
    RETURNS (List[MatchedSpan]): Gold spans and returned spans.
    """
    selected = []
    for span in candidates:
        if span.is_found and span.key not in returned[span.document]:
            span = span._replace(is_found=False, score=None)
        if span.is_gold or span.is_found:
            selected.append(span)
    return selected


def _distances(
    nlp: Language, component: str, docs: List[Doc]
) -> Optional[List[Distance]]:
    from ..encoders.seams import find_seams, find_transformer  # imports torch

    transformer = find_transformer(nlp, component)
    if transformer is None:
        return None
    return [seams.distance for seams in find_seams(transformer, docs)]


def _title(example: Example, index: int) -> str:
    return str(example.reference.user_data.get("title", f"Document {index + 1}"))


def _describe(
    nlp: Language,
    pipe: GlobalPointer,
    examples: Sequence[Example],
    path: Path,
    lowest: float,
) -> Dict[str, Any]:
    meta = nlp.meta
    annotated = [e for e in examples if pipe.key in e.reference.spans]
    return {
        "pipeline": f"{meta['lang']}_{meta['name']}",
        "version": meta["version"],
        "lang": meta["lang"],
        "component": pipe.name,
        "data": as_unicode(path.name),
        "documents": len(annotated),
        "documents_not_annotated": len(examples) - len(annotated),
        "tokens": sum(len(e.predicted) for e in annotated),
        "spans_key": pipe.key,
        "threshold": pipe.cfg["threshold"],
        "thresholds": dict(sorted(pipe.cfg["thresholds"].items())),
        "overlap": pipe.cfg["overlap"],
        "temperature": pipe.cfg.get("temperature", 1.0),
        "memory_entries": len(pipe.memory),
        **{name: x for name, x in pipe.cfg.items() if name.startswith("memory_")},
        "document_memory": pipe.cfg["document_memory"],
        "document_band": list(pipe.cfg["document_band"]),
        "lowest": lowest,
    }
