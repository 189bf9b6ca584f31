"""Report of a .spacy file, with all counts from one pass."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.batchers import minibatch_by_words
from spacy.vocab import Vocab
from tqdm import tqdm

from ..corpus.docbin import read_docs
from ..corpus.metadata import TITLE, doc_name
from ..corpus.statistics import CorpusStatistics
from ..encoders.token_borders import TokenBorders
from ..errors import Errors
from ..wording import visible
from .checked_settings import CheckedSettings, EncoderSettings, read_language
from .piece_statistics import PieceStatistics
from .span_examples import SpanExamples
from .text_prints import TextPrints
from .tokenizer_check import TokenizerCheck

if TYPE_CHECKING:
    from ..encoders.pretrained import Encoder

#: Number of tokens of the documents that are split into pieces together.
BATCH = 20_000


@dataclass
class FileReport:
    """Counts of a file, made by `read_report`.

    statistics (CorpusStatistics): Labels, lengths and nesting.
    prints (TextPrints): Hashes of its texts.
    examples (SpanExamples): Some of the spans that are hard to learn.
    tokenizer (Optional[TokenizerCheck]): Comparison with a pipeline's tokenizer, if it
        is known.
    pieces (Optional[PieceStatistics]): Counts with an encoder's tokenizer, if it is
        known.
    """

    statistics: CorpusStatistics
    prints: TextPrints
    examples: SpanExamples
    tokenizer: Optional[TokenizerCheck] = None
    pieces: Optional[PieceStatistics] = None


Reports = Dict[str, FileReport]  # by the name of the file


def labels_of(reports: Reports) -> List[str]:
    """Return the labels of all files, sorted."""
    return sorted({label for r in reports.values() for label in r.statistics.labels})


class EncoderReading(NamedTuple):
    """Encoder, and how it reads a text; made by `load_reading`.

    encoder (Encoder): Its settings and its tokenizer, without weights.
    settings (EncoderSettings): Its settings in the config.
    window (Optional[int]): Word pieces that it reads at once, including special ones;
        None if its windows are not those of this package.
    """

    encoder: Encoder
    settings: EncoderSettings
    window: Optional[int]

    @property
    def token_borders(self) -> Optional[TokenBorders]:
        """Return what splits pieces that cover several tokens, if the encoder does."""
        keeps = self.settings.keep_token_borders
        return self.encoder.token_borders if keeps else None

    @property
    def capacity(self) -> Optional[int]:
        """Return the number of word pieces of text in a window."""
        special = self.encoder.special
        n_special = len(special.before) + len(special.after)
        return None if self.window is None else self.window - n_special


def load_reading(settings: EncoderSettings) -> EncoderReading:
    """Load an encoder's tokenizer.

    settings (EncoderSettings): The encoder.
    RETURNS (EncoderReading): The encoder, and how it reads.
    RAISES (ValueError): GP032 to GP038 if it cannot be loaded, or cannot read like
        this.
    """
    from ..encoders.folders import load_encoder  # imports torch
    from ..encoders.transformer_model import Settings

    configs = settings.tokenizer_config, settings.transformer_config
    encoder = load_encoder(settings.name, *configs, with_weights=False)
    if not settings.has_windows:
        return EncoderReading(encoder, settings, None)
    borders = settings.keep_token_borders
    asked = (settings.name, settings.window, settings.context, 1, None, *configs)
    return EncoderReading(
        encoder, settings, Settings(*asked, borders).window_of(encoder)
    )


def load_language(config: Optional[Path], lang: Optional[str]) -> Optional[Language]:
    """Make a pipeline with the tokenizer of the training.

    config (Optional[Path]): The config, if there is one.
    lang (Optional[str]): Code of a language, which overrides the config.
    RETURNS (Optional[Language]): A pipeline without components; None if both are None.
    """
    if lang is not None:
        return spacy.blank(lang)
    return None if config is None else read_language(config)


def read_report(
    path: Path,
    settings: CheckedSettings,
    nlp: Optional[Language],
    reading: Optional[EncoderReading],
) -> FileReport:
    """Read a file once, one Doc at a time.

    path (Path): The .spacy file, or a folder of such files.
    settings (CheckedSettings): The settings.
    nlp (Optional[Language]): A pipeline with the tokenizer of the training, if known.
    reading (Optional[EncoderReading]): The encoder, if known.
    RETURNS (FileReport): The counts.
    RAISES (ValueError): GP119 if the file has no span under the key; GP120 if it has
        no document.
    """
    vocab = Vocab()
    report = _make_report(vocab, settings, nlp, reading)
    counters = [report.statistics.add, report.prints.add, report.examples.add]
    if report.tokenizer is not None:
        counters.append(report.tokenizer.add)
    docs = tqdm(
        read_docs(path, vocab),
        visible(path.stem),
        unit="docs",
        leave=False,
        disable=None,
    )
    counted = _count(docs, counters)
    if report.pieces is None:
        deque(counted, maxlen=0)
    else:
        for batch in minibatch_by_words(counted, BATCH):
            report.pieces.add(batch)
    _check_spans(path, report.statistics)
    return report


def _make_report(
    vocab: Vocab,
    settings: CheckedSettings,
    nlp: Optional[Language],
    reading: Optional[EncoderReading],
) -> FileReport:
    key = settings.spans_key
    examples = SpanExamples(
        key,
        max_span_length=settings.max_span_length,
        chunk_size=settings.chunk_size,
        overlap=settings.overlap,
    )
    report = FileReport(CorpusStatistics(key), TextPrints(), examples)
    if nlp is not None:
        report.tokenizer = TokenizerCheck(nlp, key)
    if reading is not None:
        report.pieces = PieceStatistics(
            reading.encoder.tokenizer,
            vocab.strings,
            spans_key=key,
            capacity=reading.capacity,
            context=reading.settings.context,
            token_borders=reading.token_borders,
        )
    return report


def _count(
    docs: Iterator[Doc], counters: Sequence[Callable[[Doc], None]]
) -> Iterator[Doc]:
    """Count each document. A document without a name gets its number as name."""
    for number, doc in enumerate(docs, start=1):
        doc.user_data[TITLE] = doc_name(doc) or f"document {number}"
        for count in counters:
            count(doc)
        yield doc


def _check_spans(path: Path, statistics: CorpusStatistics) -> None:
    if not statistics.documents:
        raise ValueError(Errors.GP120.format(path=path))
    if not statistics.spans:
        keys = ", ".join(sorted(statistics.keys_found)) or "none"
        fields = {"path": path, "key": statistics.spans_key, "keys": keys}
        raise ValueError(Errors.GP119.format(**fields))
