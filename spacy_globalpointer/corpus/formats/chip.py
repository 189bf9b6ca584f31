"""The lines of the CHIP-2020 shared task (CMeEE, version 1): a text and its spans.

    text|||start    end    type|||start    end    type|||

Offsets count Unicode code points, as the task's own Python programs do, and the end is
the last character of the span (inclusive). The numbers and the type are separated by
runs of spaces. Lines are written with four spaces and "\\n" at their end.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, Iterator

from ...errors import Errors
from ..annotations import AnnotatedText, Document, Reason, Source
from .fates import Fate, Fates, make_span
from .files import BOM, SourceFile, malformed, read_lines
from .format import Format, read_each

NAME = "chip"
SUFFIXES = (".txt",)
MARK = "|||"
_SPAN = re.compile(r" *([0-9]{1,18}) +([0-9]{1,18}) +([^ ]|[^ ].*[^ ]) *", re.S)
_LABEL = re.compile(r"[^ |\r\n]+( +[^ |\r\n]+)*")


def read_file(file: SourceFile, *, encoding: str = "utf-8") -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    YIELDS (Document): The documents, one for each line; blank lines are left out.
    RAISES (ValueError): GP164 if a line has no "|||".
    """
    for number, line in read_lines(file, encoding=encoding, format=NAME):
        if line.strip():
            source = Source(file.name, number)
            yield _read_line(line, source, f"{file.stem}:{number}")


def _read_line(line: str, source: Source, name: str) -> Document:
    text, *pieces = line.split(MARK)
    if not pieces:
        raise malformed(source, NAME, f"the line has no {MARK!r} after its text")
    fates = Fates(AnnotatedText(name, text, source=source))
    for piece in pieces if pieces[-1].strip() else pieces[:-1]:
        fates.add(piece, _read_span(text, piece, source))
    return fates.result


def _read_span(text: str, piece: str, source: Source) -> Fate:
    match = _SPAN.fullmatch(piece)
    if match is None:
        return Reason.BAD_LINE
    start, last = int(match[1]), int(match[2])
    if last < start:
        return Reason.END_BEFORE_START
    return make_span(text, match[3], start, last + 1, source)


def write_chip(documents: Iterable[AnnotatedText], path: Path) -> None:
    """Write documents, one per line.

    documents (Iterable[AnnotatedText]): The documents; there is no place for their
        names, nor for ids and scores of their spans.
    path (Path): The file.
    RAISES (ValueError): GP175 for a text or label that a line cannot hold.
    """
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        for number, document in enumerate(documents):
            line = _make_line(document)
            # The reader drops a byte order mark at the beginning, so write a second
            # one.
            mark = BOM if number == 0 and line.startswith(BOM) else ""
            stream.write(f"{mark}{line}\n")


def _make_line(document: AnnotatedText) -> str:
    text = document.text
    if "\n" in text or (text + MARK).index(MARK) < len(text):
        raise _unwritable(document, "text", text)
    pieces = []
    for span in document.spans:
        if not _LABEL.fullmatch(span.label):
            raise _unwritable(document, "label", span.label)
        pieces.append(f"{span.start}    {span.end - 1}    {span.label}")
    return MARK.join([text, *pieces, ""])


def _unwritable(document: AnnotatedText, what: str, value: str) -> ValueError:
    shown = value if len(value) <= 60 else value[:60] + "…"
    fields = {"name": document.name, "what": what, "value": shown, "format": NAME}
    return ValueError(Errors.GP175.format(**fields))


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the first line ends like a line with a text and spans."""
    first = head.lstrip().split("\n", 1)[0]
    return first.removesuffix("\r").endswith(MARK)


CHIP = Format(
    NAME,
    "CHIP-2020 / CMeEE version 1: text|||start    end    type||| in each line",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_chip,
)
