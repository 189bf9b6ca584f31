"""Text with entities from a grammar of phrases.

Text and entities are built together: an entity is opened, its text is written, and
it is closed, so that its offsets are right and entities nest by construction. The
signs of a grammar are explained in `text/phrases.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Optional

from agreements.values import Dice, Values

CLOSING = {"{": "}", "[": "]", "<": ">"}
BRACKET = re.compile(r"[{\[<]")
SLOT = re.compile(
    r"(?P<capital>\^?)(?P<name>\w+)(#(?P<key>\w+))?(:(?P<value>[^!]*))?(?P<role>!?)"
)
WEIGHT = re.compile(r"(\d+)\* ")


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


@cache
def split_brackets(text: str) -> tuple[tuple[str, str], ...]:
    """Plain text ("", text) and what stands in outer brackets ("{", content)."""
    parts, begin = [], 0
    while match := BRACKET.search(text, begin):
        end = find_closing(text, match.start())
        parts.append(("", text[begin : match.start()]))
        parts.append((match.group(), text[match.end() : end]))
        begin = end + 1
    parts.append(("", text[begin:]))
    return tuple(parts)


@cache
def split_options(text: str) -> tuple[Option, ...]:
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
    return tuple(Option(part.lstrip("~"), part.startswith("~")) for part in parts)


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
        for bracket, body in split_brackets(template):
            if bracket:
                self._write_bracket(bracket, body, out)
            else:
                out.write(body)

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
        names = (*(f"{scope}.{typed}" for scope in self.scopes), typed, rest)
        known = next(known for known in names if known in self.rules)
        template = self.chosen(self.rules[known])
        return self.expand(template.replace("$", side))
