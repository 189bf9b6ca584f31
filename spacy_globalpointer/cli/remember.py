"""`spacy global-pointer remember`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, List, Optional

from spacy.cli._util import Arg, Opt, setup_gpu

from ..errors import Warnings
from ..wording import number_of
from ._util import AS_BEFORE, load_pipeline, reported_errors
from .memory_tables import COPY_HELP, MEMORY_OF, PIPELINE_HELP, print_memory
from .terminal import msg


def remember_cli(
    model: Annotated[Path, Arg(help=PIPELINE_HELP, exists=True, file_okay=False)],
    examples: Annotated[
        List[Path],
        Arg(
            help=".spacy files, or folders of them, with gold spans. If the memory is "
            "empty, the first file decides how spans are compared: name that with the "
            "most spans first",
            exists=True,
        ),
    ],
    output: Annotated[Optional[Path], Opt("--output", "-o", help=COPY_HELP)] = None,
    component: Annotated[
        str, Opt("--component", "-c", help=MEMORY_OF)
    ] = "global_pointer",
    source: Annotated[
        Optional[str],
        Opt(
            "--source",
            "-s",
            help="A name by which the entries can be forgotten; without it, the name "
            "of each file",
        ),
    ] = None,
    label: Annotated[
        Optional[List[str]],
        Opt(
            "--label",
            "-l",
            help="A label that every file annotates, in addition to those of its "
            "spans: other spans there then speak against it. Pass it once for each",
        ),
    ] = None,
    gpu_id: Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Add gold spans to the memory of a saved pipeline, without training. The pipeline
    then also predicts labels that only the memory knows.

    Annotate all spans of a text: other spans that the pipeline finds likely are
    remembered as spans without a label. The texts are saved with the pipeline.
    """
    setup_gpu(gpu_id, silent=False)
    # They import torch.
    from ..evaluation.predictions import find_component
    from ..tuning.saved_memory import open_pipeline, remember_files, write_memory

    with reported_errors(AS_BEFORE):
        with open_pipeline(model, component, output):
            nlp = load_pipeline(model)
            result = remember_files(
                *(nlp, examples),
                component=component,
                source=source,
                labels=label or (),
                progress="Reading",
            )
            pipe = find_component(nlp, component)
            path = write_memory(model, component, pipe, output=output)
        print_memory(pipe)
    if result.left_out:
        fields = {"n": result.left_out, "total": result.documents, "key": pipe.key}
        msg.warn(Warnings.GPW014.format(**fields))
    new = number_of(result.new, "new entry", "new entries")
    msg.good(f"Remembered {new} of {number_of(result.documents, 'document')}", path)
