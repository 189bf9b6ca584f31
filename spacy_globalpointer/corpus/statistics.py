"""Count what is in a corpus: sizes, labels, lengths and nesting of gold spans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Counter as CounterT
from typing import Dict, List

from spacy.tokens import Doc, Span

from ..types import LOST_GOLD
from .nesting import count_lost, crossing_pairs, nesting_depth


@dataclass
class CorpusStatistics:
    """Counts over the documents added so far.

    spans_key (str): Key of the spans in `Doc.spans`.
    documents (int): Documents.
    documents_without_key (int): Documents without the key. Training uses them as
        documents without spans, but the scorer leaves them out as not annotated.
    documents_without_spans (int): Documents with the key and no span.
    tokens (int): Tokens.
    longest_document (int): Tokens of the longest document.
    labels (Counter[str]): Spans by label.
    lost_gold (Counter[str]): Gold spans by label that a converter could not align with
        the tokens. The other counts leave them out.
    lengths (Counter[int]): Spans by length in tokens.
    nesting_depth (int): Spans of the longest chain in which each holds the next.
    crossing_pairs (int): Pairs of spans that cross.
    whitespace_edges (int): Spans that begin or end with a whitespace token.
    lost_by_policy (Counter[str]): Fewest spans that the overlap policies "nested" and
        "flat" have to drop.
    keys_found (Counter[str]): Documents by key of `Doc.spans`.
    """

    spans_key: str
    documents: int = 0
    documents_without_key: int = 0
    documents_without_spans: int = 0
    tokens: int = 0
    longest_document: int = 0
    labels: CounterT[str] = field(default_factory=Counter)
    lost_gold: CounterT[str] = field(default_factory=Counter)
    lengths: CounterT[int] = field(default_factory=Counter)
    nesting_depth: int = 0
    crossing_pairs: int = 0
    whitespace_edges: int = 0
    lost_by_policy: CounterT[str] = field(default_factory=Counter)
    keys_found: CounterT[str] = field(default_factory=Counter)

    @property
    def spans(self) -> int:
        """RETURNS (int): Gold spans under the key."""
        return sum(self.labels.values())

    @property
    def longest_span(self) -> int:
        """RETURNS (int): Tokens of the longest span; 0 without spans."""
        return max(self.lengths, default=0)

    def add(self, doc: Doc) -> None:
        """Count a document.

        doc (Doc): The document.
        """
        self.documents += 1
        self.tokens += len(doc)
        self.longest_document = max(self.longest_document, len(doc))
        self.keys_found.update(doc.spans.keys())
        self.lost_gold.update(label for *_, label in doc.user_data.get(LOST_GOLD, []))
        if self.spans_key not in doc.spans:
            self.documents_without_key += 1
            return
        spans = list(doc.spans[self.spans_key])
        self.documents_without_spans += not spans
        self._add_spans(spans)

    def _add_spans(self, spans: List[Span]) -> None:
        places = [(span.start, span.end) for span in spans]
        self.labels.update(span.label_ for span in spans)
        self.lengths.update(end - start for start, end in places)
        self.whitespace_edges += sum(map(has_whitespace_edge, spans))
        self.nesting_depth = max(self.nesting_depth, nesting_depth(places))
        self.crossing_pairs += crossing_pairs(places)
        for policy in ("nested", "flat"):
            self.lost_by_policy[policy] += count_lost(places, policy)

    def percentile(self, percent: float) -> int:
        """Find a length that a percentage of the spans does not exceed.

        percent (float): The percentage, from 0 to 100.
        RETURNS (int): The smallest such length in tokens; 0 without spans.
        """
        below = 0
        for length in sorted(self.lengths):
            below += self.lengths[length]
            if below * 100 >= percent * self.spans:
                return length
        return 0

    @property
    def n_lost_gold(self) -> int:
        """RETURNS (int): Gold spans that a converter could not align."""
        return sum(self.lost_gold.values())

    def longer_than(self, bound: int) -> int:
        """Count the long spans.

        bound (int): A length in tokens.
        RETURNS (int): Spans with more tokens.
        """
        return sum(n for length, n in self.lengths.items() if length > bound)

    def to_dict(self) -> Dict[str, object]:
        """RETURNS (Dict[str, object]): The main numbers, ready for JSON."""
        return {
            "documents": self.documents,
            "documents_without_spans": self.documents_without_spans,
            "tokens": self.tokens,
            "longest_document": self.longest_document,
            "spans": self.spans,
            "labels": dict(sorted(self.labels.items())),
            "longest_span": self.longest_span,
            "nesting_depth": self.nesting_depth,
            "crossing_pairs": self.crossing_pairs,
        }


def has_whitespace_edge(span: Span) -> bool:
    """RETURNS (bool): Whether a span begins or ends with white space."""
    # token.is_space is not set in a vocab without a language.
    return len(span) > 0 and (span[0].text.isspace() or span[-1].text.isspace())
