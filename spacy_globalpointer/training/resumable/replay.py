"""Repeat the steps of a training that are done, without computing them."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

import numpy
from spacy.language import Language
from spacy.training import Example, dont_augment
from spacy.training.loop import create_evaluation_callback

from ...errors import Errors
from .random_state import States, get_states, set_states

Corpus = Callable[[Language], Iterable[Example]]
Batches = Iterable[Tuple[int, List[Example]]]
Score = Union[int, float]


@dataclass
class History:
    """The record of a training: all that cannot be drawn again.

    steps (int): Number of steps that are done.
    digest (str): Digest of their batches, in hexadecimal.
    states (Dict[int, States]): By step, the states of random generators before its
        batch was drawn, where they do not follow from earlier draws.
    scores (List[Score]): The score of each evaluation.
    weights (Optional[List[str]]): Scores that still count: spaCy drops those that an
        evaluation lacks. None before the first evaluation.
    """

    steps: int = 0
    digest: str = ""
    states: Dict[int, States] = field(default_factory=dict)
    scores: List[Score] = field(default_factory=list)
    weights: Optional[List[str]] = None


class ReplayedBatches:
    """The batches of a training. Those of steps that are done are drawn with the same
    random numbers as before, and replaced by empty ones, which update nothing.

    batches (Batches): The batches from the first step on.
    history (History): The record, which is kept up to date.
    """

    def __init__(self, batches: Batches, history: History) -> None:
        self.batches = batches
        self.history = history
        self.done = history.steps
        self._expected = history.digest
        self._known: States = {}

    def __iter__(self) -> Iterator[Tuple[int, List[Example]]]:
        """Yield epoch and batch of each step.

        RAISES (ValueError): GP214 if the corpus gives other batches than before.
        """
        self.history.digest = ""
        source = iter(self.batches)
        for step in count():
            item = self._draw(source, step)
            if item is None:
                self._check(step >= self.done, step)
                return
            epoch, batch = item
            self.history.digest = _digest(self.history.digest, epoch, batch)
            if step >= self.done:
                self.history.steps = step + 1
                yield epoch, batch
                continue
            if step == self.done - 1:
                self._check(self.history.digest == self._expected, self.done)
            yield epoch, []

    def _draw(self, source: Iterator, step: int) -> Optional[Tuple[int, List[Example]]]:
        """Draw a batch, or None at the end. Random numbers that were drawn between two
        batches do not change the repetition."""
        if step < self.done:
            self._known.update(self.history.states.get(step, {}))
            set_states(self._known)
        before = get_states()
        item = next(source, None)
        if item is not None:
            item = item[0], [*item[1]]  # a batcher may give generators
        after = get_states()
        used = [name for name in before if not _equal(before[name], after[name])]
        if step >= self.done:
            new = {name: before[name] for name in used if self._is_new(name, before)}
            if new:
                self.history.states[step] = new
        self._known.update({name: after[name] for name in used})
        return item

    def _is_new(self, name: str, states: States) -> bool:
        return name not in self._known or not _equal(states[name], self._known[name])

    def _check(self, is_right: bool, step: int) -> None:
        if not is_right:
            raise ValueError(Errors.GP214.format(step=step, steps=self.done))


class ReplayedEvaluations:
    """The evaluation of a pipeline as in spaCy. Evaluations that are done return their
    recorded score.

    nlp (Language): The pipeline.
    corpus (Corpus): The corpus to evaluate on.
    weights (Dict[str, Optional[float]]): The weight of each score.
    history (History): The record, which is kept up to date.
    """

    def __init__(
        self,
        nlp: Language,
        corpus: Corpus,
        weights: Dict[str, Optional[float]],
        history: History,
    ) -> None:
        self.nlp = nlp
        self.corpus = corpus
        self.history = history
        self._done = iter(list(history.scores))
        counted = history.weights
        if counted is not None:
            weights = {name: weights[name] for name in counted}
        self._weights = {k: x for k, x in weights.items() if x is not None}
        self._evaluate = create_evaluation_callback(nlp, corpus, self._weights)

    def __call__(self) -> Tuple[Score, Dict[str, Any]]:
        """Return the weighted score, and all scores; these are empty for an evaluation
        that is done."""
        score = next(self._done, None)
        if score is not None:
            if _passes_differ(self.corpus):
                for _ in self.corpus(self.nlp):
                    pass
            return score, {}
        score, scores = self._evaluate()
        self.history.scores.append(score)
        counted = self.history.weights
        names = [*self._weights] if counted is None else counted
        self.history.weights = [name for name in names if name in scores]
        return score, scores


def skip_done(
    callback: Optional[Callable[[Language, Dict[str, Any]], None]], done: int
) -> Optional[Callable[[Language, Dict[str, Any]], None]]:
    """Wrap the callback before each update, to skip the steps that are done.

    callback (Optional[Callable[[Language, Dict[str, Any]], None]]): The callback.
    done (int): Number of steps that are done.
    RETURNS (Optional[Callable[[Language, Dict[str, Any]], None]]): The wrapper.
    """
    if callback is None:
        return None

    def before_update(nlp: Language, step: Dict[str, Any]) -> None:
        if step["step"] >= done:
            callback(nlp, step)

    return before_update


def _passes_differ(corpus: Corpus) -> bool:
    """Return whether a pass over a corpus may differ from the next."""
    shuffles = getattr(corpus, "shuffle", True)
    return shuffles or getattr(corpus, "augmenter", None) is not dont_augment


def _digest(previous: str, epoch: int, batch: Iterable[Example]) -> str:
    digest = blake2b(f"{previous} {epoch}".encode(), digest_size=16)
    for example in batch:
        text = example.reference.text
        sizes = f"{len(example)} {len(text)}"
        digest.update(f" {sizes} {text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _equal(one: Any, other: Any) -> bool:
    return numpy.array_equal(one, other)
