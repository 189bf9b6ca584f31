"""Compute the vectors of texts with an encoder, in batches of windows."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Dict, List

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .batches import WindowBatch
from .cpu_training import EmbeddingRows, QuickDropout


def encode(
    module: torch.nn.Module,
    batches: List[WindowBatch],
    *,
    dtype: torch.dtype,
    checkpointing: bool = False,
) -> Tensor:
    """Compute the vector of each piece, blended from the windows that read it.

    module (torch.nn.Module): An encoder; its output has a `last_hidden_state`.
    batches (List[WindowBatch]): At least one batch. Together they contain all pieces.
    dtype (torch.dtype): Type in which float32 weights compute. Weights in half
        precision compute in their own type.
    checkpointing (bool): Keep no activations of a batch for the backward pass, but
        compute them again. This is slower, but needs only the memory of a single batch.
    RETURNS (Tensor): Shape (pieces of all documents, width), float32.
    """
    device = next(module.parameters()).device
    n_pieces = 1 + max(int(batch.places.max()) for batch in batches)
    vectors = torch.zeros(0)
    for batch in batches:
        inputs = _as_inputs(batch, device)
        rows, places, weights = (
            torch.from_numpy(x).to(device)
            for x in (batch.rows, batch.places, batch.weights)
        )
        if checkpointing and torch.is_grad_enabled():
            own = checkpoint(_run, module, inputs, rows, dtype, use_reentrant=False)
        else:
            own = _run(module, inputs, rows, dtype)
        if not len(vectors):
            vectors = own.new_zeros(n_pieces, own.shape[1])
        # In place, because the gradient of the sum does not need these values.
        vectors.index_add_(0, places, own * weights[:, None])
    return vectors


def _as_inputs(batch: WindowBatch, device: torch.device) -> Dict[str, Tensor]:
    inputs = {
        "input_ids": torch.from_numpy(batch.ids).to(device),
        "attention_mask": torch.from_numpy(batch.mask).to(device, torch.int64),
    }
    if batch.is_global is not None:
        seeing = torch.from_numpy(batch.is_global)
        inputs["global_attention_mask"] = seeing.to(device, torch.int64)
    return inputs


def _run(
    module: torch.nn.Module, inputs: Dict[str, Tensor], rows: Tensor, dtype: Any
) -> Tensor:
    weights = next(module.parameters()).dtype
    _choose_attention(module, inputs["input_ids"].shape[1])
    with ExitStack() as stack:
        if weights == torch.float32 and dtype != torch.float32:
            stack.enter_context(torch.autocast(rows.device.type, dtype=dtype))
        if module.training:
            stack.enter_context(QuickDropout())
            stack.enter_context(EmbeddingRows())
        hidden = module(**inputs).last_hidden_state
    return hidden.flatten(0, 1)[rows].float()


def _choose_attention(module: Any, length: int) -> None:
    """Let BigBird use block attention for windows with enough blocks. Otherwise it
    switches to full attention at the first short window, and stays there."""
    config = getattr(module, "config", None)
    if config is not None and getattr(config, "attention_type", "") == "block_sparse":
        shortest = (5 + 2 * config.num_random_blocks) * config.block_size
        kind = "block_sparse" if length > shortest else "original_full"
        with torch.device("meta"):  # the weights are kept, so do not initialize them
            module.set_attention_type(kind)
