"""Read the training data of spaCy 2: paragraphs with sentences of tagged tokens.

    [{"id": 0, "paragraphs": [{"raw": "...", "sentences": [{"tokens": [
        {"orth": "Leith", "space": "", "ner": "U-GPE"}]}]}]}]

Each paragraph is a document, as in `spacy convert` (`spacy.training.gold_io`). Its text
is "raw", or else the tokens with their spaces, or else the tokens with a space between
them. Tags are BILUO over the whole paragraph. The tag "-" or a missing one means that
nothing is known. Entities of a paragraph are copies of the tags, and are not read.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from ...types import CharSpan
from ..annotations import AnnotatedText, Document, Reason, Source
from .fates import Fates, make_span, name_of
from .files import malformed
from .json_values import as_object, get_field
from .tags import OUTSIDE, read_runs


def is_paragraphs(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a document of paragraphs."""
    return isinstance(value, dict) and "paragraphs" in value and "text" not in value


def claims_paragraphs(record: Dict[str, Any]) -> Optional[bool]:
    """Check whether a document of paragraphs has tokens; returns what `Format.claims`
    returns."""
    found: Any = [record]
    for key in ("paragraphs", "sentences", "tokens"):
        lists = [part.get(key) for part in found if isinstance(part, dict)]
        found = [part for parts in lists if isinstance(parts, list) for part in parts]
    tokens = [token for token in found if isinstance(token, dict) and "orth" in token]
    if tokens:
        return True
    return None if not found and isinstance(record["paragraphs"], list) else False


def read_paragraphs(
    record: Dict[str, Any], source: Source, names: Iterator[str], format: str
) -> Iterator[Document]:
    """Read the paragraphs of a document.

    record (Dict[str, Any]): The document.
    source (Source): File and line.
    names (Iterator[str]): Names for paragraphs of documents without an id.
    format (str): Name of the format, for messages.
    YIELDS (Document): The paragraphs, named ID, or ID:NUMBER if there are several.
    RAISES (ValueError): GP164 if a field is missing or of another type, or if the
        tokens do not match the text.
    """
    values = get_field(record, "paragraphs", list, source, format)
    id = name_of(record.get("id"), "")
    for number, value in enumerate(values, start=1):
        paragraph = as_object(value, source, format)
        own = f"{id}:{number}" if len(values) > 1 else id
        name = next(names)
        yield _read_paragraph(paragraph, source, own if id else name, format)


def _read_paragraph(
    paragraph: Dict[str, Any], source: Source, name: str, format: str
) -> Document:
    tokens = list(_tokens(paragraph, source, format))
    words = [get_field(token, "orth", str, source, format) for token in tokens]
    text = _join(words, [token.get("space") for token in tokens])
    if paragraph.get("raw") is not None:
        text = get_field(paragraph, "raw", str, source, format)
    places = _find(words, text, source, format)
    kept = [place for place in places if not text[slice(*place)].isspace()]
    document = AnnotatedText(name, text, source=source, tokens=kept)
    fates = Fates(document)
    tags = [_as_tag(token.get("ner")) for token in tokens]
    for run in read_runs(tags, "BILOU"):
        start, end = places[run.start][0], places[run.end - 1][1]
        span = make_span(text, run.label, start, end, source)
        value = f"{tags[run.start : run.end]} {text[start:end]!r}"
        fates.add(value, span if run.is_regular else Reason.BAD_TAG)
    for cat in get_field({"cats": [], **paragraph}, "cats", list, source, format):
        fates.add(cat, Reason.NOT_A_SPAN)
    return fates.result


def _tokens(
    paragraph: Dict[str, Any], source: Source, format: str
) -> Iterator[Dict[str, Any]]:
    for value in get_field(paragraph, "sentences", list, source, format):
        sentence = as_object(value, source, format)
        for token in get_field(sentence, "tokens", list, source, format):
            yield as_object(token, source, format)


def _join(words: List[str], spaces: List[Any]) -> str:
    """Join words. The space of a token is a string or a Boolean; None if it is not
    known."""
    known = [True if space is None else bool(space) for space in spaces]
    text = "".join(word + " " * space for word, space in zip(words, known))
    return text[:-1] if spaces and spaces[-1] is None else text


def _find(words: List[str], text: str, source: Source, format: str) -> List[CharSpan]:
    places: List[CharSpan] = []
    end = 0
    for word in words:
        start = text.find(word, end)
        if not word or start < 0 or text[end:start].strip():
            reason = f"the token {word!r} is not in the text after character {end}"
            raise malformed(source, format, reason)
        end = start + len(word)
        places.append((start, end))
    if text[end:].strip():
        raise malformed(source, format, f"no token has the text's {text[end:][:40]!r}")
    return places


def _as_tag(value: Any) -> str:
    """Convert a value to a tag. As in spaCy, one that begins with a hyphen is
    missing."""
    missing = value in ("", None) or (isinstance(value, str) and value[0] == "-")
    return OUTSIDE if missing else str(value)
