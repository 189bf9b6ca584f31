"""Seams between the windows of a document, and the distances of spans from them."""

from __future__ import annotations

from typing import Any, List, Optional, cast

import numpy
from numpy import ndarray
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from .pieces import Pieces
from .pretrained import Encoder
from .transformer_model import Settings, get_shim
from .windows import plan_windows

#: Distance of a span across a seam.
ACROSS = -1


class Seams:
    """Seams of one document, found by `find_seams`.

    pieces (Pieces): The document's word pieces.
    places (ndarray): Ascending offsets of the pieces at which the own part of a new
        window begins; empty if the document is read in one window.
    """

    def __init__(self, pieces: Pieces, places: ndarray) -> None:
        self.places = places
        self._indices = pieces.indices
        self._ends = pieces.lengths.cumsum()
        self._firsts = self._ends - pieces.lengths

    def distance(self, start: int, end: int) -> Optional[int]:
        """Count the word pieces between a span and the nearest seam.

        start (int): First token.
        end (int): Token after the last.
        RETURNS (Optional[int]): The number; `ACROSS` if the seam is in the span; None
            without a seam or for tokens without a piece.
        """
        own = self._indices[self._firsts[start] : self._ends[end - 1]]
        if not len(own) or not len(self.places):
            return None
        first, last = own.min(), own.max()
        if ((first < self.places) & (self.places <= last)).any():
            return ACROSS
        before, after = abs(first - self.places), abs(self.places - 1 - last)
        return int(numpy.minimum(before, after).min())


def find_transformer(nlp: Language, component: str) -> Optional[Model]:
    """Find the encoder with windows that gives a component its token vectors.

    nlp (Language): The pipeline.
    component (str): Name of the component.
    RETURNS (Optional[Model]): The model of `build_transformer_model_v1`, in a pipe that
        the component listens to or inside the component; None for other encoders.
    """
    pipes: List[Any] = [nlp.get_pipe(component)]
    for _, pipe in nlp.pipeline:
        if component in getattr(pipe, "listening_components", ()):
            pipes.append(pipe)
    nodes = (node for pipe in pipes for node in pipe.model.walk())
    found = (n for n in nodes if isinstance(n.attrs.get("settings"), Settings))
    return next(found, None)


def find_seams(model: Model, docs: List[Doc]) -> List[Seams]:
    """Find where the windows of documents meet.

    model (Model): An initialized model of `build_transformer_model_v1`.
    docs (List[Doc]): The documents.
    RETURNS (List[Seams]): The seams of each document.
    """
    settings: Settings = model.attrs["settings"]
    encoder = cast(Encoder, get_shim(model).encoder)
    special = len(encoder.special.before) + len(encoder.special.after)
    capacity = settings.window_of(encoder) - special
    result = []
    for doc in docs:
        [pieces] = settings.split(encoder, [doc])
        windows = plan_windows(
            len(pieces.ids), pieces.cuts, capacity=capacity, context=settings.context
        )
        places = numpy.array([window.first for window in windows[1:]], dtype="int64")
        result.append(Seams(pieces, places))
    return result
