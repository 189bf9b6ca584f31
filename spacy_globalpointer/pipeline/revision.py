"""Revision of the candidates of documents, between search and decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, cast

from spacy.tokens import Doc

from ..memory.document_memory import DocumentMemory, FloatArray, IntArray

if TYPE_CHECKING:  # torch is not imported before it is used
    from torch import Tensor

    from ..memory.entries import Mention
    from ..memory.mention_memory import Evidence, MentionMemory
    from ..memory.recalled_spans import RecalledSpans
    from ..pointer.search import FoundSpans

#: Characters of text before and after a remembered span that evidence shows.
AROUND = 40


def document_memory_of(cfg: Dict[str, Any]) -> DocumentMemory:
    """Return the document memory that a component's settings describe.

    cfg (Dict[str, Any]): The cfg of a component.
    """
    low, high = cfg["document_band"]
    return DocumentMemory(cfg["document_memory"], (low, high))


def revise_by_mentions(
    doc: Doc,
    vectors: Tensor,
    found: FoundSpans,
    memory: MentionMemory,
    cfg: Dict[str, Any],
    labels: Sequence[str],
    lowest: FloatArray,
    *,
    leave_out: Optional[str] = None,
) -> FoundSpans:
    """Revise the candidates of a document by a memory of spans, which may add labels.
    It votes on the candidates, and on spans with the words of a remembered one.

    doc (Doc): The document.
    vectors (Tensor): Vectors of the document's tokens, shape (tokens, width), float32.
    found (FoundSpans): Candidates down to the probability `memory_lowest`.
    memory (MentionMemory): The memory.
    cfg (Dict[str, Any]): The component's cfg.
    labels (Sequence[str]): Labels of the model, then those of the memory alone.
    lowest (FloatArray): Lowest probability of a result of each label.
    leave_out (Optional[str]): A text whose entries do not count.
    RETURNS (FoundSpans): The candidates that reach it. Scores that are not revised are
        the same bits.
    """
    from ..memory.known_words import find_known_words
    from ..memory.recalled_spans import propose, revise_by_memory

    first = [token.idx for token in doc]
    after = [token.idx + len(token) for token in doc]
    known = find_known_words(doc.text, first, after, memory.words)
    starts, ends = propose(found, known)
    k = cfg["memory_neighbours"]
    return revise_by_memory(
        found,
        memory.recall(vectors, starts, ends, k, leave_out=leave_out),
        labels=labels,
        n_known=len(cfg["labels"]),
        lowest=lowest.tolist(),
        temperature=cfg["temperature"],
        weight=cfg["memory_weight"],
        memory_temperature=cfg["memory_temperature"],
    )


def evidence_of(
    found: FoundSpans, rows: IntArray, cfg: Dict[str, Any]
) -> Optional[List[List[Dict[str, Any]]]]:
    """Return the entries of a memory of spans that speak for candidates.

    found (FoundSpans): The candidates of a document.
    rows (IntArray): Indices of some of them, shape (some,).
    cfg (Dict[str, Any]): The component's cfg.
    RETURNS (Optional[List[List[Dict[str, Any]]]]): For each, the entries with the
        highest weights: "weight", "words" of the span, its "source", and the "text"
        around it. None if no memory has revised the candidates.
    """
    names = names_of(found)
    if not names:
        return None
    own = cast("RecalledSpans", found)
    n_known, counts = len(cfg["labels"]), bool(cfg["memory_weight"])
    evidence = []
    for row, label in zip(rows.tolist(), found.labels[rows].tolist()):
        entries: Sequence[Evidence] = ()
        if counts or label >= n_known:
            entries = own.evidence(row, names[label], cfg["memory_temperature"])
        evidence.append([_as_dict(*entry) for entry in entries])
    return evidence


def _as_dict(weight: float, mention: Mention) -> Dict[str, Any]:
    around = slice(max(0, mention.start - AROUND), mention.end + AROUND)
    return {
        "weight": weight,
        "words": mention.words,
        "source": mention.source,
        "text": mention.text[around],
    }


def names_of(found: FoundSpans) -> Sequence[str]:
    """Return the names of the labels, if a memory of spans has revised candidates."""
    names: Sequence[str] = getattr(found, "names", ())
    return names


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
    them, and the last, in lower case. So a sure "Mr. Darcy" speaks for "Darcy".
    White space is no word: a line may end between "Mr." and "Darcy".

    doc (Doc): The document.
    starts (IntArray): First token of each span, shape (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    RETURNS (List[Tuple[str, str]]): The names of each span.
    """
    words = [token.text.strip().lower() for token in doc]  # bare vocabs lack LOWER
    names: List[Tuple[str, str]] = []
    for start, end in zip(starts.tolist(), ends.tolist()):
        own = [word for word in words[start : end + 1] if word]
        names.append((" ".join(own), own[-1] if own else ""))
    return names
