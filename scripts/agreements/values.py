"""Dice, and the values that they make: dates, sums, numbers and references."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

T = TypeVar("T")

MONTH_NAMES = (
    "January February March April May June July August September October November "
    "December"
)
MONTHS = MONTH_NAMES.split()
WEEKDAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
WEEKDAYS = WEEKDAY_NAMES.split()
SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
SMALL = SMALL_NUMBERS.split()
TEN_NUMBERS = "- - twenty thirty forty fifty sixty seventy eighty ninety"
TENS = TEN_NUMBERS.split()
# What a value may be written like; the last form of each is for held-out documents.
DATE_FORMS = (
    "{d} {month} {y}",
    "{d}{th} {month} {y}",
    "{d:02d}/{m:02d}/{y}",
    "{month} {d}, {y}",
    "the {d}{th} day of {month} {y}",
    "{y}-{m:02d}-{d:02d}",
    "{d} {month}, {y}",
    "{d:02d}.{m:02d}.{y}",
    "{weekday} {d} {month} {y}",
)
NUMBER_FORMS = ("{words} ({n})", "{n}", "{words}")
MONEY_FORMS = (
    "{sign}{n:,}",
    "{sign}{n:,}.00",
    "{code} {n:,}",
    "{words} {unit} ({sign}{n:,})",
    "{n:,} {unit}",
)
CURRENCIES = {
    "pound": {"sign": "£", "code": "GBP", "unit": "pounds"},
    "euro": {"sign": "€", "code": "EUR", "unit": "euro"},
    "dollar": {"sign": "US$", "code": "USD", "unit": "dollars"},
}


class Dice:
    """Choices that depend on a seed and on nothing else.

    Only `Random.random` is used: its sequence is the same in every Python version.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def choice(self, options: Sequence[T]) -> T:
        return options[self.between(0, len(options) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        rest = list(items)
        return [rest.pop(self.between(0, len(rest) - 1)) for _ in items]


def in_words(number: int) -> str:
    """A whole number below a thousand million in English words."""
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            head = f"{in_words(number // size)} {name}"
            rest = number % size
            joint = " and " if rest < 100 else " "
            return head + (joint + in_words(rest) if rest else "")
    if number < 20:
        return SMALL[number]
    unit = number % 10
    return TENS[number // 10] + (f"-{SMALL[unit]}" if unit else "")


def ordinal_ending(number: int) -> str:
    """The letters after the digits of an ordinal number: "st" after 21."""
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def format_date(day: date, form: str) -> str:
    """A date in one of the DATE_FORMS."""
    return form.format(
        d=day.day,
        m=day.month,
        y=day.year,
        month=MONTHS[day.month - 1],
        weekday=WEEKDAYS[day.weekday()],
        th=ordinal_ending(day.day),
    )


def rounded(number: int) -> int:
    """A sum of money as people would agree on it."""
    step = 5
    while number >= step * 200:
        step *= 10
    return number // step * step


@dataclass
class Values:
    """Dates, sums, numbers and references, in the manner of one document."""

    dice: Dice
    day: date
    currency: str
    held: bool
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dates = self._forms(DATE_FORMS, 2)
        self._moneys = self._forms(MONEY_FORMS, 2)
        self._numbers = self._forms(NUMBER_FORMS, 1)

    def _forms(self, forms: Sequence[str], count: int) -> list[str]:
        """The usual form three times, and others beside it."""
        known = forms if self.held else forms[:-1]
        picked = self.dice.shuffled(known)[:count]
        return picked[:1] * 3 + picked[1:]

    def make(self, name: str, argument: str) -> str:
        """The value of a slot <name:argument>."""
        made: str = getattr(self, f"_make_{name}")(argument)
        return made

    def _between(self, argument: str, mark: str = "-") -> int:
        low, high = argument.split(mark)
        return self.dice.between(int(low), int(high))

    def _make_n(self, argument: str) -> str:
        return f"{self._between(argument):,}"

    def _make_nn(self, argument: str) -> str:
        number = self._between(argument)
        form = self.dice.choice(self._numbers)
        return form.format(n=number, words=in_words(number))

    def _make_number(self, argument: str) -> str:
        first = str(self.dice.between(1, 9))
        rest = (str(self.dice.between(0, 9)) for _ in range(int(argument) - 1))
        return first + "".join(rest)

    def _make_initial(self, argument: str) -> str:
        return self.dice.choice("ABCDEFGHJKLMNPRSTVW")

    def _make_phone(self, argument: str) -> str:
        """A number from the ranges kept for use in fiction."""
        irish = ("020 910 0{:03d}", "020 911 0{:03d}")
        british = ("01632 960 {:03d}", "020 7946 0{:03d}")
        form = self.dice.choice(irish if self.currency == "euro" else british)
        return form.format(self.dice.between(0, 999))

    def _make_postcode(self, argument: str) -> str:
        a, b, c, d = (self._make_initial("") for _ in range(4))
        m, n = self.dice.between(1, 29), self.dice.between(1, 9)
        if self.currency == "euro":
            return f"{a}{m + 20} {b}{n}{c}{self.dice.between(1, 9)}"
        return f"{a}{b}{m} {n}{c}{d}"

    def _make_date(self, argument: str) -> str:
        day = self.day + timedelta(days=self._between(argument, ".."))
        return format_date(day, self.dice.choice(self._dates))

    def _make_day(self, argument: str) -> str:
        day = self.day + timedelta(days=self._between(argument, ".."))
        return format_date(day, DATE_FORMS[0])

    def _make_money(self, argument: str) -> str:
        number = rounded(self._between(argument))
        foreign = self.dice.chance(0.06)
        currency = CURRENCIES["dollar" if foreign else self.currency]
        if number >= 1_000_000 and self.dice.chance(0.5):
            return f"{currency['sign']}{number // 1_000_000} million"
        form = self.dice.choice(self._moneys)
        return form.format(n=number, words=in_words(number), **currency)

    def _make_glued(self, argument: str) -> str:
        number = rounded(self._between(argument))
        return f"{CURRENCIES[self.currency]['sign']}{number}"

    def _make_ref(self, argument: str) -> str:
        return self.places.get(argument, "its terms")
