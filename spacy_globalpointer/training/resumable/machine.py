"""What else than a training itself the last digits of its weights depend on."""

from __future__ import annotations

from typing import Any, Dict, List

import torch
from spacy.language import Language
from thinc.api import CupyOps, get_current_ops

from ...encoders.encoder_shim import EncoderShim
from ...encoders.precision import choose_precision
from .identity import changes
from .parameters import find_shims


def machine(nlp: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The number of threads, the kind of processor, the GPU
    if one is used, and what encoders compute in; as JSON.

    nlp (Language): The initialized pipeline.
    """
    uses_gpu = isinstance(get_current_ops(), CupyOps)
    encoders = [x for x in find_shims(nlp).values() if isinstance(x, EncoderShim)]
    chosen = {str(choose_precision(x.precision, x.device)) for x in encoders}
    return {
        "the number of threads": torch.get_num_threads(),
        "the kind of processor": torch.backends.cpu.get_cpu_capability(),
        "the GPU": torch.cuda.get_device_name() if uses_gpu else None,
        "the encoder's precision": ", ".join(sorted(chosen)) or None,
    }


def compare_machines(then: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    """RETURNS (List[str]): What differs, one phrase each.

    then (Dict[str, Any]): What `machine` returned before.
    now (Dict[str, Any]): What it returns now.
    """
    return [f"{name} was {x} and is {y}" for name, x, y in changes(then, now)]
