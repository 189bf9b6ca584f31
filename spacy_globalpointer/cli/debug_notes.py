"""What the numbers of `debug` mean, and what to do about it."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Iterator, List, Optional, Tuple

from ..corpus.leaks import SharedTexts
from ..corpus.retokenize import TokenizerCheck
from ..corpus.statistics import CorpusStatistics
from ..encoders.piece_statistics import PieceStatistics
from ..wording import number_of
from .config_settings import CheckedSettings
from .debug_report import FileReport, Reading
from .debug_tables import Reports, labels_of, lost_gold, share_of_unknown

Note = Tuple[str, str]  # method of wasabi's msg, text
#: Percentages from which something is a fault.
MANY_SENTENCES = 5.0
MANY_UNKNOWN = 1.0
#: Word pieces of a token from which an encoder does not suit the language.
MANY_PIECES = 2.5


def notes(
    reports: Reports, settings: CheckedSettings, reading: Optional[Reading]
) -> Iterator[Note]:
    """Judge the numbers.

    reports (Dict[str, FileReport]): The files by name.
    settings (CheckedSettings): What they were checked against.
    reading (Optional[Reading]): The encoder, if there is one.
    YIELDS (Tuple[str, str]): "good", "info" or "warn", and a text.
    """
    labels = labels_of(reports)
    for name, report in reports.items():
        yield from _data_notes(name, report, labels)
    yield from _leak_notes(reports)
    yield from _label_notes(labels, settings)
    for name, report in reports.items():
        yield from _setting_notes(name, report.statistics, settings)
        if report.tokenizer is not None:
            yield _tokenizer_note(name, report.statistics, report.tokenizer)
        if report.pieces is not None:
            yield from _piece_notes(name, report.pieces, reading)
    if reading is not None and settings.chunk_size:
        yield from _chunk_notes(reports, settings.chunk_size, reading)


def _data_notes(name: str, report: FileReport, labels: List[str]) -> Iterator[Note]:
    stats = report.statistics
    missing = [label for label in labels if not stats.labels[label]]
    if missing:
        yield "warn", f"{name} has no span with these labels: {', '.join(missing)}"
    if stats.documents_without_key:
        yield (
            "warn",
            f"{name}: {number_of(stats.documents_without_key, 'document')} without "
            f"doc.spans[{stats.spans_key!r}]. Training takes such documents as ones "
            "without spans, but the scorer leaves them out as not annotated.",
        )
    if stats.whitespace_edges:
        yield (
            "warn",
            f"{name}: {number_of(stats.whitespace_edges, 'span')} with whitespace "
            "at an edge, probably annotated by mistake.",
        )
    if lost_gold(stats):
        yield (
            "info",
            f"{name}: {number_of(lost_gold(stats), 'gold span')} could not be aligned "
            "with the tokens. Such spans cannot be learnt, and count as missed.",
        )


def _leak_notes(reports: Reports) -> Iterator[Note]:
    for name, report in reports.items():
        prints = report.prints
        if prints.repeated:
            yield (
                "warn",
                f"{name}: {_documents(prints.repeated, 'has', 'have')} the text of "
                "another one of this file"
                f"{_named(prints.repeated_names, prints.repeated)}. Keep one of each: "
                "the others only give it more weight.",
            )
    leaks: List[Note] = []
    for (first, a), (second, b) in combinations(reports.items(), 2):
        leaks.extend(_pair_notes(first, second, b.prints.shared_with(a.prints)))
    yield from leaks
    if len(reports) > 1 and not leaks:
        yield "good", "No document and no long sentence is in two files"


def _pair_notes(first: str, second: str, shared: SharedTexts) -> Iterator[Note]:
    if shared.documents:
        yield (
            "warn",
            f"{second}: {_documents(shared.documents, 'is', 'are')} also in {first}"
            f"{_named(shared.names, shared.documents)}. What was learnt by heart "
            f"is no measure: remove them from {first} or {second}.",
        )
    if shared.sentences:
        much = shared.percent >= MANY_SENTENCES
        remedy = "Put documents that share text into the same file." if much else ""
        yield (
            "warn" if much else "info",
            f"{second}: {shared.sentences:,} of {shared.n_sentences:,} long sentences "
            f"({shared.percent:.1f} %) are also in {first}. {remedy}".rstrip(),
        )


def _label_notes(labels: List[str], settings: CheckedSettings) -> Iterator[Note]:
    for setting, named in settings.named_labels.items():
        unknown = [label for label in named if label not in labels]
        if unknown:
            yield (
                "warn",
                f"{setting} names labels that no file has: {', '.join(unknown)}. "
                f"Training stops at that (GP016). There are: {', '.join(labels)}",
            )


def _setting_notes(
    name: str, stats: CorpusStatistics, settings: CheckedSettings
) -> Iterator[Note]:
    total = f"of {stats.spans:,} gold spans"
    bound, overlap = settings.max_span_length, settings.overlap
    if bound is not None:
        n = stats.longer_than(bound)
        remedy = ". Raise max_span_length, or set it to null." if n else ""
        text = f"{name}: {n:,} {total} are longer than {bound} tokens{remedy}"
        yield "warn" if n else "good", text
    if overlap != "any":
        n = stats.lost_by_policy[overlap]
        nested = overlap == "flat" and not stats.lost_by_policy["nested"]
        wider = '"nested"' if nested else '"any"'
        remedy = f". Set overlap to {wider}." if n else ""
        text = f"{name}: overlap = {overlap!r} must lose {n:,} {total}{remedy}"
        yield "warn" if n else "good", text
    n = stats.longer_than(settings.chunk_size) if settings.chunk_size else 0
    if n:
        yield (
            "info",
            f"{name}: {n:,} {total} are longer than a chunk of {settings.chunk_size:,} "
            f"tokens, the longest has {stats.longest_span:,}. Each makes its chunk as "
            "long as itself; if memory does not suffice, set max_span_length.",
        )


def _tokenizer_note(name: str, stats: CorpusStatistics, check: TokenizerCheck) -> Note:
    if not check.documents:
        return "good", f"{name}: the pipeline's tokenizer makes the tokens of the file"
    text = (
        f"{name}: the pipeline's tokenizer cuts {check.documents:,} of "
        f"{stats.documents:,} documents differently ({check.example}), and then "
        f"{check.misaligned:,} of {stats.spans:,} gold spans do not begin and end at "
        "tokens"
    )
    if not check.misaligned:
        return "info", f"{text}."
    return (
        "warn",
        f"{text}: they cannot be learnt. Make the file with the tokenizer of the "
        "pipeline, such as convert --lang, or train with the tokenizer of the file, "
        "such as --nlp.lang.",
    )


def _piece_notes(
    name: str, pieces: PieceStatistics, reading: Optional[Reading]
) -> Iterator[Note]:
    if pieces.per_token > MANY_PIECES:
        yield (
            "warn",
            f"{name}: a token has {pieces.per_token:.1f} word pieces on average. Take "
            "an encoder that was made for this language.",
        )
    if pieces.unknown:
        many = 100 * pieces.unknown_share >= MANY_UNKNOWN
        remedy = "Take an encoder that knows them." if many else ""
        unknown = number_of(pieces.unknown, "unknown word piece")
        tokens = number_of(pieces.tokens_with_unknown, "token")
        yield (
            "warn" if many else "info",
            f"{name}: {unknown} ({share_of_unknown(pieces)}) in {tokens}, most often "
            f"{_words(pieces.unknown_words())}. {remedy}".rstrip(),
        )
    if pieces.without_piece:
        yield (
            "warn",
            f"{name}: {number_of(pieces.without_piece, 'token')} without a word piece, "
            f"most often {_words(pieces.words_without_piece())}. The vector is 0: "
            "remove or replace these characters.",
        )
    if pieces.spans_over_window and reading is not None:
        yield (
            "warn",
            f"{name}: {number_of(pieces.spans_over_window, 'gold span')} with more "
            f"word pieces than a window of {reading.window:,}: no window sees both "
            "ends. Raise window, or take an encoder that reads more at once.",
        )


def _chunk_notes(reports: Reports, chunk_size: int, reading: Reading) -> Iterator[Note]:
    """Compare a chunk of the training corpus with a window."""
    counts = [r.pieces for r in reports.values() if r.pieces is not None]
    tokens, n_pieces = sum(p.tokens for p in counts), sum(p.pieces for p in counts)
    if reading.capacity is None or reading.window is None or not n_pieces:
        return
    capacity, window = reading.capacity, reading.window
    chunk = round(chunk_size * n_pieces / tokens)
    longest = max(p.longest_document for p in counts)
    about = f"A chunk of {chunk_size:,} tokens has about {chunk:,} word pieces"
    room = f"a window of {window:,} has room for {capacity:,}"
    fitting = f"chunk_size = {max(1, int(capacity * tokens / n_pieces)):,}"
    if 2 * chunk < min(capacity, longest):
        yield (
            "warn",
            f"{about}, but {room}: documents are predicted in windows that are much "
            "longer than what was trained on, and find less. Set window = "
            f"{chunk + window - capacity:,} or about {fitting}.",
        )
    elif 2 * chunk > 3 * capacity:
        text = f"{about}, and {room}: it is read in several. About {fitting} fills one."
        yield "info", text
    else:
        yield "good", f"{about}, and {room}"


def _documents(n: int, one: str, many: str) -> str:
    return number_of(n, f"document {one}", f"documents {many}")


def _named(names: List[Tuple[str, str]], n: int) -> str:
    """RETURNS (str): Pairs of names in brackets, and how many more there are."""
    texts = [one if one == other else f"{one} = {other}" for one, other in names]
    more = [f"and {n - len(texts):,} more"] if n > len(texts) else []
    return f" ({', '.join(chain(texts, more))})"


def _words(words: List[Tuple[str, int]]) -> str:
    return ", ".join(f"{word!r} ({n:,})" for word, n in words)
