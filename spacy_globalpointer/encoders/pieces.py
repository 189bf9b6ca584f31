"""Word pieces of documents, and the pieces of each token."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Tuple

import numpy
from numpy import ndarray
from spacy.attrs import IDX, LENGTH, SPACY
from spacy.tokens import Doc

if TYPE_CHECKING:
    from .token_borders import TokenBorders

#: A longer text is passed to the tokenizer in parts of about this number of tokens.
PART = 1000


class Pieces(NamedTuple):
    """Pieces of a document, without special tokens, made by `split_pieces`.

    ids (ndarray): Shape (pieces,).
    cuts (ndarray): Ascending offsets of the pieces at which a token begins.
    indices (ndarray): Offsets of each token's pieces, token after token. A piece that
        covers several tokens belongs to each of them.
    lengths (ndarray): Shape (tokens,): number of pieces of each token. White space and
        text that the tokenizer ignores have none.
    """

    ids: ndarray
    cuts: ndarray
    indices: ndarray
    lengths: ndarray


class PieceSpans(NamedTuple):
    """Pieces of several documents, in the order of the text.

    ids (ndarray): Shape (pieces,).
    spans (ndarray): Shape (pieces, 2): the characters of each piece.
    docs (ndarray): Shape (pieces,): the document of each piece, ascending.
    """

    ids: ndarray
    spans: ndarray
    docs: ndarray


def split_pieces(
    tokenizer: Any, docs: List[Doc], borders: Optional[TokenBorders] = None
) -> List[Pieces]:
    """Split documents into pieces with the encoder's tokenizer.

    tokenizer (PreTrainedTokenizerFast): A tokenizer that returns the pieces' offsets.
    docs (List[Doc]): The documents, of any length.
    borders (Optional[TokenBorders]): What splits pieces that cover several tokens; None
        to leave them.
    RETURNS (List[Pieces]): The pieces of each document.
    """
    if not docs:
        return []
    texts = [doc.text for doc in docs]
    arrays = [doc.to_array([IDX, LENGTH, SPACY]).astype("int64") for doc in docs]
    # Characters are counted through all texts. A character between two texts belongs to
    # neither.
    sizes = numpy.array([len(text) + 1 for text in texts])
    bases = sizes.cumsum() - sizes
    tokens = numpy.concatenate(arrays)
    n_tokens = [len(array) for array in arrays]
    starts = tokens[:, 0] + numpy.repeat(bases, n_tokens)
    stops = starts + tokens[:, 1]
    places = [_cut_text(array) for array in arrays]
    ids, spans, n_pieces = _tokenize(tokenizer, texts, places, bases)
    if borders is not None:
        numbers = numpy.arange(len(docs))
        ids, spans, owners = borders.split(
            "\n".join(texts),
            PieceSpans(ids, spans, numpy.repeat(numbers, n_pieces)),
            starts=starts,
            stops=stops,
            docs=numpy.repeat(numbers, n_tokens),
        )
        n_pieces = numpy.bincount(owners, minlength=len(docs))
    aligned = _align(spans, starts, stops)
    return _split(ids, *aligned, n_pieces=n_pieces, n_tokens=numpy.array(n_tokens))


def tokens_to_pieces(pieces: Pieces, chosen: Any) -> Any:
    """Find the pieces of chosen tokens.

    pieces (Pieces): A document's pieces.
    chosen (Any): Shape (tokens,), bool.
    RETURNS (Any): Shape (pieces,), bool.
    """
    result = numpy.zeros(len(pieces.ids), dtype=bool)
    result[pieces.indices[numpy.repeat(chosen, pieces.lengths)]] = True
    return result


def _cut_text(array: ndarray) -> List[int]:
    """Find the character offsets at which the parts of a text begin. A part begins at
    the space before a token, so that the tokenizer gives the same pieces as for the
    whole text. If there is no space nearby, it begins at a token."""
    places, first = [0], 0
    starts, spaced = array[:, 0], array[:, 2]
    while len(array) - first > 2 * PART:
        middle = first + PART
        spaces = numpy.flatnonzero(spaced[middle - 1 : middle - 1 + PART])
        first = middle + int(spaces[0]) if len(spaces) else middle
        places.append(int(starts[first]) - int(spaced[first - 1]))
    return places


def _tokenize(
    tokenizer: Any, texts: List[str], places: List[List[int]], bases: ndarray
) -> Tuple[ndarray, ndarray, ndarray]:
    """Return the pieces of all documents, shape (pieces,), the characters of each
    piece, shape (pieces, 2), and the number of pieces of each document, shape
    (documents,)."""
    parts = [
        text[begin:end]
        for text, begins in zip(texts, places)
        for begin, end in zip(begins, [*begins[1:], len(text)])
    ]
    encoded = tokenizer(
        parts,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=True,
        truncation=False,
        padding=False,
        verbose=False,
    )
    ids = numpy.array(list(chain(*encoded["input_ids"])), dtype="int64")
    spans = numpy.array(list(chain(*encoded["offset_mapping"])), dtype="int64")
    counts = numpy.array([len(part) for part in encoded["input_ids"]])
    n_parts = numpy.array([len(begins) for begins in places])
    offsets = numpy.array(list(chain(*places))) + numpy.repeat(bases, n_parts)
    spans = spans.reshape(-1, 2) + numpy.repeat(offsets, counts)[:, None]
    n_pieces = numpy.add.reduceat(counts, n_parts.cumsum() - n_parts)
    return ids, spans, n_pieces


def find_tokens(
    spans: ndarray, starts: ndarray, stops: ndarray
) -> Tuple[ndarray, ndarray]:
    """Find the tokens that share a character with each piece.

    spans (ndarray): Shape (pieces, 2): the characters of each piece.
    starts (ndarray): Shape (tokens,): offset of each token.
    stops (ndarray): Shape (tokens,): offset after each token.
    RETURNS (Tuple[ndarray, ndarray]): Shape (pieces,) each: the first token, and the
        number of tokens, which is 0 for a piece without a token.
    """
    first = numpy.searchsorted(stops, spans[:, 0], side="right")
    last = numpy.searchsorted(starts, spans[:, 1], side="left")
    return first, numpy.where(spans[:, 1] > spans[:, 0], last - first, 0).clip(min=0)


def _align(
    spans: ndarray, starts: ndarray, stops: ndarray
) -> Tuple[ndarray, ndarray, ndarray]:
    """Compute cuts, indices and lengths as in `Pieces`, for all documents together.

    spans: Shape (pieces, 2): each piece's characters. starts, stops: Shape (tokens,):
    each token's.
    """
    first, counts = find_tokens(spans, starts, stops)
    pieces = numpy.repeat(numpy.arange(len(spans)), counts)
    skipped = numpy.repeat(counts.cumsum() - counts - first, counts)
    tokens = numpy.arange(len(pieces)) - skipped
    indices = pieces[tokens.argsort(kind="stable")]
    # A window may begin with a piece whose tokens have no piece before it.
    reach = numpy.maximum.accumulate(numpy.where(counts > 0, first + counts, 0))
    inside = numpy.zeros(len(spans), dtype=bool)
    inside[1:] = (counts[1:] > 0) & (first[1:] < reach[:-1])
    return (
        numpy.flatnonzero(~inside),
        indices,
        numpy.bincount(tokens, minlength=len(starts)),
    )


def _split(
    ids: ndarray,
    cuts: ndarray,
    indices: ndarray,
    lengths: ndarray,
    *,
    n_pieces: ndarray,
    n_tokens: ndarray,
) -> List[Pieces]:
    """Return the part of each document, with its pieces counted from its first one."""
    ends = n_pieces.cumsum()
    token_ends = n_tokens.cumsum()
    n_indices = numpy.diff(numpy.append(0, lengths.cumsum())[token_ends], prepend=0)
    n_cuts = numpy.diff(numpy.searchsorted(cuts, ends), prepend=0)
    indices = indices - numpy.repeat(ends - n_pieces, n_indices)
    cuts = cuts - numpy.repeat(ends - n_pieces, n_cuts)
    parts = zip(
        numpy.split(ids, ends[:-1]),
        numpy.split(cuts, n_cuts.cumsum()[:-1]),
        numpy.split(indices, n_indices.cumsum()[:-1]),
        numpy.split(lengths, token_ends[:-1]),
    )
    return [Pieces(*part) for part in parts]
