"""Make the bundled corpus: English agreements with nested entities, in brat format.

The same seed and number of documents give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from agreements_grammar import (
    Builder,
    Dice,
    Expander,
    Option,
    Piece,
    Rules,
    Values,
    in_words,
    read_blocks,
    read_phrases,
    read_words,
    split_options,
)

WORDING = Path(__file__).parent / "agreements_wording"
OUTPUT = Path("assets") / "agreements"
SEED = 0
DOCUMENTS = 64
LONG_WORDS = 480


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
    headings: list[Option]
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
class Numbering:
    """How clauses, paragraphs and items are numbered and referred to.

    Signs: {n} the clause, {m} the paragraph, {a} the item, {r} a Roman number, {w}
    an ordinal in words. heading: "line", "dash", "run" or "" for no heading.
    """

    clause: str
    paragraph: str
    item: str
    reference: str
    heading: str
    held: bool = False


NUMBERINGS = (
    Numbering("{n}.", "{n}.{m}", "({a})", "clause {n}", "line"),
    Numbering("{n}.", "{n}.{m}.", "({i})", "clause {n}", "run"),
    Numbering("Article {r}", "{n}.{m}", "({a})", "Article {r}", "dash"),
    Numbering("§ {n}", "({m})", "{a})", "§ {n}", "line"),
    Numbering("{n}", "{n}.{m}", "({a})", "clause {n}", "line"),
    Numbering("({n})", "", "({a})", "paragraph ({n})", ""),
    Numbering("Clause {n}:", "", "({i})", "Clause {n}", "run"),
    Numbering("{n}.", "", "({a})", "section {n}", "run"),
    Numbering("{r}.", "{n}.{m:02d}", "{a}.", "Part {r}", "line"),
    Numbering("Section {n}.", "({a2})", "({i})", "Section {n}", "run", held=True),
    Numbering("{w}:", "", "({a})", "article {n}", "", held=True),
)
SPECIAL = Numbering("{n}.", "", "({a})", "", "run")
ORDINALS = (
    "First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh "
    "Twelfth Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth "
    "Nineteenth Twentieth"
).split()


def roman(number: int) -> str:
    """A whole number below forty in Roman figures."""
    ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return "X" * (number // 10) + ones[number % 10]


def ordinal(number: int) -> str:
    """An ordinal number in words."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    return f"{in_words(number // 10 * 10)}-{ORDINALS[number % 10 - 1]}".capitalize()


def numbered(form: str, n: int, m: int = 0) -> str:
    """A form of numbering with clause n and its paragraph or item m filled in."""
    letter = chr(ord("a") + m % 26 - 1) if m else ""
    return form.format(
        n=n,
        m=m,
        a=letter,
        a2=letter.upper(),
        i=roman(m).lower(),
        r=roman(n),
        w=ordinal(n),
    )


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


@dataclass
class Draft:
    """One agreement in the making."""

    wording: Wording
    kind: str
    held: bool
    dice: Dice
    expander: Expander = field(init=False)
    out: Builder = field(init=False)
    gap: str = field(init=False)

    def __post_init__(self) -> None:
        dice = self.dice
        day = date(2019, 1, 7) + timedelta(days=dice.between(0, 2300))
        options = [o.text for o in self.wording.rules["place"]]
        place = dice.choice(options)
        currency = "euro" if place == "ireland" else "pound"
        values = Values(dice, day, currency, self.held)
        self.expander = Expander(
            self.wording.rules, dice, values, scopes=(self.kind, place)
        )
        for side in "AB":
            types = self.wording.rules[f"{self.kind}.{side}type"]
            self.expander.types[side] = self.expander.chosen(types)
        known = [n for n in NUMBERINGS if self.held or not n.held]
        self.numbering = dice.choice(known)
        self.upper = dice.chance(0.4)
        self.wrapped = dice.chance(0.15)
        self.misspelt = dice.chance(0.1)
        self.gap = "\n\n" if self.wrapped or dice.chance(0.4) else "\n"
        self.fullness = dice.choice((0.25, 0.3, 0.35, 0.4, 0.5, 0.9))
        self.out = Builder()

    def text(self, name: str) -> str:
        """The words of a block, without its entities."""
        return self.expander.expand(f"<{name}>").text

    def line(self, template: str, prefix: str = "") -> None:
        """Write a line of its own."""
        self.out.write(prefix)
        self.out.insert(self.expander.expand(template).capitalized())
        self.out.write(self.gap)

    def make(self) -> Piece:
        """The whole agreement."""
        clauses = self.plan_clauses()
        self.write_title(clauses)
        introduced = clauses[0].key == "parties"
        if not introduced:
            self.write_parties()
        self.write_recitals()
        self.line("<agree>")
        for number, clause in enumerate(clauses, start=1):
            self.write_clause(clause, number, self.numbering)
        self.write_schedule()
        self.write_signatures()
        piece = self.out.build()
        return self.roughened(piece)

    # Clauses: which, how worded, and how written.

    def pick(self, clauses: list[ClauseWording], chance: float) -> list[ClauseWording]:
        """The clauses that the agreement has out of those that suit its kind."""
        return [
            clause
            for clause in clauses
            if clause.suits(self.kind) and (clause.always or self.dice.chance(chance))
        ]

    def plan_clauses(self) -> list[Clause]:
        """All clauses in their order, worded."""
        particular = self.pick(self.wording.particular, 0.3 + self.fullness * 0.7)
        general = self.dice.shuffled(self.pick(self.wording.general, self.fullness))
        general.sort(key=lambda clause: clause.key == "law")
        picked = particular + general
        first = ["parties"] if self.dice.chance(0.45) else []
        first += ["definitions"]
        keys = first + [clause.key for clause in picked]
        self.expander.values.places.update(
            {key: numbered(self.numbering.reference, n + 1) for n, key in enumerate(keys)}
        )
        worded = [self.word_clause(clause) for clause in picked]
        opening = [self.word_parties()] if "parties" in first else []
        return [*opening, self.word_definitions(worded), *worded]

    def word_clause(self, wording: ClauseWording) -> Clause:
        """A clause with its paragraphs and lists."""
        paragraphs: list[tuple[Piece, list[tuple[str, Piece]]]] = []
        skipping = False
        for line in wording.lines:
            if not line.joint:
                skipping = line.optional and not self.dice.chance(0.6)
                if not skipping:
                    text = self.expander.expand(line.text)
                    paragraphs.append((text.capitalized(), []))
            elif not skipping and not (line.optional and self.dice.chance(0.35)):
                item = (line.joint, self.expander.expand(line.text))
                paragraphs[-1][1].append(item)
        heading = self.expander.chosen(wording.headings)
        return Clause(wording.key, heading, paragraphs)

    def word_parties(self) -> Clause:
        """A clause that introduces the parties."""
        opening = self.expander.expand("<clause_opening>").capitalized()
        items = [("and", self.expander.expand(f"<{side}party>")) for side in "AB"]
        heading = self.dice.choice(("Parties", "The parties", "Date and parties"))
        return Clause("parties", heading, [(opening, items)])

    def word_definitions(self, clauses: list[Clause]) -> Clause:
        """The terms that the clauses use, and as many others as it takes."""
        known = [
            (self.expander.expand(term).text, meaning)
            for kinds, term, meaning in self.wording.definitions
            if "*" in kinds or self.kind in kinds
        ]
        names = {self.text("Aname"), self.text("Bname")}
        rest = [d for d in self.dice.shuffled(known) if d[0] not in names]
        used = "\n".join(clause_words(clause) for clause in clauses)
        goal = self.dice.choice((150, 400, 430, 480, 540, 620))
        meanings: dict[str, Piece] = {}
        while rest:
            fresh = [d for d in rest if re.search(rf"\b{d[0]}s?\b", used)]
            length = sum(len(m.text.split()) for m in meanings.values())
            if not fresh and length >= goal:
                break
            term, meaning = (fresh or rest)[0]
            rest.remove((term, meaning))
            meanings[term] = self.expander.expand(meaning)
            used += "\n" + meanings[term].text
        return self.list_definitions(meanings)

    def list_definitions(self, meanings: dict[str, Piece]) -> Clause:
        """The clause of definitions, in the order of the alphabet."""
        mark = self.dice.choice(('"{}" means ', "{}: ", '"{}" is ', "“{}” means "))
        items = []
        for term in sorted(meanings):
            out = Builder()
            out.write(mark.format(term))
            out.insert(meanings[term])
            items.append(("and", out.build()))
        options = ("In {} the following words have these meanings:", "In {}:")
        opening = self.dice.choice(options).format(self.text("Agr"))
        heading = self.dice.choice(("Definitions", "Interpretation", "Defined terms"))
        return Clause("definitions", heading, [(Piece(opening), items)])

    def write_clause(self, clause: Clause, number: int, numbering: Numbering) -> None:
        """Write a clause as one entity."""
        with self.out.span("CLAUSE"):
            self.write_clause_head(clause.heading, number, numbering)
            for m, (text, items) in enumerate(clause.paragraphs, start=1):
                if m > 1:
                    self.out.write(self.gap)
                if numbering.paragraph and len(clause.paragraphs) > 1:
                    self.out.write(numbered(numbering.paragraph, number, m) + " ")
                self.out.insert(text)
                self.write_items(items, number, numbering)
        self.out.write(self.gap)

    def write_clause_head(self, heading: str, number: int, numbering: Numbering) -> None:
        mark = numbered(numbering.clause, number)
        heading = heading.upper() if self.upper else heading
        joint = {
            "line": f" {heading}{self.gap}",
            "dash": f" – {heading}{self.gap}",
            "run": f" {heading}. ",
        }
        self.out.write(mark + joint.get(numbering.heading, " "))

    def write_items(
        self, items: list[tuple[str, Piece]], number: int, numbering: Numbering
    ) -> None:
        """A list, closed with a full stop."""
        last = len(items)
        for position, (joint, text) in enumerate(items, start=1):
            self.out.write(self.gap)
            if last > 1:
                self.out.write(numbered(numbering.item, number, position) + " ")
            self.out.insert(text)
            ends = {last: ".", last - 1: f"; {joint}"}
            self.out.write(ends.get(position, ";"))

    # What stands around the clauses.

    def write_title(self, clauses: list[Clause]) -> None:
        title = self.text("title_line")
        self.out.write((title.upper() if self.upper else title) + self.gap)
        if self.dice.chance(0.4):
            self.line("<ref_line>")
        if self.numbering.heading and self.dice.chance(0.25):
            self.out.write(f"Contents{self.gap}")
            for number, clause in enumerate(clauses, start=1):
                mark = numbered(self.numbering.clause, number)
                page = 1 + number // 3
                self.out.write(f"{mark} {clause.heading} .......... {page}\n")
            self.out.write("\n")

    def write_parties(self) -> None:
        """The parties before the clauses, as in a deed."""
        self.line("<opening>")
        marks = self.dice.choice((("(1) ", "(2) "), ("1. ", "2. "), ("", "")))
        for side, mark, end in zip("AB", marks, ("; and", ".")):
            self.out.write(mark)
            self.out.insert(self.expander.expand(f"<{side}party>"))
            self.out.write(end + self.gap)

    def write_recitals(self) -> None:
        """The recitals, numbered in one of several ways."""
        rules = self.wording.rules
        own = [o.text for o in rules[f"{self.kind}.recital"] if self.held or not o.held]
        common = [o.text for o in rules["recital_common"] if self.held or not o.held]
        picked = self.dice.shuffled(own)[: self.dice.between(2, 3)]
        picked += self.dice.shuffled(common)[: self.dice.between(1, 3)]
        self.line("<recital_heading>")
        mark = self.dice.choice(("({a2}) ", "({m}) ", "{m}. ", "{a2}. ", ""))
        for position, template in enumerate(picked, start=1):
            self.line(template, numbered(mark, position, position))

    def write_schedule(self) -> None:
        """A schedule: rows, and in some agreements special conditions."""
        self.out.write(f"{self.dice.choice(('SCHEDULE', 'Schedule', 'Annex'))}\n")
        self.line("<schedule_title>")
        rows = [option.text for option in self.wording.rules["row"]]
        picked = self.dice.shuffled(rows)[: self.dice.between(3, 6)]
        mark = self.dice.choice(("{m}. ", "{m} | ", ""))
        for position, row in enumerate(picked, start=1):
            self.line(row, numbered(mark, position, position))
        if self.dice.chance(0.3):
            self.write_special_conditions()

    def write_special_conditions(self) -> None:
        """Two or three further clauses, which go before the others."""
        self.out.write(f"Special conditions{self.gap}")
        taken = self.expander.values.places
        free = [
            clause
            for clause in self.wording.general
            if clause.suits(self.kind) and clause.key not in taken
        ]
        for number, clause in enumerate(self.dice.shuffled(free)[:2], start=1):
            self.write_clause(self.word_clause(clause), number, SPECIAL)

    def write_signatures(self) -> None:
        self.line("<witness>")
        for side in "AB":
            self.line(f"<{side}sign>")
            if self.dice.chance(0.5):
                self.line("<sign_witness>")

    # Scanned and hastily typed copies.

    def roughened(self, piece: Piece) -> Piece:
        """Broken lines and slips of the pen; every character keeps its place."""
        text = piece.text.rstrip("\n")
        if self.misspelt:
            text = self.with_slips(text)
        if self.wrapped:
            text = with_broken_lines(text, self.dice.between(66, 84))
        return Piece(text + "\n", piece.spans)

    def with_slips(self, text: str) -> str:
        """Two letters change places in one word of a hundred or so."""

        def slip(word: re.Match[str]) -> str:
            letters = word.group()
            if not self.dice.chance(0.02):
                return letters
            at = self.dice.between(1, len(letters) - 3)
            return letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :]

        return re.sub(r"\b[a-z]{6,}\b", slip, text)


def clause_words(clause: Clause) -> str:
    """The text of a clause."""
    parts = [clause.heading]
    for text, items in clause.paragraphs:
        parts += [text.text, *(item.text for _, item in items)]
    return "\n".join(parts)


def with_broken_lines(text: str, width: int) -> str:
    """Lines of a paragraph broken at a width: spaces become line breaks."""
    chars = list(text)
    begin, space = 0, -1
    for position, char in enumerate(text):
        if char == "\n":
            begin, space = position + 1, -1
        elif char == " ":
            space = position
        if position - begin >= width and space > begin:
            chars[space] = "\n"
            begin, space = space + 1, -1
    return "".join(chars)


def split_sizes(documents: int) -> tuple[int, int, int]:
    """How many of the documents are for training, development and test."""
    test = max(1, documents * 12 // 64)
    dev = max(1, documents * 8 // 64)
    return documents - dev - test, dev, test


def make_corpus(wording: Wording, seed: int, documents: int) -> dict[str, Piece]:
    """The documents by name: first those for training, then for dev and test."""
    train = split_sizes(documents)[0]
    made: dict[str, Piece] = {}
    counts: Counter[str] = Counter()
    for position in range(documents):
        kind = wording.kinds[position % len(wording.kinds)]
        counts[kind] += 1
        name = f"{kind}_{counts[kind]:02d}"
        dice = Dice(f"{seed} {name}")
        made[name] = Draft(wording, kind, position >= train, dice).make()
    return made


def make_splits(names: list[str]) -> str:
    """The splits as JSON."""
    train, dev, _ = split_sizes(len(names))
    splits = {
        "train": sorted(names[:train]),
        "dev": sorted(names[train : train + dev]),
        "test": sorted(names[train + dev :]),
    }
    return json.dumps(splits, indent=1) + "\n"


def to_brat(piece: Piece) -> str:
    """The entities as lines of a brat standoff file."""
    return "".join(
        f"T{n}\t{label} {start} {end}\t{piece.text[start:end]}".replace("\n", " ") + "\n"
        for n, (start, end, label) in enumerate(piece.spans, start=1)
    )


def nesting(piece: Piece) -> int:
    """The greatest number of entities around one place, the innermost included."""
    deepest, ends = 0, [0]
    for start, end, _ in piece.spans:
        ends = [other for other in ends if other > start] + [end]
        deepest = max(deepest, len(ends))
    return deepest


def make_readme(wording: Wording, corpus: dict[str, Piece]) -> str:
    """The description of the corpus with its numbers filled in."""
    pieces = list(corpus.values())
    words = [len(piece.text.split()) for piece in pieces]
    counts = Counter(label for piece in pieces for _, _, label in piece.spans)
    table = [f"| {k} | {counts[k]:,} | {v} |" for k, v in wording.labels.items()]
    train, dev, test = split_sizes(len(pieces))
    return (
        (WORDING / "readme.md")
        .read_text(encoding="utf-8")
        .format(
            documents=len(pieces),
            words=sum(words),
            shortest=min(words),
            longest=max(words),
            entities=sum(counts.values()),
            kinds=in_words(len(wording.kinds)),
            train=train,
            dev=dev,
            test=test,
            table="\n".join(table),
            depth=in_words(max(map(nesting, pieces))),
            long=sum(longest_entity(piece) >= LONG_WORDS for piece in pieces),
            long_words=LONG_WORDS,
        )
    )


def longest_entity(piece: Piece) -> int:
    """The number of words in the longest entity."""
    return max(len(piece.text[start:end].split()) for start, end, _ in piece.spans)


def write_corpus(folder: Path, seed: int, documents: int) -> None:
    """Write all files into an empty folder."""
    wording = Wording.read(WORDING)
    corpus = make_corpus(wording, seed, documents)
    files = {
        "splits.json": make_splits(list(corpus)),
        "README.md": make_readme(wording, corpus),
        "LICENSE": (WORDING / "license.txt").read_text(encoding="utf-8"),
    }
    for name, piece in corpus.items():
        files[f"{name}.txt"] = piece.text
        files[f"{name}.ann"] = to_brat(piece)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8"))


def generate(output: Path, seed: int, documents: int) -> None:
    """Make the corpus; the folder appears complete or not at all.

    output (Path): The folder to make; an older corpus is replaced.
    seed (int): The seed of all choices.
    documents (int): The number of documents, at least 3.
    RAISES (SystemExit): If the folder holds something else.
    """
    if documents < 3:
        sys.exit("At least 3 documents are needed, one for each split.")
    if output.exists() and not (output / "splits.json").is_file():
        sys.exit(f"{output} is not a corpus: remove it, or choose another --out.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent) as temporary:
        complete = Path(temporary) / "complete"
        complete.mkdir()
        write_corpus(complete, seed, documents)
        if output.exists():
            output.rename(Path(temporary) / "replaced")
        shutil.move(complete, output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUTPUT, help="folder to make")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    arguments = parser.parse_args()
    generate(arguments.out, arguments.seed, arguments.documents)
