"""`spacy global-pointer evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

from spacy.cli._util import Arg, Opt, setup_gpu
from spacy.language import Language
from spacy.util import is_package

from ..errors import Errors, Warnings
from ._util import (
    AS_BEFORE,
    check_numbers,
    check_page,
    explain_dashes,
    format_share,
    load_pipeline,
    print_table,
    reported_errors,
    write_text,
)
from .terminal import msg

if TYPE_CHECKING:
    from ..evaluation.evaluate import Report

CONFIG = "config.cfg"
#: Keys by which a JSON file of this command is recognised.
NUMBERS = {"settings", "all", "labels", "calibration"}


def evaluate_cli(
    model: Annotated[
        str, Arg(help="Pipeline to load: a folder or the name of a package")
    ],
    data: Annotated[
        Path, Arg(help=".spacy file (or a folder of them) with gold spans", exists=True)
    ],
    output: Annotated[
        Path, Opt("--output", "-o", help="HTML file to write", dir_okay=False)
    ],
    metrics: Annotated[
        Optional[Path],
        Opt(
            "--metrics",
            "-m",
            help="JSON file to write the scores and counts to",
            dir_okay=False,
        ),
    ] = None,
    component: Annotated[
        str, Opt("--component", "-c", help="Name of the component to evaluate")
    ] = "global_pointer",
    worst: Annotated[
        int,
        Opt("--worst", "-w", min=0, help="Number of documents with mistakes to show"),
    ] = 5,
    title: Annotated[
        Optional[str], Opt("--title", "-t", help="Title of the page")
    ] = None,
    use_gpu: Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Score a pipeline on a corpus, and write a report as one HTML page.

    The page shows scores by label, length, nesting, order of mention and distance to
    a seam of windows, and which labels are confused. It also shows precision and
    recall at all thresholds, the calibration of the probabilities, and the documents
    with the most mistakes. It needs no network. An earlier page or file of numbers is
    replaced; other files are not.
    """
    from ..evaluation.evaluate import evaluate
    from ..report.evaluation_page import make_page

    with reported_errors(AS_BEFORE):
        check_page(output)
        if metrics is not None:
            check_numbers(metrics, NUMBERS)
        setup_gpu(use_gpu, silent=False)
        check_pipeline(model)
        nlp = load_pipeline(model)
        report = evaluate(
            nlp, data, component=component, worst=worst, progress="Predicting"
        )
        write_text(make_page(report, title=title), output)
        if metrics is not None:
            numbers = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
            write_text(f"{numbers}\n", metrics)
    print_scores(report)
    print_not_run(nlp, component)
    left_out = report.settings["documents_not_annotated"]
    if left_out:
        total = left_out + report.settings["documents"]
        fields = {"n": left_out, "total": total, "key": report.settings["spans_key"]}
        msg.warn(Warnings.GPW014.format(**fields))
    msg.good("Saved the report", output)
    if metrics is not None:
        msg.good("Saved the numbers", metrics)


def check_pipeline(model: str) -> None:
    """Check that a path is a pipeline.

    model (str): Folder of the pipeline, or the name of a package.
    RAISES (ValueError): GP141 for a file, or for a folder without a pipeline.
    """
    path = Path(model)
    if not is_package(model) and path.exists() and not (path / CONFIG).is_file():
        raise ValueError(Errors.GP141.format(path=model))


def print_not_run(nlp: Language, component: str) -> None:
    """Print the components that were not run for the scores.

    nlp (Language): The pipeline.
    component (str): Name of the component that was evaluated.
    """
    behind = nlp.pipe_names[nlp.pipe_names.index(component) + 1 :]
    behind = [n for n in behind if nlp.get_pipe_meta(n).factory != "doc_cleaner"]
    if behind:
        names = ", ".join(behind)
        msg.info(
            f"Components after '{component}' were not run: {names}. If they change its "
            "spans, `spacy evaluate` gives other scores."
        )


def print_scores(report: Report) -> None:
    """Print the scores in total and by label.

    report (Report): The results.
    """
    from ..evaluation.breakdown import shares

    scores = [("all", report.total), *report.labels.items()]
    rows = [
        (name, *(format_share(share, digits=2) for share in shares(score)))
        for name, score in scores
    ]
    print_table("Spans", ["P", "R", "F"], rows)
    explain_dashes(rows)
