"""One prediction pass at a low threshold, and what other thresholds keep of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Dict, List, Optional, Union

import numpy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.util import minibatch
from tqdm import tqdm

from ..corpus.docbin import read_docs
from ..errors import Errors
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.overlap import select_spans

#: Lowest probability of a candidate, at a temperature of 1.0: low enough that a best
#: threshold is above it, and high enough that most candidates are worth a look.
LOWEST = 0.05
# The search rounds by half of this, and would find every pair of tokens below.
_LEAST = 2e-6
#: Name in `SpanGroup.attrs` of the candidates' scores before they became probabilities.
RAW_SCORES = "spacy_globalpointer.raw_scores"


def find_component(nlp: Language, name: str) -> GlobalPointer:
    """Look up a component.

    nlp (Language): The pipeline.
    name (str): The component's name.
    RETURNS (GlobalPointer): The component.
    RAISES (ValueError): GP130 if no active component has the name; GP131 if it is no
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
    """The lowest probability at a temperature, so that the candidates are the same at
    any: a temperature moves probabilities towards 0.5 or away from it, and leaves the
    scores as they are.

    temperature (float): The component's temperature.
    lowest (float): Lowest probability at a temperature of 1.0.
    RETURNS (float): The probability, at this temperature, of the score that has
        probability `lowest` at 1.0, but at least 2e-6 (a temperature under 0.23 can
        bring it there); `lowest` as it is if it is no probability between 0 and 1.
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
    progress: Optional[str] = None,
) -> List[Example]:
    """Predict the documents of a .spacy file once, with every span down to a low
    probability.

    The spans are those before the overlap policy: a span that one threshold drops no
    longer stands in the way of others, so the policy is for `spans_at` to apply. The
    texts are tokenized as `spacy evaluate` does. Only the components before the one
    named run, `doc.ents` is not written, and the pipeline stays as it is, so that other
    threads may use it meanwhile.

    nlp (Language): The pipeline.
    path (Union[str, Path]): The file, or a folder of such files.
    component (str): Name of a `global_pointer`.
    lowest (float): Lowest probability of a candidate at the component's temperature,
        above 0; see `floor_at`.
    progress (Optional[str]): Text of a progress bar; None shows none.
    RETURNS (List[Example]): One a document that has tokens. `predicted` holds the
        candidates under the component's key, sorted by start, end and label, with
        probabilities in `attrs["scores"]` and the model's scores in
        `attrs[RAW_SCORES]`; `reference` is the Doc of the file.
    RAISES (ValueError): GP130 or GP131 if there is no such component; GP136 if
        `lowest` is out of its range; GP118 if a file cannot be read; GP120 if there
        is no document.
    """
    pipe = find_component(nlp, component)
    if not 0 < lowest < 1:
        raise ValueError(
            Errors.GP136.format(name="lowest", value=lowest, limit=" and below 1")
        )
    examples = list(Corpus(path).make_examples(nlp, read_docs(path, nlp.vocab)))
    if not examples:
        raise ValueError(Errors.GP120.format(path=path))
    others = nlp.pipe_names[nlp.pipe_names.index(component) :]
    with tqdm(
        total=len(examples),
        desc=progress,
        unit="doc",
        leave=False,
        disable=True if progress is None else None,
    ) as bar:
        docs = nlp.pipe((example.predicted for example in examples), disable=others)
        for batch in minibatch(zip(examples, docs), nlp.batch_size):
            _annotate(pipe, [doc for _, doc in batch], lowest)
            for example, doc in batch:
                example.predicted = doc
            bar.update(len(batch))
    return examples


def _annotate(pipe: GlobalPointer, docs: List[Doc], lowest: float) -> None:
    """Write the spans found, with their scores."""
    found_in_docs = pipe.candidates(docs, [lowest] * len(pipe.labels))
    for doc, found in zip(docs, found_in_docs):
        probable = pipe.probabilities(found) >= numpy.float32(lowest)
        rows = pipe.write_group(doc, found, numpy.flatnonzero(probable))
        doc.spans[pipe.key].attrs[RAW_SCORES] = found.scores.numpy()[rows]


def spans_at(
    doc: Doc,
    pipe: GlobalPointer,
    *,
    threshold: Optional[float] = None,
    thresholds: Optional[Dict[str, float]] = None,
) -> NDArray[numpy.int64]:
    """Which candidates the component returns at other thresholds: exactly those that
    it would predict with these in its config.

    doc (Doc): A predicted document of `predict_candidates`.
    pipe (GlobalPointer): The component; its overlap policy applies.
    threshold (Optional[float]): The threshold, not under `lowest`; None for the
        component's own threshold and thresholds.
    thresholds (Optional[Dict[str, float]]): Thresholds for single labels, instead.
    RETURNS (NDArray[numpy.int64]): Indices in `doc.spans[pipe.key]`, ascending.
    """
    if threshold is None:
        threshold, thresholds = pipe.cfg["threshold"], pipe.cfg["thresholds"]
    own = thresholds or {}
    cuts = numpy.array([own.get(x, threshold) for x in pipe.labels], numpy.float32)
    group = doc.spans[pipe.key]
    number = {label: i for i, label in enumerate(pipe.labels)}
    places = [(s.start, s.end - 1, number[s.label_]) for s in group]
    starts, ends, labels = numpy.array(places, numpy.int64).reshape(-1, 3).T
    scores = numpy.asarray(group.attrs["scores"], numpy.float32)
    # The component's order decides between equal scores.
    order = numpy.lexsort((labels, ends, starts))
    keep = order[scores[order] >= cuts[labels[order]]]
    chosen = select_spans(pipe.cfg["overlap"], starts[keep], ends[keep], scores[keep])
    return numpy.sort(keep[chosen])
