"""CMeEE from scratch: global_pointer, and its efficient form, against spaCy's ner and
spancat.

    python benchmarks/accuracy/cmeee.py CMEEE/train_data.txt OUTPUT

CMEEE is the training part of CHIP-2020's first task (CC BY-NC-SA 4.0); `spacy project
run cmeee` says where it is fetched from. All systems have the same encoder, spaCy's
tok2vec with random weights, and as many updates on batches of as many characters: they
differ in the head alone, "unbalanced" from global_pointer by the balance of its loss.
Each is trained with every learning rate of the grid and the first seed; the rate that
is best on the dev sentences is trained with the other seeds too.

Exact spans and labels count; gold that does not align with the tokens counts as missed.
`ner` cannot nest: it is trained on the outermost spans. The columns "outermost"
score the outermost of what each system found against the outermost gold spans, with a
threshold of 0.5 and with the one that is best on the dev sentences for all spans. Of
two labels on one span gold has the first there, a system the more probable.

Finished runs are kept in OUTPUT and not repeated, so that the script can be
interrupted. The table is written to OUTPUT/table.md. benchmarks/speed/heads.py
measures the speeds.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any, Dict, List

from runs import PROJECT, convert, evaluate, train, tune_threshold
from thinc.api import Config

from spacy_globalpointer.recipes.make import make_config

HERE = Path(__file__).parent
SYSTEMS = ["global_pointer", "unbalanced", "efficient", "spancat", "ner"]
RATES = ["1e-3", "2e-3", "4e-3", "8e-3"]
#: Characters of spancat's longest candidate, which 96 % of the gold spans fit into;
#: longer ones count as missed.
MAX_SIZE = 12


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cmeee", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS)
    parser.add_argument("--rates", nargs="+", default=RATES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--updates", type=int, default=3000)
    args = parser.parse_args()
    output = args.output.resolve()
    splits = PROJECT / "assets/cmeee/splits.json"
    options = ["--splits", splits, "--format", "chip"]
    convert(args.cmeee.resolve(), output / "corpus", *options, lang="zh")
    runs = []
    for system in args.systems:
        make_system(system).to_disk(output / f"{system}.cfg")
        first, others = args.seeds[0], args.seeds[1:]
        tried = [run(output, system, r, first, args.updates) for r in args.rates]
        best = max(tried, key=lambda done: done["dev"])
        rate = best["rate"]
        more = [run(output, system, rate, seed, args.updates) for seed in others]
        runs.append([best, *more])
        (output / "table.md").write_text(make_table(runs), encoding="utf-8")
    print(make_table(runs))


def run(
    output: Path, system: str, rate: str, seed: int, updates: int
) -> Dict[str, Any]:
    """Train and score a system once."""
    folder, corpus = output / f"{system}-{rate}-{seed}", output / "corpus"
    settings = {
        "training.optimizer.learn_rate.initial_rate": rate,
        "training.max_steps": updates,
        "training.eval_frequency": updates // 6,
        "training.logger.progress_bar": "false",
        "system.seed": seed,
    }
    about = {"system": system, "rate": rate, "seed": seed}
    done = train(folder, output / f"{system}.cfg", corpus, settings, about)
    done = evaluate(done, corpus, folder)
    return tune_threshold(done, corpus, folder)


def make_system(system: str) -> Config:
    """The recipe "tok2vec" for Chinese, with the head of a system."""
    text = make_config("tok2vec", lang="zh")
    config = Config().from_str(text, interpolate=False)
    component = config["components"].pop("global_pointer")
    listener = component["model"]["tok2vec"]
    if system == "efficient":
        architecture = "spacy-globalpointer.EfficientGlobalPointer.v1"
        component["model"]["@architectures"] = architecture
    elif system == "unbalanced":
        component["loss"]["balance"] = 0.0
    elif system != "global_pointer":
        peer = Config().from_disk(HERE / f"{system}.cfg", interpolate=False)
        component = peer["components"][system]
        config["training"]["score_weights"] = peer["training"]["score_weights"]
    if system == "spancat":
        component["suggester"]["max_size"] = MAX_SIZE
    if system == "ner":  # as `spacy init config` has it with this encoder
        component["model"]["use_upper"] = True
    component["model"]["tok2vec"] = listener
    name = component["factory"]
    config["components"][name] = component
    config["nlp"]["pipeline"] = ["tok2vec", name]
    return config


def make_table(systems: List[List[Dict[str, Any]]]) -> str:
    """A row a system: means over seeds, and the spread of the test scores."""
    head = ["system", "rate", "seeds", "dev F", "test P", "test R", "test F", "±"]
    head += ["macro F", "best threshold on dev", "test F with it", "±"]
    head += ["outermost F", "±", "outermost F with the threshold", "±", "minutes"]
    lines = [head, ["---"] * len(head)]
    for runs in systems:
        name, nested = runs[0]["system"], runs[0]["system"] != "ner"
        row = [name, runs[0]["rate"], str(len(runs)), mean(runs, "dev")]
        if nested:
            row += [mean(runs, f"spans_sc_{x}") for x in "prf"]
            row.append(spread(runs, "spans_sc_f"))
            row.append(mean([{"macro": macro_f(run)} for run in runs], "macro"))
            row.append(", ".join(f"{run['threshold']:.2f}" for run in runs))
            row += [mean(runs, "tuned_f"), spread(runs, "tuned_f")]
        else:
            row += [""] * 8
        row += [mean(runs, "outermost_f"), spread(runs, "outermost_f")]
        key = "tuned_outermost_f"
        row += [mean(runs, key), spread(runs, key)] if nested else ["", ""]
        row.append(f"{statistics.mean(run['seconds'] for run in runs) / 60:.0f}")
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def macro_f(run: Dict[str, Any]) -> float:
    """The mean F1 of the labels."""
    return statistics.mean(x["f"] for x in run["spans_sc_per_type"].values())


def mean(runs: List[Dict[str, Any]], key: str) -> str:
    return f"{100 * statistics.mean(run[key] for run in runs):.1f}"


def spread(runs: List[Dict[str, Any]], key: str) -> str:
    if len(runs) < 2:
        return ""
    return f"{100 * statistics.stdev(run[key] for run in runs):.1f}"


if __name__ == "__main__":
    main()
