"""One agreement: its parties, recitals, clauses, schedule and signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from agreements.grammar import Builder, Expander, Piece
from agreements.numbering import NUMBERINGS, SPECIAL, Numbering, numbered
from agreements.values import Dice, Values
from agreements.wording import Clause, ClauseWording, Wording


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
        self.fullness = dice.choice((0.3, 0.3, 0.35, 0.4, 0.5, 0.95))
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
            {
                key: numbered(self.numbering.reference, n + 1)
                for n, key in enumerate(keys)
            }
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
        goal = self.dice.choice((240, 430, 440, 480, 540, 620))
        meanings: dict[str, Piece] = {}
        while rest:
            fresh = [d for d in rest if uses(used, d[0])]
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
        mark = self.dice.choice(
            ('"{}" means ', "{}: ", '"{}" shall mean ', "“{}” means ")
        )
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

    def write_clause_head(
        self, heading: str, number: int, numbering: Numbering
    ) -> None:
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


def uses(text: str, term: str) -> bool:
    """Whether a text has a term, or its plural."""
    return term in text and re.search(rf"\b{term}s?\b", text) is not None


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
