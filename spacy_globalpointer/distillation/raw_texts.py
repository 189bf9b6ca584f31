"""Raw texts as a training corpus, read as a stream."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.reader import cut_doc, shuffled
from ..errors import Errors
from ..pretraining.texts import find_texts, read_texts
from ..types import RAW_TEXT
from ..values import Setting, is_whole

#: Chunks in memory, from which the next one is drawn.
HELD = 1000


def create_raw_text_corpus_v1(
    paths: List[Union[str, Path]], chunk_size: Setting = 256, seed: int = 0
) -> Callable[[Language], Iterable[Example]]:
    """Make a `RawTextCorpus`: `spacy-globalpointer.RawTextCorpus.v1`.

    paths (List[Union[str, Path]]): Files of raw texts, or folders of them.
    chunk_size (int): Highest number of tokens in a chunk.
    seed (int): Seed of the order.
    RETURNS (Callable[[Language], Iterable[Example]]): The corpus.
    RAISES (ValueError): GP117 if the size is below 1; as `find_texts`.
    """
    return RawTextCorpus([Path(path) for path in paths], chunk_size, seed)


class RawTextCorpus:
    """Corpus of Examples without annotation, of which a bounded number is in memory.

    Their references are marked as raw text (`types.RAW_TEXT`), so that a missing
    annotation does not count as the absence of spans. Long texts are cut into chunks
    at paragraphs or sentences if possible. Chunks of white space are left out.

    paths (Sequence[Path]): Files and folders as for `pretraining.texts.find_texts`.
    chunk_size (int): Highest number of tokens in a chunk.
    seed (int): Seed of the order, which differs in each pass: that of the files, and
        that of the chunks, each of which is drawn at random from the next `HELD` ones.
    """

    def __init__(self, paths: Sequence[Path], chunk_size: int, seed: int) -> None:
        if not is_whole(chunk_size, least=1):
            fields = {"name": "chunk_size", "value": chunk_size, "least": 1}
            raise ValueError(Errors.GP117.format(**fields))
        self.files = find_texts(paths)
        self.chunk_size = chunk_size
        self._random = random.Random(seed)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Pass over the texts once.

        nlp (Language): The pipeline whose tokenizer makes the Docs.
        YIELDS (Example): The examples.
        """
        self._random.shuffle(self.files)
        for doc in shuffled(self._chunks(nlp), self._random, HELD):
            predicted = doc.copy()
            doc.user_data[RAW_TEXT] = True
            yield Example(predicted, doc)

    def is_empty(self) -> bool:
        """Return whether no text has a character that is not white space."""
        return not any(x.strip() for file in self.files for x in read_texts(file))

    def _chunks(self, nlp: Language) -> Iterator[Doc]:
        for file in self.files:
            for text in read_texts(file):
                for chunk in cut_doc(nlp.make_doc(text), self.chunk_size):
                    if chunk.text.strip():
                        yield chunk
