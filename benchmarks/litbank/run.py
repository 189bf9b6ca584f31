"""LitBank: global_pointer against spaCy's spancat and ner, on equal terms.

    python benchmarks/litbank/run.py LITBANK/entities/brat OUTPUT

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
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus
from spacy.util import filter_spans

from spacy_globalpointer.pipeline.scorer import score_spans
from spacy_globalpointer.types import LOST_GOLD

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
#: Config, component and score. Of the systems whose config is ours, "windows" has
#: spacy-transformers' windows, as the peers have.
SYSTEMS = {
    "global_pointer": (PROJECT / "configs/default.cfg", "global_pointer", "spans_sc"),
    "windows": (PROJECT / "configs/default.cfg", "global_pointer", "spans_sc"),
    "spancat": (HERE / "spancat.cfg", "spancat", "spans_sc"),
    "ner": (HERE / "ner.cfg", "ner", "ents"),
}
RATES = ["2e-4", "4e-4"]
BOOTSTRAP = 10_000
THRESHOLDS = [i / 20 for i in range(1, 20)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("litbank", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--encoder", type=Path, default=PROJECT / "encoders/minilm")
    splits = PROJECT / "assets/litbank/splits.json"
    parser.add_argument("--splits", type=Path, default=splits)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--rates", nargs="+", default=RATES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    args.output = args.output.resolve()
    args.encoder = args.encoder.resolve()
    litbank, splits = args.litbank.resolve(), args.splits.resolve()
    corpus = convert(litbank, splits, args.output / "corpus")
    runs = []
    for system in args.systems:
        for rate in args.rates:
            for seed in args.seeds:
                folder = args.output / f"{system}-{rate}-{seed}"
                run = train(system, rate, seed, corpus, folder, args.encoder)
                run = evaluate(run, corpus, folder)
                runs.append(tune_threshold(run, corpus, folder))
    table = make_table(runs)
    (args.output / "table.md").write_text(table, encoding="utf-8")
    print(table)


def convert(litbank: Path, splits: Path, output: Path) -> Path:
    """Convert the corpus once; the outermost spans become entities for ner."""
    if not output.exists():
        command = ["global-pointer", "convert", litbank, output, "--splits", splits]
        spacy_cli(*command, "--lang", "en", "--allow-loss")
        vocab = spacy.blank("en").vocab
        for path in output.glob("*.spacy"):
            docs = list(DocBin().from_disk(path).get_docs(vocab))
            for doc in docs:
                doc.set_ents(filter_spans(doc.spans["sc"]))
            DocBin(docs=docs, store_user_data=True).to_disk(path)
    return output


def train(
    system: str, rate: str, seed: int, corpus: Path, folder: Path, encoder: Path
) -> Dict[str, Any]:
    """Train one system once. RETURNS: What was run, with its time in seconds."""
    done = folder / "run.json"
    if not done.exists():
        config, _, prefix = SYSTEMS[system]
        if system == "windows":
            config = with_windows_of_peers(config, folder)
        start = time.perf_counter()
        spacy_cli(
            *("train", config, "--output", folder, "--paths.encoder", encoder),
            *("--paths.train", corpus / "train.spacy"),
            *("--paths.dev", corpus / "dev.spacy"),
            *("--training.optimizer.learn_rate.initial_rate", rate),
            *("--system.seed", seed),
        )
        seconds = time.perf_counter() - start
        meta = json.loads((folder / "model-best/meta.json").read_text("utf-8"))
        dev = meta["performance"][f"{prefix}_f"]
        run = {"system": system, "rate": rate, "seed": seed, "dev": dev}
        done.write_text(json.dumps({**run, "seconds": seconds}), encoding="utf-8")
    return json.loads(done.read_text(encoding="utf-8"))


def with_windows_of_peers(path: Path, folder: Path) -> Path:
    """The config with the transformer that the peers have."""
    config = spacy.util.load_config(path)
    peer = spacy.util.load_config(HERE / "ner.cfg")["components"]["transformer"]
    config["components"]["transformer"] = peer
    folder.mkdir(parents=True, exist_ok=True)
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def evaluate(run: Dict[str, Any], corpus: Path, folder: Path) -> Dict[str, Any]:
    """Add test scores, and the counts per document that the bootstrap needs."""
    done = folder / "test.json"
    if not done.exists():
        nlp = spacy.load(folder / "model-best")
        examples = list(Corpus(corpus / "test.spacy")(nlp))
        start = time.perf_counter()
        for example, doc in zip(
            examples, nlp.pipe([eg.reference.text for eg in examples], batch_size=16)
        ):
            example.predicted = doc
        seconds = time.perf_counter() - start
        if run["system"] == "ner":
            for example in examples:  # only the outermost gold, under its own key
                for doc in (example.reference, example.predicted):
                    doc.spans["sc"] = list(doc.ents)
                example.reference.user_data.pop(LOST_GOLD, None)
        scores = score_spans(examples, spans_key="sc")
        words = sum(len(eg.reference) for eg in examples)
        per_doc = [count(eg.reference, eg.predicted.spans["sc"]) for eg in examples]
        result = {**scores, "words_per_second": words / seconds, "per_doc": per_doc}
        done.write_text(json.dumps(result), encoding="utf-8")
    return {**run, **json.loads(done.read_text(encoding="utf-8"))}


def tune_threshold(run: Dict[str, Any], corpus: Path, folder: Path) -> Dict[str, Any]:
    """Add the threshold with the best F1 on the dev documents, and what it gives on
    the test documents. ner has no threshold."""
    done = folder / "threshold.json"
    if not done.exists():
        result = {}
        if run["system"] != "ner":
            nlp = spacy.load(folder / "model-best")
            component = SYSTEMS[run["system"]][1]
            nlp.get_pipe(component).cfg["threshold"] = THRESHOLDS[0]
            scores = {
                split: [
                    [counts_above(gold, found, t) for t in THRESHOLDS]
                    for gold, found in predict(nlp, corpus / f"{split}.spacy")
                ]
                for split in ("dev", "test")
            }
            dev = [f_score(list(at)) for at in zip(*scores["dev"])]
            best = dev.index(max(dev))
            tuned = [per_doc[best] for per_doc in scores["test"]]
            result = {"threshold": THRESHOLDS[best], "tuned_per_doc": tuned}
        done.write_text(json.dumps(result), encoding="utf-8")
    return {**run, **json.loads(done.read_text(encoding="utf-8"))}


def predict(nlp: Language, path: Path) -> List[Tuple[Doc, Doc]]:
    """Gold and predicted documents."""
    gold = [example.reference for example in Corpus(path)(nlp)]
    return list(zip(gold, nlp.pipe([doc.text for doc in gold], batch_size=16)))


def counts_above(gold: Doc, found: Doc, threshold: float) -> Tuple[int, int, int]:
    """`count`, of the predicted spans that score at least the threshold."""
    group = found.spans["sc"]
    spans = [s for s, p in zip(group, group.attrs["scores"]) if p >= threshold]
    return count(gold, spans)


def count(gold: Doc, found: Iterable[Span]) -> Tuple[int, int, int]:
    """True positives, predicted spans and gold spans of a document."""
    sets = [
        {(span.label_, span.start_char, span.end_char) for span in spans}
        for spans in (gold.spans["sc"], found)
    ]
    lost = len(gold.user_data.get(LOST_GOLD, []))
    return len(sets[0] & sets[1]), len(sets[1]), len(sets[0]) + lost


def f_score(per_doc: List[Tuple[int, int, int]]) -> float:
    right, found, gold = (sum(column) for column in zip(*per_doc))
    return 2 * right / (found + gold)


def bootstrap(ours: List[Any], theirs: List[Any]) -> Tuple[float, float]:
    """95 % interval of the difference in F1, over documents, paired."""
    draw, n = random.Random(0), len(ours)
    differences = []
    for _ in range(BOOTSTRAP):
        docs = draw.choices(range(n), k=n)
        a, b = ([per_doc[i] for i in docs] for per_doc in (ours, theirs))
        differences.append(f_score(a) - f_score(b))
    differences.sort()
    return differences[int(0.025 * BOOTSTRAP)], differences[int(0.975 * BOOTSTRAP)]


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


def spacy_cli(*arguments: Any) -> None:
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=PROJECT)


if __name__ == "__main__":
    main()
