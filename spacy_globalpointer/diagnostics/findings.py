"""Findings: faults of some spans or documents of the files.

A finding is a warning if it concerns at least 1 % of the spans and at least 3 of
them, or at least 1 % of the documents. A smaller one is a note in a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ..corpus.statistics import CorpusStatistics
from ..wording import number_of
from .checked_settings import CheckedSettings
from .file_report import EncoderReading, FileReport, Reports, labels_of
from .piece_statistics import PieceStatistics
from .text_prints import TextPrints
from .tokenizer_check import TokenizerCheck

#: Fraction from which a finding is a warning, if it also concerns this many items.
LARGE_SHARE = 0.01
LEAST_SPANS = 3
LEAST_DOCUMENTS = 1
#: Percentage of shared sentences from which a finding is a warning.
MANY_SENTENCES = 5.0


@dataclass(frozen=True)
class Finding:
    """Fault of some items of a file, found by `debug`.

    file (str): Name of the file.
    text (str): The fault and the remedy, in whole sentences.
    n (int): Number of items with the fault.
    total (int): Number of items in the file.
    examples (Sequence[str]): Some of the items, with the names of their documents.
    least (int): Lowest number of items of a warning.
    large_share (float): Lowest fraction of the items of a warning.
    large_kind (str): How a large finding is printed: "warn", or "info" if it costs
        only time or memory.
    """

    file: str
    text: str
    n: int
    total: int
    examples: Sequence[str] = ()
    least: int = LEAST_SPANS
    large_share: float = LARGE_SHARE
    large_kind: str = "warn"

    @property
    def is_large(self) -> bool:
        """Return whether it is more than a note in a table."""
        return self.n >= max(self.least, self.large_share * self.total)

    @property
    def sentences(self) -> str:
        """Return the text with the examples."""
        if not self.examples:
            return self.text
        return f"{self.text} For example: {'; '.join(self.examples)}"


def find_all(
    reports: Reports, settings: CheckedSettings, reading: Optional[EncoderReading]
) -> Iterator[Finding]:
    """Find the faults of some spans or documents of the files.

    reports (Dict[str, FileReport]): The files by name.
    settings (CheckedSettings): The settings that the files were checked against.
    reading (Optional[EncoderReading]): The encoder, if there is one.
    YIELDS (Finding): The findings.
    """
    labels = labels_of(reports)
    for name, report in reports.items():
        yield from _missing_labels(name, reports, labels)
        yield from _data_findings(name, report)
    for name, report in reports.items():
        yield from _repeated(name, report.prints)
    for (first, a), (second, b) in combinations(reports.items(), 2):
        yield from _leaks(first, second, a.prints, b.prints)
    for name, report in reports.items():
        yield from _setting_findings(name, report, settings)
        if report.tokenizer is not None:
            yield from _tokenizer_findings(name, report.statistics, report.tokenizer)
        if report.pieces is not None:
            yield from _piece_findings(name, report, report.pieces, reading)


def _missing_labels(
    name: str, reports: Reports, labels: List[str]
) -> Iterator[Finding]:
    """Find the labels that other files have and this one lacks."""
    own = reports[name].statistics.labels
    missing = [label for label in labels if not own[label]]
    if not missing:
        return
    counts = [report.statistics.labels for report in reports.values()]
    n = sum(count[label] for count in counts for label in missing)
    examples = [
        f"{other} has {report.examples.labels[label]}"
        for label in missing
        for other, report in reports.items()
        if label in report.examples.labels
    ]
    text = f"has no span with these labels: {', '.join(missing)}."
    total = sum(sum(count.values()) for count in counts)
    yield Finding(name, text, n, total, examples[:3])


def _data_findings(name: str, report: FileReport) -> Iterator[Finding]:
    """Find the faults that do not depend on the settings."""
    stats, examples = report.statistics, report.examples.kinds
    n = stats.documents_without_key
    if n:
        yield Finding(
            f"{name}:",
            f"{n:,} of {stats.documents:,} documents have no "
            f"doc.spans[{stats.spans_key!r}]. Training uses them as documents without "
            "spans, but the scorer leaves them out as not annotated.",
            n,
            stats.documents,
            examples["without_key"],
            least=LEAST_DOCUMENTS,
        )
    n = stats.whitespace_edges
    if n:
        yield Finding(
            f"{name}:",
            f"{n:,} of {stats.spans:,} spans begin or end with white space, "
            "probably by mistake.",
            n,
            stats.spans,
            examples["whitespace"],
        )
    n, total = stats.n_lost_gold, stats.spans + stats.n_lost_gold
    if n:
        yield Finding(
            f"{name}:",
            f"{n:,} of {total:,} gold spans could not be aligned with the "
            "tokens. Such spans cannot be learned, and count as missed.",
            n,
            total,
            examples["lost"],
        )


def _setting_findings(
    name: str, report: FileReport, settings: CheckedSettings
) -> Iterator[Finding]:
    """Find the spans that cannot be learned with the settings, or that need memory."""
    stats, examples = report.statistics, report.examples.kinds
    file, total = f"{name}:", f"of {stats.spans:,} gold spans"
    bound = settings.max_span_length
    n = 0 if bound is None else stats.longer_than(bound)
    if n:
        text = (
            f"{n:,} {total} are longer than {bound} tokens. Raise max_span_length, or "
            "set it to null."
        )
        yield Finding(file, text, n, stats.spans, examples["too_long"])
    n = stats.lost_by_policy[settings.overlap]
    if n:
        text = (
            f"overlap = {settings.overlap!r} loses {n:,} {total}. Set overlap to "
            f"{_wider_policy(stats, settings.overlap)}."
        )
        yield Finding(file, text, n, stats.spans, examples["overlap"])
    size = settings.chunk_size
    n = stats.longer_than(size) if size else 0
    if n:
        text = (
            f"{n:,} {total} are longer than a chunk of {size:,} tokens; the longest "
            f"has {stats.longest_span:,}. The chunk of such a span is as long as the "
            "span. If there is not enough memory, set max_span_length."
        )
        found = examples["over_chunk"]
        yield Finding(file, text, n, stats.spans, found, large_kind="info")


def _wider_policy(stats: CorpusStatistics, overlap: str) -> str:
    nested = overlap == "flat" and not stats.lost_by_policy["nested"]
    return '"nested"' if nested else '"any"'


def _tokenizer_findings(
    name: str, stats: CorpusStatistics, check: TokenizerCheck
) -> Iterator[Finding]:
    if check.misaligned:
        text = (
            f"{describe_tokens(stats, check)}. They cannot be learned. Make the file "
            "with the tokenizer of the pipeline (convert --lang), or train with the "
            "tokenizer of the file (--nlp.lang)."
        )
        n = check.misaligned
        yield Finding(f"{name}:", text, n, stats.spans, check.examples)


def describe_tokens(stats: CorpusStatistics, check: TokenizerCheck) -> str:
    """Describe how the tokens of a file differ from those of the pipeline."""
    return (
        f"the pipeline's tokenizer splits {check.documents:,} of {stats.documents:,} "
        f"documents differently ({check.example}). With its tokens, "
        f"{check.misaligned:,} of {stats.spans:,} gold spans do not begin and end at "
        "tokens"
    )


def _piece_findings(
    name: str,
    report: FileReport,
    pieces: PieceStatistics,
    reading: Optional[EncoderReading],
) -> Iterator[Finding]:
    n = pieces.unknown
    if n:
        unknown = number_of(n, "unknown word piece")
        tokens = number_of(pieces.tokens_with_unknown, "token")
        many = pieces.unknown_share >= LARGE_SHARE
        remedy = " Use an encoder that knows them." if many else ""
        text = (
            f"{unknown} ({pieces.unknown_percent}) in {tokens}, most often "
            f"{_words(pieces.unknown_words())}.{remedy}"
        )
        examples = pieces.documents_with_unknown
        yield Finding(f"{name}:", text, n, pieces.pieces, examples, least=1)
    n = pieces.without_piece
    if n:
        text = (
            f"{number_of(n, 'token has', 'tokens have')} no word piece, most often "
            f"{_words(pieces.words_without_piece())}. Their vector is 0. Remove or "
            "replace these characters."
        )
        yield Finding(f"{name}:", text, n, pieces.tokens, pieces.documents_without)
    n = pieces.spans_over_window
    if n and reading is not None:
        total = report.statistics.spans
        text = (
            f"{n:,} of {total:,} gold spans have more word pieces than a "
            f"window of {reading.window:,}, so no window sees both ends. Raise "
            "window, or use an encoder that reads more at once."
        )
        yield Finding(f"{name}:", text, n, total, pieces.span_examples)


def _repeated(name: str, prints: TextPrints) -> Iterator[Finding]:
    n = prints.repeated
    if n:
        text = (
            f"{_documents(n, 'has', 'have')} the same text as another one of this file"
            f"{_named(prints.repeated_names, n)}. Keep one of each: copies only give "
            "a text more weight."
        )
        total = prints.n_documents
        yield Finding(f"{name}:", text, n, total, least=LEAST_DOCUMENTS)


def _leaks(first: str, second: str, a: TextPrints, b: TextPrints) -> Iterator[Finding]:
    shared = b.shared_with(a)
    n = shared.documents
    if n:
        text = (
            f"{_documents(n, 'is', 'are')} also in {first}{_named(shared.names, n)}. "
            "Scores on memorised texts mean nothing. Remove these documents from "
            f"{first} or {second}."
        )
        total = b.n_documents
        yield Finding(f"{second}:", text, n, total, least=LEAST_DOCUMENTS)
    n, total = shared.sentences, shared.n_sentences
    if n:
        much = shared.percent >= MANY_SENTENCES
        remedy = " Put documents that share text into the same file." if much else ""
        text = (
            f"{n:,} of {total:,} long sentences ({shared.percent:.1f} %) are also in "
            f"{first}.{remedy}"
        )
        examples = [_pair(pair) for pair in b.owners_of_shared_sentences(a)]
        share = MANY_SENTENCES / 100
        limits: Dict[str, Any] = {"least": 1, "large_share": share}
        yield Finding(f"{second}:", text, n, total, examples, **limits)


def _documents(n: int, one: str, many: str) -> str:
    return number_of(n, f"document {one}", f"documents {many}")


def _named(names: List[Tuple[str, str]], n: int) -> str:
    """Format pairs of names in brackets, and how many more there are."""
    texts = [_pair(pair) for pair in names]
    more = [f"and {n - len(texts):,} more"] if n > len(texts) else []
    return f" ({', '.join(chain(texts, more))})"


def _pair(names: Tuple[str, str]) -> str:
    one, other = names
    return one if one == other else f"{one} = {other}"


def _words(words: List[Tuple[str, int]]) -> str:
    return ", ".join(f"{word!r} ({n:,})" for word, n in words)
