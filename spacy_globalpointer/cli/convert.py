"""`spacy global-pointer convert`."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Iterator, List, Optional, Tuple

import spacy
from spacy.cli._util import Arg, Opt
from spacy.language import Language
from tqdm import tqdm

from ..corpus.annotations import Document, Reason
from ..corpus.convert import MAX_DOCUMENT_SIZE, convert_corpus
from ..corpus.formats.registry import FORMATS
from ..corpus.splits import shorten
from ..corpus.summary import ConversionSummary
from ..errors import Warnings
from ..wording import number_of
from ._util import AS_BEFORE, parse_pairs, print_table, reported_errors
from .terminal import msg

#: Rows of the table for the ends of sentences within spans, and their keys.
_SENTENCE_ENDS = [
    ("  joined at sentence ends", "joined_at_sentence_ends"),
    ("  cut at sentence ends", "cut_at_sentence_ends"),
]


class OnMisaligned(str, Enum):
    """What to do with spans that do not begin and end at tokens."""

    reject = "reject"
    expand = "expand"
    contract = "contract"
    split_token = "split-token"
    error = "error"


class Annotators(str, Enum):
    """Which spans of a text with several annotations to take."""

    error = "error"
    union = "union"
    agreement = "agreement"


def convert_cli(
    source: Annotated[
        Path,
        Arg(help="File or folder of the annotated texts", exists=True),
    ],
    output: Annotated[
        Path,
        Arg(
            help="Folder for the .spacy files, rejects.jsonl and summary.json",
            file_okay=False,
        ),
    ],
    format: Annotated[
        Optional[str],
        Opt(
            "--format",
            "-f",
            help=f"One of: {', '.join(FORMATS)}. Without it, the files' look tells",
        ),
    ] = None,
    lang: Annotated[
        str, Opt("--lang", "-l", help="Language code; it chooses the tokenizer")
    ] = "en",
    splits: Annotated[
        Optional[str],
        Opt(
            "--splits",
            "-s",
            help="JSON file (split to list of documents or files, or to a fraction of "
            "the others), or fractions for train, dev and test such as 0.8,0.1,0.1. "
            "Without it, all goes to all.spacy",
        ),
    ] = None,
    seed: Annotated[int, Opt("--seed", help="Seed for splits by fractions")] = 0,
    spans_key: Annotated[
        str, Opt("--spans-key", "-k", help="Key of the spans in doc.spans")
    ] = "sc",
    on_misaligned: Annotated[
        OnMisaligned,
        Opt(help="What to do with spans that do not begin and end at tokens"),
    ] = OnMisaligned.reject,
    encoding: Annotated[
        str, Opt("--encoding", "-e", help="Encoding of the source files")
    ] = "utf-8",
    exclude: Annotated[
        Optional[List[str]],
        Opt("--exclude", "-x", help="Pattern of file names to leave out; repeatable"),
    ] = None,
    option: Annotated[
        Optional[List[str]],
        Opt("--option", help="NAME=VALUE, an option of the format; repeatable"),
    ] = None,
    rename: Annotated[
        Optional[List[str]],
        Opt("--rename", help="OLD=NEW, another name for a label; repeatable"),
    ] = None,
    drop: Annotated[
        Optional[List[str]],
        Opt("--drop", help="Label whose spans are left out; repeatable"),
    ] = None,
    annotator: Annotated[
        Optional[List[str]],
        Opt("--annotator", help="Annotator whose spans are taken; repeatable"),
    ] = None,
    annotators: Annotated[
        Annotators,
        Opt(
            help="Of a text with several annotations: take all spans (union), those "
            "that all annotators marked (agreement), or stop (error)"
        ),
    ] = Annotators.error,
    max_document_size: Annotated[
        int,
        Opt(
            "--max-document-size",
            help="MiB of one document, at the most, unpacked; of .spacy files, of one "
            "file. 0 for no bound",
        ),
    ] = MAX_DOCUMENT_SIZE,
    allow_loss: Annotated[
        bool, Opt("--allow-loss", help="Exit with status 0 if annotations were lost")
    ] = False,
) -> None:
    """Convert annotated texts to .spacy files with the spans under doc.spans.

    No annotation is dropped in silence: rejects.jsonl names each that is not in the
    output, with file, line, reason and remedy. The exit status is 1 if one of them
    was meant as a span of its own (all but relations and the like, duplicates, and
    what was asked for).
    """
    with reported_errors(AS_BEFORE):
        summary = convert_corpus(
            source,
            output,
            nlp=make_tokenizer(lang),
            format=format,
            options=parse_pairs("--option", option or []),
            exclude=exclude or [],
            splits=splits,
            seed=seed,
            spans_key=spans_key,
            on_misaligned=on_misaligned.value,
            encoding=encoding,
            max_document_size=max_document_size,
            renamed=parse_pairs("--rename", rename or []),
            dropped=drop or [],
            annotator=annotator or [],
            annotators=annotators.value,
            progress=show_progress,
        )
    print_summary(summary)
    files = number_of(len(summary.splits), ".spacy file")
    msg.good(f"Saved {files} to {output}, read as {summary.format}")
    skipped = sum(split.skipped for split in summary.splits.values())
    if skipped:
        msg.info(
            f"{number_of(skipped, 'document')} left out: rejected or skipped by the "
            "annotator, by none of those named, or with no annotation of spans at all"
        )
    predicted = sum(split.predicted for split in summary.splits.values())
    if predicted:
        documents = number_of(predicted, "document has", "documents have")
        msg.warn(Warnings.GPW051.format(documents=documents))
    _tell_of_sentence_ends(summary)
    if summary.unread:
        msg.warn(
            f"{number_of(len(summary.unread), 'file')} of {source} not read, with "
            f"other endings than those of {summary.format}: {shorten(summary.unread)}"
        )
    if not any(split.kept for split in summary.splits.values()):
        msg.warn(f"No span was converted. {_why_none(summary, source, lang)}")
        if not allow_loss:
            msg.fail("Accept texts without spans with --allow-loss", exits=1)
    if summary.lost:
        report = output / "rejects.jsonl"
        lost = number_of(summary.lost, "annotation")
        msg.warn(f"{lost} lost: see {report}")
        if not allow_loss:
            msg.fail(
                "Correct the source, or accept the loss with --allow-loss", exits=1
            )


def _tell_of_sentence_ends(summary: ConversionSummary) -> None:
    joined = sum(split.joined for split in summary.splits.values())
    if joined:
        msg.info(
            f"{number_of(joined, 'sentence end')} within a span: its tags continue in "
            "the next sentence, so that it is one span of both"
        )
    cut = sum(split.cut for split in summary.splits.values())
    if cut:
        msg.warn(
            f"{number_of(cut, 'span is', 'spans are')} cut in two by the end of a "
            "sentence, since each sentence is a document. Keep them whole with "
            "--option documents=docstart or documents=file"
        )


def _why_none(summary: ConversionSummary, source: Path, lang: str) -> str:
    reasons = {reason for split in summary.splits.values() for reason in split.rejected}
    if Reason.MISALIGNED.value in reasons:
        return (
            f'None begins and ends at tokens of the language "{lang}". Is it that of '
            f"{source}? Name another with --lang"
        )
    if any(split.predicted for split in summary.splits.values()):
        return f"{source} has predictions: pass --option predictions=true"
    if Reason.WHITE_SPACE.value in reasons:
        return f"Those of {source} have white space only. Correct their offsets"
    return (
        f"Is {summary.format} the format of {source}? Name another with --format; what "
        "options it has is in docs/formats.md"
    )


def make_tokenizer(lang: str) -> Language:
    """RETURNS (Language): A blank pipeline for texts of any length; its limit is there
    for components that need much memory."""
    nlp = spacy.blank(lang)
    nlp.max_length = sys.maxsize
    return nlp


def show_progress(
    documents: Iterator[Document], total: Optional[int]
) -> Iterator[Document]:
    """RETURNS (Iterator[Document]): The documents, with a bar on a terminal."""
    what = "Reading" if total is None else "Converting"
    options = {"desc": what, "unit": " docs", "leave": False, "disable": None}
    return iter(tqdm(documents, total=total, **options))


def print_summary(summary: ConversionSummary) -> None:
    """Print a table with a column for each split.

    summary (ConversionSummary): The summary.
    """
    splits = [split.to_dict() for split in summary.splits.values()]
    names = [
        ("Documents", "documents"),
        ("  without spans", "documents_without_spans"),
        ("Tokens", "tokens"),
        ("Annotations read", "read"),
        ("Spans kept", "kept"),
        ("  of these trimmed", "trimmed"),
        ("  of these adjusted", "adjusted"),
    ]
    rows: List[Tuple] = [(title, *(s[key] for s in splits)) for title, key in names]
    for title, key in _SENTENCE_ENDS:
        counts = [s.get(key, 0) for s in splits]
        rows += [(title, *counts)] if any(counts) else []
    if any(s["skipped"] for s in splits):
        rows.append(("Documents left out", *(s["skipped"] for s in splits)))
    for reason in Reason:
        counts = [s["rejected"].get(reason.value, 0) for s in splits]
        if any(counts):
            rows.append((f"Rejected: {reason.value}", *counts))
    rows.append(("Annotations lost", *(s["lost"] for s in splits)))
    for label in sorted({label for s in splits for label in s["labels"]}):
        rows.append((f"Spans: {label}", *(s["labels"].get(label, 0) for s in splits)))
    names = [
        ("Nesting depth", "nesting_depth"),
        ("Crossing pairs", "crossing_pairs"),
        ("Longest span (tokens)", "longest_span"),
        ("Longest document (tokens)", "longest_document"),
    ]
    rows.extend((title, *(s[key] for s in splits)) for title, key in names)
    print_table("Conversion", list(summary.splits), rows)
