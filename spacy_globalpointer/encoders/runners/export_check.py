"""Check that an exported encoder computes what the encoder computes in torch."""

from __future__ import annotations

from typing import Dict, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ...errors import Errors
from .runner import INPUTS, ExportedModule, Inputs, Runner

#: Highest relative error of the vectors in float32.
TOLERANCE = 1e-3


def example_of(windows: Sequence[Inputs]) -> Dict[str, Tensor]:
    """Make a batch of two windows, one of them padded, to trace an encoder with.

    windows (Sequence[Inputs]): At least one window.
    RETURNS (Dict[str, Tensor]): The batch.
    """
    first = windows[0]
    shorter = {
        name: first[name][:, : max(1, first[name].shape[1] - 1)] for name in INPUTS
    }
    return _padded([first, shorter])


def check_export(
    runner: Runner, module: torch.nn.Module, windows: Sequence[Inputs]
) -> None:
    """Compare a runner in float32 with the encoder, on batches of other shapes than
    those that it was exported with.

    runner (Runner): The runner.
    module (torch.nn.Module): The encoder, in evaluation mode.
    windows (Sequence[Inputs]): At least one window.
    RAISES (ValueError): GP233 if the vectors differ.
    """
    longest = max(windows, key=lambda own: own["input_ids"].shape[1])
    for batch in (_padded([*windows[:3], longest]), dict(windows[-1])):
        with torch.no_grad():
            expected = ExportedModule(module)(**batch)
        is_piece = batch["attention_mask"].bool()
        difference = (runner(batch) - expected)[is_piece].norm()
        error = float(difference / expected[is_piece].norm())
        if not error < TOLERANCE:
            reason = f"its exported vectors differ from torch's by {error:.2g} of them"
            raise ValueError(Errors.GP233.format(reason=reason))


def _padded(windows: Sequence[Inputs]) -> Dict[str, Tensor]:
    return {
        name: pad_sequence([own[name][0] for own in windows], batch_first=True)
        for name in INPUTS
    }
