"""`spacy global-pointer lengthen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt

from ._util import AS_BEFORE, reported_errors
from .terminal import msg


def lengthen_cli(
    source: Annotated[
        str,
        Arg(
            help="Folder of a BERT, RoBERTa or ELECTRA encoder, its name on a hub, or "
            "the folder of a trained pipeline's transformer"
        ),
    ],
    output: Annotated[
        Path, Arg(help="Folder for the Longformer; it must not exist", file_okay=False)
    ],
    positions: Annotated[
        int,
        Opt("--positions", "-p", help="Word pieces that the Longformer reads at once"),
    ] = 4096,
    attention_window: Annotated[
        int,
        Opt(
            "--attention-window",
            "-w",
            help="Word pieces that each word piece sees, half of them on each side",
        ),
    ] = 512,
) -> None:
    """Make a Longformer from an encoder for short texts.

    On texts within half an attention window, its vectors equal those of the encoder.
    Train it before you use it on longer texts.
    """
    from ..encoders.folders import load_encoder, save_encoder  # imports torch
    from ..encoders.lengthen import lengthen

    with reported_errors(AS_BEFORE):
        encoder = load_encoder(source)
        longer = lengthen(
            encoder, positions=positions, attention_window=attention_window
        )
        save_encoder(longer, output)
    msg.good(
        f"Saved a Longformer of {positions:,} positions, {attention_window:,} seen by "
        "each word piece",
        output,
    )
