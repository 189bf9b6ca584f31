"""`spacy global-pointer benchmark`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, List, Optional

from spacy.cli._util import Arg, Opt

from ..benchmarking.benchmark import LENGTHS, PERCENTILES, Benchmark, benchmark
from ..pretraining.texts import find_texts, read_texts
from ..report.benchmark_page import make_benchmark_page, milliseconds
from ._util import (
    AS_BEFORE,
    NO_SHARE,
    TEXTS_HELP,
    check_numbers,
    check_page,
    print_table,
    reported_errors,
    write_text,
)
from .terminal import msg

#: Keys by which a JSON file of this command is recognised.
NUMBERS = {"settings", "timings"}
#: Characters that a token has at most on average, in any language.
LONGEST_TOKEN = 12


def benchmark_cli(
    pipelines: Annotated[
        List[str],
        Arg(help="Pipelines to compare: folders or names of packages, also of spaCy's"),
    ],
    texts: Annotated[
        List[Path],
        Opt(
            "--texts",
            "-x",
            help=f"Texts in the pipelines' language: {TEXTS_HELP}; may be repeated. "
            "Without it, spaCy's example sentences are repeated",
            exists=True,
        ),
    ] = [],  # noqa: B006
    threads: Annotated[
        List[int],
        Opt("--threads", "-n", min=1, help="Numbers of threads, such as --threads 1 2"),
    ] = [1, 2],  # noqa: B006
    lengths: Annotated[
        List[int],
        Opt("--lengths", "-l", min=1, help="Tokens of the texts that are run alone"),
    ] = [*LENGTHS],  # noqa: B006
    runs: Annotated[
        int, Opt("--runs", "-r", min=1, help="Texts of each length to run alone")
    ] = 100,
    words: Annotated[
        int, Opt("--words", "-w", min=1, help="Words to run as a stream in each turn")
    ] = 20_000,
    turns: Annotated[
        int, Opt("--turns", "-t", min=1, help="Turns of each pipeline")
    ] = 5,
    batch_size: Annotated[
        Optional[int],
        Opt(
            "--batch-size",
            "-b",
            min=1,
            help="Texts of a batch in the stream; the default is each pipeline's own",
        ),
    ] = None,
    output: Annotated[
        Optional[Path],
        Opt("--output", "-o", help="JSON file to write all times to", dir_okay=False),
    ] = None,
    plot: Annotated[
        Optional[Path],
        Opt("--plot", "-p", help="HTML file to write plots to", dir_okay=False),
    ] = None,
) -> None:
    """Measure speed, memory and size of pipelines side by side.

    Each pipeline has fresh processes of its own, and the pipelines take turns. Earlier
    files of this command are replaced; other files are not.
    """
    with reported_errors(AS_BEFORE):
        if output is not None:
            check_numbers(output, NUMBERS)
        if plot is not None:
            check_page(plot)
        result = benchmark(
            pipelines,
            read_first(texts, max(words, runs * max(lengths))) if texts else None,
            words=words,
            lengths=lengths,
            runs=runs,
            turns=turns,
            threads=threads,
            batch_size=batch_size,
            progress="Timing",
        )
        if output is not None:
            numbers = json.dumps(result.to_dict(), indent=2, ensure_ascii=False)
            write_text(f"{numbers}\n", output)
        if plot is not None:
            write_text(make_benchmark_page(result), plot)
    print_benchmark(result)
    for what, path in (("numbers", output), ("plots", plot)):
        if path is not None:
            msg.good(f"Saved the {what}", path)


def read_first(paths: List[Path], tokens: int) -> List[str]:
    """Read the first texts of files.

    paths (List[Path]): The files or folders.
    tokens (int): Number of tokens after which no text is read, roughly.
    RETURNS (List[str]): The texts; longer ones in parts.
    """
    texts: List[str] = []
    missing = LONGEST_TOKEN * tokens
    for text in (text for file in find_texts(paths) for text in read_texts(file)):
        texts.append(text)
        missing -= len(text)
        if missing < 0:
            break
    return texts


def print_benchmark(result: Benchmark) -> None:
    """Print the measurements.

    result (Benchmark): The measurements.
    """
    settings = result.settings
    first = {own.threads: own.speed for own in reversed(result.timings)}
    repeated = settings["words"] > settings["words_available"]
    source = f", repeated from {settings['words_available']:,}" if repeated else ""
    kind = "spaCy's example sentences" if settings["are_examples"] else "the texts"
    msg.info(f"Timed {settings['words']:,} words of {kind}{source}")
    columns = ["Threads", "Words/s", "x", "Cold start, s", "Peak, MiB", "Size, MB"]
    speeds = [
        (
            *(own.pipeline, own.threads, f"{own.speed:,.0f}"),
            f"{own.speed / first[own.threads]:.2f}",
            f"{own.cold_start:.1f}",
            NO_SHARE if own.peak_memory is None else f"{own.peak_memory / 2**20:,.0f}",
            NO_SHARE if own.size is None else f"{own.size / 1e6:,.1f}",
        )
        for own in result.timings
    ]
    print_table("Pipeline", columns, speeds)
    columns = ["Threads", "Tokens", *(f"p{n}, ms" for n in PERCENTILES)]
    times = [
        (own.pipeline, own.threads, length, *map(milliseconds, own.percentiles(length)))
        for own in result.timings
        for length in own.latencies
    ]
    print_table("One text at a time", columns, times)
