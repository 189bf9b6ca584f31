"""The logger that shows a training with its scores by label."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, Optional, Tuple

from spacy.language import Language
from wasabi import Printer

from ...symbols import degrade_symbols
from ...wording import visible
from .bar import ProgressBar
from .evaluation import Evaluation, numbers
from .file import ProgressFile
from .rate import LearnRate
from .table import ProgressTable
from .watch import Watch

LogStep = Callable[[Optional[Dict[str, Any]]], None]
Setup = Callable[[Language, IO, IO], Tuple[LogStep, Callable[[], None]]]

LEGEND = "Losses: mean of the updates. Scores: in percent. *: best so far"


def create_progress_logger_v1(
    progress_bar: bool = True,
    per_label: bool = True,
    output_file: Optional[str] = None,
) -> Setup:
    """`spacy-globalpointer.ProgressLogger.v1`: a bar over all updates, a row of a table
    for each evaluation, and, if wanted, a line of JSON.

    progress_bar (bool): Whether a bar is drawn on the error output, if that is a
        terminal.
    per_label (bool): Whether the table has the F1 of each label.
    output_file (Optional[str]): File for the lines of JSON; None for none.
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
            output_file=Path(output_file) if output_file else None,
        )
        return logger.log_step, logger.finalize

    return setup


class ProgressLogger:
    """Tells what a training does. See `create_progress_logger_v1`."""

    def __init__(
        self,
        nlp: Language,
        stdout: IO,
        stderr: IO,
        *,
        progress_bar: bool,
        per_label: bool,
        output_file: Optional[Path],
    ) -> None:
        """Begin to show.

        nlp (Language): The pipeline, initialized.
        stdout (IO): Where the table goes.
        stderr (IO): Where the bar is drawn.
        progress_bar (bool): Whether there is one.
        per_label (bool): Whether the table has the F1 of each label.
        output_file (Optional[Path]): File for the lines of JSON; None for none.
        """
        degrade_symbols(stdout, stderr)
        training = nlp.config.interpolate()["training"]
        self._stdout = stdout
        self._names = [name for name, p in nlp.pipeline if _is_trainable(p)]
        self._heads = _heads(nlp, self._names)
        self._rate = LearnRate(training["optimizer"])
        self._file = None if output_file is None else ProgressFile(output_file)
        self._table = ProgressTable(training, per_label=per_label)
        self._msg = Printer(no_print=True)
        self._write(self._msg.info(LEGEND))
        self._bar = ProgressBar(training, stderr, shown=progress_bar)
        self._watch = Watch(nlp, self._on_evaluation)

    def log_step(self, info: Optional[Dict[str, Any]]) -> None:
        """Take note of an update.

        info (Optional[Dict[str, Any]]): What spaCy's loop tells after an evaluation;
            None if there was none.
        """
        self._watch.end_update()
        if info is None:
            self._bar.show_update(self._watch, self._heads)
            return
        evaluation = self._evaluation(info)
        self._bar.make_way(evaluation)
        width = shutil.get_terminal_size().columns
        for line in self._table.lines(evaluation, width):
            self._write(visible(line))
        if self._file is not None:
            set_aside = self._file.append(evaluation)
            if set_aside is not None:
                told = f"{self._file.path} of an earlier training is now {set_aside}"
                self._write(self._msg.info(visible(told)))
        self._watch.start_interval()

    def finalize(self) -> None:
        """Remove the bar, close the file, and leave the pipeline as it was."""
        self._watch.stop()
        self._bar.close()
        if self._file is not None:
            self._file.close()

    def _on_evaluation(self) -> None:
        self._bar.show_evaluation(self._watch.pause)

    def _evaluation(self, info: Dict[str, Any]) -> Evaluation:
        watch, losses = self._watch, info["losses"]
        score = float(info["score"])
        best_score, best_step = max(info["checkpoints"])[:2]
        speed = watch.words / watch.seconds if watch.words and watch.seconds else None
        return Evaluation(
            epoch=info["epoch"],
            step=info["step"],
            score=score,
            is_best=score == best_score,
            best_score=float(best_score),
            best_step=best_step,
            learn_rate=self._rate.at(info["step"]),
            losses={
                name: float(losses[name]) / watch.updates
                for name in self._names
                if name in losses
            },
            updates=watch.updates,
            words=info["words"],
            words_per_second=speed,
            seconds=info["seconds"],
            scores=numbers(info["other_scores"]),
        )

    def _write(self, text: str) -> None:
        """Print a line, with ? for what the output cannot write."""
        encoding = getattr(self._stdout, "encoding", None) or "utf-8"
        text = text.encode(encoding, errors="replace").decode(encoding)
        print(text, file=self._stdout, flush=True)


def _is_trainable(pipe: Any) -> bool:
    return bool(getattr(pipe, "is_trainable", False))


def _heads(nlp: Language, names: List[str]) -> List[str]:
    """The components whose losses say something: not those that others listen to,
    whose losses are gradients."""
    heads = [n for n in names if not getattr(nlp.get_pipe(n), "listeners", None)]
    return heads or names
