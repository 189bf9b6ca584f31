"""A lengthened encoder, with and without global attention, against windows.

    python benchmarks/encoder/longformer.py CORPUS ENCODER OUTPUT

CORPUS has train.spacy, dev.spacy and test.spacy, such as LitBank's that `spacy project
run litbank` converts; ENCODER is the folder of an encoder for short
texts. It is lengthened to 4,096 positions, each piece of which sees 128 on either side,
and trained by `spacy train` like the original in windows: the same batches in words,
number of updates, learning rate and seed; the Longformers on chunks of 1,024 tokens,
the windows on chunks of 128, with no span longer than that for the Longformers either.
Test documents are predicted whole; memory is the growth of a fresh process's peak over
the loaded pipeline.

Finished runs are kept in OUTPUT. The table is OUTPUT/longformer.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.training import Corpus, Example

from spacy_globalpointer.benchmarking.memory import memory_on_linux
from spacy_globalpointer.benchmarking.timings import count_words

PROJECT = Path(__file__).parent.parent.parent
RULE = {"@misc": "spacy-globalpointer.global_attention.v1"}
LONG = {
    "components.transformer.model.window": 4096,
    "corpora.train.chunk_size": 1024,
    "components.global_pointer.max_span_length": 128,
}
RUNS: Dict[str, Dict[str, Any]] = {
    "windows of 160 word pieces": {},
    "Longformer": LONG,
    "Longformer, first piece global": {
        **LONG,
        "components.transformer.model.global_attention": RULE,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.corpus)))
        return
    long = args.output / "encoder"
    if not long.exists():
        numbers = ["--positions", 4096, "--attention-window", 256]
        spacy_cli("global-pointer", "lengthen", args.encoder, long, *numbers)
    rows = {}
    for i, (name, settings) in enumerate(RUNS.items()):
        folder = args.output / f"run{i}"
        encoder = long if settings else args.encoder
        train(folder, encoder, args.corpus, settings, args.updates)
        command = [sys.executable, __file__, args.corpus, encoder, args.output]
        output = subprocess.run(
            [*map(str, command), "--measure", str(folder / "model-best")],
            **{"check": True, "capture_output": True, "text": True},
        )
        rows[name] = json.loads(output.stdout.splitlines()[-1])
        rows[name].update(json.loads((folder / "run.json").read_text("utf-8")))
    table = make_table(rows)
    (args.output / "longformer.md").write_text(table, encoding="utf-8")
    print(table)


def train(
    folder: Path, encoder: Path, corpus: Path, settings: Dict[str, Any], updates: int
) -> None:
    if (folder / "run.json").exists():
        return
    overrides = {
        "paths.encoder": encoder,
        "paths.train": corpus / "train.spacy",
        "paths.dev": corpus / "dev.spacy",
        "training.max_steps": updates,
        "training.eval_frequency": max(1, updates // 2),
        "training.optimizer.learn_rate.warmup_steps": updates // 10,
        **settings,
    }
    rule = overrides.pop("components.transformer.model.global_attention", None)
    config = spacy.util.load_config(PROJECT / "configs/default.cfg")
    config["components"]["transformer"]["model"]["global_attention"] = rule
    folder.mkdir(parents=True, exist_ok=True)
    config.to_disk(folder / "config.cfg")
    flags: List[Any] = []
    for key, value in overrides.items():
        flags += [f"--{key}", value]
    start = time.perf_counter()
    spacy_cli("train", folder / "config.cfg", "--output", folder, *flags)
    minutes = (time.perf_counter() - start) / 60
    meta = json.loads((folder / "model-best/meta.json").read_text("utf-8"))
    run = {"minutes": minutes, "dev": meta["performance"]["spans_sc_f"]}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")


def measure(pipeline: Path, corpus: Path) -> Dict[str, float]:
    nlp = spacy.load(pipeline)
    nlp("Libraries take memory of their own .")
    gold = [eg.reference for eg in Corpus(corpus / "test.spacy")(nlp)]
    before = memory_on_linux("VmRSS")
    start = time.perf_counter()
    docs = list(nlp.pipe([doc.text for doc in gold], batch_size=4))
    seconds = time.perf_counter() - start
    peak = memory_on_linux("VmHWM") - before
    words = sum(map(count_words, docs))
    scores = nlp.evaluate([Example(*pair) for pair in zip(docs, gold)])
    again = spacy.load(pipeline)(gold[0].text)
    same = [str(s) for s in again.spans["sc"]] == [str(s) for s in docs[0].spans["sc"]]
    return {
        "F1": scores["spans_sc_f"],
        "speed": words / seconds,
        "memory": peak,
        "same": float(same),
    }


def make_table(rows: Dict[str, Dict[str, float]]) -> str:
    lines = ["| encoder | dev F1 | test F1 | words/s | grows by, MiB |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        if not row["same"]:
            sys.exit(f"{name}: loaded anew, the pipeline finds other spans.")
        lines.append(
            f"| {name} | {100 * row['dev']:.1f} | {100 * row['F1']:.1f} | "
            f"{row['speed']:,.0f} | {row['memory'] / 2**20:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def spacy_cli(*arguments: Any) -> None:
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=PROJECT)


if __name__ == "__main__":
    main()
