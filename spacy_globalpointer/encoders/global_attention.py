"""Choose the tokens with global attention. In a sparse encoder, they attend to the
whole window, and the whole window attends to them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import Errors


class GlobalAttention:
    """Rules that choose the tokens with global attention. Their results are joined.

    first (bool): The first piece of each window, such as [CLS].
    patterns (List[List[dict]]): Token patterns of spaCy's Matcher.
    spans_key (Optional[str]): The tokens of the spans in `doc.spans[spans_key]`.
    RAISES (ValueError): GP037 if there is no rule, or a pattern is not valid.
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
            raise ValueError(Errors.GP037.format(reason="no rule names a token"))
        try:  # raises an error now if a pattern is invalid or needs a tagger
            self._match(Doc(Vocab(), words=["a"]))
        except ValueError as error:
            raise ValueError(Errors.GP037.format(reason=error)) from error

    def _match(self, doc: Doc) -> List[Tuple[int, int]]:
        """Return first token and end of each match."""
        if not self.patterns:
            return []
        matcher = Matcher(doc.vocab)
        matcher.add("global", self.patterns)
        return [(start, end) for _, start, end in matcher(doc)]

    def __call__(self, doc: Doc) -> Any:
        """Find the tokens of a document with global attention.

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
    """Make `spacy-globalpointer.global_attention.v1`, for the setting
    `global_attention` of the architecture `spacy-globalpointer.TransformerModel.v1`.

    first (bool): The first piece of each window, such as [CLS].
    patterns (Optional[List[List[dict]]]): Token patterns of spaCy's Matcher, whose
        matches have global attention. They can use attributes that the tokenizer sets.
    spans_key (Optional[str]): The tokens of the spans in `doc.spans[spans_key]`, such
        as a question or headings. A component before the transformer must set them.
    RETURNS (GlobalAttention): The rules.
    """
    return GlobalAttention(first, patterns or [], spans_key)
