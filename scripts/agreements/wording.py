"""The wording of the agreements: what the files in `text` hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agreements.grammar import (
    Option,
    Piece,
    Rules,
    read_blocks,
    read_phrases,
    read_words,
    split_options,
)

FOLDER = Path(__file__).parent / "text"


@dataclass(frozen=True)
class Line:
    """A paragraph ("text") or a list item (joined by "and" or "or") of a clause."""

    joint: str
    text: str
    optional: bool


@dataclass(frozen=True)
class ClauseWording:
    """How a clause may be worded, and the kinds of agreement that it is for."""

    key: str
    kinds: tuple[str, ...]
    always: bool
    headings: tuple[Option, ...]
    lines: list[Line]

    def suits(self, kind: str) -> bool:
        if "*" in self.kinds:
            return f"-{kind}" not in self.kinds
        return kind in self.kinds


@dataclass(frozen=True)
class Clause:
    """A clause as worded in one document: paragraphs, each with its list."""

    key: str
    heading: str
    paragraphs: list[tuple[Piece, list[tuple[str, Piece]]]]


@dataclass(frozen=True)
class Wording:
    """All that the generator reads."""

    rules: Rules
    particular: list[ClauseWording]
    general: list[ClauseWording]
    definitions: list[tuple[tuple[str, ...], str, str]]
    labels: dict[str, str]
    kinds: list[str]

    @classmethod
    def read(cls, folder: Path) -> Wording:
        rules = read_words(folder / "names.txt")
        kinds = read_phrases(folder / "kinds.txt")
        rules.update(kinds)
        rules.update(read_phrases(folder / "phrases.txt"))
        titled = [name.split(".")[0] for name in kinds if name.endswith(".Title")]
        return cls(
            rules=rules,
            particular=read_clauses(folder / "clauses_particular.txt"),
            general=read_clauses(folder / "clauses_general.txt"),
            definitions=read_definitions(folder / "definitions.txt"),
            labels={h: " ".join(t) for h, t in read_blocks(folder / "labels.txt")},
            kinds=titled,
        )


def read_clauses(path: Path) -> list[ClauseWording]:
    """The clauses of a wording file, in its order."""
    clauses = []
    for head, lines in read_blocks(path):
        key, *kinds = head.split()
        clauses.append(
            ClauseWording(
                key=key.lstrip("!"),
                kinds=tuple(kinds),
                always=key.startswith("!"),
                headings=split_options(lines[0].removeprefix("= ")),
                lines=[parse_line(line) for line in lines[1:]],
            )
        )
    return clauses


def parse_line(line: str) -> Line:
    """A line of a clause; "?" before it makes it optional."""
    optional = line.startswith("?")
    text = line.removeprefix("?").strip()
    joint = {"- ": "and", "* ": "or"}.get(text[:2], "")
    return Line(joint, text[2:] if joint else text, optional)


def read_definitions(path: Path) -> list[tuple[tuple[str, ...], str, str]]:
    """Kinds of agreement, term and meaning of each definition."""
    definitions = []
    for head, lines in read_blocks(path):
        kinds = tuple(head.split()[1:])
        for line in lines:
            term, _, meaning = line.partition(" = ")
            definitions.append((kinds, term, meaning))
    return definitions
