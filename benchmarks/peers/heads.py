"""Characters per second of pipelines that differ in the head alone, in training and in
prediction.

    python benchmarks/peers/heads.py RUNS

RUNS is the output folder of cmeee.py, with ner. Of each system the configuration is
trained for some updates on the same batches of the dev sentences, and the pipeline that
is best on them predicts the test sentences, from text. The systems take turns, and the
median of each one's times counts. RUNS/heads.md is the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import spacy
from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.training.initialize import init_nlp
from spacy.util import fix_random_seed, load_config, registry

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
    pipelines = {system: build(runs, system) for system in systems}
    batches = {system: make_batches(nlp) for system, nlp in pipelines.items()}
    optimizers = {system: make_optimizer(nlp) for system, nlp in pipelines.items()}
    speeds: Dict[str, List[float]] = {system: [] for system in systems}
    for update in range(updates + 1):
        for system, nlp in pipelines.items():
            batch = next(batches[system])
            start = time.perf_counter()
            nlp.update(batch, sgd=False, drop=0.1, losses={})
            for _, component in nlp.pipeline:
                component.finish_update(optimizers[system])
            seconds = time.perf_counter() - start
            optimizers[system].step_schedules()
            if update:  # the first one warms up
                speeds[system].append(sum(len(eg.reference) for eg in batch) / seconds)
    return {system: statistics.median(own) for system, own in speeds.items()}


def build(runs: Path, system: str) -> Language:
    config = load_config(runs / f"{system}.cfg")
    dev = str(runs / "corpus/dev.spacy")
    config["paths"].update({"train": dev, "dev": dev})
    fix_random_seed(0)
    return init_nlp(config.interpolate())


def make_optimizer(nlp: Language) -> Any:
    config = {"optimizer": nlp.config["training"]["optimizer"]}
    return registry.resolve(config)["optimizer"]


def make_batches(nlp: Language) -> Iterator[List[Example]]:
    config = {
        "batcher": nlp.config["training"]["batcher"],
        "corpus": nlp.config["corpora"]["train"],
    }
    resolved: Dict[str, Any] = registry.resolve(config)
    return iter(resolved["batcher"](resolved["corpus"](nlp)))


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
