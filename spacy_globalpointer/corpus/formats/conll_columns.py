"""Find out whether columns of a token-tag file contain tags, ids or words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, Optional, Sequence, Tuple

from .conll_ids import PLACEHOLDERS, Values, is_blocks, is_sequence
from .tag_cells import is_cell
from .tags import OUTSIDE, is_tag

#: Tags of tokens outside any span, in lower case. The first is usual.
OUTSIDES = ("o", "out", "outside", "none", "_", "-", "0", "")
#: Types of chunks (phrases) in the CoNLL-2000 and CoNLL-2003 data, and in those of the
#: languages of India.
CHUNK = re.compile(
    "NP|VP|PP|ADVP|ADJP|SBAR|PRT|CONJP|INTJ|LST|UCP|NC|VC|PC|VGF|VGNF|VGINF|VGNN|JJP|RBP|"
    "CCP|NEGP|FRAGP|BLK"
)
#: Parts of speech of the Penn Treebank and of Universal Dependencies.
PART_OF_SPEECH = re.compile(
    r"CC|CD|DT|EX|FW|IN|JJ[RS]?|LS|MD|NNP?S?|PDT|POS|PRP\$?|RB[RS]?|RP|SYM|TO|UH|VB[DGNPZ]?|"
    r"W(?:DT|P\$?|RB)|AD[JPV]|ADV|AUX|CCONJ|DET|INTJ|NOUN|NUM|PART|PRON|PROPN|PUNCT|"
    "SCONJ|VERB|X"
)
#: Names of columns in a header, in lower case, with "_" for other characters.
TOKEN_NAMES = ("token", "tokens", "word", "words", "form", "wordform", "text")
SENTENCE_NAME = re.compile("sentence(?:_?id|_idx|_no)?|sent(?:_?id)?|sid")
_OTHER_NAME = re.compile(
    "(?:ner_|pos_|chunk_)?(?:tags?|labels?)|ner?|entity|entities|bio|iob|idx?|index|"
    "(?:token|word|doc)_id|u?pos|lemma|chunk"
)
_PREFIX = re.compile(r"(?:^|[|;] ?)[a-z](?=-)")
_NO_LETTERS = re.compile(r"[\W_]+")


def find_outside(
    values: Values, known: Optional[str] = None
) -> Optional[Tuple[str, ...]]:
    """Check whether a column has tags.

    values (Sequence[str]): Its values.
    known (Optional[str]): The tag of tokens outside any span; None for the usual ones.
    RETURNS (Optional[Tuple[str, ...]]): The tags of tokens outside any span; None if
        the column is not one of tags: fewer than half of its values are tags.
    """
    counts = Counter(values)
    n_tags = sum(n for value, n in counts.items() if is_tag_like(value))
    n_tags -= counts[OUTSIDE]
    names = (OUTSIDE, OUTSIDE.lower()) if known is None else (OUTSIDE, known)
    usual = tuple(value for value in names if counts[value])
    n_usual = sum(counts[value] for value in usual)
    if usual or 2 * n_tags > len(values):
        return usual or (OUTSIDE,) if 2 * (n_tags + n_usual) > len(values) else None
    others = [value for value in counts if value.casefold() in OUTSIDES]
    value = max(others, key=lambda v: counts[v], default="")
    if others and n_tags and 10 * (n_tags + counts[value]) >= 9 * len(values):
        return (value,)
    is_all = bool(others) and value.isalpha() and counts[value] == len(values)
    return (value,) if is_all else None


def find_unknown_outside(values: Values) -> Optional[str]:
    """RETURNS (Optional[str]): The only value of a column that is not a tag, if more
    than half of the tokens have it."""
    others = Counter(value for value in values if not is_tag_like(value))
    n_tags = len(values) - sum(others.values())
    if n_tags == values.count(OUTSIDE) or not others:
        return None
    value, n = others.most_common(1)[0]
    return value if n > 1 and 10 * (n_tags + n) >= 9 * len(values) else None


def is_tag_like(value: str) -> bool:
    """RETURNS (bool): Whether a value is one or several tags, in upper or lower
    case."""
    return is_cell(capital_prefix(value))


def capital_prefix(tag: str) -> str:
    """RETURNS (str): A tag, or several tags, with prefixes in upper case: "b-PER|i-LOC"
    becomes "B-PER|I-LOC"."""
    if tag[1:2] != "-" or not tag[0].islower():
        return tag
    return _PREFIX.sub(lambda match: match[0].upper(), tag)


def is_chunks(values: Values) -> bool:
    """RETURNS (bool): Whether the tags of a column are those of phrases: only known
    ones, or NP and others on most of the tokens."""
    labels = [v.partition("-")[2] for v in values if v != OUTSIDE and is_tag(v)]
    known = all(map(CHUNK.fullmatch, set(labels)))
    return bool(labels) and (
        known or ("NP" in labels and 2 * len(labels) > len(values))
    )


def read_header(row: Values) -> Dict[int, str]:
    """RETURNS (Dict[int, str]): The names of columns in a header; {} if the row is not
    a header, because it has a tag or fewer than two known names."""
    names = [_NO_LETTERS.sub("_", cell.casefold()).strip("_") for cell in row]
    n_known = sum(
        name in TOKEN_NAMES
        or is_sentence_name(name)
        or bool(_OTHER_NAME.fullmatch(name))
        for name in names
    )
    is_header = n_known > 1 and not any(map(is_tag_like, row))
    return dict(enumerate(names)) if is_header else {}


def is_sentence_name(name: str) -> bool:
    """RETURNS (bool): Whether a name in a header is a name for the column of
    sentences."""
    return SENTENCE_NAME.fullmatch(name) is not None


def find_token(columns: Sequence[Values], candidates: Sequence[int]) -> Optional[int]:
    """Find the column of the tokens.

    It is the first column. If that has ids or parts of speech, it is the next column
    with words, or with numbers if no column has words.

    columns (Sequence[Sequence[str]]): The values of each column.
    candidates (Sequence[int]): The columns without tags, from the left.
    RETURNS (Optional[int]): The column; None if it is not clear.
    """
    filled = [k for k in candidates if not PLACEHOLDERS.issuperset(columns[k])]
    first, *others = filled or candidates
    values = columns[first]
    words = [k for k in others if _has_words(columns[k])]
    if not others or (not words and not is_sequence(values)):
        return first
    if is_sequence(values):
        figures = [k for k in others if _has_figures(columns[k])]
        found = min([*words, *figures], default=None)
        return found if found in words or not words else None
    if is_blocks(values) or _is_parts_of_speech(values):
        return words[0]
    return None if _has_figures(values) and len(values) > 1 else first


def _has_words(values: Values) -> bool:
    """RETURNS (bool): Whether a column has words: values with letters and without
    digits, that do not come in blocks and are not all parts of speech."""
    wordy = [value for value in values if _is_wordy(value)]
    known = _is_parts_of_speech(values) or PLACEHOLDERS.issuperset(wordy)
    return not is_blocks(values) and not known


def _is_wordy(value: str) -> bool:
    return not _has_digit(value) and any(map(str.isalpha, value))


def _is_parts_of_speech(values: Values) -> bool:
    """RETURNS (bool): Whether nine of ten values with letters are parts of speech, in
    upper or lower case."""
    wordy = [value for value in values if _is_wordy(value)]
    n_known = sum(bool(PART_OF_SPEECH.fullmatch(value.upper())) for value in wordy)
    return bool(wordy) and 10 * n_known >= 9 * len(wordy)


def _has_figures(values: Values) -> bool:
    """RETURNS (bool): Whether every value has a digit, and the values are not a
    counter."""
    filled = [value for value in values if value not in PLACEHOLDERS]
    return bool(filled) and all(map(_has_digit, filled)) and not is_sequence(values)


def _has_digit(value: str) -> bool:
    return any(map(str.isdecimal, value))
