"""`spacy global-pointer debug`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Dict, List, Optional, Tuple

from spacy.cli._util import Arg, Opt
from spacy.vocab import Vocab
from wasabi import msg

from ..corpus.docbin import read_docs
from ..corpus.statistics import CorpusStatistics, corpus_statistics
from ..errors import Errors
from ._util import print_table, reported_errors


class Overlap(str, Enum):
    """Overlap policies of the component."""

    any = "any"
    nested = "nested"
    flat = "flat"


def debug_cli(
    paths: Annotated[
        List[Path],
        Arg(
            help=".spacy files (or folders of them), such as train.spacy dev.spacy",
            exists=True,
        ),
    ],
    spans_key: Annotated[
        str, Opt("--spans-key", "-k", help="Key of the spans in doc.spans")
    ] = "sc",
    max_span_length: Annotated[
        Optional[int],
        Opt(
            "--max-span-length",
            "-m",
            min=1,
            help="Say how many gold spans have more tokens",
        ),
    ] = None,
    overlap: Annotated[
        Overlap,
        Opt("--overlap", "-o", help="Say how many gold spans this policy must lose"),
    ] = Overlap.any,
) -> None:
    """Show what is in .spacy files, side by side, and what a model cannot learn.

    The exit status is 1 if a file has no spans under the key.
    """
    with reported_errors():
        columns = {_name(path, paths): _read(path, spans_key) for path in paths}
    print_statistics(columns)
    print_notes(columns)
    print_losses(columns, max_span_length, overlap.value)


def _name(path: Path, paths: List[Path]) -> str:
    same = [other for other in paths if other.stem == path.stem]
    return path.stem if len(same) == 1 else str(path)


def _read(path: Path, spans_key: str) -> CorpusStatistics:
    """RETURNS (CorpusStatistics): The numbers of a file that has spans."""
    statistics = corpus_statistics(read_docs(path, Vocab()), spans_key=spans_key)
    if not statistics.documents:
        raise ValueError(Errors.GP120.format(path=path))
    if not statistics.spans:
        keys = ", ".join(sorted(statistics.keys_found)) or "none"
        fields = {"path": path, "key": spans_key, "keys": keys}
        raise ValueError(Errors.GP119.format(**fields))
    return statistics


def print_statistics(columns: Dict[str, CorpusStatistics]) -> None:
    """Print a table.

    columns (Dict[str, CorpusStatistics]): The statistics by name.
    """
    all_stats = list(columns.values())
    rows: List[Tuple] = [
        ("Documents", *(s.documents for s in all_stats)),
        ("  without the key", *(s.documents_without_key for s in all_stats)),
        ("  without spans", *(s.documents_without_spans for s in all_stats)),
        ("Tokens", *(s.tokens for s in all_stats)),
        ("Longest document (tokens)", *(s.longest_document for s in all_stats)),
        ("Spans", *(s.spans for s in all_stats)),
    ]
    for label in _labels(columns):
        rows.append((f"  {label}", *(s.labels[label] for s in all_stats)))
    rows.append(("Gold lost in conversion", *(_n_lost(s) for s in all_stats)))
    for percent in (50, 95, 99):
        lengths = [s.percentile(percent) for s in all_stats]
        rows.append((f"Span length, {percent} % (tokens)", *lengths))
    rows.extend(
        [
            ("Longest span (tokens)", *(s.longest_span for s in all_stats)),
            ("Nesting depth", *(s.nesting_depth for s in all_stats)),
            ("Crossing pairs", *(s.crossing_pairs for s in all_stats)),
            ("Whitespace at an edge", *(s.whitespace_edges for s in all_stats)),
        ]
    )
    print_table("Data", list(columns), rows)


def print_notes(columns: Dict[str, CorpusStatistics]) -> None:
    """Print what may be wrong.

    columns (Dict[str, CorpusStatistics]): The statistics by name.
    """
    for name, stats in columns.items():
        missing = [label for label in _labels(columns) if not stats.labels[label]]
        if missing:
            msg.warn(f"{name} has no span with these labels: {', '.join(missing)}")
        if stats.documents_without_key:
            msg.warn(
                f"{name}: {stats.documents_without_key:,} document(s) lack "
                f"doc.spans[{stats.spans_key!r}]. Training takes them as documents "
                "without spans, but the scorer leaves them out as not annotated."
            )
        if stats.whitespace_edges:
            msg.warn(
                f"{name}: {stats.whitespace_edges:,} span(s) begin or end with "
                "whitespace; they are probably annotated by mistake."
            )
        if _n_lost(stats):
            msg.info(
                f"{name}: {_n_lost(stats):,} gold span(s) could not be aligned with "
                "the tokens. They cannot be learnt, and count as missed."
            )


def print_losses(
    columns: Dict[str, CorpusStatistics], max_span_length: Optional[int], overlap: str
) -> None:
    """Print how many spans the settings of a component rule out.

    columns (Dict[str, CorpusStatistics]): The statistics by name.
    max_span_length (Optional[int]): Longest span in tokens; None for no bound.
    overlap (str): The overlap policy.
    """
    for name, stats in columns.items():
        total = f"of {stats.spans:,} gold spans"
        if max_span_length is not None:
            n = stats.longer_than(max_span_length)
            show = msg.warn if n else msg.good
            show(f"{name}: {n:,} {total} are longer than {max_span_length} tokens")
        if overlap != Overlap.any.value:
            n = stats.lost_by_policy[overlap]
            show = msg.warn if n else msg.good
            show(f"{name}: overlap = {overlap!r} must lose {n:,} {total}")


def _labels(columns: Dict[str, CorpusStatistics]) -> List[str]:
    return sorted({label for stats in columns.values() for label in stats.labels})


def _n_lost(stats: CorpusStatistics) -> int:
    return sum(stats.lost_gold.values())
