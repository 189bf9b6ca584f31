"""Thresholds chosen on dev documents, and what they give on test documents.

    python benchmarks/thresholds/run.py PIPELINE CORPUS

PIPELINE is a trained pipeline, such as OUTPUT/litbank/global_pointer-2e-4-0/model-best
of benchmarks/accuracy/compare.py, and CORPUS a folder with dev.spacy and test.spacy,
such as OUTPUT/litbank/corpus. Compared are the threshold 0.5, that of `spacy
find-threshold` with its 11 trials, and what `spacy global-pointer tune` finds: the best
single threshold and one for each label. Each is scored by spaCy's `nlp.evaluate`, on
the pipeline loaded with it; seconds are those of finding it. The calibration error is
that of the candidates from a probability of 0.05 on, with the temperature fitted on the
dev documents, and with 0.5, which is the author's σ(2 · score). Tables are printed in
Markdown.
"""

from __future__ import annotations

import argparse
import io
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Dict, List, Tuple

import spacy
from spacy.cli.find_threshold import find_threshold
from spacy.training import Corpus

from spacy_globalpointer.evaluation.calibration import expected_calibration_error
from spacy_globalpointer.evaluation.predictions import LOWEST, predict_candidates
from spacy_globalpointer.tuning.candidates import Candidates, collect
from spacy_globalpointer.tuning.tune import Tuning, tune

NAME = "global_pointer"
SPLITS = ("dev", "test")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--min-gold", type=int, default=20)
    args = parser.parse_args()
    seconds, tuning = timed_tuning(args.pipeline, args.corpus, args.min_gold)
    peer_seconds, peer = timed_peer(args.pipeline, args.corpus)
    rows = [
        ("0.5", {"threshold": 0.5}, None),
        ("`spacy find-threshold`", {"threshold": peer}, peer_seconds),
        ("`tune`, one threshold", {"threshold": tuning.single.threshold}, seconds),
        ("`tune`, per label", settings(tuning), seconds),
    ]
    print_scores(args.pipeline, args.corpus, rows)
    print_calibration(args.pipeline, args.corpus, tuning)


def timed_tuning(pipeline: Path, corpus: Path, min_gold: int) -> Tuple[float, Tuning]:
    """RETURNS: Seconds for prediction and search, and what was found."""
    nlp = spacy.load(pipeline)
    start = time.perf_counter()
    candidates = predict(nlp, corpus / "dev.spacy")
    tuning = tune(candidates, nlp.get_pipe(NAME), min_gold=min_gold)
    return time.perf_counter() - start, tuning


def predict(nlp: Any, path: Path) -> Candidates:
    predicted = predict_candidates(nlp, path, lowest=LOWEST, document_memory=0.0)
    return collect(predicted, nlp.get_pipe(NAME), LOWEST)


def timed_peer(pipeline: Path, corpus: Path) -> Tuple[float, float]:
    """RETURNS: Seconds, and the threshold that spaCy's command finds."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        best, _, _ = find_threshold(
            pipeline, corpus / "dev.spacy", NAME, "threshold", "spans_sc_f"
        )
    return time.perf_counter() - start, float(best)


def settings(tuning: Tuning) -> Dict[str, Any]:
    return {
        "threshold": tuning.best.threshold,
        "thresholds": tuning.best.thresholds,
    }


def print_scores(pipeline: Path, corpus: Path, rows: List[Tuple]) -> None:
    print("| | thresholds | dev F1 | test P | test R | test F1 | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, chosen, seconds in rows:
        dev, test = (
            evaluate(pipeline, corpus / f"{split}.spacy", chosen) for split in SPLITS
        )
        numbers = [dev["spans_sc_f"], *(test[f"spans_sc_{x}"] for x in "prf")]
        cells = [f"{100 * number:.2f}" for number in numbers]
        shown = [f"{chosen['threshold']:.4g}"]
        shown += [f"{k} {v:.4g}" for k, v in chosen.get("thresholds", {}).items()]
        took = "" if seconds is None else f"{seconds:.0f}"
        print(f"| {' | '.join([name, ', '.join(shown), *cells, took])} |", flush=True)


def evaluate(pipeline: Path, path: Path, chosen: Dict[str, Any]) -> Dict[str, Any]:
    """The scores of the pipeline, loaded with other settings."""
    nlp = spacy.load(pipeline, config={"components": {NAME: chosen}})
    return nlp.evaluate(list(Corpus(path)(nlp)))


def print_calibration(pipeline: Path, corpus: Path, tuning: Tuning) -> None:
    """The error before and after, on both splits, with the temperature of dev."""
    nlp = spacy.load(pipeline)
    fitted = tune(tuning.before, nlp.get_pipe(NAME), per_label=False, temperature=True)
    temperature = fitted.after.temperature
    temperatures = (0.5, 1.0, temperature)
    names = " | ".join(f"T = {one}" for one in temperatures)
    print(f"\n| calibration error, % | {names} |")
    print("| --- | --- | --- | --- |")
    for split in SPLITS:
        spans = predict(nlp, corpus / f"{split}.spacy")
        errors = [
            expected_calibration_error(one.scores, one.right)
            for one in map(spans.at_temperature, temperatures)
        ]
        print(f"| {split} | {' | '.join(f'{100 * e:.2f}' for e in errors)} |")


if __name__ == "__main__":
    main()
