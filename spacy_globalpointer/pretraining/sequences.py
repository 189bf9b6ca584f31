"""Cut texts into sequences of word pieces, and shuffle these while reading."""

from __future__ import annotations

from itertools import islice
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy
from numpy import ndarray

from ..corpus.formats.files import SourceFile
from .texts import read_texts

#: Lowest number of known pieces in a sequence; shorter ones are left out. If a sequence
#: has room for twice as many, no part of a longer text is left out.
LEAST = 8
# Number of texts that are tokenized together.
_GROUP = 32


class PieceSequence(NamedTuple):
    """Consecutive pieces of one text.

    ids (ndarray): Shape (pieces,), int32.
    begins (Any): Shape (pieces,), bool: whether a word begins there.
    """

    ids: ndarray
    begins: Any


def cut_sequences(
    tokenizer: Any, texts: Sequence[str], *, room: int
) -> Iterator[PieceSequence]:
    """Cut texts into sequences. As in ELECTRA, no sequence has pieces of two texts. The
    sequences of a text have about the same length.

    tokenizer (PreTrainedTokenizerFast): The tokenizer.
    texts (Sequence[str]): The texts.
    room (int): Highest number of pieces in a sequence.
    YIELDS (PieceSequence): The sequences with at least `LEAST` known pieces.
    """
    if not texts:
        return
    encoded = tokenizer(
        list(texts),
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    for i, listed in enumerate(encoded["input_ids"]):
        ids = numpy.array(listed, dtype="int32")
        begins = _begins(encoded.word_ids(i))
        n_parts = -(-len(ids) // room)
        for part in range(n_parts):
            own = slice(part * len(ids) // n_parts, (part + 1) * len(ids) // n_parts)
            usable = ~numpy.isin(ids[own], tokenizer.all_special_ids)
            if usable.sum() >= LEAST:
                yield PieceSequence(ids[own], begins[own])


def _begins(words: List[Any]) -> Any:
    numbers = numpy.array([-1 if word is None else word for word in words])
    begins = numpy.ones(len(words), dtype=bool)
    begins[1:] = (numbers[1:] != numbers[:-1]) | (numbers[1:] < 0)
    return begins


class SequenceSource:
    """The sequences of files, which are read again in each epoch.

    files (Sequence[SourceFile]): The files.
    tokenizer (PreTrainedTokenizerFast): The tokenizer.
    room (int): Highest number of pieces in a sequence, without special ones.
    seed (int): Decides the order of the files, which differs between epochs.
    """

    def __init__(
        self, files: Sequence[SourceFile], tokenizer: Any, *, room: int, seed: int
    ) -> None:
        self.files = files
        self.tokenizer = tokenizer
        self.room = room
        self.seed = seed

    def read(
        self, epoch: int, skip: int = 0
    ) -> Iterator[Tuple[int, List[PieceSequence]]]:
        """Read the sequences of an epoch.

        epoch (int): Its number.
        skip (int): Texts, or parts of them, to leave out at its beginning.
        YIELDS (Tuple[int, List[PieceSequence]]): Number of texts, and their sequences.
        """
        order = numpy.random.default_rng([self.seed, epoch]).permutation(
            len(self.files)
        )
        all_texts = (text for i in order for text in read_texts(self.files[i]))
        texts = islice(all_texts, skip, None)
        while group := list(islice(texts, _GROUP)):
            yield len(group), list(self._cut(group))

    def _cut(self, texts: List[str]) -> Iterator[PieceSequence]:
        return cut_sequences(self.tokenizer, texts, room=self.room)


class SequenceStream:
    """An endless stream of sequences, each once in an epoch. They are drawn from a
    buffer that is filled while the texts are read.

    source (SequenceSource): Where they come from.
    is_held_out (Callable[[PieceSequence], bool]): Whether a sequence is not for
        training.
    size (int): Number of sequences in the buffer.
    """

    def __init__(
        self, source: SequenceSource, is_held_out: Any, *, size: int = 4096
    ) -> None:
        self.source = source
        self.is_held_out = is_held_out
        self.size = size
        self.epoch = 0
        self.n_texts = 0
        self.buffer: List[PieceSequence] = []
        self._groups = source.read(0)

    def draw(
        self, random: numpy.random.Generator, *, max_pieces: int, n_special: int
    ) -> List[PieceSequence]:
        """Draw the sequences of a batch.

        random (numpy.random.Generator): Draws the sequences.
        max_pieces (int): Highest number of pieces in the batch, including padding.
        n_special (int): Number of special pieces around each sequence.
        RETURNS (List[PieceSequence]): At least one sequence.
        """
        batch: List[PieceSequence] = []
        longest = 0
        while True:
            self._refill()
            drawn = self._pop(int(random.integers(len(self.buffer))))
            longest = max(longest, len(drawn.ids) + n_special)
            if batch and (len(batch) + 1) * longest > max_pieces:
                self.buffer.append(drawn)
                return batch
            batch.append(drawn)

    def _pop(self, i: int) -> PieceSequence:
        self.buffer[i], self.buffer[-1] = self.buffer[-1], self.buffer[i]
        return self.buffer.pop()

    def _refill(self) -> None:
        while len(self.buffer) < self.size:
            n_texts, sequences = next(self._groups, (0, []))
            if n_texts:
                self.n_texts += n_texts
                self.buffer += [x for x in sequences if not self.is_held_out(x)]
            elif self.buffer:
                return
            else:
                self.epoch, self.n_texts = self.epoch + 1, 0
                self._groups = self.source.read(self.epoch)

    def state(self) -> Tuple[Dict[str, int], Dict[str, ndarray]]:
        """Return the place in the texts, and the buffer as arrays."""
        lengths = numpy.array([len(x.ids) for x in self.buffer], dtype="int64")
        arrays = {
            "lengths": lengths,
            "ids": _joined([x.ids for x in self.buffer], "int32"),
            "begins": _joined([x.begins for x in self.buffer], "bool"),
        }
        return {"epoch": self.epoch, "n_texts": self.n_texts}, arrays

    def restore(self, place: Dict[str, int], arrays: Dict[str, ndarray]) -> None:
        """Restore the state of a stream of the same source.

        place (Dict[str, int]): From `state`.
        arrays (Dict[str, ndarray]): From `state`.
        """
        self.epoch, self.n_texts = place["epoch"], place["n_texts"]
        self._groups = self.source.read(self.epoch, skip=self.n_texts)
        ends = arrays["lengths"].cumsum()[:-1]
        parts = (numpy.split(arrays[name], ends) for name in ("ids", "begins"))
        full = len(arrays["lengths"]) > 0
        self.buffer = [PieceSequence(*pair) for pair in zip(*parts)] if full else []


def _joined(arrays: List[ndarray], dtype: str) -> ndarray:
    return numpy.concatenate([numpy.zeros(0, dtype=dtype), *arrays])
