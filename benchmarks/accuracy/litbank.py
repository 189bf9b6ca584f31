"""LitBank: global_pointer against spaCy's spancat and ner, on equal terms.

    python benchmarks/accuracy/litbank.py LITBANK/entities/brat OUTPUT

LITBANK is a checkout of https://github.com/dbamman/litbank (CC BY 4.0). All systems
are trained by `spacy train` on the same encoder, windows, chunks and number of
updates; each with every learning rate of the grid, of which the best on the dev
documents is scored on the test documents, whole, with a threshold of 0.5 and with the
one that is best on the dev documents. Exact spans and labels count; gold
that does not align with the tokens counts as missed. `ner` cannot nest: it is
trained and scored on the outermost spans alone, so its figure is no comparison.

Finished runs are kept in OUTPUT and not repeated, so that the script can be
interrupted. The table is written to OUTPUT/table.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Dict, List

import spacy
from runs import (
    PROJECT,
    bootstrap,
    convert,
    evaluate,
    f_score,
    train,
    tune_threshold,
)

HERE = Path(__file__).parent
#: Configs. "windows" is ours with spacy-transformers' windows, as the peers have.
SYSTEMS = {
    "global_pointer": PROJECT / "configs/default.cfg",
    "windows": PROJECT / "configs/default.cfg",
    "spancat": HERE / "spancat.cfg",
    "ner": HERE / "ner.cfg",
}
RATES = ["2e-4", "4e-4"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("litbank", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--encoder",
        default=PROJECT / "encoders/minilm",
        help="folder, as an absolute path, or hub name",
    )
    splits = PROJECT / "assets/litbank/splits.json"
    parser.add_argument("--splits", type=Path, default=splits)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--rates", nargs="+", default=RATES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    args.output = args.output.resolve()
    litbank, splits = args.litbank.resolve(), args.splits.resolve()
    output = args.output / "corpus"
    corpus = convert(litbank, output, "--splits", splits, lang="en")
    runs = []
    for system in args.systems:
        for rate in args.rates:
            for seed in args.seeds:
                folder = args.output / f"{system}-{rate}-{seed}"
                config = SYSTEMS[system]
                if system == "windows":
                    config = with_windows_of_peers(config, folder)
                about = {"system": system, "rate": rate, "seed": seed}
                settings = {
                    "paths.encoder": args.encoder,
                    "training.optimizer.learn_rate.initial_rate": rate,
                    "system.seed": seed,
                }
                run = train(folder, config, corpus, settings, about)
                run = evaluate(run, corpus, folder)
                runs.append(tune_threshold(run, corpus, folder))
    table = make_table(runs)
    (args.output / "table.md").write_text(table, encoding="utf-8")
    print(table)


def with_windows_of_peers(path: Path, folder: Path) -> Path:
    """The config with the transformer that the peers have."""
    config = spacy.util.load_config(path)
    peer = spacy.util.load_config(HERE / "ner.cfg")["components"]["transformer"]
    config["components"]["transformer"] = peer
    folder.mkdir(parents=True, exist_ok=True)
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def make_table(runs: List[Dict[str, Any]]) -> str:
    """One row a run; bold the run of each system that dev chose."""
    best = {
        system: max((r for r in runs if r["system"] == system), key=lambda r: r["dev"])
        for system in {run["system"] for run in runs}
    }
    labels = sorted(runs[0]["spans_sc_per_type"])
    head = ["system", "rate", "seed", "dev F", "test P", "test R", "test F", *labels]
    head += ["best threshold on dev", "test F with it"]
    lines = [head, ["---"] * len(head)]
    for run in runs:
        values = [run["dev"], *(run[f"spans_sc_{x}"] for x in "prf")]
        values += [run["spans_sc_per_type"].get(x, {"f": 0})["f"] for x in labels]
        row = [f"{100 * value:.1f}" for value in values]
        name = f"**{run['system']}**" if run is best[run["system"]] else run["system"]
        row = [name, run["rate"], str(run["seed"]), *row]
        tuned = "tuned_per_doc" in run
        row.append(f"{run['threshold']:.2f}" if tuned else "")
        row.append(f"{100 * f_score(run['tuned_per_doc']):.1f}" if tuned else "")
        lines.append(row)
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
    if {"global_pointer", "spancat"} <= best.keys():
        for key, what in (("per_doc", "0.5"), ("tuned_per_doc", "the best on dev")):
            pair = [best[name][key] for name in ("global_pointer", "spancat")]
            low, high = bootstrap(*pair)
            text += (
                f"\nWith a threshold of {what}, global_pointer minus spancat, 95 % "
                f"interval of the paired bootstrap over test documents: "
                f"{100 * low:+.1f} to {100 * high:+.1f} F1.\n"
            )
    return text


if __name__ == "__main__":
    main()
