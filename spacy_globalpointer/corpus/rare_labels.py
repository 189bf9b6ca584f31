"""Corpus reader that repeats the examples with rare labels."""

from __future__ import annotations

import random
from collections import Counter
from typing import Callable, Dict, Iterable, Iterator, Optional, Set

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors
from ..values import Setting, is_number

#: Highest number of repetitions of an example.
MOST = 10.0

Corpus = Callable[[Language], Iterable[Example]]


def create_rare_labels_corpus_v1(
    corpus: Corpus, spans_key: str = "sc", least_share: Setting = 0.1, seed: int = 0
) -> RareLabelsCorpus:
    """Make a `RareLabelsCorpus`: `spacy-globalpointer.RareLabelsCorpus.v1`.

    corpus (Corpus): Any reader, such as `spacy-globalpointer.ChunkedCorpus.v1`.
    spans_key (str): Key of the gold spans in `Doc.spans`.
    least_share (float): Fraction of the examples below which a label is rare, above 0
        and up to 1.
    seed (int): Seed of the repetitions.
    RETURNS (RareLabelsCorpus): The corpus.
    RAISES (ValueError): GP227 if least_share is out of its range.
    """
    return RareLabelsCorpus(corpus, spans_key, least_share, seed)


class RareLabelsCorpus:
    """Corpus that repeats those examples of another reader that have rare labels.

    A label that is in a fraction f of the examples has the factor √(least_share / f),
    from 1 to 10. An example has the factor of its rarest label. A factor of 2.3 means
    two copies, and a third one with probability 0.3 (repeat factor sampling, Gupta et
    al. 2019, arXiv 1908.03195).

    The other reader is read once to count labels, and again for each pass. spaCy makes
    one pass in all, and shuffles. If it streams (max_epochs = -1), it does not shuffle,
    and copies would follow each other: this is an error.

    corpus (Corpus): The other reader.
    spans_key (str): Key of the gold spans in `Doc.spans`.
    least_share (float): Fraction of the examples below which a label is rare.
    seed (int): Seed of the repetitions.
    RAISES (ValueError): GP227 if least_share is out of its range.
    """

    def __init__(
        self, corpus: Corpus, spans_key: str, least_share: float, seed: int
    ) -> None:
        if not is_number(least_share) or not 0 < least_share <= 1:
            raise ValueError(Errors.GP227.format(value=least_share))
        self.corpus = corpus
        self.spans_key = spans_key
        self.least_share = least_share
        self._random = random.Random(seed)
        self._factors: Optional[Dict[str, float]] = None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Pass over the corpus once.

        nlp (Language): The pipeline that makes the predicted Docs.
        YIELDS (Example): The examples; copies are the same object, one after the other.
        RAISES (ValueError): GP222 if the pipeline's training streams its corpus.
        """
        if nlp.config["training"].get("max_epochs") == -1:
            raise ValueError(Errors.GP222)
        if self._factors is None:
            self._factors = self._find_factors(self.corpus(nlp))
        for example in self.corpus(nlp):
            labels = self._labels(example)
            factor = max((self._factors.get(x, 1.0) for x in labels), default=1.0)
            times = int(factor) + (self._random.random() < factor % 1)
            yield from [example] * times

    def _find_factors(self, examples: Iterable[Example]) -> Dict[str, float]:
        counts: Counter[str] = Counter()
        n_examples = 0
        for example in examples:
            counts.update(self._labels(example))
            n_examples += 1
        return {
            label: min(MOST, max(1.0, (self.least_share * n_examples / count) ** 0.5))
            for label, count in counts.items()
        }

    def _labels(self, example: Example) -> Set[str]:
        spans = example.reference.spans
        return (
            {x.label_ for x in spans[self.spans_key]}
            if self.spans_key in spans
            else set()
        )
