"""Text with entities from the templates of one note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from agreements.grammar import (
    Builder,
    Option,
    Piece,
    Rules,
    split_brackets,
    split_options,
)
from agreements.values import Dice

from admissions.wording import may_use

DATES = ("{y}-{m:02d}-{d:02d}", "{y}年{m}月{d}日", "{y}.{m:02d}.{d:02d}", "{m}月{d}日")
JOINTS = {"some": "、", "list": "，"}
# Blocks of which only what the note has not said yet is taken.
ONCE = {
    *("neg", "neg_common", "chronic", "infectious", "had", "treated"),
    *("normal_head", "lab", "lab_more"),
}
DENIED = {"chronic", "infectious"}


@dataclass
class Expander:
    """Expands templates for one note; the signs are explained in `text/phrases.txt`.

    rules (Rules): The blocks by name.
    split (str): The split that the note is for.
    scopes (Sequence[str]): Prefixes that go before a name, the nearest first.
    day (date): The day of admission.
    settled (Dict[str, Piece]): Names that have one meaning in the whole note.
    denied (List[str]): The diseases that the note denies so far.
    """

    rules: Rules
    dice: Dice
    split: str
    scopes: Sequence[str]
    day: date
    settled: dict[str, Piece] = field(default_factory=dict)
    denied: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._said = ""
        self._dates = self.dice.choice(DATES)

    def expand(self, template: str) -> Piece:
        """Text and entities of a template."""
        out = Builder()
        for bracket, body in split_brackets(template):
            if bracket == "{":
                out.insert(self.expand(self._choose(split_options(body))))
            elif bracket == "[":
                label, _, inner = body.partition(" ")
                with out.span(label):
                    out.insert(self.expand(inner))
            elif bracket == "<":
                out.insert(self._slot(body))
            else:
                out.write(body)
                self._said += body
        return out.build()

    def options(self, name: str) -> list[str]:
        """The alternatives of a block that the note may use."""
        names = (*(f"{scope}.{name}" for scope in self.scopes), name)
        known = next(known for known in names if known in self.rules)
        return [o.text for o in self.rules[known] if may_use(o, self.split)]

    def sample(self, name: str, low: int, high: int) -> list[Piece]:
        """Different alternatives of a block, from low to high of them.

        RETURNS (List[Piece]): At least one, unless none is asked for.
        """
        count, taken = self.dice.between(low, high), []
        for template in self.dice.shuffled(self.options(name)):
            said = self._said
            piece = self.expand(template)
            again = name in ONCE and any(t in said for t in entity_texts(piece))
            if len(taken) == count or (again and taken):
                self._said = said
            else:
                taken.append(piece)
        if name in DENIED:
            self.denied += [piece.text for piece in taken]
        return taken

    def _choose(self, options: Sequence[Option]) -> str:
        return self.dice.choice([o.text for o in options if may_use(o, self.split)])

    def _slot(self, body: str) -> Piece:
        kind, _, rest = body.partition(":")
        if kind in ("some", "list", "rows"):
            name, _, bounds = rest.partition(" ")
            low, high = map(int, bounds.split("-"))
            pieces = self.sample(name, low, high)
            return numbered(pieces) if kind == "rows" else join(pieces, JOINTS[kind])
        if kind in ("v", "day", "clock"):
            value = Piece(getattr(self, f"_make_{kind}")(rest))
            self._said += value.text
            return value
        return self._named(kind)

    def _named(self, name: str) -> Piece:
        if name[0].islower():
            return self.expand(self.dice.choice(self.options(name)))
        if name not in self.settled:
            self.settled[name] = self.expand(self.dice.choice(self.options(name)))
        self._said += self.settled[name].text
        return self.settled[name]

    def _make_v(self, bounds: str) -> str:
        """A number with as many decimals as the lower bound has."""
        low, high = bounds.split("-")
        places = len(low.partition(".")[2])
        scale = 10**places
        number = self.dice.between(
            round(float(low) * scale), round(float(high) * scale)
        )
        return f"{number / scale:.{places}f}"

    def _make_day(self, bounds: str) -> str:
        day = self.day - timedelta(days=int(self._make_v(bounds)))
        return self._dates.format(y=day.year, m=day.month, d=day.day)

    def _make_clock(self, _: str) -> str:
        return f"{self.dice.between(0, 23):02d}:{self.dice.between(0, 59):02d}"


def entity_texts(piece: Piece) -> list[str]:
    """The texts of the entities but body parts; the whole text if there are none."""
    spans = [(start, end) for start, end, label in piece.spans if label != "bod"]
    return [piece.text[start:end] for start, end in spans] or [piece.text]


def join(pieces: Sequence[Piece], joint: str) -> Piece:
    """Pieces one after the other."""
    out = Builder()
    for n, piece in enumerate(pieces):
        out.write(joint if n else "")
        out.insert(piece)
    return out.build()


def numbered(pieces: Sequence[Piece]) -> Piece:
    """Pieces one below the other, numbered if there are several."""
    out = Builder()
    for n, piece in enumerate(pieces, start=1):
        out.write("\n" if n > 1 else "")
        out.write(f"{n}." if len(pieces) > 1 else "")
        out.insert(piece)
    return out.build()
