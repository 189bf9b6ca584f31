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
#: Keys by which the file of numbers is known.
NUMBERS = {"settings", "all", "labels", "calibration"}


def evaluate_cli(
    model: Annotated[
        str, Arg(help="Pipeline to load: a folder or the name of a package")
    ],
    data: Annotated[
        Path, Arg(help=".spacy file (or a folder of them) with gold spans", exists=True)
    ],
    output: Annotated[
        Path, Opt("--output", "-o", help="HTML page to write", dir_okay=False)
    ],
    metrics: Annotated[
        Optional[Path],
        Opt("--metrics", "-m", help="JSON file for the numbers", dir_okay=False),
    ] = None,
    component: Annotated[
        str, Opt("--component", "-c", help="Name of the component")
    ] = "global_pointer",
    worst: Annotated[
        int, Opt("--worst", "-w", min=0, help="Documents with mistakes to show")
    ] = 5,
    title: Annotated[
        Optional[str], Opt("--title", "-t", help="Title of the page")
    ] = None,
    use_gpu: Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Score a pipeline on a corpus, and write a report as one HTML page.

    A page or a file of numbers that is there is replaced, and no other file. The page
    has scores by label, length, nesting and distance to a seam of windows,
    what is confused with what, precision and recall at all thresholds, how far the
    probabilities can be trusted, and the documents with the most mistakes. It needs
    no network.
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
    """Check that there is a pipeline.

    model (str): Its folder, or the name of a package.
    RAISES (ValueError): GP141 for a file or a folder of something else.
    """
    path = Path(model)
    if not is_package(model) and path.exists() and not (path / CONFIG).is_file():
        raise ValueError(Errors.GP141.format(path=model))


def print_not_run(nlp: Language, component: str) -> None:
    """Name the components whose work the scores do not show.

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
