"""Something that `debug` finds to be wrong with some spans or documents.

It is a warning if it concerns at least 1 % of the spans and 3 of them, or at least 1 %
of the documents; a smaller one is a note in a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

#: Share from which a finding is a warning, if it also concerns as many items.
LARGE_SHARE = 0.01
LEAST_SPANS = 3
LEAST_DOCUMENTS = 1


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with some items of a file.

    file (str): Name of the file.
    text (str): What is wrong and what to do about it, in whole sentences.
    n (int): Items that it concerns.
    total (int): Items of the file.
    examples (Sequence[str]): Some of the items, with the names of their documents.
    least (int): Items from which it can be a warning.
    large_share (float): Share of the items from which it is one.
    large_kind (str): What it is then: "warn", or "info" for something that costs
        nothing but time or memory.
    """

    file: str
    text: str
    n: int
    total: int
    examples: Sequence[str] = ()
    least: int = LEAST_SPANS
    large_share: float = LARGE_SHARE
    large_kind: str = "warn"

    @property
    def is_large(self) -> bool:
        """RETURNS (bool): Whether it is more than a note in a table."""
        return self.n >= max(self.least, self.large_share * self.total)

    @property
    def sentences(self) -> str:
        """RETURNS (str): The text, with the examples."""
        if not self.examples:
            return self.text
        return f"{self.text} For example: {'; '.join(self.examples)}"
