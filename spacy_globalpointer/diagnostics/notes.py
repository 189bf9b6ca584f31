"""Notes on the numbers of the files as a whole, with remedies."""

from __future__ import annotations

from itertools import combinations
from typing import Iterator, List, Optional, Tuple

from ..corpus.statistics import CorpusStatistics
from .checked_settings import CheckedSettings
from .file_report import EncoderReading, FileReport, Reports, labels_of
from .findings import describe_tokens
from .piece_statistics import PieceStatistics
from .text_prints import TextPrints
from .tokenizer_check import TokenizerCheck

Note = Tuple[str, str]  # method of wasabi's msg, text
#: Mean word pieces per token above which an encoder does not suit the language.
MANY_PIECES = 2.5


def notes(
    reports: Reports,
    settings: CheckedSettings,
    reading: Optional[EncoderReading],
    *,
    train: str,
) -> Iterator[Note]:
    """Yield a note for each number that needs attention.

    reports (Dict[str, FileReport]): The files by name.
    settings (CheckedSettings): The settings that the files were checked against.
    reading (Optional[EncoderReading]): The encoder, if there is one.
    train (str): Name of the training file.
    YIELDS (Tuple[str, str]): "good", "info" or "warn", and a text.
    """
    if len(reports) > 1 and not any(_share_text(*p) for p in _pairs(reports)):
        yield "good", "No document and no long sentence is in more than one file"
    yield from _label_notes(labels_of(reports), settings)
    if settings.overlap != "flat" and not any(map(_has_overlaps, reports.values())):
        yield (
            "info",
            "No two gold spans overlap. If this is so in all your texts, set overlap = "
            "'flat': of found spans that overlap, only the most probable is then kept.",
        )
    for name, report in reports.items():
        yield from _setting_notes(name, report.statistics, settings)
        if report.tokenizer is not None:
            yield from _tokenizer_notes(name, report.statistics, report.tokenizer)
        if report.pieces is not None and report.pieces.per_token > MANY_PIECES:
            yield (
                "warn",
                f"{name}: a token has {report.pieces.per_token:.1f} word pieces on "
                "average. Use an encoder that was made for this language.",
            )
    pieces = reports[train].pieces
    if reading is not None and settings.chunk_size and pieces is not None:
        yield from _chunk_notes(train, pieces, settings.chunk_size, reading)


def _pairs(reports: Reports) -> Iterator[Tuple[TextPrints, TextPrints]]:
    return combinations([report.prints for report in reports.values()], 2)


def _share_text(first: TextPrints, second: TextPrints) -> bool:
    shared = second.shared_with(first)
    return bool(shared.documents or shared.sentences)


def _has_overlaps(report: FileReport) -> bool:
    return bool(report.statistics.lost_by_policy["flat"])


def _label_notes(labels: List[str], settings: CheckedSettings) -> Iterator[Note]:
    for setting, named in settings.named_labels.items():
        unknown = [label for label in named if label not in labels]
        if unknown:
            yield (
                "warn",
                f"{setting} names labels that no file has: {', '.join(unknown)}. "
                f"Training would stop with GP016. The labels are: {', '.join(labels)}",
            )


def _setting_notes(
    name: str, stats: CorpusStatistics, settings: CheckedSettings
) -> Iterator[Note]:
    """Report the settings that lose no span. Lost spans are findings."""
    total = f"of {stats.spans:,} gold spans"
    bound, overlap = settings.max_span_length, settings.overlap
    if bound is not None and not stats.longer_than(bound):
        yield "good", f"{name}: 0 {total} are longer than {bound} tokens"
    if overlap != "any" and not stats.lost_by_policy[overlap]:
        yield "good", f"{name}: overlap = {overlap!r} loses 0 {total}"


def _tokenizer_notes(
    name: str, stats: CorpusStatistics, check: TokenizerCheck
) -> Iterator[Note]:
    if not check.documents:
        yield "good", f"{name}: the pipeline's tokenizer gives the tokens of the file"
    elif not check.misaligned:
        yield "info", f"{name}: {describe_tokens(stats, check)}."


def _chunk_notes(
    name: str, pieces: PieceStatistics, chunk_size: int, reading: EncoderReading
) -> Iterator[Note]:
    """Compare the chunks of the training corpus with the windows of the encoder."""
    tokens, n_pieces = pieces.tokens, pieces.pieces
    if reading.capacity is None or reading.window is None or not n_pieces:
        return
    capacity, window = reading.capacity, reading.window
    chunk = round(chunk_size * n_pieces / tokens)
    longest = pieces.longest_document
    about = f"{name}: A chunk of {chunk_size:,} tokens has about {chunk:,} word pieces"
    room = f"a window of {window:,} has room for {capacity:,}"
    fitting = f"chunk_size = {max(1, int(capacity * tokens / n_pieces)):,}"
    if 2 * chunk < min(capacity, longest):
        yield (
            "warn",
            f"{about}, but {room}. In prediction, windows are much longer than the "
            "texts in training, so fewer spans are found. Set window = "
            f"{chunk + window - capacity:,} or about {fitting}.",
        )
    elif 2 * min(chunk, longest) > 3 * capacity:
        text = f"{about}, and {room}: a chunk needs several. About {fitting} fills one."
        yield "info", text
    else:
        yield "good", f"{about}, and {room}"
