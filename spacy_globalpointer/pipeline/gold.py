"""Gold spans of training examples, and the gold spans that cannot be learned."""

from __future__ import annotations

from collections import Counter
from typing import Iterator, List, Optional, Set, Tuple

import numpy
from spacy.training import Example

from ..errors import Warnings
from ..types import LOST_GOLD, RAW_TEXT
from .overlap import select_spans

GoldSpan = Tuple[str, int, int]  # label, first token, last token (inclusive)


class GoldSpans:
    """Reader of the gold spans of examples. It counts those that cannot be learned.

    key (str): Key of the spans in `Doc.spans`.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    overlap (str): The overlap policy.
    """

    def __init__(
        self, key: str, max_span_length: Optional[int], overlap: str = "any"
    ) -> None:
        self.key = key
        self.max_span_length = max_span_length
        self.overlap = overlap
        self.n_docs = 0
        self.n_without_key = 0
        self.n_spans = 0
        self.n_unaligned = 0
        self.n_too_long = 0
        self.n_in_conflict = 0
        self.longest = 0
        self.other_keys: Set[str] = set()
        self.label_counts: Counter[str] = Counter()

    @property
    def labels(self) -> List[str]:
        """Return the labels seen so far, sorted."""
        return sorted(self.label_counts)

    def add(self, example: Example) -> List[GoldSpan]:
        """Read one example.

        example (Example): The example.
        RETURNS (List[GoldSpan]): The gold spans in tokens of the predicted Doc, without
            those that do not align with its tokens or are too long. Raw text has none.
        """
        if RAW_TEXT in example.reference.user_data:
            return []
        self.n_docs += 1
        self.other_keys.update(example.reference.spans.keys())
        if self.key not in example.reference.spans:
            self.n_without_key += 1
            return []
        spans = list(example.reference.spans[self.key])
        aligned = example.get_aligned_spans_y2x(spans, allow_overlap=True)
        n_lost = len(example.reference.user_data.get(LOST_GOLD, []))
        self.n_spans += len(spans) + n_lost
        self.n_unaligned += len(spans) - len(aligned) + n_lost
        self.label_counts.update(span.label_ for span in spans)
        lengths = [len(span) for span in aligned]
        self.longest = max(self.longest, *lengths, 0)
        bound = self.max_span_length or self.longest
        self.n_too_long += sum(length > bound for length in lengths)
        found = [
            (span.label_, span.start, span.end - 1)
            for span, length in zip(aligned, lengths)
            if length <= bound
        ]
        self.n_in_conflict += len(found) - self._n_compatible(found)
        return found

    def _n_compatible(self, found: List[GoldSpan]) -> int:
        """Count the spans of a document that the overlap policy can return together."""
        starts = numpy.array([start for _, start, _ in found], dtype=numpy.int64)
        ends = numpy.array([end for _, _, end in found], dtype=numpy.int64)
        equal = numpy.ones(len(found), dtype=numpy.float32)
        return len(select_spans(self.overlap, starts, ends, equal))

    def warnings(self, name: str) -> Iterator[Tuple[str, str]]:
        """Yield the warnings about gold spans that cannot be learned.

        name (str): The component's name.
        YIELDS (Tuple[str, str]): Codes and messages.
        """
        fields = {"name": name, "key": self.key, "n_spans": self.n_spans}
        if self.n_unaligned:
            yield "GPW003", Warnings.GPW003.format(n=self.n_unaligned, **fields)
        if self.n_too_long:
            yield (
                "GPW006",
                Warnings.GPW006.format(
                    n=self.n_too_long,
                    bound=self.max_span_length,
                    longest=self.longest,
                    **fields,
                ),
            )
        if self.n_in_conflict:
            yield (
                "GPW009",
                Warnings.GPW009.format(
                    n=self.n_in_conflict, overlap=self.overlap, **fields
                ),
            )
        if self.n_without_key > 0:
            yield (
                "GPW007",
                Warnings.GPW007.format(
                    n=self.n_without_key, n_docs=self.n_docs, **fields
                ),
            )
