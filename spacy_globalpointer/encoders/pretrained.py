"""Pretrained encoders with their tokenizers, from a folder, a hub or a pipeline."""

from __future__ import annotations

import inspect
import re
import warnings
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from ..errors import Errors, Warnings
from ..machine_faults import is_shortage
from .batches import SpecialPieces
from .remote_code import (
    check_attention,
    is_trusted,
    remote_code,
    wants_code,
    with_trust,
)
from .token_borders import TokenBorders

# Settings that transformers uses but returns among the unused ones.
_OF_LOADING = {"dtype", "torch_dtype", "gguf_file", "mirror", "user_agent"}
# Tokenizers without a limit return 1e30.
_NO_LIMIT = 10**6


class Encoder:
    """Encoder and the tokenizer that it was trained with, made by `build_encoder`.

    module (torch.nn.Module): The encoder, in float32.
    tokenizer (PreTrainedTokenizerFast): The tokenizer.
    """

    def __init__(self, module: Any, tokenizer: Any) -> None:
        self.module = module
        self.tokenizer = tokenizer
        #: Width of a piece's vector.
        self.width = int(module.config.hidden_size)
        #: Highest number of pieces that the encoder reads at once, including special
        #: ones; 0 if neither tokenizer nor encoder states it.
        known = [tokenizer.model_max_length, _positions(module)]
        self.max_window = int(min((n for n in known if 0 < n < _NO_LIMIT), default=0))
        #: Special pieces that the tokenizer puts around a text.
        self.special = _special_pieces(tokenizer)
        #: Shape (vocabulary,): the texts of the tokenizer's pieces.
        vocabulary = tokenizer.get_vocab()
        self.strings = numpy.full(1 + max(vocabulary.values()), "", dtype=object)
        self.strings[list(vocabulary.values())] = list(vocabulary)
        accepted = inspect.signature(module.forward).parameters
        #: Whether some pieces may see the whole window while others do not.
        self.has_global_attention = "global_attention_mask" in accepted

    @cached_property
    def token_borders(self) -> TokenBorders:
        """Return what splits pieces that cover several tokens."""
        return TokenBorders(self.tokenizer)


def _special_pieces(tokenizer: Any) -> SpecialPieces:
    encoded = tokenizer("a", return_special_tokens_mask=True)
    ids, is_special = encoded["input_ids"], encoded["special_tokens_mask"]
    begin = is_special.index(0)
    end = len(is_special) - is_special[::-1].index(0)
    pad = tokenizer.pad_token_id
    return SpecialPieces(
        before=_ints(ids[:begin]),
        after=_ints(ids[end:]),
        pad=0 if pad is None else int(pad),
    )


def _ints(ids: Any) -> Any:
    return numpy.asarray(ids, dtype="int64")


def _positions(module: Any) -> int:
    """Return the number of positions that an encoder has learned; 0 without such a
    table."""
    positions = getattr(module.config, "max_position_embeddings", None) or 0
    table = getattr(getattr(module, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    if padding is not None:  # RoBERTa and related encoders count after the padding
        positions -= padding + 1
    return int(positions)


def load_pretrained(
    name: str,
    tokenizer_config: Dict[str, Any],
    transformer_config: Dict[str, Any],
    *,
    with_weights: bool = True,
) -> Encoder:
    """Load an encoder by name.

    name (str): A folder, or a model's name on a hub.
    tokenizer_config (Dict[str, Any]): Settings for `AutoTokenizer.from_pretrained`.
    transformer_config (Dict[str, Any]): Settings for `AutoConfig.from_pretrained`.
    with_weights (bool): See `load_encoder`.
    RETURNS (Encoder): The encoder on the CPU.
    RAISES (ValueError): GP033 if there is no such model or a part is missing; GP034 if
        its tokenizer does not return offsets; GP035 if it is not an encoder; GP065 if
        it needs code that is not trusted.
    """
    config, tokenizer = _load_parts(name, tokenizer_config, transformer_config)
    if not with_weights:
        return build_encoder(name, config, tokenizer)
    trust = with_trust(name, transformer_config)["trust_remote_code"]
    try:
        module = AutoModel.from_pretrained(name, config=config, trust_remote_code=trust)
    except Exception as error:  # pickle and safetensors raise many kinds of errors
        if is_shortage(error):
            raise
        raise _not_loaded(name, error) from error
    _check_inputs(name, module)
    return Encoder(module.float(), tokenizer)


def _load_parts(
    name: str, tokenizer_config: Dict[str, Any], transformer_config: Dict[str, Any]
) -> Tuple[Any, Any]:
    """Load the settings and the tokenizer of an encoder."""
    for_config = with_trust(name, transformer_config)
    for_tokenizer = with_trust(name, {"use_fast": True, **tokenizer_config})
    try:
        config, unknown = AutoConfig.from_pretrained(
            name, return_unused_kwargs=True, **for_config
        )
    except Exception as error:  # a damaged file raises many kinds of errors
        if is_shortage(error):
            raise
        raise _not_loaded(name, error) from error
    _warn_unknown(name, config, [key for key in transformer_config if key in unknown])
    config.return_dict = True
    _check_kind(name, config)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **for_tokenizer)
    except Exception as error:  # missing files raise many kinds of errors
        if is_shortage(error):
            raise
        raise _not_loaded(name, error) from error
    _check_tokenizer(name, tokenizer)
    return config, tokenizer


def _warn_unknown(name: str, config: Any, unused: List[str]) -> None:
    """Warn about settings that transformers did not use. Settings of the loading are
    not in the config, but are used."""
    for key in unused:
        if key in _OF_LOADING or hasattr(config, key):
            continue
        near = get_close_matches(key, config.to_dict(), n=3, cutoff=0.4)
        fields = {"setting": key, "kind": type(config).__name__, "name": name}
        text = Warnings.GPW018.format(**fields, near=", ".join(near) or "none")
        warnings.warn(text, stacklevel=2)


def build_encoder(
    name: str,
    config: Any,
    tokenizer: Any,
    weights: Optional[Mapping[str, Tensor]] = None,
) -> Encoder:
    """Make an encoder from its parts.

    name (str): Source of the parts, for messages.
    config (PretrainedConfig): The encoder's settings.
    tokenizer (Any): Its tokenizer.
    weights (Optional[Mapping[str, Tensor]]): All of its weights; None for an encoder
        whose weights have shapes but no values.
    RETURNS (Encoder): The encoder on the CPU.
    RAISES (ValueError): GP033 if its settings fit no encoder; GP034 if the tokenizer
        does not return offsets; GP035 if it is not an encoder; RuntimeError if the
        weights belong to another model.
    """
    config.return_dict = True
    _check_kind(name, config)
    _check_tokenizer(name, tokenizer)
    try:
        with torch.device("cpu" if weights is not None else "meta"):
            module = new_module(config)
    except Exception as error:  # settings of the wrong type raise many kinds of errors
        if is_shortage(error):
            raise
        raise _not_loaded(name, error) from error
    _check_inputs(name, module)
    if weights is not None:
        module = module.float()
        module.load_state_dict(weights)
    return Encoder(module, tokenizer)


def new_module(config: Any) -> Any:
    """Make an encoder with random weights.

    config (PretrainedConfig): Its settings.
    """
    return AutoModel.from_config(config, trust_remote_code=is_trusted())


def module_with(config: Any, weights: Mapping[str, Tensor]) -> Any:
    """Make an encoder with copies of weights, in float32, for prediction.

    config (PretrainedConfig): Its settings.
    weights (Mapping[str, Tensor]): All of its weights.
    RAISES (RuntimeError): If the weights belong to another model.
    """
    module = new_module(config).float()
    module.load_state_dict(weights)
    return module.eval()


def _check_tokenizer(name: str, tokenizer: Any) -> None:
    if not tokenizer.is_fast:
        kind = type(tokenizer).__name__
        raise ValueError(Errors.GP034.format(name=name, kind=kind))


def _check_inputs(name: str, module: Any) -> None:
    if "attention_mask" not in inspect.signature(module.forward).parameters:
        kind = module.config.model_type
        raise ValueError(Errors.GP035.format(name=name, kind=kind))


def _check_kind(name: str, config: Any) -> None:
    """Check that a model gives each piece a vector that depends on both sides, and that
    it needs no code of its own for that."""
    check_attention(name, config)
    kind = config.model_type
    causal = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    masked = kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if config.is_encoder_decoder or getattr(config, "is_decoder", False):
        raise ValueError(Errors.GP035.format(name=name, kind=kind))
    if causal and not masked:
        raise ValueError(Errors.GP035.format(name=name, kind=kind))


def _not_loaded(name: str, error: Exception) -> ValueError:
    if wants_code(error):
        return remote_code(name, "its folder or repository has code of its own")
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    reason = re.split(r"(?<=\w)\.+ |: albert, ", reason)[0]
    folder = Path(name)
    if folder.is_dir():
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        reason = f"the folder holds {found} ({reason})"
    return ValueError(Errors.GP033.format(name=name, reason=reason))
