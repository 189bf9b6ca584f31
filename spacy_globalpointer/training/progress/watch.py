"""Sees the updates and evaluations of a pipeline while it is trained."""

from __future__ import annotations

import functools
from collections import deque
from time import perf_counter
from typing import Any, Callable, Deque, Dict, NamedTuple, Optional

from spacy.language import Language

#: Updates that means are taken of.
RECENT = 50


class Update(NamedTuple):
    """One update: the seconds it took, its tokens, and its losses by component."""

    seconds: float
    words: int
    losses: Dict[str, float]


class Watch:
    """Counts and times the updates and evaluations of a pipeline.

    spaCy tells a logger nothing of an update without an evaluation, and an evaluation
    only when it is over. So the pipeline's `update` and `evaluate` are watched, until
    `stop`.

    recent (Deque[Update]): The last updates.
    updates (int): Updates since `start_interval`.
    words (int): Their tokens.
    seconds (float): The time they took, without evaluations.
    pause (float): Seconds from the beginning of the last evaluation to the next update:
        evaluating, saving and logging.
    """

    def __init__(self, nlp: Language, on_evaluation: Callable[[], None]) -> None:
        """Begin to watch.

        nlp (Language): The pipeline.
        on_evaluation (Callable[[], None]): Called when an evaluation begins.
        """
        self.recent: Deque[Update] = deque(maxlen=RECENT)
        self.pause = 0.0
        self._nlp = nlp
        self._on_evaluation = on_evaluation
        self._since: Optional[float] = None
        self._paused_at: Optional[float] = None
        self._words = 0
        self._losses: Dict[str, float] = {}
        self.start_interval()
        vars(nlp)["update"] = self._watched_update(nlp.update)
        vars(nlp)["evaluate"] = self._watched_evaluate(nlp.evaluate)

    def start_interval(self) -> None:
        """Count from here on."""
        self.updates, self.words, self.seconds = 0, 0, 0.0

    def end_update(self) -> None:
        """Note that an update is over, and the evaluation if there was one."""
        now = perf_counter()
        end = now if self._paused_at is None else self._paused_at
        begin = end if self._since is None else self._since
        update = Update(end - begin, self._words, self._losses)
        self._since, self._words, self._losses = now, 0, {}
        self.recent.append(update)
        self.updates += 1
        self.words += update.words
        self.seconds += update.seconds

    def stop(self) -> None:
        """Leave the pipeline as it was."""
        vars(self._nlp).pop("update", None)
        vars(self._nlp).pop("evaluate", None)

    def _begin_update(self) -> None:
        now = perf_counter()
        if self._paused_at is not None:
            self.pause = now - self._paused_at
        if self._paused_at is not None or self._since is None:
            self._since = now
        self._paused_at = None

    def _watched_update(self, update: Callable) -> Callable:
        @functools.wraps(update)
        def watched(examples: Any, *args: Any, **kwargs: Any) -> Dict[str, float]:
            self._begin_update()
            before = dict(kwargs.get("losses") or {})
            losses = update(examples, *args, **kwargs)
            self._words += sum(len(example) for example in examples)
            for name, loss in losses.items():
                own = float(loss) - float(before.get(name, 0.0))
                self._losses[name] = self._losses.get(name, 0.0) + own
            return losses

        return watched

    def _watched_evaluate(self, evaluate: Callable) -> Callable:
        @functools.wraps(evaluate)
        def watched(*args: Any, **kwargs: Any) -> Dict[str, Any]:
            self._paused_at = perf_counter()
            self._on_evaluation()
            return evaluate(*args, **kwargs)

        return watched
