"""Convert the tags of a sentence to spans and back, for the schemes of token-tag files.

A tag is "O", or a prefix, a hyphen and a label: the first hyphen separates them, as in
conlleval, so that "B-creative-work" has the label "creative-work".

| scheme | one token | first | inner | last |
| --- | --- | --- | --- | --- |
| IOB1 | I (B after a span of its label) | the same | I | I |
| IOB2 | B | B | I | I |
| BIOES | S | B | I | E |
| BMES | S | B | M | E |
| BILOU | U | B | I | L |

Spans begin and end as in conlleval, the evaluation script of the CoNLL shared tasks
(https://www.cnts.ua.ac.be/conll2000/chunking/conlleval.txt). An I (M) or E (L) that
continues no span of its label begins a span. A span without its E (L) ends before the
next token that does not continue it. Such a span has `is_regular = False`. A value that
is not a tag (no label, or a prefix that the scheme lacks) is an error of its own, and
is outside any span.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from .format import bad_option

#: Prefixes of each scheme, and their meaning in BIOES.
SCHEMES: Dict[str, Dict[str, str]] = {
    "IOB1": {"B": "B", "I": "I"},
    "IOB2": {"B": "B", "I": "I"},
    "BIOES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BMES": {"B": "B", "M": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
}
AUTO = "auto"
#: Other names of the schemes.
ALIASES = {"IOB": "IOB1", "BIO": "IOB2", "IOBES": "BIOES", "BIOLU": "BILOU"}
OUTSIDE = "O"
_TAG = re.compile(r"O|[BIMESLU]-.+", re.S)
_REGULAR = {
    "IOB1": re.compile("[BI]I*"),
    "IOB2": re.compile("BI*"),
    **dict.fromkeys(("BIOES", "BMES", "BILOU"), re.compile("S|BI*E")),
}


class TagRun(NamedTuple):
    """Consecutive tokens whose tags make one span.

    label (str): The label; "" for a value that is not a tag.
    start (int): First token.
    end (int): Token after the last (exclusive).
    is_regular (bool): Whether the tags are those that the scheme requires for it.
    """

    label: str
    start: int
    end: int
    is_regular: bool


def is_tag(value: str) -> bool:
    """RETURNS (bool): Whether a value is a tag of one of the schemes."""
    return _TAG.fullmatch(value) is not None


def split_tag(tag: str, scheme: str) -> Tuple[str, str]:
    """Split a tag into prefix and label.

    tag (str): The tag.
    scheme (str): Its scheme.
    RETURNS (Tuple[str, str]): The prefix in BIOES, and the label; ("O", "") for
        outside, ("", "") for a value that is not a tag.
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, _, label = tag.partition("-")
    known = SCHEMES[scheme].get(prefix, "") if label else ""
    return known, label if known else ""


def read_runs(tags: Sequence[str], scheme: str) -> List[TagRun]:
    """Find the spans of a sentence.

    tags (Sequence[str]): One tag per token.
    scheme (str): One of SCHEMES.
    RETURNS (List[TagRun]): The spans in their order, and the values that are not tags.
    """
    runs: List[TagRun] = []
    open_label, start = "", 0
    prefixes: List[str] = []
    for i, tag in enumerate([*tags, OUTSIDE]):
        prefix, label = split_tag(tag, scheme)
        continues = prefix in ("I", "E") and bool(prefixes) and label == open_label
        if prefixes and (not continues or prefixes[-1] in "ES"):
            is_regular = _REGULAR[scheme].fullmatch("".join(prefixes)) is not None
            runs.append(TagRun(open_label, start, i, is_regular))
            prefixes = []
        if prefix == "":
            runs.append(TagRun("", i, i + 1, False))
        elif prefix != OUTSIDE:
            start = start if prefixes else i
            open_label = label
            prefixes.append(prefix)
    return runs


def write_tags(length: int, runs: Iterable[TagRun], scheme: str) -> List[str]:
    """Write spans as tags.

    length (int): Tokens of the sentence.
    runs (Iterable[TagRun]): Spans that do not overlap, in their order.
    scheme (str): One of SCHEMES.
    RETURNS (List[str]): One tag per token.
    """
    letters = {meaning: letter for letter, meaning in SCHEMES[scheme].items()}
    inner = letters["I"]
    last, single = letters.get("E", inner), letters.get("S", "B")
    tags = [OUTSIDE] * length
    for label, start, end, _ in runs:
        tags[start:end] = [f"{inner}-{label}"] * (end - start)
        tags[end - 1] = f"{last}-{label}"
        first = "B" if end - start > 1 else single
        touches = start > 0 and split_tag(tags[start - 1], scheme)[1] == label
        if scheme == "IOB1" and not touches:
            first = inner
        tags[start] = f"{first}-{label}"
    return tags


def read_scheme(scheme: str, format: str) -> str:
    """Check the option of a format that names a scheme.

    scheme (str): The scheme, or auto.
    format (str): Name of the format, for messages.
    RETURNS (str): One of SCHEMES, or "" for auto.
    RAISES (ValueError): GP167 if there is no such scheme.
    """
    name = ALIASES.get(scheme.upper(), scheme.upper())
    if scheme != AUTO and name not in SCHEMES:
        raise bad_option(format, "scheme", scheme, f"{', '.join(SCHEMES)} or auto")
    return "" if scheme == AUTO else name


def find_scheme(sentences: Iterable[Sequence[str]]) -> str:
    """Detect the scheme of sentences.

    The scheme marks ends if there are at least as many E, S, L and U as B. Otherwise it
    is IOB1 if more spans begin with I than with a B that IOB1 does not allow, or else
    IOB2. The first I of a sentence does not count if the sentence before ends with its
    label.

    sentences (Iterable[Sequence[str]]): Tags of each sentence.
    RETURNS (str): One of SCHEMES.
    """
    prefixes: Counter[str] = Counter()
    n_first_i, n_free_b, end = 0, 0, ""
    for tags in sentences:
        prefixes.update(tag[0] for tag in tags if tag != OUTSIDE and is_tag(tag))
        before = ""
        for tag in tags:
            prefix, label = split_tag(tag, "IOB2")
            n_first_i += prefix == "I" and label not in (before, end)
            n_free_b += prefix == "B" and label != before
            before, end = label, ""
        end = before
    ends, lasts = prefixes["E"] + prefixes["S"], prefixes["L"] + prefixes["U"]
    if ends + lasts and ends + lasts >= prefixes["B"]:
        if lasts > ends:
            return "BILOU"
        return "BMES" if prefixes["M"] > prefixes["I"] else "BIOES"
    return "IOB1" if n_first_i > n_free_b else "IOB2"
