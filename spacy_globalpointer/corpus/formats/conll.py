r"""Token-tag files of the CoNLL shared tasks: one token a line, its tags in columns.

    EU	B-ORG
    rejects	O

Columns are parted by tabs, or by spaces (which a token then cannot hold). Blank lines
end sentences, and only "\n" ends a line. A line that begins with "-DOCSTART-" begins a
document (CoNLL-2003, https://www.clips.uantwerpen.be/conll2003/ner/). One that begins
with "#" is a comment, unless it has as many columns as a token has (GermEval 2014,
https://sites.google.com/site/germeval2014ner/data, where the first column counts the
tokens and the last two are the outer and the inner layer).

The format knows no text, so one is made: tokens are joined by one space, sentences by
one line end, and spans are at its code points. The columns and the scheme are told from
the first 10,000 lines of tokens (see `conll_layout` and `tags`), or named by options.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ...errors import Errors
from ...wording import number_of
from ..annotations import Document, Source
from .conll_layout import (
    COMMENT,
    DOCSTART,
    SEPARATORS,
    Layout,
    Wish,
    count_columns,
    find_layout,
    is_blank,
)
from .conll_writer import NAME, write_conll
from .files import SourceFile, malformed, read_lines
from .format import Format, bad_option, read_each
from .tags import AUTO, read_scheme
from .token_text import TokenText

SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv", ".annotated")
SPARE = (".txt",)
DOCUMENTS = ("docstart", "file", "sentence")
LOOKAHEAD = 10_000
Lines = Iterator[Tuple[int, str]]


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    separator: str = AUTO,
    token: str = AUTO,
    tags: str = AUTO,
    scheme: str = AUTO,
    strict: bool = False,
    documents: str = "docstart",
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    separator (str): What parts columns: tab, space, or auto.
    token (str): The tokens' column, from 0, or auto.
    tags (str): The columns of tags, from 0, such as "1,2", or auto.
    scheme (str): IOB1, IOB2, BIOES, BMES, BILOU, or auto.
    strict (bool): Whether a span whose tags break the scheme is a reject.
    documents (str): "docstart" for one document from a -DOCSTART- line to the next
        (the whole file, if it has none), "file" or "sentence".
    YIELDS (Document): The documents that have a token.
    RAISES (ValueError): GP142 for a column that the file does not have, GP164 for a
        line with another number of columns, GP167 for a bad option, GP171 if the
        columns of tags cannot be told, and what `files.read_lines` raises.
    """
    if documents not in DOCUMENTS:
        raise bad_option(NAME, "documents", documents, f"one of {', '.join(DOCUMENTS)}")
    options = _Options(strict, documents)
    wish = _read_wish(separator, token, tags, scheme)
    lines = read_lines(file, encoding=encoding, format=NAME)
    head = _read_head(file, lines)
    layout = find_layout([line for _, line in head], wish)
    if layout is None:
        if any(_is_token(line) for _, line in head):
            raise _no_layout(file, [line for _, line in head], wish)
        return
    builder: Optional[_Builder] = None
    for sentence in _read_sentences(file, layout, chain(head, lines)):
        begins = documents == "docstart" and bool(sentence.docstart)
        if builder is not None and (begins or documents == "sentence"):
            yield builder.finish()
            builder = None
        builder = builder or _Builder(file, layout, sentence, options)
        builder.add(sentence)
    if builder is not None:
        yield builder.finish()


def _read_wish(separator: str, token: str, tags: str, scheme: str) -> Wish:
    """RETURNS (Wish): The options of `read_file`, checked, or GP167."""
    if separator != AUTO and separator not in SEPARATORS:
        raise bad_option(NAME, "separator", separator, "tab, space or auto")
    parts = [] if tags == AUTO else tags.replace(" ", "").split(",")
    for name, value, numbers in (("token", token, [token]), ("tags", tags, parts)):
        known = all(n.isascii() and n.isdigit() and len(n) < 5 for n in numbers)
        if value != AUTO and (not known or len(set(numbers)) < len(numbers)):
            rule = "numbers of columns from 0, such as 1, or auto"
            raise bad_option(NAME, name, value, rule)
    columns = tuple(int(part) for part in parts)
    wanted = None if token == AUTO else int(token)
    if wanted in columns:
        raise bad_option(NAME, "tags", tags, "other columns than the tokens'")
    return Wish(
        SEPARATORS.get(separator, ""), wanted, columns, read_scheme(scheme, NAME)
    )


def _no_layout(file: SourceFile, lines: List[str], wish: Wish) -> ValueError:
    """RETURNS (ValueError): GP142 if the user named a column that the file does not
    have, else GP171."""
    separator, n = count_columns(lines, wish)
    named = [("tags", k) for k in wish.tags]
    named += [] if wish.token is None else [("token", wish.token)]
    for option, column in named:
        if column >= n:
            parted = "tabs" if separator == "\t" else "spaces or tabs"
            example = next(filter(_is_token, lines), "").strip()[:60]
            columns = number_of(n, "column")
            fields = {"file": file.path, "option": option, "value": column}
            message = Errors.GP142.format(
                **fields, columns=columns, last=n - 1, parted=parted, example=example
            )
            return ValueError(message)
    return ValueError(Errors.GP171.format(file=file.path))


@dataclass
class _Sentence:
    """The lines of a sentence, and those before it that are none of a token's.

    rows (List[List[str]]): The columns of each token.
    numbers (List[int]): Line number of each token.
    comments (List[Tuple[int, str]]): Comments, each with the token it stands before.
    docstart (str): The -DOCSTART- line before it; "" for none.
    docstart_number (int): Its line number.
    size (int): Characters of all its lines.
    """

    rows: List[List[str]] = field(default_factory=list)
    numbers: List[int] = field(default_factory=list)
    comments: List[Tuple[int, str]] = field(default_factory=list)
    docstart: str = ""
    docstart_number: int = 0
    size: int = 0


class _Options(NamedTuple):
    strict: bool
    documents: str


def _is_token(line: str) -> bool:
    return not is_blank(line) and not line.startswith((COMMENT, DOCSTART))


def _read_head(file: SourceFile, lines: Lines) -> List[Tuple[int, str]]:
    """RETURNS (List[Tuple[int, str]]): Lines up to the last of LOOKAHEAD tokens."""
    head: List[Tuple[int, str]] = []
    n_tokens, size = 0, 0
    for number, line in lines:
        size += len(line)
        file.check_size(size)
        head.append((number, line.rstrip("\r")))
        n_tokens += _is_token(line)
        if n_tokens == LOOKAHEAD:
            break
    return head


def _read_sentences(
    file: SourceFile, layout: Layout, lines: Iterable[Tuple[int, str]]
) -> Iterator[_Sentence]:
    """YIELDS (_Sentence): The sentences that have tokens."""
    sentence = _Sentence()
    for number, full in lines:
        line = full.rstrip("\r")
        sentence.size += len(line)
        file.check_size(sentence.size)
        is_start = line.startswith(DOCSTART)
        if sentence.rows and (is_start or is_blank(line)):
            yield sentence
            sentence = _Sentence()
        if is_start:
            sentence.docstart, sentence.docstart_number = line, number
        elif layout.is_comment(line):
            sentence.comments.append((len(sentence.rows), line))
        elif not is_blank(line):
            sentence.rows.append(_read_row(layout, line, Source(file.name, number)))
            sentence.numbers.append(number)
    if sentence.rows:
        yield sentence


def _read_row(layout: Layout, line: str, source: Source) -> List[str]:
    row = layout.split(line)
    if len(row) != layout.n_columns:
        reason = f"it has {len(row)} columns, and other lines {layout.n_columns}"
        raise malformed(source, NAME, reason)
    return row


class _Builder:
    """Collects the sentences of a document."""

    def __init__(
        self, file: SourceFile, layout: Layout, first: _Sentence, options: _Options
    ) -> None:
        starts = first.docstart_number if options.documents == "docstart" else 0
        line = starts or first.numbers[0]
        is_part = {"sentence": True, "docstart": bool(first.docstart)}
        part = f":{line}" if is_part.get(options.documents) else ""
        source = Source(file.name, line)
        self._file = file
        self._layout = layout
        self._options = options
        self._text = TokenText(file.stem + part, source, layout.scheme, options.strict)
        self._docstart = first.docstart
        self._comments: List[List[Any]] = []
        self._others: Dict[int, List[str]] = {k: [] for k in layout.others}
        self._counted: List[str] = []
        self._size = 0

    def add(self, sentence: _Sentence) -> None:
        self._size += sentence.size
        self._file.check_size(self._size)
        rows, layout = sentence.rows, self._layout
        sources = [Source(self._file.name, number) for number in sentence.numbers]
        columns = [[row[k] for row in rows] for k in layout.tags]
        self._text.add_sentence([row[layout.token] for row in rows], columns, sources)
        n_before = len(self._counted)
        self._comments += [[n_before + i, line] for i, line in sentence.comments]
        self._counted += [str(i) for i in range(1, len(rows) + 1)]
        for k, values in self._others.items():
            values.extend(row[k] for row in rows)

    def finish(self) -> Document:
        document, rejects = self._text.finish()
        layout, others = self._layout, self._others
        if layout.number is not None and others[layout.number] == self._counted:
            others.pop(layout.number)
        meta: Dict[str, Any] = {
            "documents": self._options.documents,
            "docstart": self._docstart,
            "comments": self._comments,
            "others": {str(k): "\t".join(values) for k, values in others.items()},
        }
        given = {key: value for key, value in meta.items() if value}
        document.meta[NAME] = {"layout": layout.to_meta(), **given}
        return document, rejects


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether lines have the same number of columns, and tags."""
    lines = [line.rstrip("\r") for line in head.split("\n")[:LOOKAHEAD]]
    lines = lines[:-1] if len(lines) > 1 else lines  # the last may be cut off
    layout = find_layout(lines, Wish())
    if layout is None:
        return False
    tokens = [line for line in lines if _is_token(line)]
    return all(len(layout.split(line)) == layout.n_columns for line in tokens)


CONLL = Format(
    NAME,
    "one token a line, tags in columns (IOB1, IOB2, BIOES, BMES, BILOU), one a layer",
    read_each(NAME, SUFFIXES, read_file, spare=SPARE),
    looks_like,
    SUFFIXES,
    write_conll,
    spare=SPARE,
    cuts_tokens=True,
)
