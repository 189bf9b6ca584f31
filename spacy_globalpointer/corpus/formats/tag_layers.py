"""Convert the spans of a document to layers of tags, for formats that have only
tokens."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Iterator, List, Optional, Pattern, Sequence, Set, Tuple

from ...errors import Errors
from ..annotations import AnnotatedText, TextSpan
from .tags import TagRun, write_tags

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class TaggedSentence:
    """Tokens of a sentence and their layers of tags.

    tokens (List[str]): The tokens.
    origins (List[int]): For each token, the index of the document's token that contains
        it.
    columns (List[List[str]]): For each layer, one tag per token.
    """

    tokens: List[str]
    origins: List[int]
    columns: List[List[str]]


@dataclass(frozen=True)
class _Piece:
    start: int
    end: int
    origin: int


def tag_sentences(
    document: AnnotatedText,
    *,
    scheme: str,
    format: str,
    n_layers: int = 1,
    cut_at: Optional[Pattern[str]] = None,
    keep_empty: bool = True,
    by_lines: bool = True,
) -> Iterator[TaggedSentence]:
    """Write the spans of a document as layers of tags.

    Tokens are those of the document, or else the parts between white space. A token in
    which a span begins or ends is cut there, so that no span is lost. A sentence ends
    at each line end that is not within a span. Spans are sorted by start, longer ones
    first. Each one goes into the layer after the last layer of an earlier span that it
    overlaps.

    document (AnnotatedText): The document.
    scheme (str): Scheme of the tags.
    format (str): Name of the format, for messages.
    n_layers (int): Lowest number of layers to write.
    cut_at (Optional[Pattern[str]]): Text that a token cannot contain. The token is cut
        there, and the text is left out.
    keep_empty (bool): Whether tokens without characters are kept.
    by_lines (bool): Whether sentences end at line ends. Otherwise only the document
        ends one.
    YIELDS (TaggedSentence): The sentences that have tokens.
    RAISES (ValueError): GP172 for a span that has no token.
    """
    pieces = _cut_tokens(document, cut_at, keep_empty)
    runs = _find_runs(document, pieces, format)
    starts = _sentence_starts(document.text, pieces, runs) if by_lines else [0]
    bounds = [*starts, len(pieces)]
    at = 0
    for first, last in zip(bounds, bounds[1:]):
        own: List[TagRun] = []
        while at < len(runs) and runs[at].start < last:
            run = runs[at]
            own.append(run._replace(start=run.start - first, end=run.end - first))
            at += 1
        layers = assign_layers(own)
        layers += [[] for _ in range(n_layers - len(layers))]
        length = last - first
        if length:
            part = pieces[first:last]
            yield TaggedSentence(
                [document.text[piece.start : piece.end] for piece in part],
                [piece.origin for piece in part],
                [write_tags(length, layer, scheme) for layer in layers],
            )


def assign_layers(runs: Sequence[TagRun]) -> List[List[TagRun]]:
    """Put spans into layers so that no two spans of a layer overlap.

    runs (Sequence[TagRun]): The spans, sorted by start, longer ones first.
    RETURNS (List[List[TagRun]]): The layers, see `tag_sentences`.
    """
    layers: List[List[TagRun]] = []
    # Open spans, those of the last layer first. One that has ended before a span begins
    # has also ended before all later ones.
    active: List[Tuple[int, int]] = []
    for run in runs:
        while active and active[0][1] <= run.start:
            heappop(active)
        layer = 1 - active[0][0] if active else 0
        heappush(active, (-layer, run.end))
        if layer == len(layers):
            layers.append([])
        layers[layer].append(run)
    return layers


def _cut_tokens(
    document: AnnotatedText, cut_at: Optional[Pattern[str]], keep_empty: bool
) -> List[_Piece]:
    text, tokens = document.text, document.tokens
    if tokens is None:
        tokens = [match.span() for match in _WORD.finditer(text)]
    cuts = sorted(
        {place for span in document.spans for place in (span.start, span.end)}
    )
    pieces: List[_Piece] = []
    for origin, (start, end) in enumerate(tokens):
        inner = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
        bounds = [start, *inner, end]
        if start == end and keep_empty:
            pieces.append(_Piece(start, end, origin))
        for a, b in zip(bounds, bounds[1:]):
            parts = _without(text, a, b, cut_at) if cut_at else [(a, b)]
            pieces.extend(_Piece(*part, origin) for part in parts if part[0] < part[1])
    return pieces


def _without(
    text: str, start: int, end: int, pattern: Pattern[str]
) -> List[Tuple[int, int]]:
    """RETURNS (List[Tuple[int, int]]): The parts of a piece between the matches."""
    matches = [match.span() for match in pattern.finditer(text, start, end)]
    firsts = [start, *(b for _, b in matches)]
    return list(zip(firsts, [*(a for a, _ in matches), end]))


def _find_runs(
    document: AnnotatedText, pieces: Sequence[_Piece], format: str
) -> List[TagRun]:
    """RETURNS (List[TagRun]): The spans as indices of pieces, by start, longer ones
    first."""
    starts = [piece.start for piece in pieces]
    ends = [piece.end for piece in pieces]
    runs = []
    for span in document.spans:
        first, last = bisect_left(starts, span.start), bisect_right(ends, span.end)
        if first >= last:
            raise _untaggable(document, span, format)
        runs.append(TagRun(span.label, first, last, True))
    return sorted(runs, key=lambda run: (run.start, -run.end))


def _untaggable(document: AnnotatedText, span: TextSpan, format: str) -> ValueError:
    place = f"{span.start}-{span.end} {span.label!r}"
    fields = {"name": document.name, "span": place, "format": format}
    return ValueError(Errors.GP172.format(**fields))


def _sentence_starts(
    text: str, pieces: Sequence[_Piece], runs: Sequence[TagRun]
) -> List[int]:
    covered: Set[int] = set()
    reach = 0
    for run in runs:
        covered.update(range(max(run.start + 1, reach), run.end))
        reach = max(reach, run.end)
    return [0] + [
        i
        for i in range(1, len(pieces))
        if "\n" in text[pieces[i - 1].end : pieces[i].start] and i not in covered
    ]
