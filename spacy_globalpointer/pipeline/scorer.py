"""The scorer: exact spans, with gold that the tokens cannot represent as missed."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Optional, Set

from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from ..types import LOST_GOLD, LabelledSpan


def make_span_scorer() -> Callable[..., Dict[str, Any]]:
    """`spacy-globalpointer.span_scorer.v1`: makes `score_spans`."""
    return score_spans


def score_spans(
    examples: Iterable[Example], *, spans_key: str, **_: Any
) -> Dict[str, Any]:
    """Precision, recall and F1 of the spans under a key, in total and per label.

    A predicted span is right if label, first and last character are those of a
    gold span. It differs from spaCy's `spancat_scorer` in one thing: gold spans
    that a converter could not align with the tokens (`types.LOST_GOLD`) are part
    of the gold, and so count as missed. As there, documents whose reference lacks
    the key are not annotated and are left out.

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
    """The gold spans of a document, those that its tokens cannot represent included.

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
