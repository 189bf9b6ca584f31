"""Shim of a Thinc layer that contains an encoder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import torch
from thinc.api import Optimizer, PyTorchGradScaler, get_torch_default_device
from torch import Tensor

from ..errors import Errors
from ..torch_shim import TorchShim
from .batches import WindowBatch
from .encode import encode
from .layer_depths import freeze_layers, learn_rate_factors
from .precision import check_precision, choose_precision
from .pretrained import Encoder, build_encoder
from .runners.runner import ExportedRunner, Runner
from .runners.torch_runner import TorchRunner
from .storage import encoder_to_bytes, read_encoder


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
        #: Runner of an accelerated encoder; None for torch.
        self.runner: Optional[ExportedRunner] = None

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
        self.runner = None

    def accelerate(self, encoder: Encoder, runner: ExportedRunner) -> None:
        """Predict with a runner from now on, without the encoder's weights.

        encoder (Encoder): The encoder, whose weights are not used.
        runner (ExportedRunner): Its runner.
        RAISES (ValueError): GP239 if prediction is on a GPU.
        """
        self.check_cpu(runner.kind)
        config, tokenizer = encoder.module.config, encoder.tokenizer
        self._encoder = build_encoder("the accelerated encoder", config, tokenizer)
        self._model = torch.nn.Identity()
        self.runner = runner

    def check_cpu(self, kind: str) -> None:
        """Check that predictions are computed on the CPU.

        kind (str): Name of a runner.
        RAISES (ValueError): GP239 on a GPU.
        """
        device = get_torch_default_device().type
        if device != "cpu":
            raise ValueError(Errors.GP239.format(kind=kind, device=device))

    def check_trainable(self) -> None:
        """Check that the encoder has weights.

        RAISES (ValueError): GP235 if it is accelerated.
        """
        if self.runner is not None:
            raise ValueError(Errors.GP235)

    @property
    def computes_exactly(self) -> bool:
        """Return whether predictions are computed in float32."""
        if self.runner is not None:
            return self.runner.precision == "f32"
        return choose_precision(self.precision, self.device) == torch.float32

    @contextmanager
    def _runner(self) -> Iterator[Runner]:
        if self.runner is not None:
            yield self.runner
            return
        dtype = choose_precision(self.precision, self.device)
        with self.module_for_prediction(dtype) as module:
            yield TorchRunner(module, dtype)

    def predict(self, batches: List[WindowBatch]) -> Tensor:  # type: ignore[override]
        """Compute the vectors of the pieces of batches.

        batches (List[WindowBatch]): At least one.
        RETURNS (Tensor): Shape (pieces, width), float32.
        """
        with torch.no_grad(), self._runner() as runner:
            return encode(runner, batches)

    def begin_update(  # type: ignore[override]
        self, batches: List[WindowBatch]
    ) -> Tuple[Tensor, Callable[[Tensor], None]]:
        """Compute the vectors of the pieces of batches, and a callback for their
        gradient.

        batches (List[WindowBatch]): At least one.
        RETURNS (Tuple[Tensor, Callable[[Tensor], None]]): Shape (pieces, width),
            float32; the callback adds to the weights' gradients.
        RAISES (ValueError): GP235 if the encoder is accelerated.
        """
        self.check_trainable()
        dtype = choose_precision(self.precision, self.device)
        self._model.train()
        runner = TorchRunner(self._model, dtype)
        vectors = encode(runner, batches, checkpointing=self.checkpointing)

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
        if self.encoder is None:
            return b""
        return encoder_to_bytes(self.encoder, self.runner)

    def from_bytes(self, data: bytes) -> EncoderShim:
        """Load the bytes of `to_bytes` or of a transformer of spacy-transformers.

        data (bytes): The bytes.
        RETURNS (EncoderShim): The shim.
        """
        if not data:
            return self
        encoder, runner = read_encoder(data)
        if runner is None:
            self.encoder = encoder
        else:
            self.accelerate(encoder, runner)
        return self
