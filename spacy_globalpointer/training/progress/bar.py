"""The bar that shows how far a training is."""

from __future__ import annotations

from contextvars import ContextVar
from typing import IO, Any, Collection, Mapping, Optional

from tqdm import tqdm

from .evaluation import Evaluation
from .text import format_loss
from .watch import Watch

#: Steps that are done when a training is continued. The loop sets it before it makes
#: the logger, which is told no numbers of steps but those of evaluations.
steps_done: ContextVar[int] = ContextVar("steps_done", default=0)


class ProgressBar:
    """A bar over all updates; nothing where the output is no terminal."""

    def __init__(self, training: Mapping[str, Any], stderr: IO, *, shown: bool) -> None:
        """Draw an empty bar.

        training (Mapping[str, Any]): The config's [training].
        stderr (IO): Where to draw it.
        shown (bool): False for none, terminal or not.
        """
        self._max_steps: int = training["max_steps"]
        self._max_epochs: int = training["max_epochs"]
        self._frequency: int = training["eval_frequency"]
        self._best: Optional[str] = None
        self._is_hidden = False
        width = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
        self._bar = tqdm(
            total=self._max_steps or None,
            initial=max(0, steps_done.get() - 1),
            bar_format=width if self._max_steps else "{desc}{n_fmt} updates{postfix}",
            disable=None if shown else True,
            leave=False,
            dynamic_ncols=True,
            file=stderr,
        )

    def show_update(self, watch: Watch, heads: Collection[str]) -> None:
        """Show one more update.

        watch (Watch): What was seen, this update included.
        heads (Collection[str]): Components whose losses are summed.
        """
        if self._bar.disable:
            return
        self._bar.n += 1
        text = self._describe(watch, heads)
        self._bar.set_postfix_str(text, refresh=self._is_hidden)
        self._bar.update(0)
        self._is_hidden = False

    def show_evaluation(self, seconds: float) -> None:
        """Show that an evaluation is under way.

        seconds (float): What the one before took; 0 for the first.
        """
        if self._bar.disable:
            return
        about = f", about {tqdm.format_interval(seconds)}" if seconds >= 1 else ""
        self._bar.set_postfix_str(f"evaluating{about} ...")

    def make_way(self, evaluation: Evaluation) -> None:
        """Remove the bar until the next update, and keep what was reached.

        evaluation (Evaluation): The evaluation that is over.
        """
        if self._bar.disable:
            return
        self._best = f"best {100 * evaluation.best_score:.1f} at {evaluation.best_step}"
        self._bar.n = evaluation.step
        of = f"/{self._max_epochs}" if self._max_epochs > 0 else ""
        self._bar.set_description_str(f"epoch {evaluation.epoch}{of}, ", refresh=False)
        self._bar.clear()
        self._is_hidden = True

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _describe(self, watch: Watch, heads: Collection[str]) -> str:
        n = len(watch.recent)
        seconds = sum(update.seconds for update in watch.recent)
        words = sum(update.words for update in watch.recent)
        losses = [sum(u.losses.get(h, 0.0) for h in heads) for u in watch.recent]
        parts = [f"{words / seconds:,.0f} words/s" if seconds else None]
        parts += [f"loss {format_loss(sum(losses) / n)}", self._best]
        if self._max_steps:
            left = self._seconds_left(seconds / n, watch.pause)
            parts.insert(0, f"{tqdm.format_interval(left)} left")
        return ", ".join(part for part in parts if part)

    def _seconds_left(self, update: float, evaluation: float) -> float:
        step, last = self._bar.n, self._max_steps
        evaluations = last // self._frequency - step // self._frequency
        return max(0, last - step) * update + max(0, evaluations) * evaluation
