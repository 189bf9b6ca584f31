"""`spacy global-pointer trim`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Iterator, List

from spacy.cli._util import Arg, Opt
from tqdm import tqdm

from ._util import AS_BEFORE, ENCODER_HELP, TEXTS_HELP, megabytes, reported_errors
from .terminal import msg

#: Share of unknown word pieces above which another encoder is needed.
MANY_UNKNOWN = 0.05


def trim_cli(
    source: Annotated[str, Arg(help=ENCODER_HELP)],
    texts: Annotated[
        List[Path],
        Arg(
            help=f"Texts like those that the encoder will read: {TEXTS_HELP}",
            exists=True,
        ),
    ],
    output: Annotated[
        Path,
        Arg(
            help="Folder for the smaller encoder; without --force it must not exist",
            file_okay=False,
        ),
    ],
    lang: Annotated[
        List[str],
        Opt(
            "--lang",
            "-l",
            help="Code of a language whose common words are kept as well, such as de; "
            "may be repeated",
        ),
    ] = [],  # noqa: B006
    force: Annotated[
        bool, Opt("--force", "-F", help="Replace an encoder in the output folder")
    ] = False,
) -> None:
    """Make an encoder smaller: keep only the word pieces that your texts need.

    Pieces of one character stay, so that other text can still be read. Texts of which
    all word pieces are kept have the same vectors as before.
    """
    # They import torch.
    from ..encoders.folders import check_output, load_encoder, save_encoder
    from ..encoders.trim import trim
    from ..pretraining.texts import find_texts, read_texts

    with reported_errors(AS_BEFORE):
        check_output(output, replace=force)
        files = find_texts(texts)
        encoder = load_encoder(source)

        def read() -> Iterator[str]:
            for file in tqdm(files, desc="Texts", unit="file", disable=None):
                yield from read_texts(file)

        result = trim(encoder, read(), languages=lang)
        save_encoder(result.encoder, output, replace=force)
    before, after = map(megabytes, (encoder, result.encoder))
    pieces = f"{result.pieces:,} word pieces, {result.unknown:,} of them unknown"
    msg.info(f"The texts have {pieces}")
    if result.unknown > MANY_UNKNOWN * result.pieces:
        msg.warn(
            "The encoder does not know the language or the symbols of your texts",
            "Use an encoder for this language, such as a multilingual one.",
        )
    msg.good(
        f"Kept {len(result.kept):,} of {len(encoder.tokenizer):,} word pieces, and "
        f"{after:,.0f} of {before:,.0f} MB of weights",
        output,
    )
