"""What the commands that train have in common: their options, and reading a config."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Optional

import typer
from spacy import util
from spacy.cli._util import (
    Opt,
    import_code,
    parse_config_overrides,
    show_validation_error,
)
from thinc.api import Config

Output = Annotated[
    Path,
    Opt(
        "--output",
        "--output-path",
        "-o",
        help="Folder for model-last, model-best and the checkpoint",
        file_okay=False,
    ),
]
Resume = Annotated[
    bool,
    Opt(
        "--resume",
        "-r",
        help="Continue the training in the output folder, or begin if there is none",
    ),
]
Force = Annotated[
    bool,
    Opt(
        "--force",
        "-F",
        help="Begin again, and replace the pipelines and checkpoints in the output "
        "folder once the new pipeline is initialized",
    ),
]
Code = Annotated[
    Optional[Path],
    Opt("--code", "-c", help="Python file with registered functions to import"),
]
Verbose = Annotated[
    bool, Opt("--verbose", "-V", "-VV", help="Display more information")
]
UseGpu = Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")]


def read_config(
    ctx: typer.Context, path: Path, code: Optional[Path], verbose: bool
) -> Config:
    """Read the config of a training, with the overrides of the command line.

    ctx (typer.Context): The command, for the overrides.
    path (Path): The config file.
    code (Optional[Path]): Python file to import before.
    verbose (bool): Whether to log more.
    RETURNS (Config): The config, not interpolated. The process ends with spaCy's
        message if it is not valid.
    """
    if verbose:
        util.logger.setLevel(logging.DEBUG)
    overrides = parse_config_overrides(ctx.args)
    import_code(code)
    with show_validation_error(path):
        config = util.load_config(path, overrides=overrides, interpolate=False)
        config.interpolate()
    return config
