"""Faster versions of two operations of a training step that are slow in torch on a CPU.

Dropout: torch draws a random number for each element, one after the other. In attention
this takes longer than the attention itself. Here 64 random bits are enough for four
elements.

Gradients of embeddings: for each lookup, torch makes an array as large as the table,
fills it with zeros, and adds it to the gradient. Here only the rows that were looked up
are added to the gradient.

benchmarks/speed/steps.py measures the time that each of them saves.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_LEVELS = 2**16


class QuickDropout(TorchFunctionMode):
    """Context in which dropout of tensors on a CPU is fast, also in attention. Each
    element is kept with the probability 1 - p, to the nearest 1 / 65,536, and scaled so
    that its mean is unchanged."""

    def __torch_function__(
        self,
        func: Callable,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
    ) -> Any:
        """Call a torch function, or the faster version of dropout."""
        kwargs = kwargs or {}
        if func is F.dropout:
            return _dropout(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            return _attention(*args, **kwargs)
        return func(*args, **kwargs)


def drop(x: Tensor, p: float) -> Tensor:
    """Set elements to zero at random.

    x (Tensor): Any shape, on a CPU.
    p (float): Probability of a zero, less than 1.
    RETURNS (Tensor): Same shape. The remaining elements are scaled by 1 / (1 - p).
    """
    kept = round((1 - p) * _LEVELS)
    draws = torch.empty(x.numel() // 4 + 1, dtype=torch.int64)
    levels = draws.random_(-(2**63), None).view(torch.int16)[: x.numel()]
    keep = (levels < kept - _LEVELS // 2).view(x.shape)
    return x * keep.to(x.dtype).mul_(_LEVELS / kept)


def _dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    quick = training and 0 < p < 0.99 and input.device.type == "cpu" and not inplace
    if quick and input.is_floating_point():
        return drop(input, p)
    return F.dropout(input, p, training, inplace)


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Optional[Tensor] = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Optional[float] = None,
    **kwargs: Any,
) -> Tensor:
    quick = 0 < dropout_p < 0.99 and query.device.type == "cpu" and not is_causal
    if not quick or any(kwargs.values()):
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **kwargs
        )
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.matmul(query * scale, key.transpose(-2, -1))
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return torch.matmul(drop(scores.softmax(-1), dropout_p), value)


class EmbeddingRows(TorchFunctionMode):
    """Context in which the lookups of a parameter on a CPU add to its `grad` themselves
    in the backward pass.

    This works only with `backward`, in one thread. `torch.autograd.grad` with respect
    to the parameter and its hooks get nothing, and there is no second derivative.
    """

    def __torch_function__(
        self,
        func: Callable,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
    ) -> Any:
        """Call a torch function, or the faster version of an embedding lookup."""
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
