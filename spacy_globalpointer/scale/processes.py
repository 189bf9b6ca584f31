"""Worker processes of a run, each with one pipeline. One that the system ends is
started again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, List, Optional, Sequence

from ..benchmarking.processes import PipelineProcess, ProcessEnded
from ..errors import Errors
from .annotate import Record, failed
from .settings import Settings

#: Processes that may end at texts of one shard, each after a second try.
MOST_ENDED = 3


class AnnotatingProcess(PipelineProcess):
    """A fresh process that annotates, made by `Annotator`. It is not forked."""

    module = f"{__package__}.worker"
    environment = {"TOKENIZERS_PARALLELISM": "false"}
    failed = Errors.GP259

    def end(self) -> None:
        """End the process at once, from any thread."""
        self._process.kill()


class Stopped(Exception):
    """The run was stopped at once, so its processes were ended."""


class Annotator:
    """A worker process, and the next one if the system ends it. Made by
    `annotate_files`; it ends with the `with` block.

    pipeline (str): Folder of the pipeline, or name of a package.
    threads (int): Threads of each process.
    settings (Settings): The settings.
    """

    def __init__(self, pipeline: str, threads: int, settings: Settings) -> None:
        self._pipeline, self._threads = pipeline, threads
        self._settings = dict(vars(settings))
        self._process: Optional[AnnotatingProcess] = None
        self._stack = ExitStack()
        self._is_stopped = self._is_loaded = False
        self._n_ended = 0
        #: Warnings of this package that the processes gave.
        self.warnings: List[str] = []

    def __enter__(self) -> Annotator:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def begin_shard(self) -> None:
        """Forget about processes that ended in earlier shards."""
        self._n_ended = 0

    def stop(self) -> None:
        """End the process at once, from any thread."""
        self._is_stopped = True
        if self._process is not None:
            self._process.end()

    def annotate(self, texts: Sequence[str]) -> List[Record]:
        """Annotate texts.

        texts (Sequence[str]): The texts.
        RETURNS (List[Record]): As `annotate_texts`. A text at which two processes ended
            has the error GP269.
        RAISES (ProcessEnded): Processes ended again and again.
        RAISES (ValueError): GP244 or GP270 if the pipeline cannot be used.
        """
        for is_last in (False, True):
            try:
                answer = self._ask("annotate", texts=texts, settings=self._settings)
                self.warnings += answer["warnings"]
                self._n_ended = 0
                return list(answer["records"])
            except ProcessEnded as error:
                was_loaded, self._is_loaded = self._is_loaded, False
                self._stack.close()
                self._process = None
                if is_last and not was_loaded:
                    raise  # no text is at fault
                if is_last and len(texts) == 1:
                    return [self._give_up(error)]
        return [record for text in texts for record in self.annotate([text])]

    def _give_up(self, error: ProcessEnded) -> Record:
        self._n_ended += 1
        if self._n_ended >= MOST_ENDED:
            raise error
        return failed(Errors.GP269.format(reason=error))

    def _ask(self, request: str, **arguments: Any) -> Any:
        if self._is_stopped:
            raise Stopped
        try:
            return self._running().ask(request, **arguments)
        except ProcessEnded as error:
            if self._is_stopped:
                raise Stopped from error
            raise

    def _running(self) -> AnnotatingProcess:
        if self._process is None:
            process = AnnotatingProcess(self._pipeline, self._threads)
            self._process = process
            self._stack.enter_context(process)
            self.warnings += process.load()["warnings"]
            process.ask("key", settings=self._settings)
            self._is_loaded = True
            return process
        return self._process
