"""The sample that an accelerated pipeline is calibrated with and checked on."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable, List, Sequence, TypeVar, Union, cast

import numpy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..corpus.docbin import parse_docs
from ..corpus.formats.files import read_bytes
from ..encoders.batches import WindowBatch, batch_windows
from ..encoders.encode import as_inputs
from ..encoders.pretrained import Encoder
from ..encoders.transformer_model import Settings, get_shim
from ..pretraining.texts import SPACY, find_texts, read_texts

#: Highest number of windows for calibration.
MOST = 300

Item = TypeVar("Item")


def read_sample(nlp: Language, paths: Sequence[Path]) -> List[Doc]:
    """Read the documents of a sample.

    nlp (Language): The pipeline, which tokenizes texts.
    paths (Sequence[Path]): Files that end in .spacy, .jsonl or .txt, and folders of
        them. The Docs of .spacy files keep their gold spans.
    RETURNS (List[Doc]): The documents.
    RAISES (ValueError): As `find_texts` and `read_texts`.
    """
    docs: List[Doc] = []
    for file in find_texts(paths):
        if file.path.suffix == SPACY:
            docs += parse_docs(read_bytes(file), nlp.vocab, path=file.path)
        else:
            docs += make_docs(nlp, read_texts(file))
    return docs


def make_docs(nlp: Language, sample: Iterable[Union[str, Doc]]) -> List[Doc]:
    """Tokenize the texts of a sample.

    nlp (Language): The pipeline.
    sample (Iterable[Union[str, Doc]]): Texts and Docs.
    RETURNS (List[Doc]): The documents.
    """
    return [nlp.make_doc(own) if isinstance(own, str) else own for own in sample]


def calibration_windows(
    nlp: Language, model: Model, docs: Sequence[Doc]
) -> List[Dict[str, Tensor]]:
    """Choose windows of documents, each of its own length, as the encoder will read
    them.

    nlp (Language): The pipeline, which tokenizes the texts again.
    model (Model): An initialized model of `build_transformer_model_v1`.
    docs (Sequence[Doc]): The documents, of which only the texts are used.
    RETURNS (List[Dict[str, Tensor]]): At most `MOST` windows of documents that are
        evenly spaced, the longest first, as tensors by the names of the encoder's
        arguments.
    """
    chosen = _spaced([doc for doc in docs if doc.text.strip()], MOST)
    batches: List[WindowBatch] = []
    for i, doc in enumerate(chosen):
        quota = -(-(MOST - len(batches)) // (len(chosen) - i))  # rounded up
        batches += _spaced(_windows(model, nlp.make_doc(doc.text)), quota)
    batches.sort(key=lambda batch: -batch.ids.size)
    return [as_inputs(batch, torch.device("cpu")) for batch in batches]


def _windows(model: Model, doc: Doc) -> List[WindowBatch]:
    settings: Settings = model.attrs["settings"]
    encoder = cast(Encoder, get_shim(model).encoder)
    return batch_windows(
        settings.split(encoder, [doc]),
        encoder.special,
        window=settings.window_of(encoder),
        context=settings.context,
        max_pieces=1,  # each window is a batch of its own
        max_filling=0,
    )


def _spaced(items: Sequence[Item], most: int) -> List[Item]:
    """Choose evenly spaced items."""
    places = numpy.linspace(0, len(items) - 1, min(most, len(items)))
    return [items[i] for i in places.astype("int64")]
