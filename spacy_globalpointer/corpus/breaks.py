"""Find where a text may be cut: the ends of its paragraphs and sentences."""

from __future__ import annotations

from typing import List, Tuple

from spacy.tokens import Doc

SENTENCE_END = frozenset(".!?…。！？")
CLOSING = frozenset("\"'”’»)]}」』")


def find_breaks(doc: Doc) -> Tuple[List[int], List[int]]:
    """Find the good places to cut a document.

    A paragraph ends after a whitespace token with two line ends. A sentence ends after
    a whitespace token with a single line end. It also ends before each sentence start
    of the Doc; or, in a Doc without sentence annotation, after closing punctuation that
    no lower-case word follows.

    doc (Doc): The document.
    RETURNS (Tuple[List[int], List[int]]): Boundaries at ends of paragraphs and of
        sentences; boundary b lies before token b.
    """
    paragraphs: List[int] = []
    sentences: List[int] = []
    for token in doc:
        if token.is_space and "\n" in token.text:
            level = paragraphs if token.text.count("\n") > 1 else sentences
            level.append(token.i + 1)
    if doc.has_annotation("SENT_START"):
        sentences.extend(token.i for token in doc if token.is_sent_start)
    else:
        sentences.extend(_guess_sentence_ends(doc))
    return paragraphs, sentences


def _guess_sentence_ends(doc: Doc) -> List[int]:
    ends = []
    for token in doc:
        if token.text in SENTENCE_END:
            end = token.i + 1
            # Spaces, closing quotes and brackets stay with their sentence.
            while end < len(doc) and (doc[end].text in CLOSING or doc[end].is_space):
                end += 1
            if end == len(doc) or not doc[end].is_lower:
                ends.append(end)
    return ends
