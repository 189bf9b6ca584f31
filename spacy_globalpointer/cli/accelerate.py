"""`spacy global-pointer accelerate`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, List

from spacy.cli._util import Arg, Opt

from ..errors import Warnings
from ._util import (
    AS_BEFORE,
    NO_SHARE,
    TEXTS_HELP,
    format_share,
    load_pipeline,
    print_table,
    reported_errors,
)
from .terminal import msg

if TYPE_CHECKING:
    from ..acceleration.comparison import Comparison


class RunnerName(str, Enum):
    openvino = "openvino"
    onnx = "onnx"


class PrecisionName(str, Enum):
    f32 = "f32"
    bf16 = "bf16"
    int8_weights = "int8-weights"
    int8 = "int8"


def accelerate_cli(
    model: Annotated[
        Path, Arg(help="Folder of a trained pipeline", exists=True, file_okay=False)
    ],
    output: Annotated[
        Path,
        Arg(
            help="Folder for the accelerated pipeline; must not exist", file_okay=False
        ),
    ],
    sample: Annotated[
        List[Path],
        Opt(
            "--sample",
            "-s",
            help="Texts like those that the pipeline will read, but not of its "
            f"training: {TEXTS_HELP}. If .spacy files have gold spans, F1 is checked; "
            "may be repeated",
            exists=True,
        ),
    ],
    runner: Annotated[
        RunnerName, Opt("--runner", "-r", help="Library that computes the encoder")
    ] = RunnerName.openvino,
    precision: Annotated[
        PrecisionName,
        Opt("--precision", "-p", help="Precision of the encoder; onnx has only f32"),
    ] = PrecisionName.int8,
    max_drop: Annotated[
        float,
        Opt(
            "--max-drop",
            "-d",
            help="Points to lose at most: of F1 if the sample has gold spans, else of "
            "the spans that agree with torch's",
        ),
    ] = 0.5,
    component: Annotated[
        str, Opt("--component", "-c", help="Component whose spans are checked")
    ] = "global_pointer",
) -> None:
    """Make a pipeline faster on a CPU: OpenVINO or ONNX Runtime computes its encoder.

    The result is checked on a sample before it is written. It loads and packages like
    any other pipeline, but cannot be trained.
    """
    # They import torch.
    from ..acceleration.accelerate import accelerate, save
    from ..acceleration.sample import read_sample
    from ..tuning.write_settings import check_folders

    with reported_errors(AS_BEFORE):
        check_folders(model, output)
        nlp = load_pipeline(model)
        result = accelerate(
            nlp,
            read_sample(nlp, sample),
            component=component,
            runner=runner.value,
            precision=precision.value,
            max_drop=max_drop,
            report=_print_comparison,
            progress="Checking",
        )
        save(nlp, output)
    if not result.is_faster:
        fields = {"own": result.rows[-1].speed, "torch": result.fastest_torch}
        msg.warn(Warnings.GPW045.format(**fields))
    msg.good("Saved the accelerated pipeline", output)


def _print_comparison(comparison: Comparison) -> None:
    rows = [
        [
            row.name,
            NO_SHARE if row.f1 is None else format_share(row.f1, 2),
            format_share(row.agreement, 2),
            f"{row.largest:.3f}",
            f"{row.mean:.4f}",
            round(row.speed),
        ]
        for row in comparison.rows
    ]
    changes = ["largest change", "mean change"]
    print_table("Encoder", ["F1", "same spans %", *changes, "words/s"], rows)
    msg.text(
        f"{comparison.words:,} words. 'Same spans' compares with the "
        f"{comparison.spans:,} spans of torch fp32, and F1 with {comparison.gold:,} "
        f"gold spans in {comparison.annotated:,} documents. Changes are those of a "
        "span's probability against torch fp32."
    )
