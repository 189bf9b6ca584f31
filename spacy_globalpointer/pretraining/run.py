"""The state of a pre-training, and its steps."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ContextManager, Dict, Iterator, List, NamedTuple, Sequence

import numpy
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from ..corpus.formats.files import SourceFile
from ..encoders.cpu_training import QuickDropout
from ..encoders.precision import choose_precision
from ..encoders.pretrained import Encoder
from ..errors import Errors
from .detector import ReplacedTokens
from .generator import make_generator
from .masking import Batch, make_batch
from .metrics import measure
from .optimizer import make_optimizer, set_learn_rates
from .sequences import PieceSequence, SequenceSource, SequenceStream
from .settings import PretrainSettings
from .survey import Survey, survey

# The seeds of numpy and torch have 64 bits.
_SEEDS = 2**32


class StepMetrics(NamedTuple):
    """The metrics of one training step.

    generator_loss (float): Loss of the generator.
    detector_loss (float): Loss of the detector.
    words (int): Words in its batch, punctuation included.
    """

    generator_loss: float
    detector_loss: float
    words: int


class Run:
    """A model, its optimizer and its place in the texts. The random numbers of a step
    depend on the seed and the number of the step only.

    encoder (Encoder): The encoder; its weights are trained.
    files (Sequence[SourceFile]): The texts.
    settings (PretrainSettings): The settings, checked.
    device (torch.device): Where to compute.
    """

    def __init__(
        self,
        encoder: Encoder,
        files: Sequence[SourceFile],
        settings: PretrainSettings,
        device: torch.device,
    ) -> None:
        seed_torch(settings.seed, device)
        self.encoder = encoder
        self.settings = settings
        self.device = device
        self.step = 0
        self.words = 0
        self.n_special = len(encoder.special.before) + len(encoder.special.after)
        room = settings.length - self.n_special
        source = SequenceSource(files, encoder.tokenizer, room=room, seed=settings.seed)
        table = encoder.module.get_input_embeddings().weight
        seen = survey(source, vocabulary=len(table), length=settings.length)
        self.held_out = seen.held_out
        #: Checksum that differs for other texts or another tokenizer.
        self.fingerprint = seen.fingerprint
        self.stream = SequenceStream(source, seen.is_held_out)
        self.model = _make_model(encoder, seen, settings).to(device).train()
        self.optimizer = make_optimizer(self.model, settings)
        self._parts = [list(part.values()) for part in self.model.parts()]

    def advance(self) -> StepMetrics:
        """Do one step.

        RETURNS (StepMetrics): Its metrics.
        RAISES (ValueError): GP207 if a loss or its gradient is not finite; the weights
            are unchanged.
        """
        random = numpy.random.default_rng([self.settings.seed, self.step])
        seed_torch(self._seed(self.step), self.device)
        sequences = self.stream.draw(
            random,
            max_pieces=self.settings.batch_size * self.settings.length,
            n_special=self.n_special,
        )
        with self._precision(), QuickDropout():
            detection = self.model(self._batch(sequences, random))
        losses = detection.generator_loss, detection.detector_loss
        self._update(*losses)
        n_words = int(sum(pieces.begins.sum() for pieces in sequences))
        self.step += 1
        self.words += n_words
        return StepMetrics(losses[0].item(), losses[1].item(), n_words)

    def _update(self, generator_loss: Tensor, detector_loss: Tensor) -> None:
        loss = generator_loss + self.settings.detector_weight * detector_loss
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        encoder, generator, head = self._parts
        norms = [
            clip_grad_norm_(part, self.settings.clip)
            for part in (generator, encoder + head)
        ]
        if not torch.stack([loss.detach(), *norms]).isfinite().all():
            raise ValueError(Errors.GP207.format(step=self.step + 1))
        set_learn_rates(self.optimizer, self.step, self.settings)
        self.optimizer.step()

    def measure(self) -> Dict[str, float]:
        """Compute the metrics on the held-out sequences, of which the same pieces are
        masked each time."""
        seed_torch(self._seed(-1), self.device)
        with self._precision():
            return measure(self.model, self._held_out())

    def _seed(self, number: int) -> int:
        return (self.settings.seed * 1_000_003 + number) % _SEEDS

    def _held_out(self) -> Iterator[Batch]:
        random = numpy.random.default_rng(self.settings.seed)
        size = self.settings.batch_size
        ordered = sorted(self.held_out, key=lambda pieces: len(pieces.ids))
        for i in range(0, len(ordered), size):
            yield self._batch(ordered[i : i + size], random)

    def _batch(
        self, sequences: List[PieceSequence], random: numpy.random.Generator
    ) -> Batch:
        batch = make_batch(
            sequences,
            self.encoder.special,
            never=self.encoder.tokenizer.all_special_ids,
            share=self.settings.mask,
            whole_words=self.settings.whole_words,
            random=random,
        )
        return batch.to(self.device)

    def _precision(self) -> ContextManager[Any]:
        if self.device.type == "cpu":
            return nullcontext()
        dtype = choose_precision("auto", self.device)
        enabled = dtype == torch.bfloat16
        return torch.autocast(self.device.type, dtype=dtype, enabled=enabled)


def _make_model(
    encoder: Encoder, seen: Survey, settings: PretrainSettings
) -> ReplacedTokens:
    generator = make_generator(
        encoder.module,
        torch.from_numpy(seen.counts),
        kind=settings.generator,
        n_layers=settings.generator_layers,
        shared_gradient=settings.shared_gradient,
    )
    mask_id = encoder.tokenizer.mask_token_id
    return ReplacedTokens(
        encoder.module, generator, mask_id=mask_id, share=settings.mask
    )


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed the random numbers of the CPU and of one device; other GPUs keep theirs.

    seed (int): The seed.
    device (torch.device): The device.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
