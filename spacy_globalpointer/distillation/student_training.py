"""The training of a student: batches with raw texts, and columns for all losses."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple, cast

from spacy.language import Language
from spacy.training import Example

from ..training.resumable.loop import Training
from ..training.resumable.replay import Batches, Corpus
from .raw_texts import RawTextCorpus


class StudentTraining(Training):
    """The training of a student.

    nlp (Language): The student, initialized.
    output (Path): The folder to write to.
    raw (Optional[RawTextCorpus]): Texts that are mixed with those of the config's
        corpus; None for none.
    share (float): Fraction of the words that are raw text.
    columns (Sequence[str]): Names of losses that are no components.
    **options: As for `Training`.
    """

    def __init__(
        self,
        nlp: Language,
        output: Path,
        *,
        raw: Optional[RawTextCorpus],
        share: float,
        columns: Sequence[str],
        **options: Any,
    ) -> None:
        self._raw = raw
        self._share = share
        self._columns = columns
        super().__init__(nlp, output, **options)

    def _logged(self) -> Language:
        return cast(Language, _WithColumns(self.nlp, self._columns))

    def _make_batches(self, train_corpus: Corpus) -> Batches:
        if self._raw is not None:
            batcher = self._settings["batcher"]
            stream = _endless(self._raw, self.nlp)
            mix = partial(interleave, raw=stream, share=self._share)
            self._settings["batcher"] = lambda examples: batcher(mix(examples))
        return super()._make_batches(train_corpus)


def interleave(
    gold: Iterable[Example], *, raw: Iterator[Example], share: float
) -> Iterator[Example]:
    """Mix annotated examples with raw texts.

    gold (Iterable[Example]): The annotated examples.
    raw (Iterator[Example]): Raw texts, at least as many as are needed.
    share (float): Fraction of the words to take from the raw texts, below 1.
    YIELDS (Example): All annotated examples in their order, with raw texts between
        them.
    """
    owed = 0.0
    for example in gold:
        yield example
        owed += len(example) * share / (1 - share)
        while owed > 0:
            text = next(raw)
            yield text
            owed -= len(text)


def _endless(raw: RawTextCorpus, nlp: Language) -> Iterator[Example]:
    while True:
        yield from raw(nlp)


class _Column:
    """A loss in the place of a component, for loggers."""

    is_trainable = True


class _WithColumns:
    """A pipeline as loggers see it, with a column for each further loss."""

    def __init__(self, nlp: Language, columns: Sequence[str]) -> None:
        self._nlp = nlp
        self._columns = columns

    @property
    def pipeline(self) -> List[Tuple[str, Any]]:
        """Return the components, and one for each further loss."""
        further = [(name, _Column()) for name in self._columns]
        return [*self._nlp.pipeline, *further]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nlp, name)
