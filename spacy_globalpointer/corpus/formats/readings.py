"""Find out what the offsets of a file count, and whether the end is inclusive.

Few files state what their offsets count, so each reading is compared with the texts. A
span fits if it is within its text and equals the file's own copy of it. Without a copy,
it fits if it neither begins nor ends with white space or within a word. Spans that are
the same in all readings, or that fit none, do not count.
"""

from __future__ import annotations

import unicodedata
import warnings
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy

from ...errors import Errors, Warnings
from ...types import CharSpan
from ...wording import number_of
from ..annotations import Reason, Source, find_fault
from ..words import Words
from .fates import Fate, make_span
from .files import SourceFile
from .format import bad_option
from .json_values import is_kind
from .offsets import Offsets

AUTO = "auto"
EXCLUSIVE, INCLUSIVE = "exclusive", "inclusive"
ENDS = (EXCLUSIVE, INCLUSIVE)
#: Letters of alphabets that separate words by spaces, and digits.
_OF_WORDS = ("Lu", "Ll", "Lt", "Nd")
_JOINER = "\u200d"


class Reading(NamedTuple):
    """Meaning of offsets: what they count, one of `offsets.UNITS`, and whether the end
    is inclusive."""

    unit: str
    end: str = EXCLUSIVE

    def __str__(self) -> str:
        return self.unit if self.end == EXCLUSIVE else f"{self.unit}, end inclusive"


class Places:
    """Finds the spans of a text by their offsets.

    text (str): The text.
    reading (Reading): What the offsets mean.
    """

    def __init__(self, text: str, reading: Reading) -> None:
        self._text = text
        self._offsets = Offsets(text, reading.unit)
        self._shift = int(reading.end == INCLUSIVE)

    def find(self, start: int, end: int) -> Optional[CharSpan]:
        """RETURNS (Optional[Tuple[int, int]]): First character and character after the
        last, which may be outside of the text; None if one of them is within a
        character."""
        first = self._offsets.to_points(start)
        last = self._offsets.to_points(end + self._shift)
        return None if first is None or last is None else (first, last)

    def read(
        self, label: Any, start: Any, end: Any, source: Source, **given: Any
    ) -> Fate:
        """Make a span from its description in a file.

        label (Any): As for `fates.make_span`, and so are `copy`, `id` and `score`.
        start (Any): First offset: a whole number.
        end (Any): Last offset.
        source (Source): File and line.
        RETURNS (Union[TextSpan, Reason]): The span, or what is wrong.
        """
        if not is_kind(start, int) or not is_kind(end, int):
            return Reason.BAD_LINE
        place = self.find(start, end)
        if place is None:
            return Reason.OUT_OF_TEXT
        return make_span(self._text, label, *place, source, **given)


class Marked(NamedTuple):
    """A text and the offsets of its spans as a file has them.

    source (Source): File and line.
    text (str): The text.
    spans (Sequence[Tuple[Any, ...]]): Start, end and the file's copy of the span's
        text; None for no copy. Values of other types are ignored.
    """

    source: Source
    text: str
    spans: Sequence[Tuple[Any, ...]]


def mark_objects(source: Source, record: Dict[str, Any], key: str) -> Marked:
    """Find the spans of a record. They are objects with start, end and perhaps text.

    source (Source): File and line.
    record (Dict[str, Any]): The object.
    key (str): Its field of spans.
    RETURNS (Marked): The text and its spans, without those of other forms.
    """
    text, spans = record.get("text"), record.get(key)
    if not isinstance(text, str) or not isinstance(spans, list):
        return Marked(source, "", [])
    known = [span for span in spans if isinstance(span, dict)]
    offsets = [tuple(span.get(k) for k in ("start", "end", "text")) for span in known]
    return Marked(source, text, offsets)


@dataclass(frozen=True)
class Rule:
    """Possible readings of the offsets of a format.

    format (str): Its name.
    units (Tuple[str, ...]): What they may count, the most usual first.
    ends (Tuple[str, ...]): What the end may be, the most usual first.
    is_known (bool): Whether the first reading is the format's own. It is used unless
        the texts support another one. If it is not known, the texts must decide.
    copies_only (bool): Whether only copies of the spans' texts can support a reading
        that is not the format's own.
    """

    format: str
    units: Tuple[str, ...]
    ends: Tuple[str, ...] = (EXCLUSIVE,)
    is_known: bool = True
    copies_only: bool = False

    def readings(self, unit: str = AUTO, end: str = AUTO) -> List[Reading]:
        """Find the readings that the user's options leave.

        unit (str): What offsets count, or auto.
        end (str): "exclusive", "inclusive" or auto.
        RETURNS (List[Reading]): The readings, the most usual first.
        RAISES (ValueError): GP167 for another value.
        """
        for name, value, known in (
            ("offsets", unit, self.units),
            ("end", end, self.ends),
        ):
            if value not in (AUTO, *known):
                rule = "one of: " + ", ".join((AUTO, *known))
                raise bad_option(self.format, name, value, rule)
        ends = self.ends if end == AUTO else (end,)
        units = self.units if unit == AUTO else (unit,)
        return [Reading(unit, end) for end, unit in product(ends, units)]

    def choose(
        self, file: SourceFile, texts: Iterable[Marked], readings: Sequence[Reading]
    ) -> Reading:
        """Choose the reading that all spans of a file fit.

        file (SourceFile): The file, for messages.
        texts (Iterable[Marked]): All its texts.
        readings (Sequence[Reading]): The readings that are possible.
        RETURNS (Reading): The reading.
        WARNS: GPW115 if it is not the format's own, and no copy of a text supports it.
        RAISES (ValueError): GP129 if the texts do not decide.
        """
        first = readings[0]
        if len(readings) == 1:
            return first
        trial = _Trial(readings, self.copies_only)
        for marked in texts:
            trial.add(marked)
        chosen = trial.best(self.is_known)
        if chosen is None and self.copies_only:
            return first
        if chosen is None:
            fields = {"file": file.path, "readings": ", ".join(map(str, readings))}
            fields.update(example=trial.example, option=_options_for(readings))
            raise ValueError(Errors.GP129.format(**fields))
        i = readings.index(chosen)
        if self.is_known and i and not trial.copies[i, 0]:
            spans = number_of(int(trial.better[i, 0]), "span fits", "spans fit")
            message = Warnings.GPW115.format(
                file=file.path, chosen=chosen, first=first, spans=spans
            )
            warnings.warn(message, stacklevel=2)
        return chosen


def _options_for(readings: Sequence[Reading]) -> str:
    """RETURNS (str): The options of a format that choose among readings."""
    units = dict.fromkeys(reading.unit for reading in readings)
    ends = dict.fromkeys(reading.end for reading in readings)
    choices = {"offsets": units, "end": ends}
    return " and ".join(
        f"--option {name}={'|'.join(values)}"
        for name, values in choices.items()
        if len(values) > 1
    )


@dataclass
class _Trial:
    """Counts of the spans that each of two readings fits, for readings that place a
    span differently.

    readings (Sequence[Reading]): The readings.
    copies_only (bool): As in `Rule`.
    better (ndarray): Spans that the first of two readings fits and the second does not.
    both (ndarray): Spans that both fit, at different places.
    copies (ndarray): Those of `better` that have a copy of their text.
    example (str): The first span that readings place differently.
    """

    readings: Sequence[Reading]
    copies_only: bool
    better: numpy.ndarray = field(init=False)
    both: numpy.ndarray = field(init=False)
    copies: numpy.ndarray = field(init=False)
    example: str = ""

    def __post_init__(self) -> None:
        n = len(self.readings)
        self.better, self.both, self.copies = numpy.zeros((3, n, n), dtype=numpy.int64)

    def add(self, marked: Marked) -> None:
        """Compare the spans of a text."""
        text = marked.text
        words: Optional[Words] = None
        places = [Places(text, reading) for reading in self.readings]
        for start, end, copy in marked.spans:
            copy = copy if isinstance(copy, str) and copy else None
            if not is_kind(start, int) or not is_kind(end, int):
                continue
            if self.copies_only and copy is None:
                continue
            found = [place.find(start, end) for place in places]
            if len(set(found)) > 1:
                fits = [_fits(text, place, copy) for place in found]
                words = words or Words(text)
                trims = [copy is None and _ends_in_space(text, words, p) for p in found]
                self._count(found, fits, trims, copy is not None)
                shown = self._describe(text, found, fits)
                if shown and not self.example:
                    self.example = f"{marked.source}: {start} to {end} is {shown}"

    def best(self, first_is_known: bool) -> Optional[Reading]:
        """RETURNS (Optional[Reading]): The only reading that fits all spans that any
        other one fits; None if there is no such reading."""
        better, both = self.better, self.both
        for i, reading in enumerate(self.readings):
            known = first_is_known and i == 0
            alone = (better[i] > 0) | (both[i] == 0) | known
            if alone.all() and not better[:, i].any():
                return reading
        # Some mistakes in the source fit another reading by chance.
        first_leads = (better[0] >= better[:, 0]).all()
        return self.readings[0] if first_is_known and first_leads else None

    def _count(
        self,
        found: List[Optional[CharSpan]],
        fits: List[bool],
        trims: List[bool],
        copied: bool,
    ) -> None:
        ends = [reading.end for reading in self.readings]
        for i, j in product(range(len(found)), repeat=2):
            # "Anna ", which is trimmed, does not support "Anna a".
            is_trimmed = trims[j] and (ends[i], ends[j]) == (INCLUSIVE, EXCLUSIVE)
            if found[i] != found[j] and fits[i]:
                (self.both if fits[j] or is_trimmed else self.better)[i, j] += 1
                self.copies[i, j] += copied and not fits[j]

    def _describe(
        self, text: str, found: List[Optional[CharSpan]], fits: List[bool]
    ) -> str:
        shown: Dict[str, List[str]] = {}
        for reading, place, fit in zip(self.readings, found, fits):
            if place is not None and fit:
                copy = repr(text[slice(*place)][:60])
                shown.setdefault(copy, []).append(str(reading))
        return "; ".join(f"{copy} as {', '.join(by)}" for copy, by in shown.items())


def _fits(text: str, place: Optional[CharSpan], copy: Optional[str]) -> bool:
    if place is None or find_fault(text, *place) is not None:
        return False
    start, end = place
    if copy is not None:
        return text[start:end] == copy
    if text[start].isspace() or text[end - 1].isspace():
        return False
    return not _is_in_word(text, start) and not _is_in_word(text, end)


def _ends_in_space(text: str, words: Words, place: Optional[CharSpan]) -> bool:
    """RETURNS (bool): Whether a span would fit without the white space at its end."""
    if place is None or find_fault(text, *place) is not None:
        return False
    start, end = place
    trimmed = words.trim(start, end) if text[end - 1].isspace() else None
    return trimmed is not None and _fits(text, (start, trimmed[1]), None)


def _is_in_word(text: str, edge: int) -> bool:
    """RETURNS (bool): Whether an edge is inside a word or a sign."""
    if not 0 < edge < len(text):
        return False
    before, after = text[edge - 1], text[edge]
    kinds = [unicodedata.category(char) for char in (before, after)]
    if kinds[1].startswith("M") or _JOINER in (before, after):
        return True
    return all(kind in _OF_WORDS for kind in kinds)
