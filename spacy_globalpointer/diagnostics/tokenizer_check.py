"""Comparison of the tokens of a corpus with those of a pipeline's tokenizer."""

from __future__ import annotations

from typing import List, Optional

import numpy
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH
from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.metadata import doc_name
from ..wording import describe_span
from .span_examples import MAX_EXAMPLES

IntArray = NDArray[numpy.int64]


class TokenizerCheck:
    """Counts of the documents whose tokens differ from those of a pipeline's tokenizer.

    A Doc that was made from words without spaces is left out, because training keeps
    its tokens.

    nlp (Language): The pipeline; only its tokenizer is used.
    spans_key (str): Key of the spans in `Doc.spans`.
    """

    def __init__(self, nlp: Language, spans_key: str) -> None:
        self.nlp = nlp
        self.spans_key = spans_key
        #: Number of documents that the tokenizer splits differently.
        self.documents = 0
        #: Number of gold spans that then do not begin and end at tokens.
        self.misaligned = 0
        #: The first difference: the words of the file and of the tokenizer.
        self.example: Optional[str] = None
        #: Some of the misaligned spans, with their documents.
        self.examples: List[str] = []

    def add(self, doc: Doc) -> None:
        """Tokenize a document's text again.

        doc (Doc): The document.
        """
        if not len(doc) or doc.has_unknown_spaces:
            return
        again = self.nlp.tokenizer(doc.text)
        old, new = _edges(doc), _edges(again)
        if numpy.array_equal(old, new):
            return
        self.documents += 1
        spans = doc.spans.get(self.spans_key, [])
        places = numpy.array([(span.start, span.end) for span in spans], dtype="int64")
        starts, ends = places.reshape(-1, 2).T
        fits = numpy.isin(old[starts, 0], new[:, 0])
        fits &= numpy.isin(old[ends - 1, 1], new[:, 1])
        self.misaligned += int((~fits).sum())
        for i in numpy.flatnonzero(~fits)[: MAX_EXAMPLES - len(self.examples)]:
            span = spans[int(i)]
            text = describe_span(doc_name(doc), span.text, span.label_)
            self.examples.append(text)
        if self.example is None:
            self.example = _first_difference(doc, again, old, new)


def _edges(doc: Doc) -> IntArray:
    """Return the first character of each token and the one after its last, shape
    (tokens, 2)."""
    array = doc.to_array([IDX, LENGTH]).astype("int64").reshape(-1, 2)
    return array.cumsum(axis=1)


def _first_difference(doc: Doc, again: Doc, old: IntArray, new: IntArray) -> str:
    n = min(len(old), len(new))
    i = int(numpy.append((old[:n] != new[:n]).any(axis=1), True).argmax())
    of_file, made = (" ".join(t.text for t in d[i : i + 3]) for d in (doc, again))
    return f"{of_file!r} in the file, {made!r} by the tokenizer"
