"""Find the words in any part of a text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Optional, Sequence, Tuple

_WORD = re.compile(r"\S+")


class Words:
    """The words of a text, which white space separates.

    White space is what `str.isspace` accepts: spaces, tabs, line ends, no-break and
    ideographic spaces. A zero-width space is not white space; tokenizers leave it in a
    token.

    The text is read once. Each method then takes the time of a search, however long the
    part is.

    text (str): The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        places = [match.span() for match in _WORD.finditer(text)]
        self._starts = [start for start, _ in places]
        self._ends = [end for _, end in places]

    def within(self, start: int, end: int) -> bool:
        """RETURNS (bool): Whether there is more than white space from start to end
        (exclusive)."""
        first, last = self._find(start, end)
        return first < last

    def trim(self, start: int, end: int) -> Optional[Tuple[int, int]]:
        """Remove white space from the ends of a part.

        start (int): First character.
        end (int): Character after the last.
        RETURNS (Optional[Tuple[int, int]]): The part without it; None if nothing
            remains.
        """
        first, last = self._find(start, end)
        if first >= last:
            return None
        return max(start, self._starts[first]), min(end, self._ends[last - 1])

    def are(self, start: int, end: int, words: Sequence[str]) -> bool:
        """Compare a part with words, whatever white space is between them.

        start (int): First character.
        end (int): Character after the last.
        words (Sequence[str]): The words.
        RETURNS (bool): Whether these are the words of the part.
        """
        first, last = self._find(start, end)
        if last - first != len(words):
            return False
        for i, word in zip(range(first, last), words):
            a, b = max(start, self._starts[i]), min(end, self._ends[i])
            if b - a != len(word) or not self._text.startswith(word, a):
                return False
        return True

    def _find(self, start: int, end: int) -> Tuple[int, int]:
        """RETURNS (Tuple[int, int]): Indices of the first word of a part, which it may
        cut, and of the word after the last."""
        if start >= end:
            return 0, 0
        return bisect_right(self._ends, start), bisect_left(self._starts, end)
