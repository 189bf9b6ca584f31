"""Conversion of an encoder for short texts to a Longformer.

It follows the way in which Beltagy, Peters and Cohan (2020,
https://arxiv.org/abs/2004.05150, section 5) initialize theirs from RoBERTa. The learned
positions are repeated until there are enough, and the projections of global attention
are copies of the local ones.
"""

from __future__ import annotations

import copy
from typing import Any, Dict, Optional

import torch
from torch import Tensor
from transformers import LongformerConfig, LongformerModel

from ..errors import Errors
from .pretrained import Encoder

#: Families whose weights have the same names and uses as those of Longformer.
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
# Settings with the same meaning in all of these families.
_SHARED = [
    *("vocab_size", "type_vocab_size", "pad_token_id", "bos_token_id", "eos_token_id"),
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob"),
    *("initializer_range", "layer_norm_eps"),
]
_POSITIONS = "embeddings.position_embeddings.weight"


def lengthen(encoder: Encoder, *, positions: int, attention_window: int) -> Encoder:
    """Make an encoder with the same weights for longer texts. If a text has at most
    half an attention window and one more piece, its vectors equal those of the
    original. Train the encoder before you use it on longer texts.

    encoder (Encoder): A BERT, RoBERTa or ELECTRA encoder.
    positions (int): Highest number of pieces that the new encoder reads at once.
    attention_window (int): Each piece sees half of this number on each side; even.
    RETURNS (Encoder): The Longformer, with a tokenizer that knows its length.
    RAISES (ValueError): GP041 if the encoder is of another kind, or the numbers are not
        valid.
    """
    _check(encoder, positions, attention_window)
    old = encoder.module.config
    pad = encoder.tokenizer.pad_token_id or 0
    settings = {name: getattr(old, name) for name in _SHARED}
    config = LongformerConfig(
        **{**settings, "pad_token_id": pad},
        sep_token_id=encoder.tokenizer.sep_token_id,
        attention_window=[attention_window] * old.num_hidden_layers,
        # Longformer counts positions after that of the padding.
        max_position_embeddings=positions + pad + 1,
    )
    weights = encoder.module.state_dict()
    with_pooler = "pooler.dense.weight" in weights
    module = LongformerModel(config, add_pooling_layer=with_pooler)
    module.load_state_dict(_convert(weights, encoder, positions, pad))
    tokenizer = copy.deepcopy(encoder.tokenizer)
    tokenizer.model_max_length = positions
    return Encoder(module.eval(), tokenizer)


def _check(encoder: Encoder, positions: int, attention_window: int) -> None:
    config = encoder.module.config
    reason = None
    if config.model_type not in FAMILIES:
        reason = f"it is a {config.model_type} model, not one of {', '.join(FAMILIES)}"
    elif getattr(config, "position_embedding_type", "absolute") != "absolute":
        reason = f"its positions are {config.position_embedding_type}, not absolute"
    elif getattr(config, "embedding_size", config.hidden_size) != config.hidden_size:
        reason = (
            f"its embeddings are {config.embedding_size} wide and its layers "
            f"{config.hidden_size}, but those of a Longformer are equally wide"
        )
    elif _padding(encoder) not in (None, encoder.tokenizer.pad_token_id):
        reason = "its tokenizer and its positions use different padding pieces"
    elif attention_window < 2 or attention_window % 2:
        reason = f"the attention window {attention_window} is not even and positive"
    elif positions < max(attention_window, encoder.max_window):
        reason = (
            f"{positions} positions are fewer than the attention window, "
            f"{attention_window}, or than the encoder has, {encoder.max_window}"
        )
    if reason is not None:
        raise ValueError(Errors.GP041.format(reason=reason))


def _convert(
    weights: Dict[str, Tensor], encoder: Encoder, positions: int, pad: int
) -> Dict[str, Tensor]:
    result = {k: x for k, x in weights.items() if not k.endswith("position_ids")}
    result[_POSITIONS] = _repeat(encoder.module, positions, pad)
    for name, x in weights.items():
        for part in ("query", "key", "value"):
            if f".attention.self.{part}." in name:
                result[name.replace(f".{part}.", f".{part}_global.")] = x.clone()
    return result


def _padding(encoder: Encoder) -> Optional[int]:
    """Return the padding piece, after which RoBERTa and related encoders count
    positions."""
    return encoder.module.embeddings.position_embeddings.padding_idx


def _repeat(module: Any, positions: int, pad: int) -> Tensor:
    """Repeat the table of learned positions until it is long enough."""
    table = module.embeddings.position_embeddings
    first = 0 if table.padding_idx is None else table.padding_idx + 1
    learnt = table.weight.detach()[first:]
    repeated = learnt[torch.arange(positions) % len(learnt)]
    return torch.cat([torch.zeros(pad + 1, learnt.shape[1]), repeated])
