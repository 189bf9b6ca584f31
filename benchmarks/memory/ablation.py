"""What each memory does to F1, alone and together, over seeds.

    python benchmarks/memory/ablation.py CORPUS OUTPUT --encoder encoders/minilm \\
        [--recipe default] [--lang en] [--rows none slots ...] [--seeds 0 1 2] \\
        [--set SETTING=VALUE ...] [--turns N]

CORPUS has train.spacy, dev.spacy and test.spacy, as `spacy global-pointer convert`
writes them. For each seed two pipelines are trained, one of them with an
`ExternalMemory.v1` of learned slots around the encoder. The rows are:

- none: the pipeline without any memory
- slots: with the learned slots
- mentions: the pipeline of `none` remembers the training documents
- document: the pipeline of `none` has a document memory
- all: the pipeline of `slots` has both

Each row's threshold, one for all labels, and each row's settings of memories are chosen
on dev, by `spacy global-pointer tune --overall-only`, which may choose no memory.
A label is rare if less than 2 % of the spans of train.spacy have it. The interval is
that of the difference to the row `none` by a paired bootstrap over test documents, with
the counts of all seeds. Words per second are those of the first seed, on the test
documents, in turns.
Finished parts are kept in OUTPUT and not repeated. The table is in OUTPUT/table.md.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import spacy
from spacy.cli._util import parse_config_overrides
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from thinc.api import Config

sys.path.insert(0, str(Path(__file__).parents[1] / "accuracy"))

import runs
from runs import (
    KEY,
    bootstrap,
    count_by_document,
    once,
    pool,
    predict_and_match,
    store_config,
    train,
)

from spacy_globalpointer.benchmarking.timings import (
    count_words,
    take_turns,
    time_stream,
)
from spacy_globalpointer.recipes.make import make_config, recipes

COMPONENT = "global_pointer"
TUNE = ["--overall-only"]
#: Highest fraction of the training spans that a rare label has.
RARE = 0.02


class Row(NamedTuple):
    """A row of the table.

    trained (str): The training whose pipeline it has, "none" or "slots".
    remembers (bool): Whether the pipeline remembers the training documents.
    tune (List[str]): Options of `tune`.
    """

    trained: str
    remembers: bool
    tune: List[str]


ROWS = {
    "none": Row("none", False, []),
    "slots": Row("slots", False, []),
    "mentions": Row("none", True, ["--memory"]),
    "document": Row("none", False, ["--document-memory"]),
    "all": Row("slots", True, ["--memory", "--document-memory"]),
}


def main() -> None:
    args = parse_arguments()
    output, corpus = args.output.resolve(), args.corpus.resolve()
    results: Dict[str, List[Dict[str, Any]]] = {name: [] for name in args.rows}
    for seed in args.seeds:
        for name in args.rows:
            results[name].append(run(name, seed, corpus, output, args))
            made = {own: found for own, found in results.items() if found}
            table = make_table(made, rare_labels(corpus / "train.spacy"), {})
            (output / "table.md").write_text(table, encoding="utf-8")
    folders = {x: output / f"{x}-{args.seeds[0]}/tuned" for x in args.rows}
    path = corpus / "test.spacy"
    speeds = once(output / "speeds.json", lambda: measure(folders, path, args.turns))
    table = make_table(results, rare_labels(corpus / "train.spacy"), speeds)
    (output / "table.md").write_text(table, encoding="utf-8")
    print(table)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--encoder", required=True, help="folder or hub name")
    parser.add_argument("--recipe", default="default", choices=list(recipes()))
    parser.add_argument("--lang", default="en", help="of the tokenizer")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="SETTING=VALUE",
        help="of the recipe's config, as JSON or text",
    )
    parser.add_argument("--turns", type=int, default=3, help="of the speeds; 0: none")
    return parser.parse_args()


def run(
    name: str, seed: int, corpus: Path, output: Path, args: argparse.Namespace
) -> Dict[str, Any]:
    """Train if no row has done so, tune a copy, and score it on the test documents."""
    row = ROWS[name]
    trained = output / f"trained-{row.trained}-{seed}"
    config = trained / "config.cfg"
    has_runs = (trained / "run.json").exists()
    store_config(config, make_training(row.trained, args), has_runs=has_runs)
    about = {"system": row.trained, "seed": seed}
    train(trained, config, corpus, {"system.seed": seed}, about)
    folder = output / f"{name}-{seed}"
    return once(
        folder / "scores.json",
        lambda: tune_and_score(trained / "model-best", row, folder, corpus),
    )


def make_training(trained: str, args: argparse.Namespace) -> Config:
    """Return the config of a training."""
    text = make_config(args.recipe, lang=args.lang, encoder=args.encoder)
    overrides = parse_config_overrides([f"--{x}" for x in args.set], env_var=None)
    config = Config().from_str(text, interpolate=False, overrides=overrides)
    if trained == "slots":
        model = config["components"][COMPONENT]["model"]
        model["tok2vec"] = {
            "@architectures": "spacy-globalpointer.ExternalMemory.v1",
            "tok2vec": model["tok2vec"],
        }
    config["training"]["logger"]["progress_bar"] = False
    return config


def tune_and_score(
    pipeline: Path, row: Row, folder: Path, corpus: Path
) -> Dict[str, Any]:
    """Make the row's pipeline in the folder, and return its scores."""
    for part in ("taught", "tuned"):
        shutil.rmtree(folder / part, ignore_errors=True)
    if row.remembers:
        examples, taught = corpus / "train.spacy", folder / "taught"
        runs.spacy_cli("global-pointer", "remember", pipeline, examples, "-o", taught)
        pipeline = taught
    dev, tuned = corpus / "dev.spacy", folder / "tuned"
    options = [*TUNE, *row.tune, "-o", tuned]
    runs.spacy_cli("global-pointer", "tune", pipeline, dev, *options)
    shutil.rmtree(folder / "taught", ignore_errors=True)
    return score(tuned, corpus / "test.spacy")


def score(pipeline: Path, path: Path) -> Dict[str, Any]:
    """Return counts by document and by label, and what the pipeline is made of."""
    nlp = spacy.load(pipeline)
    examples, spans = predict_and_match(nlp, path)
    gold, right = Counter(), Counter()
    for one in spans:
        gold[one.label] += one.is_gold
        right[one.label] += one.is_gold and one.is_found
    settings = nlp.get_pipe(COMPONENT).cfg
    names = ("threshold", "memory_weight", "document_memory")
    return {
        "per_doc": count_by_document(spans, examples),
        "gold": gold,
        "right": right,
        "parameters": count_parameters(nlp),
        "bytes": sum(x.stat().st_size for x in pipeline.rglob("*") if x.is_file()),
        "settings": {name: settings[name] for name in names},
    }


def count_parameters(nlp: Any) -> int:
    shims = [
        shim
        for _, pipe in nlp.pipeline
        if hasattr(pipe, "model")
        for node in pipe.model.walk()
        for shim in node.shims
    ]
    modules = {id(shim): shim._model for shim in shims}
    return sum(x.numel() for module in modules.values() for x in module.parameters())


def rare_labels(path: Path) -> List[str]:
    """Return the labels of fewer than 2 % of the spans."""
    docs = DocBin().from_disk(path).get_docs(Vocab())
    counts = Counter(span.label_ for doc in docs for span in doc.spans[KEY])
    return sorted(x for x, n in counts.items() if n < RARE * counts.total())


def measure(folders: Dict[str, Path], path: Path, turns: int) -> Dict[str, float]:
    """Return the median of each pipeline's words per second, measured in turns."""
    if not turns:
        return {}
    texts = [doc.text for doc in DocBin().from_disk(path).get_docs(Vocab())]
    pipelines = {name: spacy.load(folder) for name, folder in folders.items()}
    words = {
        name: sum(count_words(nlp.make_doc(text)) for text in texts)
        for name, nlp in pipelines.items()
    }
    seconds = take_turns(
        {
            name: lambda _, nlp=nlp: time_stream(nlp, texts)
            for name, nlp in pipelines.items()
        },
        turns,
    )
    return {name: words[name] / statistics.median(own) for name, own in seconds.items()}


def make_table(
    results: Dict[str, List[Dict[str, Any]]],
    rare: List[str],
    speeds: Dict[str, float],
) -> str:
    """Return a row for each kind of memory: means over seeds."""
    head = ["memory", "seeds", "P", "R", "F1", "±", "F1 - none", "recall of rare"]
    head += ["parameters", "MB", "words/s", "chosen"]
    lines = [head, ["---"] * len(head)]
    for name, own in results.items():
        scores = [shares(run["per_doc"]) for run in own]
        columns = list(zip(*scores))
        cells = [f"{100 * statistics.mean(column):.1f}" for column in columns]
        spread = statistics.stdev(columns[2]) if len(own) > 1 else 0.0
        first = results.get("none", [])[: len(own)]
        interval = (
            bootstrap(*(pool([run["per_doc"] for run in x]) for x in (own, first)))
            if name != "none" and len(first) == len(own)
            else ()
        )
        cells += [f"{100 * spread:.1f}"]
        cells.append(" to ".join(f"{100 * bound:+.1f}" for bound in interval))
        gold = sum(run["gold"].get(x, 0) for run in own for x in rare)
        right = sum(run["right"].get(x, 0) for run in own for x in rare)
        cells.append(f"{100 * right / gold:.1f}" if gold else "–")
        cells.append(f"{own[0]['parameters']:,}")
        cells.append(f"{own[0]['bytes'] / 1e6:.0f}")
        cells.append(f"{speeds[name]:.0f}" if name in speeds else "–")
        cells.append("; ".join(describe(run["settings"]) for run in own))
        lines.append([name, str(len(own)), *cells])
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{rows}\n\nRare labels: {', '.join(rare) or 'none'}.\n"


def shares(per_doc: List[List[int]]) -> List[float]:
    """Return P, R and F1."""
    right, found, gold = (sum(column) for column in zip(*per_doc))
    return [right / max(x, 1) for x in (found, gold)] + [
        2 * right / max(found + gold, 1)
    ]


def describe(settings: Dict[str, float]) -> str:
    """Return the settings that were chosen."""
    return ", ".join(f"{name} {value:g}" for name, value in settings.items() if value)


if __name__ == "__main__":
    main()
