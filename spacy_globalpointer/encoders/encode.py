"""Compute the vectors of texts with an encoder, in batches of windows."""

from __future__ import annotations

from typing import Dict, List

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .batches import WindowBatch
from .runners.runner import Runner


def encode(
    runner: Runner, batches: List[WindowBatch], *, checkpointing: bool = False
) -> Tensor:
    """Compute the vector of each piece, blended from the windows that read it.

    runner (Runner): What runs the encoder.
    batches (List[WindowBatch]): At least one batch. Together they contain all pieces.
    checkpointing (bool): Keep no activations of a batch for the backward pass, but
        compute them again. This is slower, but needs only the memory of a single batch.
    RETURNS (Tensor): Shape (pieces of all documents, width), float32.
    """
    device = runner.device
    n_pieces = 1 + max(int(batch.places.max()) for batch in batches)
    vectors = torch.zeros(0)
    for batch in batches:
        inputs = as_inputs(batch, device)
        rows, places, weights = (
            torch.from_numpy(x).to(device)
            for x in (batch.rows, batch.places, batch.weights)
        )
        if checkpointing and torch.is_grad_enabled():
            own = checkpoint(_run, runner, inputs, rows, use_reentrant=False)
        else:
            own = _run(runner, inputs, rows)
        if not len(vectors):
            vectors = own.new_zeros(n_pieces, own.shape[1])
        # In place, because the gradient of the sum does not need these values.
        vectors.index_add_(0, places, own * weights[:, None])
    return vectors


def as_inputs(batch: WindowBatch, device: torch.device) -> Dict[str, Tensor]:
    """Convert a batch to the tensors that an encoder reads.

    batch (WindowBatch): The batch.
    device (torch.device): Device of the tensors.
    RETURNS (Dict[str, Tensor]): The tensors by the names of the encoder's arguments.
    """
    inputs = {
        "input_ids": torch.from_numpy(batch.ids).to(device),
        "attention_mask": torch.from_numpy(batch.mask).to(device, torch.int64),
    }
    if batch.is_global is not None:
        seeing = torch.from_numpy(batch.is_global)
        inputs["global_attention_mask"] = seeing.to(device, torch.int64)
    return inputs


def _run(runner: Runner, inputs: Dict[str, Tensor], rows: Tensor) -> Tensor:
    return runner(inputs).flatten(0, 1)[rows].float()
