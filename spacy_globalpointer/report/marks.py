"""Spans as nested elements: a text is cut wherever a span begins or ends."""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush
from typing import (
    Collection,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Tuple,
)

#: Lowest number of characters in a block.
BLOCK = 2000


class DrawnSpan(NamedTuple):
    """A span to draw.

    start (int): First character.
    end (int): Character after the last.
    label (str): The label.
    kind (str): "right", "missed" or "spurious"; "" without a comparison to gold.
    score (Optional[float]): Its probability, if one is known.
    kb_id (str): Its identifier in a knowledge base, or "".
    is_cut (bool): Whether only a part of it is drawn.
    evidence (Tuple[str, ...]): What a memory knew that speaks for it, a line each.
    """

    start: int
    end: int
    label: str
    kind: str = ""
    score: Optional[float] = None
    kb_id: str = ""
    is_cut: bool = False
    evidence: Tuple[str, ...] = ()

    @property
    def key(self) -> Tuple[str, int, int]:
        """RETURNS (Tuple[str, int, int]): Label and characters. If a gold span has the
        same, it is right."""
        return self.label, self.start, self.end


class Legend(NamedTuple):
    """Legend of a picture, made by `make_legend`.

    numbers (Dict[str, int]): For each label a number from 0 on, in alphabetical order.
        It stands for the colour of the label.
    labels (Mapping[str, int]): Number of spans by label.
    kinds (Mapping[str, int]): Number of spans by kind; empty without gold.
    lowest (Optional[float]): The lowest probability, rounded down; None without any.
    """

    numbers: Dict[str, int]
    labels: Mapping[str, int]
    kinds: Mapping[str, int]
    lowest: Optional[float]


class Mark(NamedTuple):
    """A span and the line on which it is drawn.

    span (DrawnSpan): The span.
    line (int): Number of the line under the text, from 0 on.
    """

    span: DrawnSpan
    line: int


class Piece(NamedTuple):
    """A piece of text, then marks that end and marks that begin.

    text (str): The text.
    closed (List[Tuple[Mark, bool]]): Marks to close, the inner ones first, each with
        whether its span ends here. Other marks are opened again by a later piece.
    opened (List[Mark]): Marks to open, the outer ones first.
    """

    text: str
    closed: List[Tuple[Mark, bool]]
    opened: List[Mark]


def cut_text(
    text: str, spans: Iterable[DrawnSpan], start: int = 0, end: Optional[int] = None
) -> Iterator[Piece]:
    """Cut a text into pieces, so that the marks of its spans are properly nested. Where
    spans cross, the mark that ends first is closed and opened again inside the other.

    text (str): The text.
    spans (Iterable[DrawnSpan]): Its spans. Parts outside the excerpt are not drawn.
    start (int): First character of the excerpt to draw.
    end (Optional[int]): Character after the last; None for the end of the text.
    YIELDS (Piece): The pieces, whose texts add up to the excerpt.
    """
    end = len(text) if end is None else end
    shown = (clipped for span in spans if (clipped := _clip(span, start, end)))
    waiting = assign_lines(shown)[::-1]
    stops = {end, *(m.span.start for m in waiting), *(m.span.end for m in waiting)}
    position = start
    open_marks: List[Mark] = []  # those that end later come first
    for stop in sorted(stops):
        closed: List[Tuple[Mark, bool]] = []
        opened: List[Mark] = []
        while open_marks and open_marks[-1].span.end == stop:
            closed.append((open_marks.pop(), True))
        while waiting and waiting[-1].span.start == stop:
            opened.append(waiting.pop())
        last = opened[0].span.end if opened else stop  # the longest one comes first
        while open_marks and open_marks[-1].span.end < last:
            opened.append(open_marks.pop())
            closed.append((opened[-1], False))
        opened.sort(key=_by_end)
        open_marks.extend(opened)
        yield Piece(text[position:stop], closed, opened)
        position = stop


def split_blocks(pieces: Iterable[Piece]) -> Iterator[List[Piece]]:
    """Split the pieces of a text into blocks, so that a browser can lay out those of a
    long text one by one. A block ends after a line feed that is in no span.

    pieces (Iterable[Piece]): The pieces.
    YIELDS (List[Piece]): The pieces of a block.
    """
    block: List[Piece] = []
    length = depth = 0  # number of characters in the block, and of open marks
    for piece in pieces:
        text, position = piece.text, 0
        while not depth and length + len(text) - position > BLOCK:
            first = position + max(0, BLOCK - length)
            after = text.find("\n", first) + 1 or text.rfind("\n", position) + 1
            if not after:
                break
            yield [*block, Piece(text[position:after], [], [])]
            block, length, position = [], 0, after
        block.append(piece._replace(text=text[position:]))
        length += len(text) - position
        depth += len(piece.opened) - len(piece.closed)
    if block:
        yield block


def assign_lines(spans: Iterable[DrawnSpan]) -> List[Mark]:
    """Choose for each span the uppermost line that is free, so that a span is drawn
    above those that it holds.

    spans (Iterable[DrawnSpan]): The spans.
    RETURNS (List[Mark]): The spans with their lines, by start.
    """
    marks: List[Mark] = []
    free: List[int] = []
    used: List[Tuple[int, int]] = []  # end of the last span and number of the line
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.label, s.kind)):
        while used and used[0][0] <= span.start:
            heappush(free, heappop(used)[1])
        line = heappop(free) if free else len(used)
        heappush(used, (span.end, line))
        marks.append(Mark(span, line))
    return marks


def make_legend(spans: Collection[DrawnSpan]) -> Legend:
    """Make the legend of a picture.

    spans (Collection[DrawnSpan]): All spans of the picture.
    RETURNS (Legend): The legend.
    """
    labels = Counter(span.label for span in spans)
    kinds = Counter(span.kind for span in spans if span.kind)
    scores = [span.score for span in spans if span.score is not None]
    return Legend(
        numbers={label: i for i, label in enumerate(sorted(labels))},
        labels=labels,
        kinds=kinds,
        lowest=int(100 * min(scores)) / 100 if scores else None,
    )


def _by_end(mark: Mark) -> Tuple[int, int]:
    return -mark.span.end, mark.line


def _clip(span: DrawnSpan, start: int, end: int) -> Optional[DrawnSpan]:
    """Return the part of a span that an excerpt shows, if any."""
    first, last = max(span.start, start), min(span.end, end)
    if first >= last:
        return None
    is_cut = span.is_cut or (first, last) != (span.start, span.end)
    return span._replace(start=first, end=last, is_cut=is_cut)
