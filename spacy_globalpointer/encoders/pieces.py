"""Documents as word pieces, and which pieces belong to which token."""

from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy
from numpy import ndarray
from spacy.attrs import IDX, LENGTH, SPACY
from spacy.tokens import Doc

#: A longer text is handed to the tokenizer in parts of about so many tokens.
PART = 1000


class Pieces(NamedTuple):
    """A document's pieces, without special tokens.

    ids (ndarray): Shape (pieces,).
    cuts (ndarray): Ascending offsets of the pieces at which a token begins.
    indices (ndarray): Offsets of each token's pieces, token after token. A piece that
        spreads over several tokens belongs to each of them.
    lengths (ndarray): Shape (tokens,): number of pieces of each token. White space
        and what the tokenizer ignores has none.
    """

    ids: ndarray
    cuts: ndarray
    indices: ndarray
    lengths: ndarray


def split_pieces(tokenizer: Any, docs: List[Doc]) -> List[Pieces]:
    """Split documents into pieces as the encoder's tokenizer does.

    tokenizer (PreTrainedTokenizerFast): It must know the pieces' offsets.
    docs (List[Doc]): The documents, of any length.
    RETURNS (List[Pieces]): One for each document.
    """
    texts: List[str] = []
    offsets: List[int] = []
    n_parts: List[int] = []
    arrays = [doc.to_array([IDX, LENGTH, SPACY]).astype("int64") for doc in docs]
    for doc, array in zip(docs, arrays):
        places = _cut_text(array)
        text = doc.text
        texts.extend(text[a:b] for a, b in zip(places, [*places[1:], len(text)]))
        offsets.extend(places)
        n_parts.append(len(places))
    encoded = _tokenize(tokenizer, texts)
    ids = [numpy.asarray(part, dtype="int64") for part in encoded["input_ids"]]
    spans = [
        numpy.asarray(part, dtype="int64").reshape(-1, 2) + offset
        for part, offset in zip(encoded["offset_mapping"], offsets)
    ]
    result, first = [], 0
    for array, n in zip(arrays, n_parts):
        own = slice(first, first + n)
        result.append(
            _align(_joined(ids[own], (0,)), _joined(spans[own], (0, 2)), array)
        )
        first += n
    return result


def tokens_to_pieces(pieces: Pieces, chosen: Any) -> Any:
    """Choose the pieces of chosen tokens.

    pieces (Pieces): A document's pieces.
    chosen (Any): Shape (tokens,), bool.
    RETURNS (Any): Shape (pieces,), bool.
    """
    result = numpy.zeros(len(pieces.ids), dtype=bool)
    result[pieces.indices[numpy.repeat(chosen, pieces.lengths)]] = True
    return result


def _tokenize(tokenizer: Any, texts: List[str]) -> Any:
    if not texts:
        return {"input_ids": [], "offset_mapping": []}
    return tokenizer(
        texts,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=True,
        truncation=False,
        padding=False,
        verbose=False,
    )


def _cut_text(array: Any) -> List[int]:
    """Offsets in characters at which a text's parts begin: before the space in front
    of a token, so that a tokenizer sees what it would see in the whole text; before
    a token where no space is near."""
    places, first = [0], 0
    starts, spaced = array[:, 0], array[:, 2]
    while len(array) - first > 2 * PART:
        middle = first + PART
        spaces = numpy.flatnonzero(spaced[middle - 1 : middle - 1 + PART])
        first = middle + int(spaces[0]) if len(spaces) else middle
        places.append(int(starts[first]) - int(spaced[first - 1]))
    return places


def _joined(arrays: List[Any], empty: Any) -> Any:
    return numpy.concatenate(arrays) if arrays else numpy.zeros(empty, dtype="int64")


def _align(ids: Any, spans: Any, array: Any) -> Pieces:
    """spans: Shape (pieces, 2): each piece's characters. array: Shape (tokens, 3)."""
    starts, stops = array[:, 0], array[:, 0] + array[:, 1]
    # The tokens that share a character with a piece.
    first = numpy.searchsorted(stops, spans[:, 0], side="right")
    last = numpy.searchsorted(starts, spans[:, 1], side="left")
    counts = numpy.where(spans[:, 1] > spans[:, 0], last - first, 0).clip(min=0)
    pieces = numpy.repeat(numpy.arange(len(ids)), counts)
    skipped = numpy.repeat(counts.cumsum() - counts - first, counts)
    tokens = numpy.arange(len(pieces)) - skipped
    order = tokens.argsort(kind="stable")
    lengths = numpy.bincount(tokens, minlength=len(array))
    # A window may begin with a piece whose tokens have no piece before it.
    reach = numpy.maximum.accumulate(numpy.where(counts > 0, last, 0))
    inside = numpy.zeros(len(ids), dtype=bool)
    inside[1:] = (counts[1:] > 0) & (first[1:] < reach[:-1])
    return Pieces(
        ids=ids,
        cuts=numpy.flatnonzero(~inside),
        indices=pieces[order],
        lengths=lengths,
    )
