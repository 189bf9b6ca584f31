"""Lines of token-tag files: their columns, and comments that begin a document."""

from __future__ import annotations

import csv
import re
from typing import List

DOCSTART = "-DOCSTART-"
COMMENT = "#"
#: Separators that can be written, and all that can be read.
WRITTEN_SEPARATORS = {"tab": "\t", "space": " "}
SEPARATORS = {**WRITTEN_SEPARATORS, "comma": ",", "semicolon": ";"}
#: Separators of CSV files, whose cells may be quoted.
CSV_SEPARATORS = (",", ";")
BLANKS = " \t\r"
_SPACES = re.compile("[ \t]+")
#: The comments of CoNLL-2011, CoNLL-U and relation corpora that begin a document.
_DOCUMENT = re.compile(
    r"#\s*(?:(?:begin document|newdoc)\b|doc(?:ument)?(?:_?id)?\b\s*[:=]?\s*\S*$)", re.I
)
_SENTENCE = re.compile(
    r"#\s*(?:(?:sent_id|text)\s*=|(?:newpar|end document|sent|sentence)\b)", re.I
)
#: CoNLL-U's comments. No line with a token and its tags looks like one.
_CONLLU = re.compile(r"# (?:sent_id|text|newdoc|newpar)(?: |$)")
#: -DOCSTART- in a column that is not the first.
_DOCSTART_CELL = re.compile(r"[^#].*[\t ,;\"]-DOCSTART-(?:[\t ,;\"]|$)")
_STRING = r'"(?:[^"\\\n]|\\.)*"\s*'
#: The beginning of a JSON object with a key, or of an array with a string or object.
_JSON = re.compile(rf"\s*(?:\[\s*)*\{{\s*{_STRING}:|\s*(?:\[\s*)+{_STRING}[,\]]")


def split_line(line: str, separator: str) -> List[str]:
    """Split a line into its columns.

    line (str): The line.
    separator (str): One of SEPARATORS; a space stands for any number of spaces and
        tabs.
    RETURNS (List[str]): The columns. A line with unbalanced quotes is one column.
    """
    if separator == " ":
        return _SPACES.split(line.strip(BLANKS))
    if separator not in CSV_SEPARATORS:
        return line.split(separator)
    options = {"delimiter": separator, "skipinitialspace": True, "strict": True}
    try:
        return next(csv.reader([line], **options), [""])  # type: ignore[arg-type]
    except csv.Error:
        return [line]


def is_blank(line: str) -> bool:
    """RETURNS (bool): Whether a line ends a sentence: it has only spaces and tabs."""
    return not line.strip(BLANKS)


def is_docstart(line: str) -> bool:
    """RETURNS (bool): Whether a line begins with -DOCSTART-, or has it in a column."""
    if DOCSTART not in line:
        return False
    return line.startswith(DOCSTART) or _DOCSTART_CELL.match(line) is not None


def begins_document(line: str) -> bool:
    """RETURNS (bool): Whether a line is a comment that begins a document."""
    return line.startswith(COMMENT) and _DOCUMENT.match(line) is not None


def begins_sentence(line: str) -> bool:
    """RETURNS (bool): Whether a line is a comment between two sentences."""
    return _SENTENCE.match(line) is not None


def is_conllu_comment(line: str) -> bool:
    """RETURNS (bool): Whether a line is a comment of CoNLL-U, even if it has as many
    columns as a token."""
    return _CONLLU.match(line) is not None


def is_json(text: str) -> bool:
    """RETURNS (bool): Whether a text begins like JSON."""
    return _JSON.match(text) is not None
