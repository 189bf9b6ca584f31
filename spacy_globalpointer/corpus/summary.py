"""Summarize which annotations of a corpus a conversion kept and rejected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence
from typing import Counter as CounterT

from ..errors import Errors
from .annotations import Reason, Reject
from .statistics import CorpusStatistics


@dataclass
class SplitSummary:
    """Counts of the annotations of a split, kept and rejected.

    statistics (CorpusStatistics): Content of the split.
    read (int): Annotations read, of every kind.
    kept (int): Spans kept.
    trimmed (int): Kept spans that lost white space at their ends.
    adjusted (int): Kept spans that were expanded or contracted to tokens.
    joined (int): Ends of sentences inside a span, which continues after them.
    cut (int): Spans cut in two by the end of a sentence, if sentences are documents.
    skipped (int): Documents left out because their annotator did not accept them.
    predicted (int): Documents without a span that have predictions, which the user did
        not ask for.
    rejected (Counter[str]): Rejects by reason.
    """

    statistics: CorpusStatistics
    read: int = 0
    kept: int = 0
    trimmed: int = 0
    adjusted: int = 0
    joined: int = 0
    cut: int = 0
    skipped: int = 0
    predicted: int = 0
    rejected: CounterT[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """RETURNS (int): Rejects that were meant as a span of their own: see
        `Reason.is_loss`."""
        losses = (reason.value for reason in Reason if reason.is_loss)
        return sum(self.rejected[reason] for reason in losses)

    @property
    def sentence_ends(self) -> Dict[str, int]:
        """RETURNS (Dict[str, int]): Ends of sentences within spans, by their effect."""
        return {
            "joined_at_sentence_ends": self.joined,
            "cut_at_sentence_ends": self.cut,
        }

    def count_rejects(self, rejects: Sequence[Reject]) -> None:
        """Count rejects by reason.

        rejects (Sequence[Reject]): The rejects.
        """
        self.rejected.update(reject.reason.value for reject in rejects)

    def check_account(self, split: str) -> None:
        """Check that every annotation was either kept or rejected.

        split (str): Name of the split.
        RAISES (RuntimeError): GP115 if the numbers do not add up.
        """
        kept, rejected = self.kept, sum(self.rejected.values())
        if self.read != kept + rejected:
            fields = {"read": self.read, "kept": kept, "rejected": rejected}
            raise RuntimeError(Errors.GP115.format(split=split, **fields))

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The summary, ready for JSON."""
        return {
            "read": self.read,
            "kept": self.kept,
            "trimmed": self.trimmed,
            "adjusted": self.adjusted,
            **{key: n for key, n in self.sentence_ends.items() if n},
            "rejected": dict(sorted(self.rejected.items())),
            "lost": self.lost,
            "skipped": self.skipped,
            **self.statistics.to_dict(),
        }


@dataclass
class ConversionSummary:
    """Summary of the conversion of a corpus.

    splits (Dict[str, SplitSummary]): The summary of each split.
    format (str): Name of the format that was read.
    unread (List[str]): Files of the folder without an ending of the format.
    """

    splits: Dict[str, SplitSummary]
    format: str = ""
    unread: List[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """RETURNS (int): Annotations lost in all splits, see `SplitSummary`."""
        return sum(split.lost for split in self.splits.values())

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The summaries by split, ready for JSON."""
        return {name: split.to_dict() for name, split in self.splits.items()}
