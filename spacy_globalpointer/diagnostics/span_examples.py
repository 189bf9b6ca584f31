"""Examples of gold spans that are hard to learn, with the names of their documents."""

from __future__ import annotations

from collections import defaultdict
from typing import DefaultDict, Dict, List, Optional

from spacy.tokens import Doc, Span

from ..corpus.metadata import doc_name
from ..corpus.nesting import first_conflict
from ..corpus.statistics import has_whitespace_edge
from ..types import LOST_GOLD
from ..wording import describe_span

#: Highest number of examples of a kind.
MAX_EXAMPLES = 3


class SpanExamples:
    """Collector of the first gold spans of each kind in the documents added so far.

    spans_key (str): Key of the spans in `Doc.spans`.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    chunk_size (int): Highest number of tokens of a training chunk; 0 for whole
        documents.
    overlap (str): The overlap policy.
    """

    def __init__(
        self,
        spans_key: str,
        *,
        max_span_length: Optional[int] = None,
        chunk_size: int = 0,
        overlap: str = "any",
    ) -> None:
        self.spans_key = spans_key
        self.max_span_length = max_span_length
        self.chunk_size = chunk_size
        self.overlap = overlap
        #: One span of each label.
        self.labels: Dict[str, str] = {}
        #: By kind: "without_key" (documents), "whitespace", "lost", "too_long",
        #: "over_chunk" and "overlap" (two spans that the policy does not keep
        #: together).
        self.kinds: DefaultDict[str, List[str]] = defaultdict(list)

    def add(self, doc: Doc) -> None:
        """Add the examples of a document.

        doc (Doc): The document, with a name (see `metadata.doc_name`).
        """
        name = doc_name(doc)
        for start, end, label in doc.user_data.get(LOST_GOLD, []):
            self._keep("lost", describe_span(name, doc.text[start:end], label))
        if self.spans_key not in doc.spans:
            self._keep("without_key", repr(name))
            return
        spans = list(doc.spans[self.spans_key])
        for span in spans:
            if span.label_ not in self.labels:
                self.labels[span.label_] = _describe(name, span)
            self._add_span(name, span)
        self._add_conflict(name, spans)

    def _add_span(self, name: str, span: Span) -> None:
        if has_whitespace_edge(span):
            self._keep("whitespace", _describe(name, span))
        if self.max_span_length is not None and len(span) > self.max_span_length:
            self._keep("too_long", _describe(name, span))
        if self.chunk_size and len(span) > self.chunk_size:
            self._keep("over_chunk", _describe(name, span))

    def _add_conflict(self, name: str, spans: List[Span]) -> None:
        if self.overlap == "any" or len(self.kinds["overlap"]) >= MAX_EXAMPLES:
            return
        places = [(span.start, span.end) for span in spans]
        pair = first_conflict(places, self.overlap)
        if pair is not None:
            first, second = (spans[i] for i in pair)
            text = describe_span("", second.text, second.label_)
            self._keep("overlap", f"{_describe(name, first)} and {text}")

    def _keep(self, kind: str, example: str) -> None:
        if len(self.kinds[kind]) < MAX_EXAMPLES:
            self.kinds[kind].append(example)


def _describe(name: str, span: Span) -> str:
    return describe_span(name, span.text, span.label_)
