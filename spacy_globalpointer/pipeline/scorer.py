"""The scorer of exact spans. Gold spans that the tokens cannot represent count as
missed."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Optional, Set

from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from ..types import LOST_GOLD, LabelledSpan


def make_span_scorer() -> Callable[..., Dict[str, Any]]:
    """Return `score_spans`, registered as `spacy-globalpointer.span_scorer.v1`."""
    return score_spans


def score_spans(
    examples: Iterable[Example], *, spans_key: str, **_: Any
) -> Dict[str, Any]:
    """Compute precision, recall and F1 of the spans under a key, in total and per
    label.

    A predicted span is right if a gold span has the same label, first character and
    last character. There is one difference to spaCy's `spancat_scorer`: gold spans that
    a converter could not align with the tokens (`types.LOST_GOLD`) count as missed. As
    in that scorer, documents whose reference lacks the key are not annotated and are
    left out.

    examples (Iterable[Example]): Predicted and reference documents.
    spans_key (str): Key of the spans in `Doc.spans`.
    RETURNS (Dict[str, Any]): `spans_KEY_p`, `_r`, `_f` and `_per_type`, where KEY is
        the spans key; None if no document is annotated.
    """
    total = PRFScore()
    per_type: Dict[str, PRFScore] = {}
    annotated = False
    for example in examples:
        if spans_key not in example.reference.spans:
            continue
        annotated = True
        gold = gold_spans(example.reference, spans_key)
        found = _spans(example.predicted, spans_key)
        total.score_set(found, gold)
        for label in {label for label, _, _ in gold | found}:
            per_type.setdefault(label, PRFScore()).score_set(
                {span for span in found if span[0] == label},
                {span for span in gold if span[0] == label},
            )
    return _report(f"spans_{spans_key}", total if annotated else None, per_type)


def gold_spans(doc: Doc, key: str) -> Set[LabelledSpan]:
    """Return the gold spans of a document, also those that its tokens cannot represent.

    doc (Doc): The reference.
    key (str): Key of the spans in `Doc.spans`.
    RETURNS (Set[LabelledSpan]): Label, first character, character after the last.
    """
    return _spans(doc, key) | _lost(doc)


def _spans(doc: Doc, key: str) -> Set[LabelledSpan]:
    group = doc.spans.get(key, [])
    return {(span.label_, span.start_char, span.end_char) for span in group}


def _lost(doc: Doc) -> Set[LabelledSpan]:
    lost = doc.user_data.get(LOST_GOLD, [])
    return {(label, start, end) for start, end, label in lost}


def _report(
    prefix: str, total: Optional[PRFScore], per_type: Dict[str, PRFScore]
) -> Dict[str, Any]:
    scores = total.to_dict() if total is not None else dict.fromkeys("prf")
    report: Dict[str, Any] = {f"{prefix}_{name}": scores[name] for name in "prf"}
    report[f"{prefix}_per_type"] = (
        None if total is None else {k: per_type[k].to_dict() for k in sorted(per_type)}
    )
    return report
