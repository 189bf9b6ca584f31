"""`spacy global-pointer memory`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt, setup_gpu

from ..wording import number_of
from ._util import AS_BEFORE, load_pipeline, reported_errors
from .memory_tables import MEMORY_OF, PIPELINE_HELP, print_memory
from .terminal import msg


def memory_cli(
    model: Annotated[Path, Arg(help=PIPELINE_HELP, exists=True, file_okay=False)],
    component: Annotated[
        str, Opt("--component", "-c", help=MEMORY_OF)
    ] = "global_pointer",
    refresh: Annotated[
        bool,
        Opt(
            "--refresh",
            "-r",
            help="Read all remembered texts again with the present weights, and save",
        ),
    ] = False,
    gpu_id: Annotated[
        int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU, for --refresh")
    ] = -1,
) -> None:
    """Show what the memory of a saved pipeline contains: labels, sources, and the
    number of entries of each. After a training, --refresh makes it fit the new weights.
    """
    if refresh:
        setup_gpu(gpu_id, silent=False)
    # They import torch.
    from ..evaluation.predictions import find_component
    from ..tuning.saved_memory import (
        is_outdated,
        open_pipeline,
        restore_memory,
        write_memory,
    )
    from ..tuning.write_settings import check_folders

    with reported_errors(AS_BEFORE):
        if not refresh:
            check_folders(model, None)
            restore_memory(model, component)
            nlp = load_pipeline(model)
            pipe = find_component(nlp, component)
            print_memory(pipe)
            if is_outdated(nlp, pipe):
                msg.warn(
                    "The weights have changed since the memory was made, so the "
                    "pipeline cannot be used with it. Run this command with --refresh."
                )
            return
        with open_pipeline(model, component):
            nlp = load_pipeline(model)  # the component only refers to it weakly
            pipe = find_component(nlp, component)
            n = pipe.refresh_memory()
            write_memory(model, component, pipe)
        print_memory(pipe)
    if n:
        msg.good(f"Read the texts of {number_of(n, 'entry', 'entries')} again", model)
