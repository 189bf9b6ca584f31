"""Shim of a Thinc layer that contains an encoder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import torch
from thinc.api import Optimizer, PyTorchGradScaler, get_torch_default_device
from torch import Tensor

from ..torch_shim import TorchShim
from .batches import WindowBatch
from .encode import encode
from .layer_depths import freeze_layers, learn_rate_factors
from .precision import check_precision, choose_precision
from .pretrained import Encoder
from .storage import encoder_from_bytes, encoder_to_bytes


class EncoderShim(TorchShim):
    """Shim that holds the weights in float32, and for prediction a copy in half
    precision.

    precision (str): See `choose_precision`.
    checkpointing (bool): See `encode`.
    layer_decay (float): See `learn_rate_factors`.
    frozen_layers (Optional[int]): See `freeze_layers`.
    """

    def __init__(
        self,
        precision: str,
        checkpointing: bool,
        layer_decay: float = 1.0,
        frozen_layers: Optional[int] = None,
    ) -> None:
        scaler = PyTorchGradScaler(enabled=precision == "fp16")
        super().__init__(torch.nn.Identity(), grad_scaler=scaler)
        self.precision = precision
        self.checkpointing = checkpointing
        self.layer_decay = layer_decay
        self.frozen_layers = frozen_layers
        self._factors: Dict[str, float] = {}
        self._encoder: Optional[Encoder] = None

    @property
    def encoder(self) -> Optional[Encoder]:
        """Return the encoder; None before initialization."""
        return self._encoder

    @encoder.setter
    def encoder(self, encoder: Encoder) -> None:
        device = get_torch_default_device()
        check_precision(self.precision, device)
        freeze_layers(encoder.module, self.frozen_layers)
        self._factors = learn_rate_factors(encoder.module, self.layer_decay)
        self._model = encoder.module.to(device)
        self._encoder = encoder

    def predict(self, batches: List[WindowBatch]) -> Tensor:  # type: ignore[override]
        """Compute the vectors of the pieces of batches.

        batches (List[WindowBatch]): At least one.
        RETURNS (Tensor): Shape (pieces, width), float32.
        """
        dtype = choose_precision(self.precision, self.device)
        with torch.no_grad(), self.module_for_prediction(dtype) as module:
            return encode(module, batches, dtype=dtype)

    def begin_update(  # type: ignore[override]
        self, batches: List[WindowBatch]
    ) -> Tuple[Tensor, Callable[[Tensor], None]]:
        """Compute the vectors of the pieces of batches, and a callback for their
        gradient.

        batches (List[WindowBatch]): At least one.
        RETURNS (Tuple[Tensor, Callable[[Tensor], None]]): Shape (pieces, width),
            float32; the callback adds to the weights' gradients.
        """
        dtype = choose_precision(self.precision, self.device)
        self._model.train()
        vectors = encode(
            self._model, batches, dtype=dtype, checkpointing=self.checkpointing
        )

        def backprop(gradient: Tensor) -> None:
            if not vectors.requires_grad:  # every weight is frozen
                return
            [scaled] = self._grad_scaler.scale([gradient])
            vectors.backward(scaled)

        return vectors.detach(), backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights, unless a gradient has overflowed. The gradients of
        several batches were added in their scaled form."""
        self.forget_copies()
        own = [x.grad for x in self._model.parameters() if x.grad is not None]
        self._grad_scaler.unscale(own)
        super().finish_update(optimizer)

    def learn_rate_factor(self, name: str) -> float:
        """Return the factor of a parameter's layer."""
        return self._factors[name]

    @contextmanager
    def use_params(self, params: Dict) -> Iterator[None]:
        """Use other values of the weights temporarily."""
        self.forget_copies()
        try:
            with super().use_params(params):
                yield
        finally:
            self.forget_copies()

    def to_bytes(self) -> bytes:
        """Serialize the encoder and its tokenizer; empty before initialization."""
        return b"" if self.encoder is None else encoder_to_bytes(self.encoder)

    def from_bytes(self, data: bytes) -> EncoderShim:
        """Load the bytes of `to_bytes` or of a transformer of spacy-transformers.

        data (bytes): The bytes.
        RETURNS (EncoderShim): The shim.
        """
        if data:
            self.encoder = encoder_from_bytes(data)
        return self
