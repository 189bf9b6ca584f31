"""Runner of an encoder in torch, for training and for prediction."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

from ..cpu_training import EmbeddingRows, QuickDropout
from .runner import Inputs


class TorchRunner:
    """Runner of a module. One thread may use it at a time.

    module (torch.nn.Module): An encoder; its output has a `last_hidden_state`.
    dtype (torch.dtype): Type in which float32 weights compute. Weights in half
        precision compute in their own type.
    """

    def __init__(self, module: torch.nn.Module, dtype: torch.dtype) -> None:
        self.module = module
        self.dtype = dtype

    @property
    def device(self) -> torch.device:
        """Return the device of the weights."""
        return next(self.module.parameters()).device

    def __call__(self, inputs: Inputs) -> Tensor:
        """Compute the last hidden state; see `Runner`."""
        ids = inputs["input_ids"]
        weights = next(self.module.parameters()).dtype
        _choose_attention(self.module, ids.shape[1])
        with ExitStack() as stack:
            if weights == torch.float32 and self.dtype != torch.float32:
                stack.enter_context(torch.autocast(ids.device.type, dtype=self.dtype))
            if self.module.training:
                stack.enter_context(QuickDropout())
                stack.enter_context(EmbeddingRows())
            return self.module(**inputs).last_hidden_state


def _choose_attention(module: Any, length: int) -> None:
    """Let BigBird use block attention for windows with enough blocks. Otherwise it
    switches to full attention at the first short window, and stays there."""
    config = getattr(module, "config", None)
    if config is not None and getattr(config, "attention_type", "") == "block_sparse":
        shortest = (5 + 2 * config.num_random_blocks) * config.block_size
        kind = "block_sparse" if length > shortest else "original_full"
        with torch.device("meta"):  # the weights are kept, so do not initialize them
            module.set_attention_type(kind)
