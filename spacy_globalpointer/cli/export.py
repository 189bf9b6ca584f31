"""`spacy global-pointer export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Iterator, List, Optional

from spacy.cli._util import Arg, Opt
from tqdm import tqdm

from ..corpus.annotations import Document
from ..corpus.export import ExportSummary, export_docs
from ..corpus.formats.registry import FORMATS, get_format
from ..wording import number_of
from ._util import AS_BEFORE, parse_pairs, print_table, reported_errors
from .terminal import msg

WRITABLE = ", ".join(name for name, f in FORMATS.items() if f.write is not None)


def export_cli(
    docs: Annotated[
        Path,
        Arg(
            help="A .spacy file or a folder of such files, with gold spans or with "
            "spans that `spacy apply` predicted",
            exists=True,
        ),
    ],
    output: Annotated[
        Path,
        Arg(
            help="File to write, packed if its name ends in .gz; a folder if the "
            "format has many files"
        ),
    ],
    format: Annotated[str, Opt("--format", "-f", help=f"One of: {WRITABLE}")],
    spans_key: Annotated[
        str, Opt("--spans-key", "-k", help="Key of the spans in doc.spans")
    ] = "sc",
    ents: Annotated[
        bool, Opt("--ents", help="Use doc.ents where the key is missing")
    ] = False,
    min_score: Annotated[
        Optional[float],
        Opt("--min-score", "-m", help="Leave out spans with a probability below this"),
    ] = None,
    option: Annotated[
        Optional[List[str]],
        Opt("--option", "-o", help="Option of the format as NAME=VALUE; repeatable"),
    ] = None,
    force: Annotated[
        bool, Opt("--force", "-F", help="Replace the output if it exists")
    ] = False,
) -> None:
    """Write the spans of .spacy files in the format of an annotation tool.

    This lets you correct by hand the spans that `spacy apply` predicted. The convert
    command reads the files that the tool exports.
    """
    with reported_errors(AS_BEFORE):
        summary = export_docs(
            docs,
            output,
            format=get_format(format),
            spans_key=spans_key,
            ents=ents,
            min_score=min_score,
            options=parse_pairs("--option", option or []),
            force=force,
            progress=show_progress,
        )
    print_summary(summary)
    if summary.cut:
        spans = number_of(summary.cut, "span begins or ends", "spans begin or end")
        msg.warn(
            f"{spans} within a token. {format} stores whole tokens only, so these "
            "tokens were split, and differ from the tokens of the source"
        )
    documents = number_of(summary.documents, "document")
    msg.good(f"Saved {documents} as {format} to {output}")


def show_progress(documents: Iterator[Document]) -> Iterator[Document]:
    """Return the documents, with a progress bar on a terminal."""
    return tqdm(documents, unit="docs", leave=False, disable=None)


def print_summary(summary: ExportSummary) -> None:
    """Print how many documents and spans were written.

    summary (ExportSummary): The summary.
    """
    rows = [("Documents", summary.documents), ("Spans", summary.labels.total())]
    rows += [(f"  {label}", n) for label, n in sorted(summary.labels.items())]
    if summary.below:
        rows.append(("Left out: lower score", summary.below))
    for reason, n in sorted(summary.rejected.items()):
        rows.append((f"Left out: {reason}", n))
    if summary.cut:
        rows.append(("Within a token", summary.cut))
    print_table("Export", ["written"], rows)
