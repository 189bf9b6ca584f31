"""A memory of slots: keys and values that are learned together with the task."""

from __future__ import annotations

from typing import Any, Dict, Tuple, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

#: Number of tokens that are read together. A training on more tokens computes the
#: forward pass of each such part again instead of storing it.
CHUNK = 2**12


class SlotMemory(nn.Module):
    """Memory that each token reads by attention to all slots and to the best slots.

    With u = LayerNorm(x) and, in each head, the scores s = (query(u) · keys) / √width:

        soft = softmax(s) · values                      attention to all slots
        hard = softmax of the top_k highest of s, · values
        α, β, γ = softmax(mix(u))                       weights of the token
        y = x − output(dropout(α · own(u) + β · soft + γ · hard))

    Attention is that of Vaswani et al. (arXiv 1706.03762). Reading only the best slots,
    and the initial size of values, are from Lample et al. (arXiv 1907.05242). `output`
    starts at zero, so an untrained memory returns its input, bit for bit, also with
    dropout. (In float32, LayerNorm overflows if a vector has values above 10¹⁹.)

    A token whose vector is zero was not covered by the encoder. Its vector stays zero.

    n_input (int): Width of a token vector.
    slots (int): Slots of each head.
    heads (int): Heads, each with its own keys and values.
    head_width (int): Width of queries, keys and values.
    top_k (int): Slots of the hard reading, at most `slots`. Of slots with equal scores,
        the first ones are read.
    """

    def __init__(
        self, *, n_input: int, slots: int, heads: int, head_width: int, top_k: int
    ) -> None:
        super().__init__()
        self.n_input = n_input
        self.slots = slots
        self.heads = heads
        self.head_width = head_width
        self.top_k = top_k
        width = heads * head_width
        self.norm = nn.LayerNorm(n_input)
        self.query = nn.Linear(n_input, width)
        self.own = nn.Linear(n_input, width)
        self.mix = nn.Linear(n_input, 3)
        self.keys = nn.Parameter(torch.randn(heads, slots, head_width))
        values = torch.randn(heads, slots, head_width) * head_width**-0.5
        self.values = nn.Parameter(values)
        self.dropout = nn.Dropout(0.0)
        self.output = nn.Linear(width, n_input)
        for layer in (self.query, self.own):  # keep the variance of u, which is 1
            nn.init.normal_(layer.weight, std=n_input**-0.5)
            nn.init.zeros_(layer.bias)
        for layer in (self.mix, self.output):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def settings(self) -> Dict[str, Any]:
        """Return the arguments that rebuild this memory, except `n_input`."""
        names = ("slots", "heads", "head_width", "top_k")
        return {name: getattr(self, name) for name in names}

    def forward(self, vectors: Tensor) -> Tensor:
        """Add what each token reads to its vector.

        vectors (Tensor): Shape (tokens, n_input).
        RETURNS (Tensor): Shape (tokens, n_input).
        """
        if len(vectors) <= CHUNK:
            return self._add_reading(vectors)
        chunks = vectors.split(CHUNK)
        if torch.is_grad_enabled():
            parts = [
                checkpoint(self._add_reading, chunk, use_reentrant=False)
                for chunk in chunks
            ]
            return torch.cat(cast(Any, parts))
        result = torch.empty_like(vectors)
        for chunk, place in zip(chunks, result.split(CHUNK)):
            place.copy_(self._add_reading(chunk))
        return result

    def _add_reading(self, vectors: Tensor) -> Tensor:
        is_uncovered = vectors.detach().abs().amax(dim=1, keepdim=True) == 0
        reading = self._read(vectors).masked_fill(is_uncovered, 0.0)
        # -0.0 - 0.0 is -0.0 as it should be, but -0.0 + 0.0 is 0.0.
        return vectors - reading

    def _read(self, vectors: Tensor) -> Tensor:
        features = self.norm(vectors)
        own, soft, hard = self.mix(features).softmax(dim=1).split(1, dim=1)
        queries = self.query(features) * self.head_width**-0.5
        queries = queries.view(len(vectors), self.heads, self.head_width)
        scores = queries.transpose(0, 1) @ self.keys.mT  # (heads, tokens, slots)
        # Both readings are one product, because the softmax of the best scores is the
        # softmax of all scores, divided by its sum over the best.
        attention = scores.softmax(dim=-1)
        best = attention * best_slots(scores.detach(), self.top_k)
        ratio = hard / best.sum(dim=-1, keepdim=True)
        attention = torch.addcmul(attention * soft, best, ratio)
        read = (attention @ self.values).transpose(0, 1).flatten(1)
        mixed = torch.addcmul(read, self.own(features), own)
        return cast(Tensor, self.output(self.dropout(mixed)))


def best_slots(scores: Tensor, top_k: int) -> Tensor:
    """Mark the slots with the highest scores.

    scores (Tensor): Shape (..., slots).
    top_k (int): Number of slots to mark, from 1 to slots. Of slots with equal scores,
        the first ones are marked.
    RETURNS (Tensor): Shape and type of scores: 1 for marked slots, 0 for the others.
    """
    if top_k == scores.shape[-1]:
        return torch.ones_like(scores)
    lowest, next_lower = _border(scores, top_k)
    # A product with numbers takes half the time of one with booleans.
    best = torch.ge(scores, lowest, out=torch.empty_like(scores))
    tied = (lowest == next_lower).squeeze(-1)
    if tied.any():
        order = scores[tied].sort(dim=-1, descending=True, stable=True).indices
        marked = torch.zeros_like(best[tied])
        best[tied] = marked.scatter(-1, order[..., :top_k], 1.0)
    return best


def _border(scores: Tensor, top_k: int) -> Tuple[Tensor, Tensor]:
    """Return the lowest of the top_k highest scores, and the highest of the others;
    shapes (..., 1)."""
    if scores.device.type != "cpu":
        highest = scores.topk(top_k + 1).values
        return highest[..., -2:-1], highest[..., -1:]
    # On a CPU, torch's topk would take longer than all products of the memory.
    place = scores.shape[-1] - top_k
    ordered = scores.numpy().copy()
    ordered.partition(place, axis=-1)
    parts = torch.from_numpy(ordered)
    return parts[..., place, None], parts[..., :place].amax(dim=-1, keepdim=True)
