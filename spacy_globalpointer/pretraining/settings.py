"""The settings of a pre-training, and their validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..encoders.pretrained import Encoder
from ..errors import Errors
from .sequences import LEAST

GENERATORS = ("copy", "small")


@dataclass(frozen=True)
class PretrainSettings:
    """The settings that decide the result, in addition to encoder and texts.

    steps (int): Number of updates.
    batch_size (int): Sequences of full length in an update; an update has more of
        shorter ones.
    length (int): Highest number of word pieces in a sequence, including special ones.
    learn_rate (float): Highest learning rate of the encoder.
    new_learn_rate (float): Highest learning rate of the generator and the head.
    warmup (float): Fraction of the steps in which the rates rise; then they fall to 0.
    weight_decay (float): Of weights that are neither biases nor in a normalization.
    mask (float): Fraction of the pieces to mask.
    whole_words (bool): Mask all pieces of a word or none.
    generator (str): "copy" or "small", see `make_generator`.
    generator_layers (Optional[int]): Number of its layers; None for the usual one.
    shared_gradient (bool): Whether the generator's loss trains the embeddings, too, as
        in ELECTRA.
    detector_weight (float): Weight of the detector's loss; the generator's has 1.
    clip (float): Largest norm of the gradient of the generator, and of that of encoder
        and head.
    seed (int): Seed of all random numbers.
    """

    steps: int = 2000
    batch_size: int = 32
    length: int = 128
    learn_rate: float = 5e-5
    new_learn_rate: float = 5e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    mask: float = 0.15
    whole_words: bool = False
    generator: str = "copy"
    generator_layers: Optional[int] = None
    shared_gradient: bool = False
    detector_weight: float = 50.0
    clip: float = 1.0
    seed: int = 0


def check_settings(settings: PretrainSettings, encoder: Encoder) -> None:
    """Validate the settings.

    settings (PretrainSettings): The settings.
    encoder (Encoder): The encoder.
    RAISES (ValueError): GP208 for a setting out of its range, GP200 if the tokenizer
        has no mask, GP209 if the encoder is of an unknown family.
    """
    special = encoder.special
    least = 2 * LEAST + len(special.before) + len(special.after)
    most = encoder.max_window or 10**6
    layers = encoder.module.config.num_hidden_layers
    own_layers = settings.generator_layers
    _require("steps", settings.steps, settings.steps >= 1, "at least 1")
    _require("batch_size", settings.batch_size, settings.batch_size >= 1, "at least 1")
    fits = least <= settings.length <= most
    _require("length", settings.length, fits, f"from {least} to {most}")
    for name in ("learn_rate", "new_learn_rate", "clip"):
        value = getattr(settings, name)
        _require(name, value, 0 < value < float("inf"), "above 0")
    for name in ("warmup", "mask"):
        value = getattr(settings, name)
        _require(name, value, 0 < value < 1, "above 0 and below 1")
    known = settings.generator in GENERATORS
    _require("generator", settings.generator, known, f"one of {', '.join(GENERATORS)}")
    fits = own_layers is None or 1 <= own_layers <= layers
    _require("generator_layers", own_layers, fits, f"from 1 to {layers}")
    _require("seed", settings.seed, settings.seed >= 0, "at least 0")
    if encoder.tokenizer.mask_token_id is None:
        raise ValueError(Errors.GP200.format(name=encoder.module.config.model_type))
    embeddings = getattr(encoder.module, "embeddings", None)
    if not hasattr(embeddings, "word_embeddings"):
        raise ValueError(Errors.GP209.format(kind=encoder.module.config.model_type))


def _require(name: str, value: Any, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP208.format(name=name, value=value, rule=rule))
