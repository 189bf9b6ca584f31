"""Replaced token detection: an encoder with a generator and a detecting head.

Clark et al. (2020), https://arxiv.org/abs/2003.10555.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .generator import Generator, sample
from .masking import Batch


class Detection(NamedTuple):
    """The output for a batch.

    generator_loss (Tensor): Scalar: cross-entropy at the masked places.
    detector_loss (Tensor): Scalar: binary cross-entropy over all pieces of the text.
    is_right (Tensor): Shape (masked,), bool: where the piece that the generator
        finds most probable is the original.
    scores (Tensor): Shape (pieces of the text,): logits, above 0 for "replaced".
    is_replaced (Tensor): Same shape, bool. A piece that was
        drawn again is not replaced.
    """

    generator_loss: Tensor
    detector_loss: Tensor
    is_right: Tensor
    scores: Tensor
    is_replaced: Tensor


class ReplacedTokens(nn.Module):
    """An encoder with a generator and a head that detects replaced pieces.

    encoder (nn.Module): The encoder.
    generator (Generator): Its generator.
    mask_id (int): The piece that stands in a masked place.
    share (float): Fraction of the pieces that is masked, the head's first guess.
    """

    def __init__(
        self, encoder: Any, generator: Generator, *, mask_id: int, share: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.generator = generator
        self.mask_id = mask_id
        width = encoder.config.hidden_size
        self.head = nn.Sequential(
            nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1)
        )
        last: Any = self.head[-1]
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, math.log(share / (1 - share)))

    def forward(self, batch: Batch) -> Detection:
        """Replace the masked pieces, and detect the replaced ones.

        batch (Batch): The batch; at least one piece of it is masked.
        RETURNS (Detection): Losses, scores and gold values.
        """
        originals = batch.ids.flatten()[batch.places]
        masked = put(batch.ids, batch.places, torch.full_like(originals, self.mask_id))
        logits = self.generator(masked, batch.mask, batch.places)
        drawn = sample(logits.detach())
        corrupted = put(batch.ids, batch.places, drawn)
        output = self.encoder(input_ids=corrupted, attention_mask=batch.mask)
        scores = self.head(output.last_hidden_state[batch.is_text])[:, 0]
        is_replaced = (corrupted != batch.ids)[batch.is_text]
        return Detection(
            F.cross_entropy(logits, originals),
            F.binary_cross_entropy_with_logits(scores, is_replaced.to(scores.dtype)),
            logits.argmax(-1) == originals,
            scores,
            is_replaced,
        )

    def parts(self) -> List[Dict[str, nn.Parameter]]:
        """Return the parameters of the encoder, those that the generator does not share
        with it, and those of the head, each by name."""
        shared = {id(x) for x in self.encoder.parameters()}
        parts = []
        for part in ("encoder", "generator", "head"):
            named = getattr(self, part).named_parameters()
            is_encoder = part == "encoder"
            own = {
                f"{part}.{k}": x for k, x in named if is_encoder or id(x) not in shared
            }
            parts.append(own)
        return parts


def put(ids: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """Return a copy of ids with other values at flat offsets."""
    return ids.flatten().scatter(0, places, values).view_as(ids)
