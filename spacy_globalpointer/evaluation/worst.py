"""Documents with the most mistakes, and excerpts that show these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Sequence, Tuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from ..corpus.breaks import find_breaks
from ..corpus.chunks import plan_chunks
from .breakdown import score_by_document
from .matching import MatchedSpan

#: Number of tokens per excerpt, and of excerpts per document.
EXCERPT, EXCERPTS = 90, 3


class Excerpt(NamedTuple):
    """Part of a document that is shown.

    start (int): First token.
    end (int): Token after the last.
    """

    start: int
    end: int


@dataclass(frozen=True)
class WorstDocument:
    """Document with many mistakes, found by `find_worst`.

    index (int): Its index among all documents, starting at 0.
    title (str): Its name.
    doc (Doc): The predicted document.
    score (PRFScore): Its scores.
    spans (List[MatchedSpan]): Its gold and found spans.
    excerpts (List[Excerpt]): The parts to show, in the document's order.
    """

    index: int
    title: str
    doc: Doc
    score: PRFScore
    spans: List[MatchedSpan]
    excerpts: List[Excerpt]

    @property
    def mistakes(self) -> int:
        """Return the number of missed and spurious spans."""
        return self.score.fp + self.score.fn

    @property
    def mistakes_shown(self) -> int:
        """Return the number of mistakes that an excerpt shows at least in part."""
        return sum(
            any(_is_in(span, excerpt) for excerpt in self.excerpts)
            for span in self.spans
            if not span.is_right
        )


def find_worst(
    docs: Sequence[Doc], titles: Sequence[str], spans: Sequence[MatchedSpan], n: int
) -> List[WorstDocument]:
    """Find the documents with the greatest mistakes × (1 - F1).

    docs (Sequence[Doc]): The predicted documents.
    titles (Sequence[str]): Their names.
    spans (Sequence[MatchedSpan]): Gold and found spans.
    n (int): Highest number of documents to find.
    RETURNS (List[WorstDocument]): The worst first, without documents that have no
        mistakes.
    """
    scores = score_by_document(spans)
    badness = {i: (s.fp + s.fn) * (1 - s.fscore) for i, s in scores.items()}
    worst = sorted(
        (i for i in badness if badness[i] > 0), key=lambda i: (-badness[i], i)
    )
    own: Dict[int, List[MatchedSpan]] = {i: [] for i in worst[:n]}
    for span in spans:
        if span.document in own:
            own[span.document].append(span)
    return [
        WorstDocument(
            i, titles[i], docs[i], scores[i], own[i], excerpts(docs[i], own[i])
        )
        for i in own
    ]


def excerpts(doc: Doc, spans: Sequence[MatchedSpan]) -> List[Excerpt]:
    """Choose the parts of a document with the most mistakes. Parts end at ends of
    paragraphs or sentences if possible. They cut only spans that are longer than half a
    part, or long chains of overlapping spans.

    doc (Doc): The predicted document.
    spans (Sequence[MatchedSpan]): Its gold and found spans.
    RETURNS (List[Excerpt]): The whole document if it is short, otherwise its worst
        parts in order. Adjacent parts are joined.
    """
    if len(doc) <= EXCERPT * EXCERPTS:
        return [Excerpt(0, len(doc))]
    short = [s.tokens for s in spans if s.tokens[1] - s.tokens[0] <= EXCERPT // 2]
    plan = plan_chunks(
        len(doc), size=EXCERPT, forbidden=short, preferred=find_breaks(doc)
    )
    parts = [part for chunk in plan for part in _halve(Excerpt(*chunk))]
    mistakes = [span for span in spans if not span.is_right]
    counts = {part: sum(_is_in(span, part) for span in mistakes) for part in parts}
    chosen = sorted(parts, key=lambda part: (-counts[part], part))[:EXCERPTS]
    return _join(sorted(part for part in chosen if counts[part]) or parts[:1])


def _halve(part: Excerpt) -> List[Excerpt]:
    """Split a part that is long because of a chain of overlapping spans."""
    if part.end - part.start <= 2 * EXCERPT:
        return [part]
    middle = (part.start + part.end) // 2
    first, second = Excerpt(part.start, middle), Excerpt(middle, part.end)
    return [*_halve(first), *_halve(second)]


def _join(parts: List[Excerpt]) -> List[Excerpt]:
    joined = parts[:1]
    for part in parts[1:]:
        if part.start == joined[-1].end:
            joined[-1] = Excerpt(joined[-1].start, part.end)
        else:
            joined.append(part)
    return joined


def _is_in(span: MatchedSpan, part: Tuple[int, int]) -> bool:
    return span.tokens[0] < part[1] and span.tokens[1] > part[0]
