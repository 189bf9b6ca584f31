"""Text with entities from a grammar of phrases.

Text and entities are built together: an entity is opened, its text is written, and
it is closed, so that its offsets are right and entities nest by construction. The
signs of a grammar are explained in `agreements_wording/phrases.txt`.
"""

from __future__ import annotations

import random
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Iterator, Optional, Sequence, TypeVar

T = TypeVar("T")

CLOSING = {"{": "}", "[": "]", "<": ">"}
SLOT = re.compile(
    r"(?P<capital>\^?)(?P<name>\w+)(#(?P<key>\w+))?(:(?P<value>[^!]*))?(?P<role>!?)"
)
WEIGHT = re.compile(r"(\d+)\* ")
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
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


@dataclass(frozen=True)
class Piece:
    """A stretch of text with its entities: (start, end, label) in characters."""

    text: str
    spans: tuple[tuple[int, int, str], ...] = ()

    def capitalized(self) -> Piece:
        """The same with its first letter in upper case."""
        return Piece(self.text[:1].upper() + self.text[1:], self.spans)


class Builder:
    """Text in the making, with the entities that lie in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[tuple[int, int, str]] = []
        self._length = 0

    def write(self, text: str) -> None:
        """Add text without entities."""
        self._parts.append(text)
        self._length += len(text)

    def insert(self, piece: Piece) -> None:
        """Add text with its entities."""
        shift = self._length
        self._spans += [(s + shift, e + shift, label) for s, e, label in piece.spans]
        self.write(piece.text)

    @contextmanager
    def span(self, label: str) -> Iterator[None]:
        """Make an entity of what is written inside the `with` block."""
        start = self._length
        yield
        self._spans.append((start, self._length, label))

    def build(self) -> Piece:
        """The text so far; entities by start, the longer one first."""
        order = sorted(self._spans, key=lambda span: (span[0], -span[1]))
        return Piece("".join(self._parts), tuple(order))


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


@dataclass(frozen=True)
class Option:
    """An alternative; a held one is for development and test documents only."""

    text: str
    held: bool = False


Rules = dict[str, list[Option]]


def read_blocks(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The blocks of a wording file: what follows "@ ", and the lines below it."""
    head: Optional[str] = None
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@ "):
            if head is not None:
                yield head, lines
            head, lines = line[2:].strip(), []
        elif line.strip() and not line.startswith("#"):
            lines.append(line.strip())
    if head is not None:
        yield head, lines


def read_words(path: Path) -> Rules:
    """Lists of words; the second and the fourth of each five are held out."""
    rules: Rules = {}
    for head, lines in read_blocks(path):
        words = [word.strip() for word in " ".join(lines).split(",")]
        rules[head] = [Option(w, i % 5 in (1, 3)) for i, w in enumerate(words)]
    return rules


def read_phrases(path: Path) -> Rules:
    """Alternatives, one on each line."""
    return {
        head: [option for line in lines for option in _parse_option(line)]
        for head, lines in read_blocks(path)
    }


def _parse_option(line: str) -> list[Option]:
    weight = WEIGHT.match(line)
    text = line[weight.end() :] if weight else line
    count = int(weight.group(1)) if weight else 1
    return [Option(text.lstrip("~"), text.startswith("~"))] * count


def find_closing(text: str, start: int) -> int:
    """Position of the bracket that closes the one at start."""
    stack = [CLOSING[text[start]]]
    for position in range(start + 1, len(text)):
        char = text[position]
        if char in CLOSING:
            stack.append(CLOSING[char])
        elif char == stack[-1]:
            stack.pop()
            if not stack:
                return position
    raise ValueError(f"Bracket not closed: {text[start:]}")


def split_options(text: str) -> list[Option]:
    """The alternatives between braces."""
    parts, position, begin = [], 0, 0
    while position < len(text):
        if text[position] in CLOSING:
            position = find_closing(text, position)
        elif text[position] == "|":
            parts.append(text[begin:position])
            begin = position + 1
        position += 1
    parts.append(text[begin:])
    return [Option(part.lstrip("~"), part.startswith("~")) for part in parts]


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
        tail = self.dice.between(0, 999)
        return self.dice.choice(("01632 960 {:03d}", "020 7946 0{:03d}")).format(tail)

    def _make_postcode(self, argument: str) -> str:
        letter = self._make_initial
        head = f"{letter('')}{letter('')}{self.dice.between(1, 29)}"
        return f"{head} {self.dice.between(1, 9)}{letter('')}{letter('')}"

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


@dataclass
class Expander:
    """Expands templates for one document.

    rules (Rules): The blocks by name.
    scopes (Sequence[str]): Prefixes that go before a name, the nearest first.
    types (Dict[str, str]): For a side, A or B, whether it is a company or a person.
    """

    rules: Rules
    dice: Dice
    values: Values
    scopes: Sequence[str]
    types: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._settled: dict[str, Piece] = {}

    def expand(self, template: str) -> Piece:
        """Text and entities of a template."""
        out = Builder()
        self._write(template, out)
        return out.build()

    def chosen(self, options: Sequence[Option]) -> str:
        """One of the alternatives that this document may use."""
        held = self.values.held
        return self.dice.choice([o.text for o in options if held or not o.held])

    def _write(self, template: str, out: Builder) -> None:
        position = 0
        while position < len(template):
            char = template[position]
            if char not in CLOSING:
                out.write(char)
                position += 1
                continue
            end = find_closing(template, position)
            self._write_bracket(char, template[position + 1 : end], out)
            position = end + 1

    def _write_bracket(self, bracket: str, body: str, out: Builder) -> None:
        if bracket == "{":
            self._write(self.chosen(split_options(body)), out)
        elif bracket == "[":
            label, _, inner = body.partition(" ")
            with out.span(label):
                self._write(inner, out)
        else:
            self._write_slot(body, out)

    def _write_slot(self, body: str, out: Builder) -> None:
        slot = SLOT.fullmatch(body)
        if slot is None:
            raise ValueError(f"Not a slot: <{body}>")
        if slot["value"] is not None:
            piece = Piece(self.values.make(slot["name"], slot["value"]))
        else:
            piece = self._named(slot["name"], slot["key"])
        piece = piece.capitalized() if slot["capital"] else piece
        if slot["role"]:
            with out.span("ROLE"):
                out.insert(piece)
        else:
            out.insert(piece)

    def _named(self, name: str, key: Optional[str]) -> Piece:
        if key is None and name[0].islower():
            return self._fresh(name)
        place = f"{name}#{key or ''}"
        if place not in self._settled:
            self._settled[place] = self._fresh(name)
        return self._settled[place]

    def _fresh(self, name: str) -> Piece:
        for known in (*(f"{scope}.{name}" for scope in self.scopes), name):
            if known in self.rules:
                return self.expand(self.chosen(self.rules[known]))
        return self._side(name)

    def _side(self, name: str) -> Piece:
        """A block on a party: "Asay" is "say_company" with A for each $."""
        side, rest = name[0], name[1:]
        typed = f"{rest}_{self.types[side]}"
        options = self.rules[typed if typed in self.rules else rest]
        return self.expand(self.chosen(options).replace("$", side))
