"""Confusion of gold spans with found spans."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Counter as CounterT
from typing import DefaultDict, Dict, Iterable, List, Tuple

from .matching import MatchedSpan


@dataclass
class Confusion:
    """Counts of gold and found spans, made by `confuse`. Each gold span is in one of
    `pairs`, `borders` and `missed`, and each found span in one of `pairs`, `borders`
    and `spurious`.

    pairs (Counter[Tuple[str, str]]): By gold and found label at the same place,
        including right ones.
    borders (Counter[str]): By label: a gold and a found span that overlap, with
        different borders.
    missed (Counter[str]): Other gold spans, by label.
    spurious (Counter[str]): Other found spans, by label.
    """

    pairs: CounterT[Tuple[str, str]] = field(default_factory=Counter)
    borders: CounterT[str] = field(default_factory=Counter)
    missed: CounterT[str] = field(default_factory=Counter)
    spurious: CounterT[str] = field(default_factory=Counter)

    @property
    def labels(self) -> List[str]:
        """Return all labels, in alphabetical order."""
        paired = {label for pair in self.pairs for label in pair}
        return sorted(paired | {*self.borders, *self.missed, *self.spurious})

    def to_dict(self) -> Dict[str, object]:
        """Return the counts, ready for JSON."""
        rows = {
            gold: {
                found: n
                for (own, found), n in sorted(self.pairs.items())
                if own == gold
            }
            for gold in sorted({gold for gold, _ in self.pairs})
        }
        others = {
            name: dict(sorted(getattr(self, name).items()))
            for name in ("borders", "missed", "spurious")
        }
        return {"same_place": rows, **others}


def confuse(spans: Iterable[MatchedSpan]) -> Confusion:
    """Count which spans were found instead of gold spans. A wrong label is a gold and a
    found span at the same place. Of the other spans, those of one label that share the
    most characters are paired, as spans with wrong borders.

    spans (Iterable[MatchedSpan]): The spans.
    RETURNS (Confusion): The counts.
    """
    confusion = Confusion()
    missed: List[MatchedSpan] = []
    spurious: List[MatchedSpan] = []
    places: DefaultDict[Tuple[int, int, int], List[MatchedSpan]] = defaultdict(list)
    for span in spans:
        if span.is_right:
            confusion.pairs[span.label, span.label] += 1
        else:
            places[span.document, span.start, span.end].append(span)
    for place in places.values():
        gold = sorted((s for s in place if s.is_gold), key=_label)
        found = sorted((s for s in place if s.is_found), key=_label)
        confusion.pairs.update((g.label, f.label) for g, f in zip(gold, found))
        missed.extend(gold[len(found) :])
        spurious.extend(found[len(gold) :])
    _add_borders(confusion, missed, spurious)
    return confusion


def _add_borders(
    confusion: Confusion, missed: List[MatchedSpan], spurious: List[MatchedSpan]
) -> None:
    overlaps = sorted(_overlaps(missed, spurious))
    gold_left, found_left = set(range(len(missed))), set(range(len(spurious)))
    for _, gold, found in overlaps:
        if gold in gold_left and found in found_left:
            gold_left.remove(gold)
            found_left.remove(found)
            confusion.borders[missed[gold].label] += 1
    confusion.missed.update(missed[i].label for i in gold_left)
    confusion.spurious.update(spurious[i].label for i in found_left)


def _overlaps(
    missed: List[MatchedSpan], spurious: List[MatchedSpan]
) -> Iterable[Tuple[int, int, int]]:
    """Yield the number of shared characters, negative, and the indices of the gold and
    the found span."""
    groups: DefaultDict[Tuple[int, str], List[int]] = defaultdict(list)
    for i in sorted(range(len(spurious)), key=lambda i: spurious[i].start):
        groups[spurious[i].document, spurious[i].label].append(i)
    starts = {key: [spurious[i].start for i in own] for key, own in groups.items()}
    reach = {
        key: list(accumulate((spurious[i].end for i in own), max))
        for key, own in groups.items()
    }
    for gold, span in enumerate(missed):
        key = (span.document, span.label)
        last = bisect_left(starts.get(key, []), span.end) - 1
        while last >= 0 and reach[key][last] > span.start:
            found = groups[key][last]
            other = spurious[found]
            shared = min(span.end, other.end) - max(span.start, other.start)
            if shared > 0:
                yield -shared, gold, found
            last -= 1


def _label(span: MatchedSpan) -> str:
    return span.label
