"""Revision of candidates by a memory of spans, and the evidence for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import numpy
from numpy.typing import NDArray
from spacy.tokens import Doc

# torch is imported where it is used: spaCy imports this module at every start.
if TYPE_CHECKING:
    from torch import Tensor

    from ..memory.entries import Mention
    from ..memory.mention_memory import Evidence, MentionMemory
    from ..pointer.search import FoundSpans
    from .recalled_spans import RecalledSpans

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]

#: Characters of text before and after a remembered span that evidence shows.
AROUND = 40


def revise_by_mentions(
    doc: Doc,
    vectors: Tensor,
    found: FoundSpans,
    memory: MentionMemory,
    cfg: Dict[str, Any],
    labels: Sequence[str],
    lowest: FloatArray,
    *,
    max_span_length: Optional[int] = None,
) -> FoundSpans:
    """Revise the candidates of a document by a memory of spans, which may add labels.
    It votes on the candidates, and on spans with the words of a remembered one.

    doc (Doc): The document.
    vectors (Tensor): Vectors of the document's tokens, shape (tokens, width), float32.
    found (FoundSpans): Candidates down to the probability `memory_lowest` or less. Less
        probable ones than that are not voted on, and keep their scores.
    memory (MentionMemory): The memory.
    cfg (Dict[str, Any]): The component's cfg.
    labels (Sequence[str]): Labels of the model, then those of the memory alone.
    lowest (FloatArray): Lowest probability of a result of each label.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    RETURNS (FoundSpans): The candidates that reach it. Scores that are not revised are
        the same bits.
    """
    from ..memory.known_words import find_known_words
    from ..pointer.probability import probability
    from .recalled_spans import add_others, propose, revise_by_memory, split

    first = [token.idx for token in doc]
    after = [token.idx + len(token) for token in doc]
    known = [
        (start, end)
        for start, end in find_known_words(doc.text, first, after, memory.words)
        if max_span_length is None or end - start < max_span_length
    ]
    p = probability(found.scores, cfg["temperature"]).numpy()
    likely = numpy.flatnonzero(p >= numpy.float32(cfg["memory_lowest"]))
    starts, ends = propose(found.take(likely), known)
    recall = memory.recall(vectors, starts, ends, cfg["memory_neighbours"])
    proposed, others = split(found, recall)
    revised = revise_by_memory(
        proposed,
        recall,
        labels=labels,
        n_known=len(cfg["labels"]),
        lowest=lowest.tolist(),
        temperature=cfg["temperature"],
        weight=cfg["memory_weight"],
        memory_temperature=cfg["memory_temperature"],
    )
    return add_others(revised, others)


def evidence_of(
    found: RecalledSpans, rows: IntArray, cfg: Dict[str, Any]
) -> List[List[Dict[str, Any]]]:
    """Return the entries of a memory of spans that speak for candidates.

    found (RecalledSpans): The candidates of a document.
    rows (IntArray): Indices of some of them, shape (some,).
    cfg (Dict[str, Any]): The component's cfg.
    RETURNS (List[List[Dict[str, Any]]]): For each, the entries with the highest
        weights: "weight", "words" of the span, its "source", and the "text" around it.
    """
    n_known, counts = len(cfg["labels"]), bool(cfg["memory_weight"])
    evidence = []
    for row, label in zip(rows.tolist(), found.labels[rows].tolist()):
        entries: Sequence[Evidence] = ()
        if counts or label >= n_known:
            name, temperature = found.names[label], cfg["memory_temperature"]
            entries = found.evidence(row, name, temperature)
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
