"""`spacy global-pointer config`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Optional

from spacy.cli._util import Arg, Opt
from spacy.util import get_lang_class

from ..errors import Errors, Warnings
from ..recipes.make import make_config, table
from ._util import reported_errors, write_output, write_text
from .terminal import msg


def config_cli(
    recipe: Annotated[
        Optional[str],
        Arg(help="Name of the recipe; without it, the recipes are listed"),
    ] = None,
    output: Annotated[
        Path,
        Arg(help="Config file to write, or - for standard output", allow_dash=True),
    ] = Path("-"),
    gpu: Annotated[bool, Opt("--gpu", "-G", help="Write a config for a GPU")] = False,
    lang: Annotated[
        Optional[str], Opt("--lang", "-l", help="Language of the tokenizer")
    ] = None,
    encoder: Annotated[
        Optional[str],
        Opt("--encoder", "-e", help="Folder or hub name of an encoder of this family"),
    ] = None,
    force: Annotated[
        bool, Opt("--force", "-F", help="Replace the config file if it exists")
    ] = False,
) -> None:
    """Write the training config for a family of encoders, or for spaCy's tok2vec."""
    if recipe is None:
        msg.table(
            table(),
            header=["recipe", "lang", "encoder", ""],
            divider=True,
            max_col=80,
        )
        return
    with reported_errors():
        config = make_config(recipe, gpu=gpu, lang=lang, encoder=encoder)
        if str(output) == "-":
            write_output(config)
            return
        if output.exists() and not force:
            raise ValueError(Errors.GP229.format(path=output))
        write_text(config, output)
    msg.good("Wrote the config", output)
    if lang and not _is_known(lang):
        msg.warn(Warnings.GPW213.format(lang=lang))
    if encoder and _is_missing(encoder):
        msg.warn(Warnings.GPW212.format(encoder=encoder))
    msg.text(
        f"spacy train {output} --output training --paths.train TRAIN.spacy "
        f"--paths.dev DEV.spacy{' --gpu-id 0' if gpu else ''}"
    )


def _is_known(lang: str) -> bool:
    try:
        return get_lang_class(lang).lang == lang
    except (
        ImportError,
        AttributeError,
    ):  # there is no such module, or it is not a language
        return False


def _is_missing(encoder: str) -> bool:
    """Check whether a name is a path that does not exist. A name on a hub has at most
    one slash."""
    path = Path(encoder)
    is_path = (
        path.is_absolute() or encoder.startswith((".", "~")) or len(path.parts) > 2
    )
    return is_path and not os.path.exists(path)
