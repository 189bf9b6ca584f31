"""Matching of the gold and found spans of documents."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import (
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from spacy.tokens import Doc
from spacy.training import Example

from ..pipeline.scorer import gold_spans
from ..types import CharSpan, LabelledSpan

#: Number of word pieces from tokens (first, after the last) to the nearest seam.
Distance = Callable[[int, int], Optional[int]]


class MatchedSpan(NamedTuple):
    """Span that is a gold span, was found, or both; made by `match_spans`.

    document (int): Index of the document among all examples.
    start (int): First character.
    end (int): Character after the last.
    label (str): The label.
    tokens (Tuple[int, int]): First token of the predicted document that the span
        touches, and token after the last.
    is_gold (bool): Whether it is a gold span.
    is_found (bool): Whether it was found.
    is_inside (bool): Whether a longer gold span contains it.
    is_holding (bool): Whether it contains a shorter gold span.
    is_later (bool): Whether a gold span with the same words starts before it in the
        document.
    seam (Optional[int]): Word pieces to the nearest seam of windows; None without one.
    score (Optional[float]): Probability, if the component that found it reports one.
    """

    document: int
    start: int
    end: int
    label: str
    tokens: Tuple[int, int]
    is_gold: bool
    is_found: bool
    is_inside: bool
    is_holding: bool
    is_later: bool
    seam: Optional[int]
    score: Optional[float]

    @property
    def key(self) -> LabelledSpan:
        """Return the span as the scorer compares it."""
        return self.label, self.start, self.end

    @property
    def is_right(self) -> bool:
        """Return whether it was found and is a gold span."""
        return self.is_gold and self.is_found


def match_spans(
    examples: Iterable[Example],
    found: Sequence[Mapping[LabelledSpan, Optional[float]]],
    *,
    spans_key: str,
    distances: Optional[Sequence[Distance]] = None,
) -> List[MatchedSpan]:
    """Match the spans of documents in the same way as `pipeline.scorer.score_spans`.
    Spans are compared by label and characters. Gold spans that a converter could not
    align are included; documents whose reference lacks the key are left out.

    examples (Iterable[Example]): Predicted and reference documents.
    found (Sequence[Mapping[LabelledSpan, Optional[float]]]): The spans found in each
        document, with their probability if the component gives one.
    spans_key (str): Key of the gold spans in `Doc.spans`.
    distances (Optional[Sequence[Distance]]): For each document the distance of tokens
        from a seam of windows.
    RETURNS (List[MatchedSpan]): The spans by document, start, end and label.
    """
    matched: List[MatchedSpan] = []
    for index, example in enumerate(examples):
        if spans_key in example.reference.spans:
            distance = distances[index] if distances is not None else None
            gold = gold_spans(example.reference, spans_key)
            doc = example.predicted
            matched.extend(_match(index, gold, found[index], doc, distance))
    return matched


def _match(
    index: int,
    gold: Set[LabelledSpan],
    found: Mapping[LabelledSpan, Optional[float]],
    doc: Doc,
    distance: Optional[Distance],
) -> Iterable[MatchedSpan]:
    tokens = Tokens(doc)
    places = [(start, end) for _, start, end in gold]
    nesting, mentions = Nesting(places), Mentions(doc.text, places)
    for key in sorted({*gold, *found}, key=_by_place):
        label, start, end = key
        own = tokens.touched(start, end)
        yield MatchedSpan(
            document=index,
            start=start,
            end=end,
            label=label,
            tokens=own,
            is_gold=key in gold,
            is_found=key in found,
            is_inside=nesting.is_inside(start, end),
            is_holding=nesting.is_holding(start, end),
            is_later=mentions.is_later(start, end),
            seam=distance(*own) if distance and own[0] < own[1] else None,
            score=found.get(key),
        )


def _by_place(key: LabelledSpan) -> Tuple[int, int, str]:
    return key[1], key[2], key[0]


class Tokens:
    """Index of the tokens of a document by their characters.

    doc (Doc): The document.
    """

    def __init__(self, doc: Doc) -> None:
        self._starts = [token.idx for token in doc]
        self._ends = [token.idx + len(token) for token in doc]

    def touched(self, start: int, end: int) -> Tuple[int, int]:
        """Return the first token that shares a character with a span, and the token
        after the last one."""
        first = bisect_right(self._ends, start)
        return first, max(first, bisect_left(self._starts, end))


class Nesting:
    """Index of spans that finds whether a span is inside others or contains others.

    places (Sequence[CharSpan]): The other spans. Spans at the same place do not count.
    """

    def __init__(self, places: Sequence[CharSpan]) -> None:
        ends: Dict[int, List[int]] = {}
        for start, end in places:
            ends.setdefault(start, []).append(end)
        self._starts = sorted(ends)
        self._own = ends
        # The last end of the spans that start up to here, and the first end of the
        # spans that start from here on.
        longest = (max(ends[start]) for start in self._starts)
        shortest = (min(ends[start]) for start in reversed(self._starts))
        self._last_end = list(accumulate(longest, max))
        self._first_end = list(accumulate(shortest, min))[::-1]

    def is_inside(self, start: int, end: int) -> bool:
        """Return whether a longer span contains this one."""
        before = bisect_left(self._starts, start)
        covered = before > 0 and self._last_end[before - 1] >= end
        return covered or max(self._own.get(start, [end])) > end

    def is_holding(self, start: int, end: int) -> bool:
        """Return whether this span contains a shorter one."""
        after = bisect_right(self._starts, start)
        covers = after < len(self._starts) and self._first_end[after] <= end
        return covers or min(self._own.get(start, [end])) < end


class Mentions:
    """Index of spans that finds whether the words of a span came before.

    text (str): The text of the document.
    places (Sequence[CharSpan]): The other spans.
    """

    def __init__(self, text: str, places: Sequence[CharSpan]) -> None:
        self._text = text
        self._first: Dict[str, int] = {}
        for start, end in sorted(places):
            self._first.setdefault(self._words(start, end), start)

    def is_later(self, start: int, end: int) -> bool:
        """Return whether a span with the same words starts before this one. Words are
        the same if they are equal in lower case; any white space is one space."""
        return self._first.get(self._words(start, end), start) < start

    def _words(self, start: int, end: int) -> str:
        return " ".join(self._text[start:end].lower().split())
