"""Fresh processes, each with one pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any, Dict

from ..errors import Errors, is_coded

#: Environment variables that limit the threads of torch and of other libraries.
THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    *("BLIS_NUM_THREADS", "RAYON_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
)
#: Lines that an error repeats of what its process printed last, and bytes to read.
LINES, PRINTED = 3, 2000


class ProcessEnded(ValueError):
    """Error of a process that ended before it answered, such as one that the system
    ended for lack of memory."""


class PipelineProcess:
    """A fresh process for one pipeline, made by `benchmark`. It ends with the `with`
    block. A subclass may name another module, variables and message.

    pipeline (str): Folder of the pipeline, or name of a package.
    threads (int): Number of threads to compute with.
    """

    #: Module that answers the requests, with the methods of its `Worker`.
    module = f"{__package__}.worker"
    #: Environment variables of the process, next to those of threads.
    environment: Dict[str, str] = {}
    #: Message for errors without a code.
    failed = Errors.GP245

    def __init__(self, pipeline: str, threads: int) -> None:
        self.pipeline = pipeline
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            encoding="utf-8",
            env={
                **os.environ,
                **self.environment,
                **dict.fromkeys(THREADS, str(threads)),
            },
            start_new_session=True,  # Ctrl-C is for this process alone
        )

    def __enter__(self) -> PipelineProcess:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._printed.close()

    def load(self) -> Dict[str, Any]:
        """Load the pipeline.

        RETURNS (Dict[str, Any]): As `Worker.load`.
        RAISES (ValueError): GP244 if it cannot be loaded, as `ProcessEnded` if its
            process ended.
        """
        result: Dict[str, Any] = self._ask("load", Errors.GP244, pipeline=self.pipeline)
        return result

    def ask(self, request: str, **arguments: Any) -> Any:
        """Ask for something, and wait for the result.

        request (str): Name of a method of `Worker`.
        arguments (Any): Its arguments.
        RETURNS (Any): What the method returns.
        RAISES (ValueError): The method's own error if it has a code; `failed` for other
            errors, and as `ProcessEnded` if the process ended.
        """
        return self._ask(request, self.failed, **arguments)

    def _ask(self, request: str, message: str, **arguments: Any) -> Any:
        answer = json.loads(self._answer(json.dumps([request, arguments])))
        if "error" not in answer:
            return answer["result"]
        error = ValueError(answer["error"])
        if is_coded(error) and request != "load":
            raise error
        lines = self._last_lines()
        reason = f"{error} (the last that it printed: {lines})" if lines else error
        kind = ProcessEnded if "ended" in answer else ValueError
        raise kind(message.format(pipeline=self.pipeline, reason=reason))

    def _last_lines(self) -> str:
        """Return the end of what the process printed, in one line."""
        end = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(end - PRINTED, 0))
        text = self._printed.read().decode("utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " / ".join(lines[-LINES:])

    def _answer(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout
        answer = ""
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if answer.endswith("\n"):  # otherwise it ended while it wrote
            return answer
        status = self._process.wait()
        reason = f"its process ended with the status {status}"
        return json.dumps({"error": reason, "ended": True})


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
