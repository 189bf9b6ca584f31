"""Statistics of how an encoder splits a corpus: pieces per token, unknown pieces,
windows."""

from __future__ import annotations

from collections import Counter
from typing import Any, List, Optional, Tuple
from typing import Counter as CounterT

import numpy
from numpy import ndarray
from spacy.attrs import ORTH
from spacy.strings import StringStore
from spacy.tokens import Doc

from ..encoders.pieces import Pieces, split_pieces
from ..encoders.token_borders import TokenBorders
from ..encoders.windows import plan_windows
from ..wording import describe_span

#: Number of spans and documents that are named.
MAX_EXAMPLES = 3


class PieceStatistics:
    """Counts over the documents added so far.

    tokenizer (PreTrainedTokenizerFast): The encoder's tokenizer.
    strings (StringStore): The strings of the documents' vocab.
    spans_key (str): Key of the spans in `Doc.spans`.
    capacity (Optional[int]): Pieces of text that the encoder reads at once, without
        special ones; None to count no windows.
    context (int): Pieces of context that a window reads on each side.
    token_borders (Optional[TokenBorders]): What splits pieces that cover several
        tokens; None to leave them.
    """

    def __init__(
        self,
        tokenizer: Any,
        strings: StringStore,
        *,
        spans_key: str,
        capacity: Optional[int] = None,
        context: int = 0,
        token_borders: Optional[TokenBorders] = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.strings = strings
        self.spans_key = spans_key
        self.capacity = capacity
        self.context = context
        self.token_borders = token_borders
        self.tokens = 0
        self.pieces = 0
        #: Number of pieces that stand for text outside the tokenizer's vocabulary.
        self.unknown = 0
        self.windows = 0
        #: Number of pieces, and of windows, of the document that has most.
        self.longest_document = 0
        self.most_windows = 0
        #: Number of gold spans with more pieces than a window has room for.
        self.spans_over_window = 0
        #: Some of these spans, and names of documents with unknown pieces or with
        #: tokens without a piece.
        self.span_examples: List[str] = []
        self.documents_with_unknown: List[str] = []
        self.documents_without: List[str] = []
        self._per_token: CounterT[int] = Counter()
        # By hash of the token's text.
        self._unknown: CounterT[int] = Counter()
        self._without: CounterT[int] = Counter()

    def add(self, docs: List[Doc]) -> None:
        """Count documents.

        docs (List[Doc]): The documents, of any length.
        """
        split = split_pieces(self.tokenizer, docs, self.token_borders)
        for doc, pieces in zip(docs, split):
            self._add_tokens(doc, pieces)
            self._add_windows(pieces)
            self._add_spans(doc, pieces)

    def _add_tokens(self, doc: Doc, pieces: Pieces) -> None:
        self.tokens += len(doc)
        self.pieces += len(pieces.ids)
        self.longest_document = max(self.longest_document, len(pieces.ids))
        _count(self._per_token, pieces.lengths)
        words = doc.to_array(ORTH)
        without = words[pieces.lengths == 0]
        _count(self._without, without)
        if not all(self.strings[int(word)].isspace() for word in without):
            _keep(self.documents_without, _name(doc))
        is_unknown = pieces.ids == self.tokenizer.unk_token_id
        if is_unknown.any():
            self.unknown += int(is_unknown.sum())
            _keep(self.documents_with_unknown, _name(doc))
            owners = numpy.repeat(numpy.arange(len(doc)), pieces.lengths)
            owners = numpy.unique(owners[is_unknown[pieces.indices]])
            _count(self._unknown, words[owners])

    def _add_windows(self, pieces: Pieces) -> None:
        if self.capacity is not None:
            bounds = {"capacity": self.capacity, "context": self.context}
            windows = plan_windows(len(pieces.ids), pieces.cuts, **bounds)
            self.windows += len(windows)
            self.most_windows = max(self.most_windows, len(windows))

    def _add_spans(self, doc: Doc, pieces: Pieces) -> None:
        if self.capacity is not None and self.spans_key in doc.spans:
            spans = [(span.start, span.end) for span in doc.spans[self.spans_key]]
            n_pieces = span_pieces(pieces, spans)
            longer = numpy.flatnonzero(n_pieces > self.capacity)
            self.spans_over_window += len(longer)
            for i in longer[:MAX_EXAMPLES]:
                span = doc.spans[self.spans_key][int(i)]
                text = describe_span(_name(doc), span.text, span.label_)
                _keep(self.span_examples, text)

    @property
    def per_token(self) -> float:
        """Return the mean number of pieces per token; 0 without tokens."""
        return self.pieces / max(1, self.tokens)

    @property
    def unknown_share(self) -> float:
        """Return the fraction of unknown pieces, from 0 to 1."""
        return self.unknown / max(1, self.pieces)

    @property
    def unknown_percent(self) -> str:
        """Return the fraction of unknown pieces in percent. A small one is not shown as
        0."""
        percent = 100 * self.unknown_share
        if 0 < percent < 0.01:
            return "< 0.01 %"
        return f"{percent:.2f} %"

    @property
    def tokens_with_unknown(self) -> int:
        """Return the number of tokens with at least one unknown piece."""
        return sum(self._unknown.values())

    @property
    def without_piece(self) -> int:
        """Return the number of tokens without a piece that are not white space."""
        return sum(self._not_space(self._without).values())

    def percentile(self, percent: float) -> int:
        """Find the number of pieces that a percentage of the tokens does not exceed.

        percent (float): The percentage, from 0 to 100.
        RETURNS (int): The smallest such number; 0 without tokens.
        """
        below = 0
        for length in sorted(self._per_token):
            below += self._per_token[length]
            if below * 100 >= percent * self.tokens:
                return length
        return 0

    def unknown_words(self, n: int = 10) -> List[Tuple[str, int]]:
        """Return the most frequent tokens with an unknown piece, and how often each
        occurs."""
        return _most_common(self._texts(self._unknown), n)

    def words_without_piece(self, n: int = 10) -> List[Tuple[str, int]]:
        """Return the most frequent tokens without a piece that are not white space, and
        how often each occurs."""
        return _most_common(self._not_space(self._without), n)

    def _texts(self, words: CounterT[int]) -> CounterT[str]:
        return Counter({self.strings[word]: n for word, n in words.items()})

    def _not_space(self, words: CounterT[int]) -> CounterT[str]:
        # Not token.is_space, which a vocab without a language does not know.
        texts = self._texts(words)
        return Counter({text: n for text, n in texts.items() if not text.isspace()})


def span_pieces(pieces: Pieces, spans: List[Tuple[int, int]]) -> ndarray:
    """Count the pieces from the first to the last of each span.

    pieces (Pieces): A document's pieces.
    spans (List[Tuple[int, int]]): First token of each span, and token after its last.
    RETURNS (ndarray): Shape (spans,). 0 for a span whose tokens have no pieces.
    """
    bounds = numpy.append(0, pieces.lengths.cumsum())
    starts, ends = numpy.array(spans, dtype="int64").reshape(-1, 2).T
    first, last = bounds[starts], bounds[ends]
    has_piece = first < last
    counts = numpy.zeros(len(spans), dtype="int64")
    first, last = first[has_piece], last[has_piece] - 1
    counts[has_piece] = pieces.indices[last] - pieces.indices[first] + 1
    return counts


def _name(doc: Doc) -> str:
    return str(doc.user_data.get("title", ""))


def _keep(examples: List[str], example: str) -> None:
    if example and len(examples) < MAX_EXAMPLES:
        examples.append(example)


def _count(counter: CounterT[int], values: ndarray) -> None:
    for value, n in zip(*numpy.unique(values, return_counts=True)):
        counter[int(value)] += int(n)


def _most_common(counter: CounterT[str], n: int) -> List[Tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:n]
