"""`spacy global-pointer tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Dict, List, Optional, Tuple

from spacy.cli._util import Arg, Opt, setup_gpu

from ..errors import Errors, Warnings
from ..pipeline.settings import can_be_key
from ..wording import list_of, number_of
from ._util import (
    AS_BEFORE,
    explain_dashes,
    format_share,
    load_pipeline,
    print_table,
    reported_errors,
)
from .terminal import msg

# This module imports torch, which spaCy's command line need not load.
if TYPE_CHECKING:
    from ..tuning.tune import Score, Tuning


def tune_cli(
    model: Annotated[
        Path, Arg(help="Folder of a trained pipeline", exists=True, file_okay=False)
    ],
    data: Annotated[
        Path, Arg(help="Documents with gold spans, such as dev.spacy", exists=True)
    ],
    component: Annotated[
        str, Opt("--component", "-c", help="Name of the global_pointer to tune")
    ] = "global_pointer",
    output: Annotated[
        Optional[Path],
        Opt(
            "--output",
            "-o",
            help="Write a tuned copy to this folder, which must not exist, and leave "
            "the pipeline unchanged",
        ),
    ] = None,
    per_label: Annotated[
        bool,
        Opt(
            "--per-label/--overall-only",
            help="Choose a threshold for each label, or one for all",
        ),
    ] = True,
    temperature: Annotated[
        bool,
        Opt("--temperature", "-t", help="Also fit a temperature for the probabilities"),
    ] = False,
    document_memory: Annotated[
        bool,
        Opt(
            "--document-memory",
            "-m",
            help="Also choose how sure spans revise doubtful spans of the same words",
        ),
    ] = False,
    memory: Annotated[
        bool,
        Opt(
            "--memory",
            "-M",
            help="Also choose how what the pipeline remembers is weighted. What it "
            "remembers of a document itself does not count",
        ),
    ] = False,
    min_gold: Annotated[
        int,
        Opt(
            "--min-gold",
            min=1,
            help="Labels with fewer gold spans get the common threshold; if all labels "
            "together have fewer, nothing is written",
        ),
    ] = 20,
    beta: Annotated[
        float, Opt("--beta", help="Weight of recall: 1.0 is F1, 2.0 is F2")
    ] = 1.0,
    lowest: Annotated[
        float,
        Opt(
            "--lowest",
            help="Lowest probability of the spans to consider, at temperature 1.0",
        ),
    ] = 0.05,
    gpu_id: Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
    dry_run: Annotated[
        bool, Opt("--dry-run", "-n", help="Show the thresholds without writing them")
    ] = False,
) -> None:
    """Find the best thresholds on documents with gold spans, in one pass, and write
    them to the pipeline's config.

    Tune on the development documents: scores on the documents that thresholds were
    chosen on are higher than on others. With fewer gold spans than --min-gold, nothing
    is written and the exit status is 1.
    """
    setup_gpu(gpu_id, silent=False)
    from ..tuning.write_settings import check_folders, write_settings

    with reported_errors(AS_BEFORE):
        check_folders(model, output)
        tuning = find_thresholds(
            model,
            data,
            component,
            lowest=lowest,
            memory=memory,
            options={
                **{"per_label": per_label, "temperature": temperature},
                **{"document_memory": document_memory},
                **{"min_gold": min_gold, "beta": beta},
            },
        )
        print_scores(tuning, per_label=per_label)
        print_labels(tuning)
        print_points(tuning)
        print_calibration(tuning)
        if document_memory:
            print_document_memory(tuning)
        if memory:
            print_mentions(tuning)
        print_notes(tuning, component)
        if dry_run:
            msg.info("Nothing was written (--dry-run)")
            return
        check_enough_gold(tuning)
        path = write_settings(model, component, tuning.settings, output=output)
    msg.good(f"Wrote {', '.join(tuning.settings)} of '{component}'", path)


def find_thresholds(
    model: Path,
    data: Path,
    component: str,
    *,
    lowest: float,
    memory: bool,
    options: Dict[str, Any],
) -> Tuning:
    """Load a pipeline, predict the documents once and tune its component.

    model (Path): Folder of the pipeline.
    data (Path): The documents.
    component (str): Name of the component.
    lowest (float): Lowest probability of the spans to consider, at temperature 1.0. The
        spans are the same at every temperature.
    memory (bool): Whether to choose settings of the memory of spans.
    options (Dict[str, Any]): Options of `tuning.tune.tune`.
    RETURNS (Tuning): The results.
    """
    from ..evaluation.predictions import find_component, floor_at, predict_candidates
    from ..pipeline.revision import document_memory_of
    from ..tuning.candidates import collect
    from ..tuning.choice import Chooser, Thresholds, kept_thresholds
    from ..tuning.mention_memory_choice import (
        at_present,
        choose_mention_memory,
        collecting,
    )
    from ..tuning.tune import tune

    nlp = load_pipeline(model)
    pipe = find_component(nlp, component)
    if memory and not len(pipe.memory):
        raise ValueError(Errors.GP144.format(name=component))
    document = document_memory_of(pipe.cfg)
    floor = floor_at(pipe.cfg["temperature"], lowest)
    if document.weight:
        floor = min(floor, document.band[0])
    collected = {"lowest": floor, "document_memory": 0.0}
    options_of = collecting(pipe, floor) if memory else collected
    predicted = predict_candidates(
        nlp, data, component=component, progress="Predicting", **options_of
    )
    if not memory:
        return tune(collect(predicted, pipe, floor), pipe, **options)
    present = at_present(predicted, pipe, floor)
    thresholds = Thresholds(pipe.cfg["threshold"], pipe.cfg["thresholds"])
    kept = kept_thresholds(present, thresholds)
    chooser = Chooser(pipe.cfg["overlap"], options["min_gold"], options["beta"], kept)
    mentions = choose_mention_memory(predicted, pipe, floor, chooser)
    return tune(present, pipe, mentions=mentions, **options)


def print_scores(tuning: Tuning, *, per_label: bool) -> None:
    """Print the scores over all spans.

    tuning (Tuning): The results.
    per_label (bool): Whether thresholds of single labels were chosen.
    """
    kinds = {
        "Thresholds so far": tuning.present,
        f"Best single: {tuning.single.threshold}": tuning.single,
    }
    if per_label:
        kinds["Best per label"] = tuning.best
    rows = []
    for name, chosen in kinds.items():
        left_out = tuning.left_out(chosen)
        expected = f"{100 * left_out.f:.1f}" if left_out else ""
        rows.append((name, *_numbers(tuning.score(chosen)), expected))
    f_name = _f_name(tuning)
    columns = ["P", "R", f_name, f"{f_name} cross-validated"]
    print_table("All spans", columns, rows)
    msg.text(
        "Cross-validated: each document is scored with the thresholds that are best on "
        "others. New documents give scores closer to these."
    )


def print_labels(tuning: Tuning) -> None:
    """Print the threshold and the scores of each label.

    tuning (Tuning): The results.
    """
    before = tuning.label_scores(tuning.present)
    rows: List[Tuple] = []
    for label, score in tuning.label_scores(tuning.best).items():
        f_before = _numbers(before[label])[2]
        threshold = f"{tuning.best.of(label)}"
        rows.append((label, threshold, *_numbers(score), f_before, score.gold))
    f_name = _f_name(tuning)
    columns = ["Threshold", "P", "R", f_name, f"{f_name} so far", "Gold"]
    print_table("Labels", columns, rows)
    explain_dashes(rows)


def print_points(tuning: Tuning) -> None:
    """Print precision and recall at single thresholds.

    tuning (Tuning): The results.
    """
    points = tuning.operating_points()
    rows = [(str(point), *_numbers(score)) for point, score in points]
    print_table("Threshold", ["P", "R", _f_name(tuning)], rows)
    explain_dashes(rows)


def print_calibration(tuning: Tuning) -> None:
    """Print the calibration errors of the probabilities.

    tuning (Tuning): The results.
    """
    temperatures = [tuning.before.temperature, tuning.after.temperature]
    errors = [f"{100 * error:.2f}" for error in tuning.calibration_errors()]
    rows = [(str(t), error) for t, error in zip(temperatures, errors)]
    if temperatures[0] == temperatures[1]:
        rows = rows[:1]
    print_table("Temperature", ["Calibration error, %"], rows)


def print_document_memory(tuning: Tuning) -> None:
    """Print the document memory that was chosen.

    tuning (Tuning): The results.
    """
    memory = tuning.after.memory
    low, high = memory.band
    if not memory.weight:
        msg.info("No document memory gains on documents that it was not chosen on")
    else:
        msg.info(
            f"Document memory: spans with a probability from {low} to {high} are "
            "revised by spans of the same words from "
            f"{high} on, with a weight of up to {memory.weight}. It was chosen on all "
            "documents, also for the cross-validated scores."
        )


def print_mentions(tuning: Tuning) -> None:
    """Print the settings of the memory of spans that were chosen.

    tuning (Tuning): The results.
    """
    changed = ", ".join(f"{name} = {x}" for name, x in tuning.mentions.items())
    if changed:
        msg.info(f"Memory of spans: {changed}")
    else:
        msg.info("No other settings of the memory of spans gain")


def print_notes(tuning: Tuning, component: str) -> None:
    """Print warnings and hints about the results.

    tuning (Tuning): The results.
    component (str): Name of the component.
    """
    if tuning.has_few_gold:
        gold = number_of(tuning.before.n_gold, "gold span")
        documents = number_of(len(tuning.before.gold), "document")
        msg.warn(Warnings.GPW015.format(gold=gold, documents=documents))
    expected = tuning.left_out(tuning.best)
    if not tuning.gains:
        msg.info("No thresholds are better than the present ones, which are kept")
    elif expected and expected.f < tuning.score(tuning.present).f:
        msg.warn(
            "On documents that they were not chosen on, the new thresholds do worse "
            "than the present ones (cross-validated). Tune on more documents, choose "
            "one threshold (--overall-only), or write nothing (--dry-run)."
        )
    elif tuning.single_expects_more:
        msg.info(
            "On documents that they were not chosen on, one threshold for all labels "
            "does better (cross-validated). To choose one, pass --overall-only"
        )
    lowest = tuning.before.lowest
    present = {"threshold": tuning.present.threshold, **tuning.present.thresholds}
    below = {name: value for name, value in present.items() if value < lowest}
    if below:
        fields = {"thresholds": below, "name": component, "lowest": f"{lowest:.4g}"}
        msg.warn(Warnings.GPW012.format(**fields))
    memory, least = tuning.after.memory, tuning.after.lowest
    if memory.weight and memory.band[0] < least:
        msg.warn(
            f"At the temperature {tuning.after.temperature}, spans with a probability "
            f"from {memory.band[0]} to {least:.4g} were not considered, although the "
            "document memory can revise them. Choose the memory again "
            "(--document-memory), or pass a lower --lowest."
        )
    before, after = tuning.calibration_errors()
    if after > before:
        msg.warn(
            f"The temperature {tuning.after.temperature} raises the calibration error, "
            "although it fits the probabilities best. There are too few spans to fit "
            "one. Leave out --temperature."
        )
    if tuning.keeps_all:
        lowest = tuning.after.lowest
        msg.warn(Warnings.GPW013.format(name=component, lowest=f"{lowest:.4g}"))
    if tuning.chooser.kept:
        names = list_of([*tuning.chooser.kept])
        msg.info(
            f"These labels keep their thresholds, because the documents have no gold "
            f"span of them: {names}"
        )
    no_keys = [x for x in tuning.after.label_names if not can_be_key(x)]
    if no_keys:
        names = ", ".join(map(repr, no_keys))
        msg.info(
            f"These labels get the common threshold, because they cannot be keys in a "
            f"config: {names}"
        )


def check_enough_gold(tuning: Tuning) -> None:
    """Check that the thresholds can be written.

    tuning (Tuning): The results.
    RAISES (ValueError): GP139 if they were chosen on fewer gold spans than --min-gold.
    """
    if tuning.has_few_gold:
        n_gold, least = tuning.before.n_gold, tuning.chooser.min_gold
        gold = number_of(n_gold, "gold span")
        raise ValueError(Errors.GP139.format(gold=gold, least=least, n=n_gold))


def _numbers(score: Score) -> Tuple[str, str, str]:
    """Return precision, recall and F-score in percent, with a dash if one is not
    defined."""
    return (
        format_share(score.p if score.found else None),
        format_share(score.r if score.gold else None),
        format_share(score.f if score.found + score.gold else None),
    )


def _f_name(tuning: Tuning) -> str:
    return f"F{tuning.chooser.beta:g}"
