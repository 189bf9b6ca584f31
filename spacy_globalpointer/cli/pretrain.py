"""`spacy global-pointer pretrain`."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Callable, Dict, Iterator, List, Optional

from spacy.cli._util import Arg, Opt
from tqdm import tqdm

from ..errors import Errors
from ._util import ENCODER_HELP, INTERRUPTED, TEXTS_HELP, reported_errors
from .terminal import msg

_STOPPED = "Stopped by Ctrl-C. To continue, run the same command with --resume"
_STOPPED_AT_ONCE = _STOPPED + ". It starts from the last checkpoint, if there is one"
_COLUMNS = {
    "step": ("step", "{:,}"),
    "words": ("words", "{:,}"),
    "generator_loss": ("generator loss", "{:.3f}"),
    "generator_accuracy": ("accuracy", "{:.1%}"),
    "replaced": ("replaced", "{:.1%}"),
    "detector_loss": ("detector loss", "{:.4f}"),
    "trivial_loss": ("trivial", "{:.4f}"),
    "f1": ("F1", "{:.1%}"),
    "auc": ("AUC", "{:.1%}"),
}


class GeneratorKind(str, Enum):
    """Kinds of generators."""

    copy = "copy"
    small = "small"


def pretrain_cli(
    encoder: Annotated[str, Arg(help=ENCODER_HELP)],
    texts: Annotated[List[Path], Arg(help=f"Raw texts: {TEXTS_HELP}", exists=True)],
    output: Annotated[
        Path, Arg(help="Folder for the encoder; it must not exist", file_okay=False)
    ],
    steps: Annotated[int, Opt("--steps", "-n", help="Number of updates")] = 2000,
    batch_size: Annotated[
        int, Opt("--batch-size", "-b", help="Sequences of full length in each update")
    ] = 32,
    length: Annotated[
        int,
        Opt("--length", "-l", help="Word pieces per sequence, including special ones"),
    ] = 128,
    learn_rate: Annotated[
        float, Opt("--learn-rate", "-lr", help="Highest learning rate of the encoder")
    ] = 5e-5,
    new_learn_rate: Annotated[
        float,
        Opt(
            "--new-learn-rate",
            help="Highest learning rate of the generator and the head",
        ),
    ] = 5e-4,
    mask: Annotated[
        float, Opt("--mask", help="Fraction of the word pieces to mask")
    ] = 0.15,
    whole_words: Annotated[
        bool,
        Opt("--whole-words/--pieces", help="Mask whole words or single word pieces"),
    ] = False,
    generator: Annotated[
        GeneratorKind,
        Opt(
            "--generator",
            help="Generator of the replacements: a copy of the encoder's first layers, "
            "or a small transformer with random weights",
        ),
    ] = GeneratorKind.copy,
    generator_layers: Annotated[
        Optional[int],
        Opt(
            "--generator-layers",
            help="Layers of the generator; by default, a copy has a third of the "
            "encoder's layers and a small generator has as many as the encoder",
            show_default=False,
        ),
    ] = None,
    shared_gradient: Annotated[
        bool,
        Opt(
            "--shared-gradient/--detector-gradient",
            help="Train the embeddings with the losses of both generator and detector, "
            "or with that of the detector only",
        ),
    ] = False,
    seed: Annotated[int, Opt("--seed", help="Random seed")] = 0,
    gpu_id: Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
    checkpoint_every: Annotated[
        int,
        Opt(
            "--checkpoint-every",
            min=1,
            help="Steps between two checkpoints; metrics are printed at each one",
        ),
    ] = 500,
    resume: Annotated[
        bool,
        Opt(
            "--resume",
            "-r",
            help="Continue an interrupted run, or begin if there is none",
        ),
    ] = False,
    force: Annotated[
        bool,
        Opt(
            "--force", help="Replace an encoder or a run that this command wrote before"
        ),
    ] = False,
) -> None:
    """Adapt an encoder to the texts of a domain, without annotations.

    The encoder learns to detect words that a generator has replaced (Clark et al.
    2020). About 1 % of the texts are held out to compute metrics, which are printed
    at the beginning and at each checkpoint.
    """
    from ..pretraining.pretrain import pretrain  # imports torch
    from ..pretraining.settings import PretrainSettings

    settings = PretrainSettings(
        steps=steps,
        batch_size=batch_size,
        length=length,
        learn_rate=learn_rate,
        new_learn_rate=new_learn_rate,
        mask=mask,
        whole_words=whole_words,
        generator=generator.value,
        generator_layers=generator_layers,
        shared_gradient=shared_gradient,
        seed=seed,
    )
    with reported_errors(_STOPPED_AT_ONCE), _stopped_by_ctrl_c() as should_stop:
        finished = pretrain(
            encoder,
            texts,
            output,
            settings,
            device=_device(gpu_id),
            checkpoint_every=checkpoint_every,
            resume=resume,
            force=force,
            report=_make_report(),
            say=msg.info,
            should_stop=should_stop,
        )
    if not finished:
        msg.warn(_STOPPED, exits=INTERRUPTED)
    msg.good("The encoder is complete", output)


def _device(gpu_id: int) -> Any:
    import torch

    n_gpus = torch.cuda.device_count()
    if gpu_id >= n_gpus:
        rule = f"-1 for the CPU, or one of the {n_gpus} GPUs that torch finds, from 0"
        raise ValueError(Errors.GP208.format(name="--gpu-id", value=gpu_id, rule=rule))
    return torch.device("cpu" if gpu_id < 0 else f"cuda:{gpu_id}")


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C was pressed. The second time Ctrl-C
    ends the program as usual. If the shell ignores it, as for jobs in the background,
    it stays ignored."""
    pressed: List[int] = []

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)
        tqdm.write("Writing a checkpoint. Press Ctrl-C again to stop without it.")

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def _make_report() -> Callable[[Dict[str, Any]], None]:
    """Return a function that prints metrics as the next row of a table, the first one
    below a header."""
    widths = [max(len(title), 8) for title, _ in _COLUMNS.values()]
    rows: List[str] = []

    def report(figures: Dict[str, Any]) -> None:
        cells = [form.format(figures[key]) for key, (_, form) in _COLUMNS.items()]
        lines = [cells] if rows else [[title for title, _ in _COLUMNS.values()], cells]
        for line in lines:
            rows.append("  ".join(cell.rjust(n) for cell, n in zip(line, widths)))
            tqdm.write(rows[-1])

    return report
