"""How agreements number their clauses, paragraphs and items."""

from __future__ import annotations

from dataclasses import dataclass

from agreements.values import in_words


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
ORDINAL_NAMES = (
    "First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh "
    "Twelfth Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth "
    "Nineteenth Twentieth"
)
ORDINALS = ORDINAL_NAMES.split()


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
    letter = chr(ord("a") + (m - 1) % 26) * (1 + (m - 1) // 26) if m else ""
    return form.format(
        n=n,
        m=m,
        a=letter,
        a2=letter.upper(),
        i=roman(m).lower(),
        r=roman(n),
        w=ordinal(n),
    )
