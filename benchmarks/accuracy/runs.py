"""Training one system once, and keeping what was found in a folder, so that a benchmark
can be interrupted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy
from spacy.language import Language
from spacy.training import Corpus, Example
from thinc.api import Config

from spacy_globalpointer.evaluation.breakdown import score_by_document
from spacy_globalpointer.evaluation.matching import MatchedSpan, match_spans

PROJECT = Path(__file__).parents[2]
KEY = "sc"
BOOTSTRAP = 10_000
#: True positives, predicted spans and gold spans of a document.
Counts = Tuple[int, int, int]


def store_config(path: Path, config: Config, *, has_runs: bool) -> None:
    """Write a config. The script ends if the file has another one, of which there are
    runs."""
    text = config.to_str(interpolate=False)
    if has_runs and path.exists() and path.read_text("utf-8") != text:
        sys.exit(
            f"The settings differ from those in {path}, with which earlier runs were "
            "made. Take another output folder, or remove the earlier runs."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def train(
    folder: Path,
    config: Path,
    corpus: Path,
    settings: Dict[str, Any],
    about: Dict[str, Any],
) -> Dict[str, Any]:
    """Train one system once, in a folder. A training that was interrupted continues.

    settings (Dict[str, Any]): Overrides of the config, whose logger must be ours.
    about (Dict[str, Any]): What distinguishes this run from others.
    RETURNS (Dict[str, Any]): `about`, the dev F1, and the training's seconds,
        evaluations included. The script ends if the folder has another run.
    """

    def run() -> Dict[str, Any]:
        log = folder / "log.jsonl"
        paths: Dict[str, Any] = {
            f"paths.{x}": corpus / f"{x}.spacy" for x in ("train", "dev")
        }
        paths["training.logger.output_file"] = log
        options = [
            word
            for place, value in {**settings, **paths}.items()
            for word in (f"--{place}", value)
        ]
        command = ["global-pointer", "train", config, "--output", folder, "--resume"]
        spacy_cli(*command, *options)
        shutil.rmtree(folder / "model-last", ignore_errors=True)
        *_, last = log.read_text("utf-8").splitlines()
        meta = json.loads((folder / "model-best/meta.json").read_text("utf-8"))
        scores = meta["performance"]
        dev = scores["ents_f" if "ents_f" in scores else "spans_sc_f"] or 0.0
        return {**about, "dev": dev, "seconds": json.loads(last)["seconds"]}

    done = once(folder / "run.json", run)
    other = {key: done.get(key) for key in about if done.get(key) != about[key]}
    if other:
        sys.exit(f"{folder} has a run with {other}. Remove it, or take another folder.")
    return done


def once(path: Path, function: Callable[[], Any]) -> Any:
    """Return what a function returns, from a file if it has been called before."""
    if not path.exists():
        text = json.dumps(function())
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return json.loads(path.read_text(encoding="utf-8"))


def predict_and_match(
    nlp: Language, path: Path
) -> Tuple[List[Example], List[MatchedSpan]]:
    """Predict documents, and match their gold spans with those that were found.

    RETURNS (Tuple[List[Example], List[MatchedSpan]]): The documents and the spans.
    """
    examples = list(Corpus(path)(nlp))
    docs = nlp.pipe([example.predicted for example in examples])
    found = []
    for example, doc in zip(examples, docs):
        example.predicted = doc
        keys = [(x.label_, x.start_char, x.end_char) for x in doc.spans[KEY]]
        found.append(dict.fromkeys(keys))
    return examples, match_spans(examples, found, spans_key=KEY)


def count_by_document(
    spans: List[MatchedSpan], examples: List[Example]
) -> List[Counts]:
    """Count the matched spans of each document."""
    scores = score_by_document(spans)
    counts = []
    for index in range(len(examples)):
        own = scores.get(index)
        right, spurious, missed = (own.tp, own.fp, own.fn) if own else (0, 0, 0)
        counts.append((right, right + spurious, right + missed))
    return counts


def pool(runs: List[List[Counts]]) -> List[Counts]:
    """Sum the counts of each document over runs."""
    by_doc = zip(*runs)
    return [tuple(map(sum, zip(*counts))) for counts in by_doc]  # type: ignore[misc]


def bootstrap(ours: List[Counts], theirs: List[Counts]) -> Tuple[float, float]:
    """Return the 95 % interval of the difference in F1, over documents, paired."""
    draws, n = numpy.random.default_rng(0), len(ours)
    times = draws.multinomial(n, numpy.full(n, 1 / n), size=BOOTSTRAP)
    scores = []
    for counts in (ours, theirs):
        right, found, gold = (times @ numpy.array(counts)).T
        scores.append(2 * right / numpy.maximum(found + gold, 1))
    low, high = numpy.quantile(scores[0] - scores[1], [0.025, 0.975])
    return float(low), float(high)


def f_score(per_doc: List[Counts]) -> float:
    right, found, gold = (sum(column) for column in zip(*per_doc))
    return 2 * right / max(found + gold, 1)


def spacy_cli(*arguments: Any) -> None:
    """Run a command of spaCy. The script ends if it fails, with the command's error."""
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    if subprocess.run(command, cwd=PROJECT).returncode:
        sys.exit(f"`spacy {' '.join(map(str, arguments))}` failed.")
