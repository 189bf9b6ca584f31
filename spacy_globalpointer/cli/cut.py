"""`spacy global-pointer cut`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, List

from spacy.cli._util import Arg, Opt

from ._util import AS_BEFORE, ENCODER_HELP, megabytes, reported_errors
from .terminal import msg


def cut_cli(
    source: Annotated[str, Arg(help=ENCODER_HELP)],
    output: Annotated[
        Path,
        Arg(
            help="Folder for the encoder of fewer layers; without --force it must not "
            "exist",
            file_okay=False,
        ),
    ],
    layers: Annotated[
        List[int],
        Opt(
            "--layers",
            "-l",
            help="Numbers of the layers to keep, from 0, such as --layers 0 3 7 11",
        ),
    ],
    force: Annotated[
        bool, Opt("--force", "-F", help="Replace an encoder in the output folder")
    ] = False,
) -> None:
    """Make a faster encoder of some of an encoder's layers.

    Its vectors are those of the whole encoder without the other layers. Train it
    before you use it.
    """
    from ..encoders.cut import cut  # imports torch
    from ..encoders.folders import check_output, load_encoder, save_encoder

    with reported_errors(AS_BEFORE):
        check_output(output, replace=force)
        whole = load_encoder(source)
        smaller = cut(whole, layers)
        save_encoder(smaller, output, replace=force)
    n = whole.module.config.num_hidden_layers
    before, after = map(megabytes, (whole, smaller))
    msg.good(
        f"Kept {len(layers)} of {n} layers, and {after:,.0f} of {before:,.0f} MB of "
        "weights",
        output,
    )
