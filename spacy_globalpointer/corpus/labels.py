"""Rename and drop labels, with an account of the dropped spans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Counter as CounterT
from typing import Dict, FrozenSet, List

from ..errors import Errors
from .annotations import AnnotatedText, Document, Reason, Reject
from .splits import shorten


@dataclass
class LabelRules:
    """Rules that rename and drop labels. Labels without a rule are unchanged.

    renamed (Dict[str, str]): New names by old ones; several may become the same.
    dropped (FrozenSet[str]): Labels whose spans are left out.
    seen (Counter[str]): Spans by label, before renaming.
    RAISES (ValueError): GP185 if a label is both renamed and dropped, or empty.
    """

    renamed: Dict[str, str] = field(default_factory=dict)
    dropped: FrozenSet[str] = frozenset()
    seen: CounterT[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        both = sorted(self.dropped & set(self.renamed))
        if both or "" in self.renamed.values():
            reason = (
                f"{shorten(both)} is renamed and dropped" if both else "it is empty"
            )
            raise ValueError(Errors.GP185.format(reason=reason))

    def apply(self, document: AnnotatedText, rejects: List[Reject]) -> Document:
        """Rename and drop the labels of a document.

        document (AnnotatedText): The document.
        rejects (List[Reject]): Its rejects so far.
        RETURNS (Document): The document, and its rejects with the dropped spans.
        """
        self.seen.update(span.label for span in document.spans)
        if not self.renamed and not self.dropped:
            return document, rejects
        kept, dropped = [], []
        for span in document.spans:
            if span.label in self.dropped:
                value = f"{span.label} {span.start} {span.end}"
                reason = Reason.DROPPED_LABEL
                dropped.append(Reject.at(span.source, value, reason))
            else:
                label = self.renamed.get(span.label, span.label)
                kept.append(replace(span, label=label))
        return replace(document, spans=kept), [*rejects, *dropped]

    def check_all_used(self) -> None:
        """Raise GP186 if a rule names a label that no span had."""
        unknown = sorted({*self.renamed, *self.dropped} - set(self.seen))
        if unknown:
            known = shorten(sorted(self.seen), most=50) or "none"
            names = shorten(unknown)
            raise ValueError(Errors.GP186.format(names=names, known=known))
