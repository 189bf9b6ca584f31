r"""Token-tag files of the CoNLL shared tasks: one token per line, with tags in columns.

    EU	B-ORG
    rejects	O

Columns are separated by tabs, by spaces (which a token then cannot hold), or by commas
or semicolons (CSV). Blank lines, and lines with an empty token and "O", end sentences,
and only "\n" ends a line. A line that begins with "-DOCSTART-" begins a document
(CoNLL-2003, https://www.clips.uantwerpen.be/conll2003/ner/), and so do comments such as
"# newdoc" (CoNLL-U). A line that begins with "#" is a comment, unless it has as many
columns as a token has (GermEval 2014,
https://sites.google.com/site/germeval2014ner/data, where the first column counts the
tokens and the last two are the outer and the inner layer).

The format has no text, so the reader makes one: it joins tokens by one space and
sentences by one line end. Offsets of spans count the code points of this text. The
columns and the scheme are detected from the first 10,000 lines of tokens (see
`conll_detection` and `tags`), or named by options.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import Errors
from ...wording import number_of
from ..annotations import Document, Reason, Source
from .conll_detection import (
    Wish,
    count_columns,
    find_layout,
    find_separators,
    token_lines,
)
from .conll_ids import PLACEHOLDERS
from .conll_layout import Layout
from .conll_lines import COMMENT, SEPARATORS, is_blank, is_docstart
from .conll_sentences import Extra, Sentence, read_sentences
from .conll_writer import NAME, write_conll
from .files import SourceFile, malformed, read_lines
from .format import Format, bad_option, read_each
from .tag_cells import count_continued, has_labels, is_part_of, split_cell
from .tags import AUTO, OUTSIDE, read_scheme
from .token_text import TokenText

SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv", ".annotated")
SPARE = (".txt", ".csv")
DOCUMENTS = ("docstart", "file", "sentence")
LOOKAHEAD = 10_000
#: Names of separators in messages.
_CALLED = {"\t": "tabs", " ": "spaces or tabs", ",": "commas", ";": "semicolons"}
_OLD_LINE_ENDS = 'its lines end in "\\r" alone, and only "\\n" ends a line'
Lines = Iterator[Tuple[int, str]]


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    separator: str = AUTO,
    token: str = AUTO,
    tags: str = AUTO,
    scheme: str = AUTO,
    outside: str = AUTO,
    tag_separator: str = AUTO,
    strict: bool = False,
    documents: str = "docstart",
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Its encoding.
    separator (str): Separator of columns: tab, space, comma, semicolon, or auto.
    token (str): The tokens' column, from 0, or auto.
    tags (str): The columns of tags, from 0, such as "1,2", or auto.
    scheme (str): IOB1, IOB2, BIOES, BMES, BILOU, or auto.
    outside (str): Tag of tokens outside any span, next to "O", or auto.
    tag_separator (str): Separator of the tags of a cell: a text, "space", "none"
        for cells of one tag each, or auto.
    strict (bool): Whether a span whose tags break the scheme is a reject.
    documents (str): "docstart" for one document from a -DOCSTART- line to the next (the
        whole file, if it has no such line), "file" or "sentence". Comments such as "#
        newdoc", "#doc 1" and "#begin document" count as such lines.
    YIELDS (Document): The documents that have at least one token.
    RAISES (ValueError): GP123, GP124 or GP171 if the columns of tokens or of tags
        are not clear, GP125 for a cell that may be one tag or several, GP142 for a
        column that the file does not have, GP164 for a line with another number of
        columns or a file of lines that end in "\\r", GP167 for a bad option, and what
        `files.read_lines` raises.
    """
    if documents not in DOCUMENTS:
        raise bad_option(NAME, "documents", documents, f"one of {', '.join(DOCUMENTS)}")
    options = _Options(strict, documents, tag_separator)
    if not tag_separator:
        rule = 'a text such as "|", space, none or auto'
        raise bad_option(NAME, "tag_separator", tag_separator, rule)
    wish = _read_wish(separator, token, tags, scheme, outside)
    wish = replace(wish, tag_separator=tag_separator)
    lines = read_lines(file, encoding=encoding, format=NAME)
    head = _read_head(file, lines)
    if len(head) == 1 and "\r" in head[0][1]:
        raise malformed(Source(file.name, 1), NAME, _OLD_LINE_ENDS)
    layout = find_layout([line for _, line in head], wish, file.path)
    if layout is None:
        if any(_is_token(line) for _, line in head):
            raise _no_layout(file, [line for _, line in head], wish)
        return
    builder: Optional[_Builder] = None
    for sentence in read_sentences(file, layout, chain(head, lines)):
        begins = documents == "docstart" and bool(sentence.docstart)
        last = None if builder is None or sentence.docstart else builder.last
        if builder is not None and (begins or documents == "sentence"):
            yield builder.finish()
            builder = None
        if builder is None:
            builder = _Builder(file, layout, sentence, options)
            builder.count_cut(last, sentence)
        builder.add(sentence)
    if builder is not None:
        yield builder.finish()


def _read_wish(
    separator: str, token: str, tags: str, scheme: str, outside: str
) -> Wish:
    """RETURNS (Wish): The options of `read_file`. Raise GP167 if one is not valid."""
    if separator != AUTO and separator not in SEPARATORS:
        raise bad_option(
            NAME, "separator", separator, f"{', '.join(SEPARATORS)} or auto"
        )
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
    own = None if outside == AUTO else outside
    mark, own_scheme = SEPARATORS.get(separator, ""), read_scheme(scheme, NAME)
    return Wish(mark, wanted, columns, own_scheme, own)


def _no_layout(file: SourceFile, lines: List[str], wish: Wish) -> ValueError:
    """RETURNS (ValueError): GP142 if the user named a column that the file does not
    have, else GP171."""
    tokens = token_lines(lines)
    numbers = {s: count_columns(tokens, s) for s in find_separators(tokens, wish)}
    separator, n = max(numbers.items(), key=lambda pair: pair[1])
    named = [("tags", k) for k in wish.tags]
    named += [] if wish.token is None else [("token", wish.token)]
    for option, column in named:
        if column >= n:
            called, columns = _CALLED[separator], number_of(n, "column")
            example = next(filter(_is_token, lines), "").strip()[:60]
            fields = {"file": file.path, "option": option, "value": column}
            message = Errors.GP142.format(
                **fields, columns=columns, last=n - 1, separator=called, example=example
            )
            return ValueError(message)
    return ValueError(Errors.GP171.format(file=file.path))


class _Options(NamedTuple):
    strict: bool
    documents: str
    tag_separator: str


def _is_token(line: str) -> bool:
    return not (is_blank(line) or is_docstart(line) or line.startswith(COMMENT))


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


class _Builder:
    """Collects the sentences of a document."""

    def __init__(
        self, file: SourceFile, layout: Layout, first: Sentence, options: _Options
    ) -> None:
        starts = first.docstart_number if options.documents == "docstart" else 0
        line = starts or first.numbers[0]
        is_part = {"sentence": True, "docstart": bool(first.docstart)}
        part = f":{line}" if is_part.get(options.documents) else ""
        source = Source(file.name, line)
        self._file = file
        self._layout = layout
        self._options = options
        self._text = TokenText(
            file.stem + part,
            source,
            layout.scheme,
            options.strict,
            options.tag_separator,
        )
        self._docstart = first.docstart
        self._comments: List[List[Any]] = []
        self._others: Dict[int, List[str]] = {k: [] for k in layout.others}
        self._counted: List[str] = []
        self._last: List[str] = []
        self._size = 0

    @property
    def last(self) -> List[str]:
        """RETURNS (List[str]): The tags of the last token, a cell for each column."""
        return self._last

    def count_cut(self, last: Optional[Sequence[str]], sentence: Sentence) -> None:
        """Count the spans that the beginning of a document cuts in two.

        last (Optional[Sequence[str]]): The tags of the last token before it; None if
            another document ends there.
        sentence (Sentence): The first sentence.
        """
        firsts = self._layout.read_tags(sentence.rows[0])
        before, after = self._split(last or []), self._split(firsts)
        scheme = self._layout.scheme
        self._text.document.cut = count_continued(before, after, scheme)

    def add(self, sentence: Sentence) -> None:
        self._size += sentence.size
        self._file.check_size(self._size)
        rows, layout = sentence.rows, self._layout
        sources = [Source(self._file.name, number) for number in sentence.numbers]
        tags = [layout.read_tags(row) for row in rows]
        tokens = [row[layout.token] for row in rows]
        joins = not sentence.docstart
        self._text.add_sentence(tokens, list(zip(*tags)), sources, joins=joins)
        self._last = tags[-1]
        for extra in sentence.extras:
            self._check_extra(extra, tags)
        n_before = len(self._counted)
        # An empty node after the last token does not belong to the next sentence.
        self._comments += [
            [n_before + i, line]
            for i, line in sentence.comments
            if i < len(rows) or line.startswith(COMMENT)
        ]
        self._counted += [str(i) for i in range(1, len(rows) + 1)]
        for k, values in self._others.items():
            values.extend(row[k] for row in rows)

    def _check_extra(self, extra: Extra, tags: Sequence[Sequence[str]]) -> None:
        """Reject the tags of a line that has no token of the text, if a span is
        lost."""
        layout, place = self._layout, extra.place
        none = [OUTSIDE] * len(layout.tags)
        befores = tags[place - 1] if place else none
        afters = tags[place] if place < len(tags) else none
        for tag, before, after in zip(layout.read_tags(extra.row), befores, afters):
            if layout.is_multiword(extra.row):
                is_kept = has_labels(tag, after, layout.scheme)
            else:
                is_kept = is_part_of(tag, before, after, layout.scheme)
            if not is_kept and tag not in PLACEHOLDERS:
                reason = Reason.BAD_TAG if extra.row[layout.token] else Reason.EMPTY
                self._text.reject(Source(self._file.name, extra.number), tag, reason)

    def _split(self, cells: Sequence[str]) -> List[Sequence[str]]:
        mark = self._options.tag_separator
        return [split_cell(cell, mark) or (cell,) for cell in cells]

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
    """RETURNS (bool): Whether at least half of the lines have tags and the same number
    of columns. The reader reports the other lines."""
    lines = [line.rstrip("\r") for line in head.split("\n")[:LOOKAHEAD]]
    lines = lines[:-1] if len(lines) > 1 else lines  # the last line may be cut off
    try:
        layout = find_layout(lines, Wish(), path)
    except ValueError:  # the reader asks for unclear columns
        return True
    if layout is None:
        return False
    rows = [layout.split(line) for line in filter(_is_token, lines)]
    fitting = [row for row in rows if len(row) == layout.n_columns]
    fitting = [
        row for row in fitting if all(layout.is_tag(row[k]) for k in layout.tags)
    ]
    return 2 * len(fitting) >= len(rows)


CONLL = Format(
    NAME,
    "one token per line, layers of tags in columns (IOB1, IOB2, BIOES, BMES, BILOU)",
    read_each(NAME, SUFFIXES, read_file, spare=SPARE),
    looks_like,
    SUFFIXES,
    write_conll,
    spare=SPARE,
    cuts_tokens=True,
)
