"""Keys of the spans of texts that are read to be remembered."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy
import torch
from torch import Tensor

from .entries import Entries, Mention
from .span_features import span_features
from .whitening import Whitening

#: Width of the keys.
WIDTH = 64
#: Spans and tokens to which the map of keys is fitted.
SAMPLE = 20_000


class ReadText(NamedTuple):
    """Spans of a text, and the vectors of its tokens.

    mentions (List[Mention]): The spans.
    places (Tensor): First and last token of each, shape (spans, 2), int64.
    vectors (Tensor): Shape (tokens, width), float32.
    """

    mentions: List[Mention]
    places: Tensor
    vectors: Tensor


def make_entries(
    texts: Iterable[ReadText], whitening: Optional[Whitening]
) -> Tuple[Entries, Optional[Whitening]]:
    """Compute the keys of spans.

    texts (Iterable[ReadText]): The texts, which are kept only until the map is there.
    whitening (Optional[Whitening]): The map of features to keys. None fits one to the
        first spans and tokens.
    RETURNS (Tuple[Entries, Optional[Whitening]]): The entries, and the map. None if
        there is no text.
    """
    waiting: List[ReadText] = []
    mentions: List[Mention] = []
    keys: List[Tensor] = []
    n = 0
    for text in texts:
        mentions += text.mentions
        if whitening is not None:
            keys.append(whitening.keys(_features(text)))
            continue
        waiting.append(text)
        n += len(text.mentions) + len(text.vectors)
        if n >= SAMPLE:
            whitening = fit_whitening(waiting)
            keys, waiting = [whitening.keys(_features(x)) for x in waiting], []
    if waiting:
        whitening = fit_whitening(waiting)
        keys = [whitening.keys(_features(x)) for x in waiting]
    found = Entries.of(mentions, torch.cat(keys)) if mentions else Entries.none()
    return found, whitening


def fit_whitening(texts: Sequence[ReadText]) -> Whitening:
    """Fit the map of features to keys to the spans and tokens of texts.

    texts (Sequence[ReadText]): The texts.
    RETURNS (Whitening): The map.
    """
    sample = torch.cat([x for own in texts for x in (_features(own), _by_token(own))])
    if len(sample) > SAMPLE:
        rows = numpy.linspace(0, len(sample) - 1, SAMPLE).astype("int64")
        sample = sample[rows]
    return Whitening.fit(sample, WIDTH)


def _features(text: ReadText) -> Tensor:
    return span_features(text.vectors, *text.places.unbind(1))


def _by_token(text: ReadText) -> Tensor:
    tokens = torch.arange(len(text.vectors))
    return span_features(text.vectors, tokens, tokens)
