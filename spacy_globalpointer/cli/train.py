"""`spacy global-pointer train`."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Iterator, Optional

import typer
from spacy.cli._util import (
    Arg,
    setup_gpu,
    show_validation_error,
)
from spacy.training.initialize import init_nlp
from thinc.api import Config

from ..errors import Errors, is_coded
from ._util import INTERRUPTED, fail, reported_errors
from .terminal import msg
from .training_options import Code, Force, Output, Resume, UseGpu, Verbose, read_config

# These modules import torch, which spaCy's command line need not load.
if TYPE_CHECKING:
    from ..training.resumable.checkpoint import Checkpoint
    from ..training.resumable.identity import Identity
    from ..training.resumable.output_folder import OutputFolder


def train_cli(
    ctx: typer.Context,
    config_path: Annotated[
        Path, Arg(help="Path to config file", exists=True, dir_okay=False)
    ],
    output: Output,
    resume: Resume = False,
    force: Force = False,
    code_path: Code = None,
    verbose: Verbose = False,
    use_gpu: UseGpu = -1,
) -> None:
    """Train a pipeline like `spacy train`, and continue after an interruption.

    At each evaluation the state of the training is saved in the output folder. After
    Ctrl-C, a crash or a power cut, run the same command with --resume to continue from
    there. The weights equal those of a training without interruption. Settings of the
    config can be overridden as in `spacy train`: --training.max_steps 1000.
    """
    from ..training.resumable.output_folder import OutputFolder

    config = read_config(ctx, config_path, code_path, verbose)
    folder = OutputFolder(output)
    with ExitStack() as stack:
        stack.enter_context(interruptible(folder))
        with reported_errors():
            if resume and force:
                raise ValueError(Errors.GP219)
            stack.enter_context(folder.locked())
            identity = _identify(config, code_path, use_gpu)
            if resume and folder.is_complete(identity):
                folder.finish(identity)  # the process may have been killed before that
                msg.good("The training is complete", output)
                return
            checkpoint = folder.find_start(
                identity, resume=resume, force=force, say=msg.info, warn=msg.warn
            )
        with reported_codes():
            train(
                config,
                folder,
                identity=identity,
                checkpoint=checkpoint,
                use_gpu=use_gpu,
            )


def train(
    config: Config,
    folder: OutputFolder,
    *,
    identity: Identity,
    checkpoint: Optional[Checkpoint],
    use_gpu: int,
) -> None:
    """Train a pipeline, and record that it is complete.

    config (Config): The config.
    folder (OutputFolder): The folder to write to, locked.
    identity (Identity): What the training depends on.
    checkpoint (Optional[Checkpoint]): Where to continue; None for the beginning.
    use_gpu (int): Number of the GPU, or -1 for the CPU.
    """
    from ..training.resumable.loop import Training

    msg.info(f"Saving to output directory: {folder.path}")
    setup_gpu(use_gpu)
    msg.divider("Initializing pipeline")
    with show_validation_error(hint_fill=False):
        nlp = init_nlp(config, use_gpu=use_gpu)
    msg.good("Initialized pipeline")
    msg.divider("Training pipeline")
    with show_validation_error(hint_fill=False):
        training = Training(
            nlp,
            folder.path,
            identity=identity,
            config=config.interpolate(),
            checkpoint=checkpoint,
            use_gpu=use_gpu,
        )
    with reported_errors():
        training.begin(folder, warn=msg.warn)
    last = training.run(sys.stdout, sys.stderr)
    folder.finish(identity)
    msg.good("Saved pipeline to output directory", last)


@contextmanager
def interruptible(folder: OutputFolder) -> Iterator[None]:
    """Exit with a message and status 130 after Ctrl-C.

    folder (OutputFolder): The training's output folder.
    """
    try:
        yield
    except KeyboardInterrupt:
        stored = folder.checkpoints()
        if stored:
            what = "continue from there"
            text = f"Interrupted. The checkpoint of the last evaluation is {stored[0]}"
        else:
            what = "begin again"
            text = "Interrupted before the first checkpoint"
        msg.warn(text, f"Run the same command with --resume to {what}.")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def reported_codes() -> Iterator[None]:
    """Print errors that have a code of this package, and exit with status 1. Others
    keep their traceback."""
    try:
        yield
    except ValueError as error:
        if not is_coded(error):
            raise
        fail(error)


def _identify(config: Config, code: Optional[Path], use_gpu: int) -> Identity:
    from ..training.resumable.identity import identify

    return identify(config.interpolate(), code=code, gpu=use_gpu >= 0)
