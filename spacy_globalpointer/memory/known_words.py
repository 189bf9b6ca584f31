"""Places of a text whose words are those of remembered spans."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Sequence, Tuple


def find_known_words(
    text: str, first: Sequence[int], after: Sequence[int], words: AbstractSet[str]
) -> List[Tuple[int, int]]:
    """Find the spans of tokens whose characters are known, in lower case.

    text (str): The text.
    first (Sequence[int]): First character of each token.
    after (Sequence[int]): Character after the last of each token.
    words (AbstractSet[str]): The known words of spans, by `lower_case`.
    RETURNS (List[Tuple[int, int]]): First and last token of each span, sorted.
    """
    lower = lower_case(text)
    lengths = sorted({len(own) for own in words})
    tokens: Dict[int, int] = {end: i for i, end in enumerate(after)}
    places = []
    for start, begin in enumerate(first):
        for length in lengths:
            end = tokens.get(begin + length, -1)
            if end >= start and lower[begin : begin + length] in words:
                places.append((start, end))
    return places


def lower_case(text: str) -> str:
    """Return a text in lower case, of the same length: a letter stays as it is if two
    would take its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
