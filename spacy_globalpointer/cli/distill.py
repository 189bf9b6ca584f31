"""`spacy global-pointer distill`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, List, Optional

import typer
from spacy.cli._util import Arg, Opt, setup_gpu, show_validation_error

from ._util import TEXTS_HELP
from .terminal import msg
from .train import interruptible, reported_codes
from .training_options import Code, Force, Output, Resume, UseGpu, Verbose, read_config


def distill_cli(
    ctx: typer.Context,
    teacher: Annotated[
        Path, Arg(help="Folder of a trained pipeline", exists=True, file_okay=False)
    ],
    config_path: Annotated[
        Path, Arg(help="Path to the student's config file", exists=True, dir_okay=False)
    ],
    output: Output,
    more_teachers: Annotated[
        Optional[List[Path]],
        Opt(
            "--teacher",
            help="Folder of one more teacher; may be repeated",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    texts: Annotated[
        Optional[List[Path]],
        Opt(
            "--texts",
            "-t",
            help=f"Raw texts: {TEXTS_HELP}; may be repeated",
            exists=True,
        ),
    ] = None,
    component: Annotated[
        str, Opt("--component", help="Name of the component, in student and teachers")
    ] = "global_pointer",
    gold_weight: Annotated[
        float, Opt("--gold-weight", help="Weight of the loss of gold spans")
    ] = 1.0,
    teacher_weight: Annotated[
        float,
        Opt("--teacher-weight", help="Weight of the loss of the teachers' spans"),
    ] = 1.0,
    vector_weight: Annotated[
        float,
        Opt(
            "--vector-weight",
            help="Weight of the distance from the teacher's token vectors",
        ),
    ] = 0.0,
    pointer_weight: Annotated[
        float,
        Opt(
            "--pointer-weight",
            help="Weight of the distance from the teacher's queries and keys",
        ),
    ] = 0.0,
    temperature: Annotated[
        Optional[float],
        Opt(
            "--temperature",
            help="Temperature of the teachers' probabilities; by default that of each "
            "teacher",
            show_default=False,
        ),
    ] = None,
    raw_share: Annotated[
        float,
        Opt(
            "--raw-share",
            help="Fraction of the words that are raw text, next to annotated text",
        ),
    ] = 0.5,
    chunk_size: Annotated[
        int,
        Opt(
            "--chunk-size",
            help="Highest number of tokens in a chunk of raw text; 0 for that of the "
            "training corpus, or 256",
        ),
    ] = 0,
    resume: Resume = False,
    force: Force = False,
    code_path: Code = None,
    verbose: Verbose = False,
    use_gpu: UseGpu = -1,
) -> None:
    """Train a small pipeline with the probabilities of larger ones as targets.

    The student is described by a training config. It learns from annotated texts, from
    raw texts, or from both; evaluation needs annotated ones. Settings of the config can
    be overridden as in `spacy train`: --training.max_steps 1000. After an interruption,
    run the same command with --resume.
    """
    # These modules import torch.
    from ..distillation.distill import distill
    from ..distillation.settings import DistillSettings
    from ..training.resumable.output_folder import OutputFolder

    config = read_config(ctx, config_path, code_path, verbose)
    settings = DistillSettings(
        component=component,
        gold_weight=gold_weight,
        teacher_weight=teacher_weight,
        vector_weight=vector_weight,
        pointer_weight=pointer_weight,
        temperature=temperature,
        raw_share=raw_share,
        chunk_size=chunk_size,
    )
    setup_gpu(use_gpu)
    with (
        interruptible(OutputFolder(output)),
        reported_codes(),
        show_validation_error(hint_fill=False),
    ):
        last = distill(
            [teacher, *(more_teachers or [])],
            config,
            output,
            settings,
            texts=texts or [],
            code=code_path,
            use_gpu=use_gpu,
            resume=resume,
            force=force,
            say=msg.info,
            warn=msg.warn,
            stdout=sys.stdout,
            stderr=sys.stderr,
        )
    msg.good("Saved pipeline to output directory", last)
