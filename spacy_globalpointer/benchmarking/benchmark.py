"""Time pipelines side by side: throughput, latency, cold start, memory and size."""

from __future__ import annotations

import os
import platform
import statistics
import time
import warnings
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
import spacy
from tqdm import tqdm

from ..errors import Errors, Warnings
from ..values import is_whole
from .processes import PipelineProcess, usable_cpus
from .texts import TimedTexts
from .timings import take_turns

#: Numbers of tokens of the texts that are run one at a time.
LENGTHS = (16, 128, 512, 4096)
PERCENTILES = (50, 95, 99)

#: Seconds of a stream, and of single texts, by the index of their length.
Turn = Tuple[float, List[List[float]]]


@dataclass
class Timing:
    """Measurements of a pipeline with a number of threads, made by `benchmark`. Times
    are in seconds, sizes in bytes.

    pipeline (str): As it was given.
    version (str): Language, name and version of the pipeline.
    threads (int): Number of threads that it computed with.
    size (Optional[int]): Size of its files.
    load (float): Time of loading, after spaCy's own import.
    first_text (float): Time of the first text.
    cold_start (float): Time from the start of Python to the end of the first text.
    peak_memory (Optional[int]): Peak of the process; None where it is not known.
    words_per_second (List[float]): Throughput of each turn.
    latencies (Dict[int, List[float]]): Times of texts one at a time, by their tokens.
    """

    pipeline: str
    version: str
    threads: int
    size: Optional[int]
    load: float
    first_text: float
    cold_start: float
    peak_memory: Optional[int] = None
    words_per_second: List[float] = field(default_factory=list)
    latencies: Dict[int, List[float]] = field(default_factory=dict)

    @property
    def speed(self) -> float:
        """Return the words per second: the median of the turns."""
        return statistics.median(self.words_per_second)

    def percentiles(self, length: int) -> List[float]:
        """RETURNS (List[float]): The `PERCENTILES` of the times of a length."""
        return numpy.percentile(self.latencies[length], PERCENTILES).tolist()

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All measurements, for JSON."""
        names = [f"p{percentile}" for percentile in PERCENTILES]
        latencies = {
            str(length): {**dict(zip(names, self.percentiles(length))), "seconds": own}
            for length, own in self.latencies.items()
        }
        speed = {"median": self.speed, "turns": self.words_per_second}
        return {**vars(self), "words_per_second": speed, "latencies": latencies}


@dataclass
class Benchmark:
    """Result of `benchmark`.

    settings (Dict[str, Any]): What was measured, and on which machine.
    timings (List[Timing]): The measurements, by number of threads, and for each in the
        order of the pipelines.
    """

    settings: Dict[str, Any]
    timings: List[Timing]

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Settings and measurements, for JSON."""
        timings = [timing.to_dict() for timing in self.timings]
        return {"settings": self.settings, "timings": timings}


def benchmark(
    pipelines: Sequence[str],
    texts: Optional[Sequence[str]] = None,
    *,
    words: int = 20_000,
    lengths: Sequence[int] = LENGTHS,
    runs: int = 100,
    turns: int = 5,
    threads: Sequence[int] = (1, 2),
    batch_size: Optional[int] = None,
    progress: Optional[str] = None,
) -> Benchmark:
    """Time pipelines side by side, each in fresh processes of its own. They take turns,
    so that only one computes at a time.

    pipelines (Sequence[str]): Folders of pipelines, or names of packages.
    texts (Optional[Sequence[str]]): Texts in the language of the pipelines; None for
        spaCy's example sentences. The first pipeline's tokenizer counts words.
    words (int): Number of words to run as a stream, in each turn.
    lengths (Sequence[int]): Numbers of tokens of the texts to run one at a time.
    runs (int): Number of texts of each length, spread over the turns.
    turns (int): Number of turns, after one to warm up.
    threads (Sequence[int]): Numbers of threads to compute with.
    batch_size (Optional[int]): Texts of a batch in a stream; None for the pipeline's.
    progress (Optional[str]): Title of a progress bar; None for no bar.
    RETURNS (Benchmark): The measurements.
    RAISES (ValueError): GP208 for an invalid number, or without a pipeline; GP244 or
        GP245 for a pipeline that does not load or fails; GP246 if there are no texts.
    """
    if not pipelines:
        rule = "a list with at least one pipeline"
        message = Errors.GP208.format(name="pipelines", value=pipelines, rule=rule)
        raise ValueError(message)
    rule = "a whole number of at least 1"
    for name, values in {
        **{"words": [words], "runs": [runs], "turns": [turns], "lengths": lengths},
        **{"threads": threads},
        **{"batch_size": [] if batch_size is None else [batch_size]},
    }.items():
        for value in values:
            if not is_whole(value, least=1):
                fields = {"name": name, "value": value, "rule": rule}
                raise ValueError(Errors.GP208.format(**fields))
    _warn_of_threads(threads)
    steps = len(pipelines) * (1 + len(threads) * (turns + 1))
    with tqdm(total=steps, desc=progress, disable=None if progress else True) as bar:
        given = None if texts is None else list(texts)
        sizes = {"words": words, "lengths": list(lengths), "runs": runs}
        planned = _plan(pipelines, given, bar, sizes)
        take = partial(_take_turn, turns=turns, batch_size=batch_size, bar=bar)
        timings = [
            timing
            for number in threads
            for timing in _time_all(pipelines, planned, number, turns, take)
        ]
    settings = {
        **{"words": planned.words, "words_available": planned.available},
        **{"texts": len(planned.stream), "are_examples": texts is None},
        **{"repeated_lengths": planned.repeated, "batch_size": batch_size},
        **{"runs": runs, "turns": turns, "machine": _machine()},
    }
    return Benchmark(settings, timings)


def _warn_of_threads(threads: Sequence[int]) -> None:
    cpus = usable_cpus()
    most = max(threads, default=1)
    if most > cpus:
        warnings.warn(Warnings.GPW047.format(threads=most, cpus=cpus), stacklevel=3)


def _plan(
    pipelines: Sequence[str],
    given: Optional[Sequence[str]],
    bar: Any,
    sizes: Dict[str, Any],
) -> TimedTexts:
    """Load each pipeline once, so that all of them load and their files are in the
    system's cache, and choose the texts with the first."""
    planned: Dict[str, Any] = {}
    for pipeline in pipelines:
        with PipelineProcess(pipeline, 1) as process:
            for text in process.load()["warnings"]:
                warnings.warn(f"{text} The pipeline is {pipeline}.", stacklevel=3)
            planned = planned or process.ask("plan", given=given, **sizes)
        bar.update()
    texts = TimedTexts(**planned)
    if texts.repeated:
        lengths = ", ".join(map(str, texts.repeated))
        warnings.warn(Warnings.GPW046.format(lengths=lengths), stacklevel=3)
    return texts


def _time_all(
    pipelines: Sequence[str],
    texts: TimedTexts,
    threads: int,
    turns: int,
    take: Callable[..., Turn],
) -> List[Timing]:
    """Time all pipelines with a number of threads."""
    with ExitStack() as stack:
        started: Dict[int, Tuple[PipelineProcess, Timing]] = {}
        for i, pipeline in enumerate(pipelines):
            begin = time.perf_counter()
            process = stack.enter_context(PipelineProcess(pipeline, threads))
            about = process.load()
            first = process.ask("first", text=texts.stream[0])
            times = about["load"], first, time.perf_counter() - begin
            version = f"{about['lang']}_{about['name']} {about['version']}"
            timing = Timing(pipeline, version, threads, about["size"], *times)
            process.ask("keep", **vars(texts))
            started[i] = process, timing
        asked = {i: partial(take, process) for i, (process, _) in started.items()}
        results = take_turns(asked, turns)
        for i, (process, timing) in started.items():
            timing.peak_memory = process.ask("memory")
            timing.words_per_second = [texts.words / own[0] for own in results[i]]
            for k, length in enumerate(texts.lengths):
                timing.latencies[length] = [x for own in results[i] for x in own[1][k]]
    return [timing for _, timing in started.values()]


def _take_turn(
    process: PipelineProcess,
    turn: int,
    *,
    turns: int,
    batch_size: Optional[int],
    bar: Any,
) -> Turn:
    """Run the stream, and this turn's texts of each length."""
    seconds = process.ask("stream", batch_size=batch_size)
    windows = process.ask("windows", start=max(turn - 1, 0), step=turns)
    bar.update()
    return seconds, windows


def _machine() -> Dict[str, Any]:
    return {
        **{"platform": platform.platform(), "processor": _processor()},
        **{"cpus": os.cpu_count(), "python": platform.python_version()},
        "spacy": spacy.__version__,
    }


def _processor() -> str:
    """Return the name of the CPU. On Linux, Python does not know it."""
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor()
