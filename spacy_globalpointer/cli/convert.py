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

#: Rows of the table about sentence ends within spans, and their keys.
_SENTENCE_ENDS = [
    ("  joined at sentence ends", "joined_at_sentence_ends"),
    ("  cut at sentence ends", "cut_at_sentence_ends"),
]


class OnMisaligned(str, Enum):
    """Ways to treat spans that do not begin and end at token boundaries."""

    reject = "reject"
    expand = "expand"
    contract = "contract"
    split_token = "split-token"
    error = "error"


class Annotators(str, Enum):
    """Ways to choose the spans of a text with several annotations."""

    error = "error"
    union = "union"
    agreement = "agreement"


def convert_cli(
    source: Annotated[
        Path,
        Arg(help="File or folder with the annotated texts", exists=True),
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
            help=f"One of: {', '.join(FORMATS)}. By default the format is detected",
        ),
    ] = None,
    lang: Annotated[
        str, Opt("--lang", "-l", help="Language code, which selects the tokenizer")
    ] = "en",
    splits: Annotated[
        Optional[str],
        Opt(
            "--splits",
            "-s",
            help="JSON file that maps each split to a list of documents or files, or "
            "to a fraction of the others; or the fractions of train, dev and test, "
            "such as 0.8,0.1,0.1. By default all documents are written to all.spacy",
        ),
    ] = None,
    seed: Annotated[int, Opt("--seed", help="Random seed of splits by fractions")] = 0,
    spans_key: Annotated[
        str, Opt("--spans-key", "-k", help="Key of the spans in doc.spans")
    ] = "sc",
    on_misaligned: Annotated[
        OnMisaligned,
        Opt(help="How to treat spans that do not begin and end at token boundaries"),
    ] = OnMisaligned.reject,
    encoding: Annotated[
        str, Opt("--encoding", "-e", help="Encoding of the source files")
    ] = "utf-8",
    exclude: Annotated[
        Optional[List[str]],
        Opt("--exclude", "-x", help="Pattern of files to leave out; repeatable"),
    ] = None,
    option: Annotated[
        Optional[List[str]],
        Opt("--option", help="Option of the format as NAME=VALUE; repeatable"),
    ] = None,
    rename: Annotated[
        Optional[List[str]],
        Opt("--rename", help="Rename a label, as OLD=NEW; repeatable"),
    ] = None,
    drop: Annotated[
        Optional[List[str]],
        Opt("--drop", help="Leave out the spans of this label; repeatable"),
    ] = None,
    annotator: Annotated[
        Optional[List[str]],
        Opt("--annotator", help="Use the spans of this annotator; repeatable"),
    ] = None,
    annotators: Annotated[
        Annotators,
        Opt(
            help="If a text has several annotations, use all spans (union) or the "
            "spans that all annotators marked (agreement), or stop (error)"
        ),
    ] = Annotators.error,
    max_document_size: Annotated[
        int,
        Opt(
            "--max-document-size",
            help="Largest size of one document, in MiB, unpacked; for .spacy files, "
            "the size of one file. 0 means no limit",
        ),
    ] = MAX_DOCUMENT_SIZE,
    allow_loss: Annotated[
        bool, Opt("--allow-loss", help="Exit with status 0 if annotations were lost")
    ] = False,
) -> None:
    """Convert annotated texts to .spacy files with the spans under doc.spans.

    No annotation is dropped silently: rejects.jsonl lists each one that is not in the
    output, with file, line, reason and remedy. The exit status is 1 if spans were
    lost. Duplicates, annotations that are not spans, such as relations, and labels
    and annotators that you left out do not count as lost.
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
            f"{number_of(skipped, 'document was', 'documents were')} left out: the "
            "annotator rejected or skipped the document, none of the named annotators "
            "annotated it, or it has no annotation of spans at all"
        )
    predicted = sum(split.predicted for split in summary.splits.values())
    if predicted:
        documents = number_of(predicted, "document has", "documents have")
        msg.warn(Warnings.GPW051.format(documents=documents))
    _tell_of_sentence_ends(summary)
    if summary.unread:
        msg.warn(
            f"{number_of(len(summary.unread), 'file')} of {source} not read, because "
            f"{summary.format} uses other file endings: {shorten(summary.unread)}"
        )
    if not any(split.kept for split in summary.splits.values()):
        msg.warn(f"No span was converted. {_why_none(summary, source, lang)}")
        if not allow_loss:
            msg.fail("To accept texts without spans, pass --allow-loss", exits=1)
    if summary.lost:
        report = output / "rejects.jsonl"
        lost = number_of(summary.lost, "annotation")
        msg.warn(f"{lost} lost; {report} lists all of them")
        if not allow_loss:
            msg.fail(
                "Correct the source, or pass --allow-loss to accept the loss", exits=1
            )


def _tell_of_sentence_ends(summary: ConversionSummary) -> None:
    joined = sum(split.joined for split in summary.splits.values())
    if joined:
        msg.info(
            f"{number_of(joined, 'sentence end')} within a span: the tags continue in "
            "the next sentence, so the span covers both"
        )
    cut = sum(split.cut for split in summary.splits.values())
    if cut:
        msg.warn(
            f"{number_of(cut, 'span is', 'spans are')} cut in two by the end of a "
            "sentence, because each sentence is a document. To keep such spans whole, "
            "pass --option documents=docstart or documents=file"
        )


def _why_none(summary: ConversionSummary, source: Path, lang: str) -> str:
    reasons = {reason for split in summary.splits.values() for reason in split.rejected}
    if Reason.MISALIGNED.value in reasons:
        return (
            f'No span begins and ends at tokens of the language "{lang}". If {source} '
            "is in another language, name it with --lang"
        )
    if any(split.predicted for split in summary.splits.values()):
        return (
            f"{source} has predictions: to convert them, pass --option predictions=true"
        )
    if Reason.WHITE_SPACE.value in reasons:
        return f"The spans of {source} are only white space. Correct their offsets"
    return (
        f"Check that {summary.format} is the format of {source}, or name another one "
        "with --format. docs/formats.md lists the options of each format"
    )


def make_tokenizer(lang: str) -> Language:
    """Make a blank pipeline for texts of any length. spaCy's limit is meant for
    components that need much memory."""
    nlp = spacy.blank(lang)
    nlp.max_length = sys.maxsize
    return nlp


def show_progress(
    documents: Iterator[Document], total: Optional[int]
) -> Iterator[Document]:
    """Yield the documents, with a progress bar on a terminal."""
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
