"""Small pieces of HTML. Whatever comes from the data is escaped."""

from __future__ import annotations

import html
import re
from typing import Iterable, List, NamedTuple, Optional, Sequence

#: Content security policy of our pages: nothing may be loaded or run.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# What neither HTML nor XML lets a text hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """RETURNS (str): The text with U+FFFD for characters that no page can hold."""
    return _FORBIDDEN.sub("\ufffd", text)


def escape(text: str) -> str:
    """Make a text of the data harmless, in elements and in quoted attributes.

    text (str): Any text.
    RETURNS (str): HTML that shows it; characters that a page cannot hold are replaced.
    """
    return html.escape(printable(text), quote=True)


def percent(value: Optional[float]) -> str:
    """RETURNS (str): A share in per cent, with one digit; a dash for None."""
    return "–" if value is None else f"{100 * value:.1f}"


class Section(NamedTuple):
    """A section of the page. All is HTML.

    name (str): Its anchor.
    title (str): Its title.
    intro (str): What is to be known about it.
    content (str): What it shows.
    """

    name: str
    title: str
    intro: str
    content: str

    @property
    def link(self) -> str:
        """RETURNS (str): A link to it."""
        return f'<a href="#{self.name}">{self.title}</a>'

    @property
    def html(self) -> str:
        """RETURNS (str): A <section>."""
        head = f'<h2>{self.title}</h2><p class="note">{self.intro}</p>'
        return f'<section id="{self.name}">{head}{self.content}</section>'


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], kind: str = ""
) -> str:
    """Make a table that scrolls sideways if it does not fit.

    caption (str): What it shows, for those who cannot see it; HTML.
    columns (Sequence[str]): Names of the columns, HTML; the first is the rows' names.
    rows (Iterable[Sequence[str]]): For each row its name and its cells: HTML, or whole
        <td> elements.
    kind (str): CSS class of the table.
    RETURNS (str): The table in a <div>.
    """
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    lines: List[str] = []
    for name, *cells in rows:
        body = "".join(c if c.startswith("<td") else f"<td>{c}</td>" for c in cells)
        lines.append(f'<tr><th scope="row">{name}</th>{body}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f'<table class="{kind}"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
