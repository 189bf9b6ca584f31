"""Prediction of all documents in one pass, with candidates down to a low
probability."""

from __future__ import annotations

import math
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.util import minibatch
from tqdm import tqdm

from ..corpus.docbin import read_docs
from ..errors import Errors
from ..pipeline.decision import Decision
from ..pipeline.global_pointer import GlobalPointer
from ..types import LabelledSpan

if TYPE_CHECKING:
    from ..pointer.search import FoundSpans

#: Lowest probability of a candidate, at a temperature of 1.0. It is low enough to be
#: below the best threshold, and high enough to leave out most useless candidates.
LOWEST = 0.05
# Scores are rounded by half of this. With a lower value, the search would find every
# pair of tokens.
_LEAST = 2e-6


class Predicted(NamedTuple):
    """Document with its candidates, made by `predict_candidates`.

    example (Example): `predicted` is the predicted Doc, without spans; `reference` is
        the Doc of the file.
    found (FoundSpans): The candidates.
    """

    example: Example
    found: FoundSpans

    def char_spans(self, labels: Sequence[str]) -> List[LabelledSpan]:
        """Return the candidates in the form in which the scorer compares spans.

        labels (Sequence[str]): The component's labels.
        RETURNS (List[LabelledSpan]): Label, first character, and character after the
            last, of each candidate.
        """
        doc, found = self.example.predicted, self.found
        first = [token.idx for token in doc]
        after = [token.idx + len(token) for token in doc]
        columns = (found.labels, found.starts, found.ends)
        return [
            (labels[label], first[start], after[end])
            for label, start, end in zip(*(column.tolist() for column in columns))
        ]


def find_component(nlp: Language, name: str) -> GlobalPointer:
    """Look up a component.

    nlp (Language): The pipeline.
    name (str): The component's name.
    RETURNS (GlobalPointer): The component.
    RAISES (ValueError): GP130 if no active component has the name; GP131 if it is not a
        global_pointer.
    """
    if name not in nlp.pipe_names:
        names = ", ".join(nlp.pipe_names) or "none"
        raise ValueError(Errors.GP130.format(name=name, names=names))
    pipe = nlp.get_pipe(name)
    if not isinstance(pipe, GlobalPointer):
        kind = type(pipe).__name__
        own = [n for n, p in nlp.pipeline if isinstance(p, GlobalPointer)]
        names = ", ".join(own) or "none"
        raise ValueError(Errors.GP131.format(name=name, kind=kind, names=names))
    return pipe


def floor_at(temperature: float, lowest: float = LOWEST) -> float:
    """Convert the lowest probability to a temperature, so that the candidates are the
    same at every temperature. A temperature moves probabilities towards 0.5 or away
    from it, and does not change scores.

    temperature (float): The component's temperature.
    lowest (float): Lowest probability at a temperature of 1.0.
    RETURNS (float): The probability, at this temperature, of the score that has the
        probability `lowest` at 1.0, but at least 2e-6 (reached with temperatures below
        0.23). If `lowest` is not between 0 and 1, it is returned unchanged.
    """
    if temperature == 1.0 or not 0 < lowest < 1:
        return lowest
    logit = math.log(lowest / (1 - lowest)) / temperature
    return max((1 + math.tanh(logit / 2)) / 2, _LEAST)


def predict_candidates(
    nlp: Language,
    path: Union[str, Path],
    *,
    component: str = "global_pointer",
    lowest: float = LOWEST,
    left_out: bool = False,
    progress: Optional[str] = None,
    **changes: Any,
) -> List[Predicted]:
    """Predict the documents of a .spacy file once, with all spans down to a low
    probability. The texts are tokenized as in `spacy evaluate`.

    nlp (Language): The pipeline.
    path (Union[str, Path]): The file, or a folder of such files.
    component (str): Name of a `global_pointer`.
    lowest (float): Lowest probability of a candidate at the component's temperature,
        above 0; see `floor_at`.
    left_out (bool): Whether the memory's entries of a document's own text do not count
        for it.
    progress (Optional[str]): Text of a progress bar; None shows none.
    **changes: Values of settings instead of the component's own.
    RETURNS (List[Predicted]): One for each document that has tokens.
    RAISES (ValueError): GP130 or GP131 if there is no such component; GP136 if
        `lowest` is out of its range; GP118 if a file cannot be read; GP120 if there
        is no document.
    """
    find_component(nlp, component)
    if not 0 < lowest < 1:
        raise ValueError(
            Errors.GP136.format(name="lowest", value=lowest, limit=" and below 1")
        )
    examples = list(Corpus(path).make_examples(nlp, read_docs(path, nlp.vocab)))
    if not examples:
        raise ValueError(Errors.GP120.format(path=path))
    options = {"lowest": lowest, "left_out": left_out, **changes}
    return predict_examples(nlp, examples, component, progress=progress, **options)


def predict_examples(
    nlp: Language,
    examples: Sequence[Example],
    component: str,
    *,
    lowest: float,
    progress: Optional[str] = None,
    **options: Any,
) -> List[Predicted]:
    """Predict the documents of examples once, with all spans down to a low probability.

    Only the components before the named one are run, and no spans are written. The
    pipeline does not change, so other threads may use it at the same time.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The examples, whose predicted Docs are replaced.
    component (str): Name of a `global_pointer`.
    lowest (float): As in `predict_candidates`.
    progress (Optional[str]): Text of a progress bar; None shows none.
    **options: Further options of the component's `candidates`.
    RETURNS (List[Predicted]): One for each document that has tokens.
    """
    pipe = find_component(nlp, component)
    others = nlp.pipe_names[nlp.pipe_names.index(component) :]
    predicted: List[Predicted] = []
    with tqdm(
        total=len(examples),
        desc=progress,
        unit="doc",
        leave=False,
        disable=True if progress is None else None,
    ) as bar:
        docs = nlp.pipe((example.predicted for example in examples), disable=others)
        for batch in minibatch(zip(examples, docs), nlp.batch_size):
            own = [doc for _, doc in batch]
            found = _find(pipe, own, lowest, options)
            for (example, doc), spans in zip(batch, found):
                example.predicted = doc
                predicted.append(Predicted(example, spans))
            bar.update(len(batch))
    return predicted


def _find(
    pipe: GlobalPointer, docs: List[Doc], lowest: float, options: Dict[str, Any]
) -> Iterator[FoundSpans]:
    """Find the candidates, without those that are only there because of rounding."""
    floors = numpy.full(len(pipe.labels), lowest, numpy.float32)
    exact = Decision(floors, pipe.cfg["temperature"])
    for found in pipe.candidates(docs, floors.tolist(), **options):
        rows, _ = exact.decide(found)
        yield found.take(rows)
