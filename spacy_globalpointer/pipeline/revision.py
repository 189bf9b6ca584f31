"""Revision of candidates by what is sure elsewhere in their document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

from spacy.tokens import Doc

from ..memory.document_memory import DocumentMemory, IntArray

if TYPE_CHECKING:  # torch is not imported before it is used
    from ..pointer.search import FoundSpans


def document_memory_of(cfg: Dict[str, Any]) -> DocumentMemory:
    """Return the document memory that a component's settings describe.

    cfg (Dict[str, Any]): The cfg of a component.
    """
    low, high = cfg["document_band"]
    return DocumentMemory(cfg["document_memory"], (low, high))


def revise_by_document(
    doc: Doc, found: FoundSpans, memory: DocumentMemory, temperature: float
) -> FoundSpans:
    """Revise the scores of a document's candidates by its memory.

    doc (Doc): The document.
    found (FoundSpans): All its candidates down to the memory's band.
    memory (DocumentMemory): The memory.
    temperature (float): The component's temperature.
    RETURNS (FoundSpans): The same spans. Scores that are not revised are the same bits.
    """
    from ..pointer.probability import probability, score_of

    before = probability(found.scores, temperature)
    starts, ends = found.starts.numpy(), found.ends.numpy()
    words = span_words(doc, starts, ends)
    revised = memory.revise(before.numpy(), found.labels.numpy(), starts, ends, words)
    after = before.new_tensor(revised)
    is_revised = after != before
    scores = found.scores.clone()
    scores[is_revised] = score_of(after[is_revised], temperature).to(scores.dtype)
    return replace(found, scores=scores)


def span_words(doc: Doc, starts: IntArray, ends: IntArray) -> List[Tuple[str, str]]:
    """Return the names by which a document memory knows the words of spans: all of
    them, and the last, in lower case. So a sure "Mr. Darcy" can support "Darcy". A last
    word of one character, such as a Chinese one, is too common: all words are used
    instead. White space is no word: a line may end between "Mr." and "Darcy".

    doc (Doc): The document.
    starts (IntArray): First token of each span, shape (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    RETURNS (List[Tuple[str, str]]): The names of each span.
    """
    words = [token.text.strip().lower() for token in doc]  # bare vocabs lack LOWER
    names: List[Tuple[str, str]] = []
    for start, end in zip(starts.tolist(), ends.tolist()):
        own = [word for word in words[start : end + 1] if word]
        name = " ".join(own)
        names.append((name, own[-1] if own and len(own[-1]) > 1 else name))
    return names
