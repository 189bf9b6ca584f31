"""A process with one pipeline, which times it as `PipelineProcess` asks.

Requests and answers are lines of JSON on the standard input and output. Texts are kept
in this process, so that the time to transfer them does not count.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence

import spacy
from spacy.language import Language

from ..machine_faults import describe
from .memory import peak_memory
from .texts import TimedTexts, plan_texts
from .timings import time_each, time_stream


class Worker:
    """The pipeline of this process and its texts. The methods are the requests."""

    nlp: Language
    texts: TimedTexts

    def load(self, pipeline: str) -> Dict[str, Any]:
        """Load the pipeline. RETURNS (Dict[str, Any]): What it is, its size in bytes,
        the seconds of loading, and this package's warnings."""
        with warnings.catch_warnings(record=True) as caught:
            start = time.perf_counter()
            self.nlp = spacy.load(pipeline)
            seconds, path = time.perf_counter() - start, self.nlp.path
        keys = ("lang", "name", "version")
        return {
            **{key: self.nlp.meta[key] for key in keys},
            "size": None if path is None else _size(path),
            **{"load": seconds, "warnings": coded(caught)},
        }

    def plan(self, given: Optional[Sequence[str]], **settings: Any) -> Dict[str, Any]:
        """Choose the texts. RETURNS (Dict[str, Any]): The fields of `TimedTexts`."""
        return vars(plan_texts(self.nlp, given, **settings))

    def keep(self, **texts: Any) -> None:
        """Keep texts for later requests."""
        self.texts = TimedTexts(**texts)

    def stream(self, batch_size: Optional[int]) -> float:
        """RETURNS (float): The seconds of the stream of texts."""
        return time_stream(self.nlp, self.texts.stream, batch_size)

    def windows(self, start: int, step: int) -> List[List[float]]:
        """RETURNS (List[List[float]]): The seconds of each text of each length, of the
        texts start, start + step, and so on."""
        return [time_each(self.nlp, own[start::step]) for own in self.texts.windows]

    def first(self, text: str) -> float:
        """RETURNS (float): The seconds of a text."""
        return time_each(self.nlp, [text])[0]

    def memory(self) -> Optional[int]:
        """RETURNS (Optional[int]): The peak of this process's memory, in bytes."""
        return peak_memory()


def serve(worker: Worker) -> None:
    """Answer requests until the standard input ends.

    worker (Worker): Its methods are the requests.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a pipeline may print
    for line in sys.stdin:
        answers.write(f"{answer(worker, line)}\n")
        answers.flush()


def answer(worker: Worker, line: str) -> str:
    """Answer a request.

    worker (Worker): The pipeline and its texts.
    line (str): JSON: the name of a method of the worker, and its arguments.
    RETURNS (str): JSON: the method's "result", or its "error".
    """
    name, arguments = json.loads(line)
    try:
        return json.dumps({"result": getattr(worker, name)(**arguments)})
    except Exception as error:  # a pipeline may raise any
        return json.dumps({"error": describe(error)})


def coded(caught: Iterable[warnings.WarningMessage]) -> List[str]:
    """RETURNS (List[str]): Messages of this package among warnings, each once.

    caught (Iterable[warnings.WarningMessage]): The warnings.
    """
    messages = dict.fromkeys(str(one.message) for one in caught)
    return [message for message in messages if message.startswith("[GPW")]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    serve(Worker())
