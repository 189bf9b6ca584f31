"""Characters per second of pipelines that differ in the head alone, in training and in
prediction.

    python benchmarks/speed/heads.py RUNS

RUNS is the output folder of benchmarks/accuracy/cmeee.py, with ner. Of each system the
configuration is trained for some updates on the same batches of the dev sentences, and
the pipeline that is best on them predicts the test sentences, from text. The systems
take turns, and the median of each one's times counts. RUNS/heads.md is the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from operator import truediv
from pathlib import Path
from typing import Dict, List

import spacy
from spacy.training import Corpus
from spacy.util import load_config
from updates import update_in_turns

BASE = "ner"
#: Documents that are predicted together.
BATCH_SIZE = 64


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    best = find_best(args.runs)
    training = train(args.runs, list(best), args.updates)
    prediction = predict(args.runs, best, args.turns)
    table = make_table(training, prediction)
    (args.runs / "heads.md").write_text(table, encoding="utf-8")
    print(table)


def find_best(runs: Path) -> Dict[str, Path]:
    """The best pipeline on dev of each system."""
    done = [(json.loads(p.read_text("utf-8")), p) for p in runs.glob("*/run.json")]
    best = {}
    for run, path in sorted(done, key=lambda pair: pair[0]["dev"]):
        best[run["system"]] = path.parent / "model-best"
    return best


def train(runs: Path, systems: List[str], updates: int) -> Dict[str, float]:
    """Characters per second of updates, the optimizer's part included."""
    configs = {system: load_config(runs / f"{system}.cfg") for system in systems}
    dev = str(runs / "corpus/dev.spacy")
    for config in configs.values():
        config["paths"].update({"train": dev, "dev": dev})
    return {
        system: statistics.median(map(truediv, own.tokens, own.seconds))
        for system, own in update_in_turns(configs, updates).items()
    }


def predict(runs: Path, best: Dict[str, Path], turns: int) -> Dict[str, float]:
    """Characters per second of the pipelines, from text to spans."""
    blank = spacy.blank("zh")
    test = [eg.reference for eg in Corpus(runs / "corpus/test.spacy")(blank)]
    texts, characters = [doc.text for doc in test], sum(map(len, test))
    pipelines = {system: spacy.load(path) for system, path in best.items()}
    speeds: Dict[str, List[float]] = {system: [] for system in best}
    for turn in range(turns + 1):
        for system, nlp in pipelines.items():
            start = time.perf_counter()
            for _ in nlp.pipe(texts, batch_size=BATCH_SIZE):
                pass
            seconds = time.perf_counter() - start
            if turn:
                speeds[system].append(characters / seconds)
    return {system: statistics.median(own) for system, own in speeds.items()}


def make_table(training: Dict[str, float], prediction: Dict[str, float]) -> str:
    head = ["system", "training, characters/s", f"× {BASE}"]
    head += ["prediction, characters/s", f"× {BASE}"]
    lines = [head, ["---"] * len(head)]
    for system in training:
        row = [system]
        for speeds in (training, prediction):
            speed = speeds[system]
            row += [f"{speed:,.0f}", f"{speed / speeds[BASE]:.2f}"]
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
