"""`spacy global-pointer annotate`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, List, Optional

from spacy.cli._util import Arg, Opt

from ..scale.annotate_files import SHARD_SIZE, Summary, annotate_files
from ..scale.settings import Settings
from ..wording import number_of
from ._util import INTERRUPTED, reported_errors
from .terminal import msg

STOPPED = (
    "Stopped by Ctrl-C. Finished shards are kept: run the same command again to "
    "continue"
)


class ResultFormat(str, Enum):
    parquet = "parquet"
    jsonl = "jsonl"


def annotate_cli(
    pipeline: Annotated[
        str, Arg(help="Folder of a trained pipeline, or name of an installed one")
    ],
    input: Annotated[
        Path,
        Arg(
            help="Documents: a .jsonl, .csv, .parquet, .spacy or .txt file, or a "
            "folder of files of one of these kinds; text files may be packed as .gz",
            exists=True,
        ),
    ],
    output: Annotated[
        Path, Arg(help="Folder for the results; an earlier run in it is continued")
    ],
    workers: Annotated[
        int,
        Opt("--workers", "-w", min=1, help="Processes, each with its own pipeline"),
    ] = 1,
    threads: Annotated[
        Optional[int],
        Opt(
            "--threads",
            "-n",
            min=1,
            help="Threads of each worker; the default is CPUs divided by workers",
        ),
    ] = None,
    format: Annotated[
        ResultFormat, Opt("--format", "-f", help="Format of the results")
    ] = ResultFormat.parquet,
    text: Annotated[
        str, Opt("--text", "-t", help="Column of the texts")
    ] = Settings.text,
    id: Annotated[
        Optional[str],
        Opt(
            "--id",
            "-i",
            help="Column of the ids. Without it, this is 'id' if the first document "
            "has one; else ids are made, such as notes.csv:12",
        ),
    ] = None,
    keep: Annotated[
        List[str],
        Opt("--keep", "-k", help="Column to copy to the results; may be repeated"),
    ] = [],  # noqa: B006
    head_text: Annotated[
        bool, Opt("--head-text", "-H", help="Add the beginning of each span's text")
    ] = False,
    spans_key: Annotated[
        Optional[str],
        Opt(
            "--spans-key",
            "-sk",
            help="Key of the spans in doc.spans; the default is that of the component "
            "global_pointer",
        ),
    ] = None,
    max_chars: Annotated[
        int,
        Opt(
            "--max-chars",
            "-m",
            min=1,
            help="Characters of the longest text. Longer ones get a row with an error",
        ),
    ] = Settings.max_chars,
    shard_size: Annotated[
        float,
        Opt(
            "--shard-size",
            "-s",
            help="Million characters of a shard, which is lost if the run is killed",
        ),
    ] = SHARD_SIZE,
) -> None:
    """Annotate many documents, from files to a table of spans.

    The results are written in shards. If the command was stopped or killed, the same
    command continues with the shards that are missing.
    """
    try:
        with reported_errors():
            summary = annotate_files(
                pipeline,
                input,
                output,
                workers=workers,
                threads=threads,
                format=format.value,
                shard_size=shard_size,
                progress="Annotating",
                text=text,
                id=id,
                keep=keep,
                head_text=head_text,
                spans_key=spans_key,
                max_chars=max_chars,
            )
    except KeyboardInterrupt:
        msg.text("")  # ends the line in which a terminal shows ^C
        msg.warn(STOPPED, exits=INTERRUPTED)
    _print_summary(summary, output)


def _print_summary(summary: Summary, output: Path) -> None:
    if summary.shards_before:
        before = number_of(summary.shards_before, "shard was", "shards were")
        msg.info(f"{before} there already, of {summary.shards:,}")
    found = number_of(summary.spans, "span")
    documents = number_of(summary.annotated, "document")
    msg.good(f"Found {found} in {documents} of {summary.documents:,}", output)
