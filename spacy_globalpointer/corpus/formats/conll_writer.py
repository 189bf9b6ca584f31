"""The writer of token-tag files."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Pattern, Tuple

from ...errors import Errors
from ..annotations import AnnotatedText
from .conll_layout import Layout
from .conll_lines import COMMENT, DOCSTART, WRITTEN_SEPARATORS, begins_document
from .files import BOM
from .format import bad_option
from .tag_layers import TaggedSentence, tag_sentences
from .tags import AUTO, OUTSIDE, read_scheme

NAME = "conll"
UNKNOWN = "_"
#: Characters that a token cannot hold, by the separator of columns. "-DOCSTART-" is
#: split into two tokens.
_SPLIT_START = "|(?<=-)(?=DOCSTART-)"
_CUTS = {
    "\t": re.compile("[\t\n]" + _SPLIT_START),
    " ": re.compile("[ \t\n\r]" + _SPLIT_START),
}
_UNWRITABLE = {"\t": re.compile("[\t\n]|\r$"), " ": re.compile("[ \t\n\r]")}


def write_conll(
    documents: Iterable[AnnotatedText],
    path: Path,
    *,
    scheme: str = AUTO,
    separator: str = AUTO,
    docstart: str = AUTO,
) -> None:
    """Write documents as one file.

    The columns are those of the file that the first document was read from, or else the
    token and its tags, separated by a tab. The number of layers is the highest that a
    document needs, and at least that of the first document. `tag_layers.tag_sentences`
    assigns spans to layers. An empty line follows each sentence and each -DOCSTART-
    line, and comments come before their token. Other columns keep their values if the
    tokens are those that were read; otherwise they are "_".

    documents (Iterable[AnnotatedText]): The documents.
    path (Path): The new file.
    scheme (str): IOB1, IOB2, BIOES, BMES, BILOU; or auto, for that of the first
        document, or IOB2.
    separator (str): tab, space, or auto.
    docstart (str): "yes" for a -DOCSTART- line before each document, "no" for none; or
        auto, for the lines that were read, and one between other documents that have
        more than one sentence.
    RAISES (ValueError): GP167 for a bad option, GP172 for a span without a token,
        GP173 for a label that no tag can hold.
    """
    plan, most = None, 1
    known = read_scheme(scheme, NAME)
    _check(separator, docstart)
    place = Path(path).parent
    with tempfile.TemporaryFile(
        "w+", encoding="utf-8", newline="\n", dir=place
    ) as draft:
        for document in documents:
            plan = plan or _Plan.of(document, known, separator)
            for n_layers, line in plan.write(document, docstart):
                most = max(most, n_layers)
                draft.write(f"{n_layers} {line}\n")
        draft.seek(0)
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            for i, entry in enumerate(draft):
                n, _, line = entry.partition(" ")
                if plan is not None and n != "0":
                    line = plan.widen(line, int(n), most)
                # A first token that begins with a byte order mark keeps it.
                stream.write(BOM + line if not i and line.startswith(BOM) else line)


def _check(separator: str, docstart: str) -> None:
    if separator != AUTO and separator not in WRITTEN_SEPARATORS:
        raise bad_option(NAME, "separator", separator, "tab, space or auto")
    if docstart not in (AUTO, "yes", "no"):
        raise bad_option(NAME, "docstart", docstart, "yes, no or auto")


@dataclass
class _Plan:
    """Plan of a file to write, made from the first document.

    layout (Layout): Its columns, without layers beyond those of the first document.
    n_documents (int): Documents written.
    """

    layout: Layout
    n_documents: int = 0

    @classmethod
    def of(cls, document: AnnotatedText, scheme: str, separator: str) -> _Plan:
        layout = _Meta(document).layout or Layout("\t", 2, 0, (1,))
        own = WRITTEN_SEPARATORS.get(separator, layout.separator)
        return cls(replace(layout, separator=own, scheme=scheme or layout.scheme))

    def write(
        self, document: AnnotatedText, docstart: str
    ) -> Iterator[Tuple[int, str]]:
        """YIELDS (Tuple[int, str]): Lines, each with its number of layers; 0 for lines
        without a token."""
        layout, meta = self.layout, _Meta(document)
        _check_labels(document, layout.separator)
        is_part = self.n_documents > 0 and not meta.is_sentence
        self.n_documents += 1
        if docstart == "yes" or (docstart == AUTO and (meta.docstart or is_part)):
            made = len(layout.tags), self._docstart()
            yield (0, meta.docstart) if meta.docstart else made
            if not meta.docstart.startswith(COMMENT):
                yield 0, ""
        fits = meta.layout == replace(layout, scheme=getattr(meta.layout, "scheme", ""))
        others = meta.read_others(document) if fits else {}
        comments = meta.read_comments() if fits else {}
        sentences = tag_sentences(
            document,
            scheme=layout.scheme,
            format=NAME,
            n_layers=len(layout.tags),
            cut_at=_CUTS[layout.separator],
            keep_empty=False,
        )
        for sentence in sentences:
            yield from self._write_sentence(sentence, others, comments)

    def _write_sentence(
        self,
        sentence: TaggedSentence,
        others: Dict[int, List[str]],
        comments: Dict[int, List[str]],
    ) -> Iterator[Tuple[int, str]]:
        layout, n_layers = self.layout, len(sentence.columns)
        for i, (token, origin) in enumerate(zip(sentence.tokens, sentence.origins)):
            for line in comments.pop(origin, []):
                yield 0, line
            row = [UNKNOWN] * layout.n_columns
            for k in layout.others:
                row[k] = others[k][origin] if k in others else UNKNOWN
            if layout.number is not None and layout.number not in others:
                row[layout.number] = str(i + 1)
            row[layout.token] = token
            tags = [column[i] for column in sentence.columns]
            for k, tag in zip(layout.tags, tags):
                row[k] = tag
            place = max(layout.tags) + 1
            row[place:place] = tags[len(layout.tags) :]
            yield n_layers, layout.separator.join(row)
        yield 0, ""

    def _docstart(self) -> str:
        row = ["-X-"] * self.layout.n_columns
        for k in self.layout.tags:
            row[k] = OUTSIDE
        row[0] = DOCSTART
        return self.layout.separator.join(row)

    def widen(self, line: str, n_layers: int, most: int) -> str:
        """RETURNS (str): A line with as many layers as the file needs."""
        if n_layers == most:
            return line
        row = line[:-1].split(self.layout.separator)
        place = max(self.layout.tags) + 1 + n_layers - len(self.layout.tags)
        row[place:place] = [OUTSIDE] * (most - n_layers)
        return self.layout.separator.join(row) + "\n"


class _Meta:
    """The fields that the reader stored with a document."""

    def __init__(self, document: AnnotatedText) -> None:
        meta = document.meta.get(NAME)
        self._meta: Dict[str, Any] = meta if isinstance(meta, dict) else {}
        self.layout = Layout.from_meta(self._meta.get("layout"))
        self.is_sentence = self._meta.get("documents") == "sentence"
        start = str(self._meta.get("docstart", ""))
        begins = start.startswith(DOCSTART) or begins_document(start)
        self.docstart = start if begins and "\n" not in start else ""

    def read_others(self, document: AnnotatedText) -> Dict[int, List[str]]:
        """RETURNS (Dict[int, List[str]]): The other columns that have a value for each
        of the document's tokens."""
        n_tokens, others = len(document.tokens or []), self._meta.get("others")
        found = others.items() if isinstance(others, dict) else []
        rows = {k: v.split("\t") for k, v in found if isinstance(v, str)}
        return {
            int(k): values
            for k, values in rows.items()
            if len(values) == n_tokens and k.isdecimal() and "\n" not in "".join(values)
        }

    def read_comments(self) -> Dict[int, List[str]]:
        """RETURNS (Dict[int, List[str]]): Comments by the index of the token that
        follows them."""
        comments: Dict[int, List[str]] = {}
        given = self._meta.get("comments")
        for entry in given if isinstance(given, list) else []:
            if isinstance(entry, list) and len(entry) == 2:
                place, line = entry
                if isinstance(place, int) and self._is_comment(line):
                    comments.setdefault(place, []).append(line)
        return comments

    def _is_comment(self, line: object) -> bool:
        if not isinstance(line, str) or "\n" in line or self.layout is None:
            return False
        row = self.layout.split(line)
        is_extra = len(row) == self.layout.n_columns and self.layout.is_extra(row)
        return line.startswith(COMMENT) or is_extra


def _check_labels(document: AnnotatedText, separator: str) -> None:
    pattern: Pattern[str] = _UNWRITABLE[separator]
    for span in document.spans:
        if not span.label or pattern.search(span.label):
            fields = {"name": document.name, "label": span.label, "format": NAME}
            raise ValueError(Errors.GP173.format(**fields))
