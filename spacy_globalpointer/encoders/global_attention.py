"""Which tokens see, and are seen by, the whole window of a sparse encoder."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import Errors


class GlobalAttention:
    """Chooses the tokens with global attention, by the union of its rules.

    first (bool): The first piece of each window, such as [CLS].
    patterns (List[List[dict]]): Token patterns of spaCy's Matcher.
    spans_key (Optional[str]): The tokens of the spans in `doc.spans[spans_key]`.
    RAISES (ValueError): GP037 if there is no rule at all, or a pattern is none.
    """

    def __init__(
        self,
        first: bool,
        patterns: List[List[Dict[str, Any]]],
        spans_key: Optional[str],
    ) -> None:
        self.first = first
        self.patterns = patterns
        self.spans_key = spans_key
        if not (first or patterns or spans_key):
            raise ValueError(Errors.GP037.format(reason="it names no token"))
        try:  # says now what is wrong with a pattern, or needs a tagger
            self._match(Doc(Vocab(), words=["a"]))
        except ValueError as error:
            raise ValueError(Errors.GP037.format(reason=error)) from error

    def _match(self, doc: Doc) -> List[Tuple[int, int]]:
        """First token and end of each match."""
        if not self.patterns:
            return []
        matcher = Matcher(doc.vocab)
        matcher.add("global", self.patterns)
        return [(start, end) for _, start, end in matcher(doc)]

    def __call__(self, doc: Doc) -> Any:
        """Tokens that have global attention because of what they are.

        doc (Doc): A document.
        RETURNS (Any): Shape (tokens,), bool.
        """
        chosen = numpy.zeros(len(doc), dtype=bool)
        for start, end in self._match(doc):
            chosen[start:end] = True
        if self.spans_key in doc.spans:
            for span in doc.spans[self.spans_key]:
                chosen[span.start : span.end] = True
        return chosen


def make_global_attention_v1(
    first: bool = True,
    patterns: Optional[List[List[Dict[str, Any]]]] = None,
    spans_key: Optional[str] = None,
) -> GlobalAttention:
    """`spacy-globalpointer.global_attention.v1`: for the setting `global_attention`
    of the architecture `spacy-globalpointer.TransformerModel.v1`.

    first (bool): The first piece of each window, such as [CLS].
    patterns (Optional[List[List[dict]]]): Token patterns of spaCy's Matcher; what
        they match has global attention. They can use attributes of the tokenizer.
    spans_key (Optional[str]): The tokens of the spans in `doc.spans[spans_key]`, such
        as a question or headings, which something set before the transformer.
    RETURNS (GlobalAttention): The rules.
    """
    return GlobalAttention(first, patterns or [], spans_key)
