"""The logger `spacy-globalpointer.ProgressLogger.v1`: spaCy's table, with the scores of
each label, and a bar over the whole training."""

from __future__ import annotations

import math
import shutil
import sys
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import IO, Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

from spacy.language import Language
from spacy.training.loggers import console_logger_v3
from spacy.util import registry
from thinc.api import Optimizer
from tqdm import tqdm
from wasabi import Printer

from ..symbols import degrade_symbols
from ..values import is_number
from ..wording import visible
from .label_scores import label_lines
from .progress_file import ProgressFile

LogStep = Callable[[Optional[Dict[str, Any]]], None]
Setup = Callable[[Language, IO, IO], Tuple[LogStep, Callable[[], None]]]

#: Number of steps that are done when a training is continued. It is set before the
#: logger is made, because spaCy passes step numbers to a logger only with evaluations.
steps_done: ContextVar[int] = ContextVar("steps_done", default=0)

LEGEND = "Losses: mean per update. Scores: percent; SCORE: from 0 to 1"


def create_progress_logger_v1(
    progress_bar: bool = True,
    per_label: bool = True,
    output_file: Optional[str] = None,
) -> Setup:
    """Create a logger that prints a row, and the F1 of each label, for each evaluation.

    progress_bar (bool): Whether to draw a bar on the error output, if that is a
        terminal.
    per_label (bool): Whether to print the F1 of each label.
    output_file (Optional[str]): File to which a line of JSON is appended for each
        evaluation; None for none.
    RETURNS (Setup): Makes the functions that spaCy's loop calls.
    RAISES (ValueError): GP220 or GP221 if the file cannot be used.
    """
    if output_file:
        ProgressFile(Path(output_file))  # before anything is trained

    def setup(
        nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr
    ) -> Tuple[LogStep, Callable[[], None]]:
        logger = ProgressLogger(
            nlp,
            stdout,
            stderr,
            progress_bar=progress_bar,
            per_label=per_label,
            file=ProgressFile(Path(output_file)) if output_file else None,
        )
        return logger.log_step, logger.finalize

    return setup


class ProgressLogger:
    """The state of the logger during one training. See `create_progress_logger_v1`.

    nlp (Language): The pipeline, initialized.
    stdout (IO): Where to print the table.
    stderr (IO): Where to draw the bar.
    progress_bar (bool): Whether there is one.
    per_label (bool): Whether to print the F1 of each label.
    file (Optional[ProgressFile]): The file for the lines of JSON.
    """

    def __init__(
        self,
        nlp: Language,
        stdout: IO,
        stderr: IO,
        *,
        progress_bar: bool,
        per_label: bool,
        file: Optional[ProgressFile],
    ) -> None:
        degrade_symbols(stdout, stderr)
        training = nlp.config.interpolate()["training"]
        self._stdout = stdout
        self._per_label = per_label
        self._file = file
        self._names = [n for n, p in nlp.pipeline if getattr(p, "is_trainable", False)]
        self._frequency = training["eval_frequency"]
        self._max_epochs = training["max_epochs"]
        self._rates = _learn_rates(training["optimizer"])
        self._msg = Printer(no_print=True)
        self._print(self._msg.info(LEGEND))
        self._log_row, _ = console_logger_v3()(nlp, stdout, stderr)
        self._step = steps_done.get() - 1
        self._n_rates = 0
        self._words = None if steps_done.get() else 0
        self._updates = 0
        self._times = (0.0, 0.0)
        self._best = ""
        # Without smoothing the time left includes evaluations.
        self._bar = tqdm(
            total=training["max_steps"] or None,
            initial=max(0, self._step),
            disable=None if progress_bar else True,
            smoothing=0,
            unit=" updates",
            leave=False,
            dynamic_ncols=True,
            file=stderr,
        )

    def log_step(self, info: Optional[Dict[str, Any]]) -> None:
        """Log an update.

        info (Optional[Dict[str, Any]]): What spaCy's loop reports after an evaluation;
            None if there was none.
        """
        self._step = self._step + 1 if info is None else info["step"]
        self._updates += 1
        if info is None:
            now = perf_counter()
            self._times = (now if self._updates == 1 else self._times[0], now)
            is_due = (self._step + 1) % self._frequency == 0
            note = "evaluating after this update" if is_due else self._best
            self._bar.update(self._step - self._bar.n)
            self._bar.set_postfix_str(note, refresh=is_due)
            return
        metrics = self._metrics(info)
        with tqdm.external_write_mode(file=self._stdout):
            self._print_row(info, metrics)
            self._write_line(metrics)
            self._show_best(metrics)
        self._updates, self._words = 0, info["words"]

    def finalize(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _metrics(self, info: Dict[str, Any]) -> Dict[str, Any]:
        """Collect what the file stores of an evaluation."""
        best_score, best_step = max(info["checkpoints"])[:2]
        losses = {name: info["losses"].get(name) for name in self._names}
        return {
            "epoch": info["epoch"],
            "step": info["step"],
            "score": finite(info["score"]),
            "is_best": info["score"] == best_score,
            "best_score": finite(best_score),
            "best_step": best_step,
            "learn_rate": self._learn_rate(),
            "losses": {
                name: finite(float(loss) / self._updates)
                for name, loss in losses.items()
                if loss is not None
            },
            "updates": self._updates,
            "words": info["words"],
            "words_per_second": self._words_per_second(info["words"]),
            "seconds": info["seconds"],
            "scores": numbers(info["other_scores"]),
        }

    def _learn_rate(self) -> Optional[float]:
        skipped = self._step - self._n_rates
        self._n_rates = self._step + 1
        return next(islice(self._rates, skipped, None))

    def _words_per_second(self, words: int) -> Optional[float]:
        """Return the speed of training since the last evaluation. The first update
        after it may have waited for a checkpoint, and the last one for the evaluation:
        they count as long as the mean of the others."""
        timed, (begin, end) = self._updates - 2, self._times
        if timed < 1 or end <= begin or self._words is None:
            return None
        return (words - self._words) * timed / (self._updates * (end - begin))

    def _print_row(self, info: Dict[str, Any], metrics: Dict[str, Any]) -> None:
        losses = {x: info["losses"].get(x, 0.0) / self._updates for x in self._names}
        self._log_row({**info, "losses": losses})
        speed = metrics["words_per_second"]
        notes = [tqdm.format_interval(info["seconds"])]
        notes += [f"{speed:,.0f} words/s"] if speed else []
        notes += ["best so far"] if metrics["is_best"] else []
        self._print(f"  {', '.join(notes)}")
        if self._per_label:
            width = shutil.get_terminal_size().columns
            for line in label_lines(metrics["scores"], width):
                self._print(line)

    def _write_line(self, metrics: Dict[str, Any]) -> None:
        renamed = self._file.append(metrics) if self._file else None
        if self._file and renamed:
            text = f"{self._file.path} of an earlier training is now {renamed}"
            self._print(self._msg.info(visible(text)))

    def _show_best(self, metrics: Dict[str, Any]) -> None:
        of = f"/{self._max_epochs}" if self._max_epochs > 0 else ""
        best = metrics["best_score"] or 0.0
        self._best = f"best {100 * best:.1f} at {metrics['best_step']}"
        self._bar.set_description_str(f"epoch {metrics['epoch']}{of}", refresh=False)
        self._bar.set_postfix_str(self._best, refresh=False)
        self._bar.n = self._step

    def _print(self, text: str) -> None:
        print(text, file=self._stdout, flush=True)


def numbers(scores: Mapping[str, Any]) -> Dict[str, Any]:
    """Select the scores that are finite numbers.

    scores (Mapping[str, Any]): Scores by name, which may be nested.
    RETURNS (Dict[str, Any]): The same without anything else.
    """
    kept: Dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            kept[str(name)] = numbers(value)
        elif is_number(value):
            kept[str(name)] = value if isinstance(value, int) else float(value)
    return kept


def finite(value: Any) -> Optional[float]:
    """Replace infinite and undefined numbers, which JSON lacks.

    value (Any): A number.
    RETURNS (Optional[float]): The number; None if it is not finite.
    """
    return float(value) if math.isfinite(value) else None


def _learn_rates(config: Dict[str, Any]) -> Iterator[Optional[float]]:
    """Yield the learning rate of each update. A logger cannot reach the optimizer, but
    a second one has the same rates: schedules count updates and nothing else."""
    optimizer = registry.resolve({"optimizer": config})["optimizer"]
    while isinstance(optimizer, Optimizer):
        yield float(optimizer.learn_rate)
        optimizer.step_schedules()
    while True:  # an optimizer of another library
        yield None
