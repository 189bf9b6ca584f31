"""Generators: masked language models that replace pieces by probable ones.

They share the encoder's table of word pieces, and are not saved with it.
"""

from __future__ import annotations

import copy
from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..encoders.pretrained import new_module

# Width of an attention head in the small generator.
_HEAD = 64


class Generator(nn.Module):
    """A model that scores each piece of the vocabulary at masked places.

    body (nn.Module): Computes a vector for each piece of a sequence, from ids, mask
        and whether gradients reach the encoder's embeddings.
    width (int): Width of these vectors.
    table (nn.Parameter): Shape (vocabulary, embedding): the encoder's own.
    counts (Tensor): Shape (vocabulary,): how often each piece occurs, the first guess.
    shared_gradient (bool): Whether the generator's loss trains the table, too.
    """

    def __init__(
        self,
        body: nn.Module,
        width: int,
        table: nn.Parameter,
        counts: Tensor,
        *,
        shared_gradient: bool,
    ) -> None:
        super().__init__()
        self.body = body
        self.table = table
        self.shared_gradient = shared_gradient
        size = table.shape[1]
        self.transform = nn.Sequential(
            nn.Linear(width, size), nn.GELU(), nn.LayerNorm(size)
        )
        shares = (counts.float() + 0.1) / (counts.sum() + 0.1 * len(counts))
        self.bias = nn.Parameter(shares.log())

    def forward(self, ids: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """Score the pieces at some places.

        ids (Tensor): Shape (sequences, pieces), int64.
        mask (Tensor): Same shape, int64: 0 for padding.
        places (Tensor): Shape (masked,), int64: flat offsets.
        RETURNS (Tensor): Shape (masked, vocabulary): logits.
        """
        hidden = self.body(ids, mask, self.shared_gradient)
        table = self.table if self.shared_gradient else self.table.detach()
        own = self.transform(hidden.flatten(0, 1)[places])
        return F.linear(own, table.to(own.dtype), self.bias.to(own.dtype))


class FirstLayers(nn.Module):
    """A copy of the first layers of an encoder, above its own table of pieces.

    encoder (nn.Module): The encoder.
    n_layers (int): Number of layers.
    """

    def __init__(self, encoder: Any, n_layers: int) -> None:
        super().__init__()
        config = copy.deepcopy(encoder.config)
        config.num_hidden_layers = n_layers
        windows = getattr(config, "attention_window", None)
        if isinstance(windows, list):  # a Longformer's, one for each layer
            config.attention_window = windows[:n_layers]
        self.encoder = new_module(config).float()
        weights = encoder.state_dict()
        own = {name: weights[name] for name in self.encoder.state_dict()}
        self.encoder.load_state_dict(own)
        self.words = encoder.get_input_embeddings()
        self.encoder.set_input_embeddings(self.words)

    def forward(self, ids: Tensor, mask: Tensor, shared_gradient: bool) -> Tensor:
        """Return the vectors of the pieces, shape (sequences, pieces, width)."""
        words = self.words(ids)
        words = words if shared_gradient else words.detach()
        return self.encoder(inputs_embeds=words, attention_mask=mask).last_hidden_state


class SmallTransformer(nn.Module):
    """A narrow transformer with random weights above all the embeddings of an encoder,
    as ELECTRA's generator.

    encoder (nn.Module): The encoder.
    width (int): Width of its vectors; a multiple of 64.
    n_layers (int): Number of layers.
    """

    def __init__(self, encoder: Any, width: int, n_layers: int) -> None:
        super().__init__()
        self.embeddings = encoder.embeddings
        self.project = nn.Linear(encoder.get_input_embeddings().weight.shape[1], width)
        layer = nn.TransformerEncoderLayer(
            width,
            width // _HEAD,
            dim_feedforward=4 * width,
            dropout=_dropout(encoder.config),
            activation="gelu",
            batch_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)

    def forward(self, ids: Tensor, mask: Tensor, shared_gradient: bool) -> Tensor:
        """Return the vectors of the pieces, shape (sequences, pieces, width)."""
        vectors = self.embeddings(input_ids=ids)
        vectors = vectors if shared_gradient else vectors.detach()
        return self.layers(self.project(vectors), src_key_padding_mask=mask == 0)


def _dropout(config: Any) -> float:
    """Return the dropout of an encoder, under its usual name or that of DistilBERT."""
    usual = getattr(config, "dropout", 0.1)
    return getattr(config, "hidden_dropout_prob", usual)


def make_generator(
    encoder: Any,
    counts: Tensor,
    *,
    kind: str,
    n_layers: Optional[int],
    shared_gradient: bool,
) -> Generator:
    """Make the generator for an encoder.

    encoder (nn.Module): The encoder.
    counts (Tensor): Shape (vocabulary,): how often each piece occurs.
    kind (str): "copy" of the encoder's first layers, or "small": narrow, with random
        weights.
    n_layers (Optional[int]): Number of layers; None for a third of the encoder's
        layers in a copy, or as many as the encoder has in a small one.
    shared_gradient (bool): Whether its loss trains the encoder's embeddings, too.
    RETURNS (Generator): The generator.
    """
    width, layers = encoder.config.hidden_size, encoder.config.num_hidden_layers
    body: nn.Module
    if kind == "copy":
        body = FirstLayers(encoder, n_layers or max(1, layers // 3))
    else:
        width = max(1, round(width / 3 / _HEAD)) * _HEAD
        body = SmallTransformer(encoder, width, n_layers or layers)
    table = encoder.get_input_embeddings().weight
    return Generator(body, width, table, counts, shared_gradient=shared_gradient)


def sample(logits: Tensor) -> Tensor:
    """Draw a piece for each row by its probability.

    logits (Tensor): Shape (rows, vocabulary).
    RETURNS (Tensor): Shape (rows,), int64.
    """
    sums = logits.float().softmax(-1).cumsum(-1)
    draws = torch.rand(len(sums), 1, device=sums.device) * sums[:, -1:]
    chosen = torch.searchsorted(sums, draws, right=True)[:, 0]
    return chosen.clamp(max=logits.shape[1] - 1)
