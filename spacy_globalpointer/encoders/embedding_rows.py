"""Gradients of embeddings on a CPU, of the rows that were looked up alone.

torch makes an array as large as the table for each lookup, fills it with zeros, and
adds it to the gradient. Here the rows are added to the gradient that the optimizer
reads anyway.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class EmbeddingRows(TorchFunctionMode):
    """Within this context the lookups of a parameter on a CPU add to its `grad`
    themselves in the backward pass.

    That is for `backward`, in one thread: `torch.autograd.grad` with respect to the
    parameter and its hooks see nothing, and there is no second derivative.
    """

    def __torch_function__(
        self,
        func: Callable,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
    ) -> Any:
        """Do what a torch function does."""
        if func is F.embedding:
            return _embedding(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: Optional[int] = None,
    max_norm: Optional[float] = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    is_leaf = weight.is_leaf and weight.requires_grad and torch.is_grad_enabled()
    usual = max_norm is None and not scale_grad_by_freq and not sparse
    if is_leaf and usual and weight.device.type == "cpu":
        return _Rows.apply(weight, input, padding_idx)
    return F.embedding(
        input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
    )


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, weight: Tensor, rows: Tensor, padding: Optional[int]
    ) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.weight, ctx.padding = weight, padding
        return F.embedding(rows, weight, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tuple[None, None, None]:
        weight, rows = ctx.weight, ctx.saved_tensors[0].flatten()
        own = gradient.reshape(len(rows), weight.shape[1]).to(weight.dtype)
        if ctx.padding is not None:
            is_padding = rows == ctx.padding % len(weight)
            own = own.masked_fill(is_padding[:, None], 0)
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
        weight.grad.index_add_(0, rows, own)
        return None, None, None
