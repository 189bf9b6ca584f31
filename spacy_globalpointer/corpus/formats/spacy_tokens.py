"""Read and make the tokens of `Doc.to_json`, which leave out only single spaces."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import chain, pairwise
from typing import Any, Dict, Iterator, List

from ...types import CharSpan
from ..annotations import AnnotatedText, Source
from .files import malformed
from .json_values import as_object, get_field

_WORD = re.compile(r"\S+")


def read_tokens(
    record: Dict[str, Any], text: str, source: Source, format: str
) -> List[CharSpan]:
    """Read the tokens that are not white space.

    record (Dict[str, Any]): The output of `Doc.to_json`.
    text (str): The text.
    source (Source): File and line.
    format (str): Name of the format, for messages.
    RETURNS (List[Tuple[int, int]]): First character and character after the last.
    RAISES (ValueError): GP164 if they are not in order, or not within the text.
    """
    places: List[CharSpan] = []
    last = 0
    for value in get_field(record, "tokens", list, source, format):
        token = as_object(value, source, format)
        start = get_field(token, "start", int, source, format)
        end = get_field(token, "end", int, source, format)
        if not last <= start < end <= len(text):
            reason = (
                f"the token from {start} to {end} does not follow the one before it"
            )
            raise malformed(source, format, f"{reason} within the text")
        if not text[start:end].isspace():
            places.append((start, end))
        last = end
    return places


def fill_tokens(document: AnnotatedText) -> List[CharSpan]:
    """Make tokens that cover a whole text, as `Doc.from_json` requires.

    A single space after a word is not a token. All other text between words is.

    document (AnnotatedText): The document. If it has no tokens, its words are used,
        split at the edges of spans.
    RETURNS (List[Tuple[int, int]]): First character and character after the last.
    """
    text, tokens, last = document.text, [], 0
    own = _split_words(document) if document.tokens is None else document.tokens
    for start, end in [*own, (len(text), len(text))]:
        if text[start:end].isspace():
            continue
        if last < start:
            tokens.append((last, start))
        if max(last, start) < end:
            tokens.append((max(last, start), end))
            last = end + (text[end : end + 1] == " ")
    return tokens


def _split_words(document: AnnotatedText) -> Iterator[CharSpan]:
    places = ((span.start, span.end) for span in document.spans)
    edges = sorted(set(chain.from_iterable(places)))
    for match in _WORD.finditer(document.text):
        start, end = match.span()
        inner = edges[bisect_right(edges, start) : bisect_left(edges, end)]
        yield from pairwise([start, *inner, end])
