"""Word pieces that do not cross the borders of spaCy's tokens.

A tokenizer that reads running text makes pieces that cover several tokens, such as
北京 where spaCy has a token for each character, or "don" where it has "do" and "n't".
Here, the pieces of each such token are made again from the token alone.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Callable, Dict, List, Tuple

import numpy
from numpy import ndarray
from tokenizers.models import WordPiece

from .pieces import PieceSpans, find_tokens

#: Number of tokens whose pieces are remembered.
MEMORY = 100_000
#: Characters with which pieces begin that begin a word, in SentencePiece's and in
#: byte-level tokenizers.
MARKS = ("▁", "Ġ")


class TokenBorders:
    """Replaces pieces that cover several tokens by pieces of each token.

    tokenizer (PreTrainedTokenizerFast): The encoder's tokenizer.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._model = self._backend.model
        vocabulary: Dict[str, int] = tokenizer.get_vocab()
        #: How a piece begins that continues a word: "##" of WordPiece, or "".
        self._prefix = ""
        if isinstance(self._model, WordPiece):
            self._prefix = self._model.continuing_subword_prefix
        sample = "".join(self._words("a a"))
        #: How a piece begins that begins a word, or "".
        self._mark = next((mark for mark in MARKS if mark in sample), "")
        #: Whether each piece may begin a word.
        self._begins = numpy.zeros(1 + max(vocabulary.values()), dtype=bool)
        begin = [i for piece, i in vocabulary.items() if self._begins_word(piece)]
        self._begins[begin] = True
        #: What reads the rest of a word: the model of the pieces that continue one.
        self._rest = self._model
        if self._prefix:
            self._rest = self._without_prefix(vocabulary)
        self._memory: Dict[Tuple[str, bool], List[int]] = {}

    def _begins_word(self, piece: str) -> bool:
        if self._prefix:
            return not piece.startswith(self._prefix)
        return piece.startswith(self._mark)

    def _without_prefix(self, vocabulary: Dict[str, int]) -> WordPiece:
        """Make a model of the pieces that continue a word, and of the unknown one."""
        unknown = self._model.unk_token
        pieces = {
            piece.removeprefix(self._prefix): number
            for piece, number in vocabulary.items()
            if piece.startswith(self._prefix) or piece == unknown
        }
        return WordPiece(
            pieces,
            unk_token=unknown,
            max_input_chars_per_word=self._model.max_input_chars_per_word,
            continuing_subword_prefix="",
        )

    def split(
        self,
        text: str,
        pieces: PieceSpans,
        starts: ndarray,
        stops: ndarray,
        docs: ndarray,
    ) -> PieceSpans:
        """Replace the pieces of all tokens that share a piece with another token.

        text (str): The text of all documents.
        pieces (PieceSpans): Its pieces.
        starts (ndarray): Shape (tokens,): offset of each token in the text.
        stops (ndarray): Shape (tokens,): offset after each token.
        docs (ndarray): Shape (tokens,): the document of each token.
        RETURNS (PieceSpans): Pieces of which none covers several tokens. Tokens that
            shared no piece have the same pieces as before.
        """
        spans = _without_space(text, pieces.spans)
        first, counts = find_tokens(spans, starts, stops)
        shares = _covered(first, first + counts, counts > 1, len(starts))
        continues = _covered(first + 1, first + counts, counts > 1, len(starts))
        _add_composed(text, starts, stops, shares, continues)
        tokens = numpy.flatnonzero(shares)
        if not len(tokens):
            return pieces._replace(spans=spans)
        begins = ~continues[tokens]
        begins[begins] = self._begins[
            pieces.ids[_first_pieces(first, counts, tokens[begins])]
        ]
        bounds = zip(starts[tokens].tolist(), stops[tokens].tolist(), begins.tolist())
        own = [self._pieces_of(text[a:b], begin) for a, b, begin in bounds]
        lengths = [len(ids) for ids in own]
        sources = numpy.repeat(tokens, lengths)
        old = (counts == 0) | ~shares[first.clip(max=len(starts) - 1)]
        new_ids = numpy.array([i for ids in own for i in ids], dtype=pieces.ids.dtype)
        new_spans = numpy.stack([starts[sources], stops[sources]], axis=1)
        # Pieces stay in the order of the text.
        places = numpy.maximum.accumulate(spans[:, 0])[old]
        order = numpy.append(places, starts[sources]).argsort(kind="stable")
        return PieceSpans(
            numpy.append(pieces.ids[old], new_ids)[order],
            numpy.append(spans[old], new_spans, axis=0)[order],
            numpy.append(pieces.docs[old], docs[sources])[order],
        )

    def _pieces_of(self, token: str, begins: bool) -> List[int]:
        """Return the pieces of a token that begins a word, or continues one."""
        key = (token, begins)
        ids = self._memory.get(key)
        if ids is None:
            ids = self._make_pieces(token, begins)
            if len(self._memory) >= MEMORY:
                self._memory = {}  # another thread may be reading the old one
            self._memory[key] = ids
        return ids

    def _make_pieces(self, token: str, begins: bool) -> List[int]:
        words = self._words(token)
        if not words:
            return []
        first = words[0]
        if self._mark:
            first = first[1:] if first.startswith(self._mark) else first
            first = self._mark + first if begins else first
        model = self._model if begins else self._rest
        found = model.tokenize(first)
        for word in words[1:]:
            found += self._model.tokenize(word)
        return [piece.id for piece in found]

    def _words(self, token: str) -> List[str]:
        """Return the words of a token, normalized, as the tokenizer's model reads
        them."""
        normalizer, splitter = self._backend.normalizer, self._backend.pre_tokenizer
        text = token if normalizer is None else normalizer.normalize_str(token)
        if splitter is None:
            return [text] if text else []
        return [word for word, _ in splitter.pre_tokenize_str(text)]


def _without_space(text: str, spans: ndarray) -> ndarray:
    """Return spans of pieces without the white space at their begin. Spans of white
    space alone stay."""
    is_space = _which(text, str.isspace)
    n = len(text)
    places = numpy.where(is_space, n, numpy.arange(n))
    next_place = numpy.append(numpy.minimum.accumulate(places[::-1])[::-1], n)
    begins = next_place[spans[:, 0]]
    begins = numpy.where(begins < spans[:, 1], begins, spans[:, 0])
    return numpy.stack([begins, spans[:, 1]], axis=1)


def _add_composed(
    text: str,
    starts: ndarray,
    stops: ndarray,
    shares: ndarray,
    continues: ndarray,
) -> None:
    """Add tokens that share a character after a normalization: a letter, and its accent
    in the next token. Tokenizers count such a character as the letter's alone."""
    may_join = _which(text, _may_join)[starts[1:]] & (stops[:-1] == starts[1:])
    for token in numpy.flatnonzero(may_join) + 1:
        begin = start = int(starts[token])
        while begin > 0 and _may_join(text[begin - 1]):
            begin -= 1
        before = unicodedata.normalize("NFKC", text[max(0, begin - 1) : start])
        after = unicodedata.normalize("NFKC", before + text[start])
        if len(after) < len(before) + len(unicodedata.normalize("NFKC", text[start])):
            shares[token - 1] = shares[token] = continues[token] = True


def _may_join(char: str) -> bool:
    """Return whether a character may become part of the one before it."""
    first = unicodedata.normalize("NFKD", char)[0]
    is_part_of_hangul = "\u1160" <= first <= "\u11ff"
    return unicodedata.category(first).startswith("M") or is_part_of_hangul


def _which(text: str, holds: Callable[[str], bool]) -> ndarray:
    """Return for which characters of a text something holds."""
    codes = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    known, kinds = numpy.unique(codes, return_inverse=True)
    return numpy.array([holds(chr(code)) for code in known], dtype=bool)[kinds]


def _covered(starts: ndarray, stops: ndarray, which: ndarray, size: int) -> ndarray:
    """Return which numbers below a size are in some of the chosen ranges."""
    steps = numpy.bincount(starts[which], minlength=size + 1)
    steps = steps - numpy.bincount(stops[which], minlength=size + 1)
    return steps.cumsum()[:size] > 0


def _first_pieces(first: ndarray, counts: ndarray, tokens: ndarray) -> ndarray:
    """Return the first piece of each of some tokens, all of which have pieces."""
    filled = numpy.flatnonzero(counts)
    reach = numpy.maximum.accumulate((first + counts)[filled])
    return filled[numpy.searchsorted(reach, tokens, side="right")]
