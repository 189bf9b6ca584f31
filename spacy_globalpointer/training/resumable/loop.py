"""The loop of `spacy train`, which can be continued after an interruption."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterator, Optional, Tuple

import tqdm
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_before_to_disk_callback,
    create_train_batches,
    train_while_improving,
    update_meta,
)
from spacy.util import registry, resolve_dot_names
from thinc.api import Config, fix_random_seed, set_gpu_allocator
from wasabi import Printer

from ...atomic import atomic_folder, sync
from ...errors import Warnings
from ..progress_logger import steps_done
from .checkpoint import Checkpoint, Progress, write_checkpoint
from .identity import Identity, compare_machines, machine
from .output_folder import OutputFolder
from .replay import (
    Batches,
    Corpus,
    History,
    ReplayedBatches,
    ReplayedEvaluations,
    skip_done,
)

Steps = Iterator[Tuple[Any, Dict[str, Any], Optional[bool]]]
LogStep = Callable[[Optional[Dict[str, Any]]], None]


class Training:
    """The training of a pipeline. It computes the same as `spacy.training.loop.train`,
    and stores its state at each evaluation.

    nlp (Language): The initialized pipeline.
    output (Path): The folder to write to.
    identity (Identity): What the training depends on.
    config (Config): Its config as given, interpolated, to be stored.
    checkpoint (Optional[Checkpoint]): Where to continue; None for the beginning.
    use_gpu (int): Number of the GPU, or -1 for the CPU.
    """

    def __init__(
        self,
        nlp: Language,
        output: Path,
        *,
        identity: Identity,
        config: Config,
        checkpoint: Optional[Checkpoint] = None,
        use_gpu: int = -1,
    ) -> None:
        self.nlp = nlp
        self.output = output
        self.identity = identity
        self.config = config
        self.checkpoint = checkpoint
        start = Progress(History(), words=0, seconds=0, performance={})
        self.progress = start if checkpoint is None else checkpoint.progress
        self._settings, corpora = _resolve(nlp.config.interpolate(), use_gpu)
        self.optimizer = self._settings["optimizer"]
        callback = self._settings["before_to_disk"]
        self._before_to_disk = create_before_to_disk_callback(callback)
        self._steps = self._make_steps(*corpora)
        self._words, self._seconds = 0, 0

    def begin(self, folder: OutputFolder, *, warn: Callable[[str], Any]) -> None:
        """Prepare the output folder, or restore the state of the checkpoint.

        folder (OutputFolder): The folder, locked.
        warn (Callable[[str], Any]): Receives a warning if the machine is another one.
        RAISES (ValueError): As `restore`.
        """
        if self.checkpoint is None:
            folder.begin(self.identity)
            return
        changes = compare_machines(self.checkpoint.machine, machine(self.nlp))
        if changes:
            warn(Warnings.GPW210.format(changes=", ".join(changes)))
        self.restore()

    def restore(self) -> None:
        """Draw the batches of all steps that are done, and restore the stored state.

        RAISES (ValueError): GP214 if the corpus has changed; GP217 if the code has.
        """
        if self.checkpoint is None:
            return
        done = self.progress.history.steps
        bar = {"desc": "Looking for the place", "disable": None, "leave": False}
        steps = islice(self._steps, done)  # tqdm would close a generator
        for _, info, _ in tqdm.tqdm(steps, total=done, **bar):
            self._seconds = self.progress.seconds - info["seconds"]
        self._words = self.progress.words
        self.checkpoint.restore(self.nlp, self.optimizer)

    def run(self, stdout: IO, stderr: IO) -> Path:
        """Train to the end. `begin` comes before.

        stdout (IO): Where to write messages.
        stderr (IO): Where to write errors.
        RETURNS (Path): The folder of the last pipeline.
        """
        self._write_header(stdout)
        log_step, finalize = self._make_logger(stdout, stderr)
        try:
            self._train(log_step)
        except Exception as error:
            message = (
                "Aborting and saving the final best model. "
                f"Encountered exception: {error!r}"
            )
            stdout.write(f"{Printer(no_print=True).warn(message)}\n")
            raise
        finally:
            finalize()
            self._save_last()
        return self.output / DIR_MODEL_LAST

    def _make_logger(
        self, stdout: IO, stderr: IO
    ) -> Tuple[LogStep, Callable[[], None]]:
        frozen = self._settings["frozen_components"]
        token = steps_done.set(self.progress.history.steps)
        try:
            with self.nlp.select_pipes(disable=frozen):
                made = self._settings["logger"](self._logged(), stdout, stderr)
        finally:
            steps_done.reset(token)
        if self.checkpoint is not None:  # the logger may have drawn some
            self.checkpoint.restore_random()
        return made

    def _train(self, log_step: LogStep) -> None:
        for _, info, is_best in self._steps:
            if is_best is None:
                log_step(None)
                continue
            info["words"] += self._words
            info["seconds"] += self._seconds
            with self.nlp.select_pipes(disable=self._settings["frozen_components"]):
                update_meta(self._settings, self.nlp, info)
            self._save_last()
            if is_best:
                self._save_best()
            info["output_path"] = str(self.output / DIR_MODEL_LAST)
            log_step(info)
            self._save_state(info)

    def _logged(self) -> Language:
        """Return the pipeline as the logger sees it: each trainable component has a
        column with its loss."""
        return self.nlp

    def _make_batches(self, train_corpus: Corpus) -> Batches:
        batcher, max_epochs = self._settings["batcher"], self._settings["max_epochs"]
        return create_train_batches(self.nlp, train_corpus, batcher, max_epochs)

    def _make_steps(self, train_corpus: Corpus, dev_corpus: Corpus) -> Steps:
        settings, history = self._settings, self.progress.history
        batches = self._make_batches(train_corpus)
        weights = settings["score_weights"]
        keys = ("dropout", "accumulate_gradient", "patience", "max_steps")
        return train_while_improving(
            self.nlp,
            self.optimizer,
            ReplayedBatches(batches, history),
            ReplayedEvaluations(self.nlp, dev_corpus, weights, history),
            **{key: settings[key] for key in (*keys, "eval_frequency")},
            exclude=settings["frozen_components"],
            annotating_components=settings["annotating_components"],
            before_update=skip_done(settings["before_update"], history.steps),
        )

    def _save_last(self) -> None:
        averages = self.optimizer.averages
        path = self.output / DIR_MODEL_LAST
        with self.nlp.use_params(averages), atomic_folder(path) as draft:
            self._before_to_disk(self.nlp).to_disk(draft)
            sync(draft)

    def _save_best(self) -> None:
        with atomic_folder(self.output / DIR_MODEL_BEST) as draft:
            last = self.output / DIR_MODEL_LAST
            shutil.copytree(last, draft, dirs_exist_ok=True)
            sync(draft)

    def _save_state(self, info: Dict[str, Any]) -> None:
        self.progress.words = info["words"]
        self.progress.seconds = info["seconds"]
        self.progress.performance = self.nlp.meta["performance"]
        write_checkpoint(
            self.output,
            self.nlp,
            self.optimizer,
            self.progress,
            identity=self.identity,
            config=self.config,
        )
        OutputFolder(self.output).note_checkpoint(self.identity)

    def _write_header(self, stdout: IO) -> None:
        settings, learn_rate = self._settings, self.optimizer.learn_rate
        lines = [f"Pipeline: {self.nlp.pipe_names}"]
        if settings["frozen_components"]:
            lines.append(f"Frozen components: {settings['frozen_components']}")
        if settings["annotating_components"]:
            annotating = settings["annotating_components"]
            lines.append(f"Set annotations on update for: {annotating}")
        if self.checkpoint is None:
            lines.append(f"Initial learn rate: {learn_rate}")
        else:
            step = self.progress.history.steps - 1
            lines.append(f"Continues after step {step}, learn rate: {learn_rate}")
        for line in lines:
            stdout.write(f"{Printer(no_print=True).info(line)}\n")


def _resolve(
    config: Config, use_gpu: int
) -> Tuple[Dict[str, Any], Tuple[Callable, Callable]]:
    """Seed, and make the objects of [training], in spaCy's order. Return them, and the
    corpora for training and evaluation."""
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    allocator = config["training"]["gpu_allocator"]
    if use_gpu >= 0 and allocator:
        set_gpu_allocator(allocator)
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    names = [settings["train_corpus"], settings["dev_corpus"]]
    train_corpus, dev_corpus = resolve_dot_names(config, names)
    return settings, (train_corpus, dev_corpus)
