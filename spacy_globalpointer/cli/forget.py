"""`spacy global-pointer forget`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

from spacy.cli._util import Arg, Opt

from ..wording import number_of
from ._util import AS_BEFORE, load_pipeline, reported_errors
from .memory_tables import COPY_HELP, MEMORY_OF, PIPELINE_HELP, print_memory
from .terminal import msg


def forget_cli(
    model: Annotated[Path, Arg(help=PIPELINE_HELP, exists=True, file_okay=False)],
    label: Annotated[
        Optional[str], Opt("--label", "-l", help="Forget entries with this label")
    ] = None,
    source: Annotated[
        Optional[str],
        Opt("--source", "-s", help="Forget entries from this source, such as a file"),
    ] = None,
    everything: Annotated[
        bool, Opt("--all", "-a", help="Forget everything; not with other conditions")
    ] = False,
    output: Annotated[Optional[Path], Opt("--output", "-o", help=COPY_HELP)] = None,
    component: Annotated[
        str, Opt("--component", "-c", help=MEMORY_OF)
    ] = "global_pointer",
) -> None:
    """Remove entries from the memory of a saved pipeline, with their texts.

    With --label and --source, only entries with both are removed.
    """
    # They import torch.
    from ..evaluation.predictions import find_component
    from ..tuning.saved_memory import open_pipeline, write_memory

    with reported_errors(AS_BEFORE):
        with open_pipeline(model, component, output):
            pipe = find_component(load_pipeline(model), component)
            n = pipe.forget(label=label, source=source, everything=everything)
            path = write_memory(model, component, pipe, output=output)
        print_memory(pipe)
    msg.good(f"Forgot {number_of(n, 'entry', 'entries')}", path)
