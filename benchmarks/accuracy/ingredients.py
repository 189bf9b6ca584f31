"""What each ingredient of a training recipe does to F1, alone and together.

    python benchmarks/accuracy/ingredients.py CORPUS OUTPUT --encoder encoders/minilm \
        [--adapted encoders/minilm-mine] [--ingredients base averages ...] \
        [--seeds 0 1 2] [--set SETTING=VALUE ...]

CORPUS has train.spacy, dev.spacy and test.spacy, as `spacy global-pointer convert`
writes them. Every run is `spacy global-pointer train` on configs/default.cfg with the
settings of --set, which an ingredient, or several joined by +, then changes; the best
evaluation on the dev documents is scored on the test documents.
The ingredient `adapted` is another encoder, such as one that `spacy global-pointer
pretrain` made of the first. The column "F1 - first" is the 95 % interval of the
difference to the first row's runs of the same seeds, by a paired bootstrap over test
documents: of these trained models, so that other seeds may differ by more.
Figures of finished runs are kept in OUTPUT and not taken again, so that the script can
be interrupted, and a training that was interrupted continues. The pipelines are kept
with --keep. The table is written to OUTPUT/table.md.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from pathlib import Path
from typing import Any, Callable, Dict, List

import spacy
from runs import (
    KEY,
    PROJECT,
    bootstrap,
    count_by_document,
    once,
    pool,
    predict_and_match,
    store_config,
    train,
)
from spacy.cli._util import parse_config_overrides
from thinc.api import Config

from spacy_globalpointer.pipeline.scorer import score_spans

BASE = PROJECT / "configs" / "default.cfg"


def values(**settings: Any) -> Callable[[Config], None]:
    """Sets settings by their place, written with __ for the points."""

    def change(config: Config) -> None:
        for place, value in settings.items():
            *sections, key = place.split("__")
            part = config
            for section in sections:
                part = part[section]
            part[key] = value

    return change


def cosine(config: Config) -> None:
    schedule = config["training"]["optimizer"]["learn_rate"]
    schedule["@schedules"] = "spacy-globalpointer.cosine.v1"


def restarts(config: Config) -> None:
    cosine(config)
    config["training"]["optimizer"]["learn_rate"]["cycles"] = 3


def rare_chunks(config: Config) -> None:
    config["corpora"]["train"] = {
        "@readers": "spacy-globalpointer.RareLabelsCorpus.v1",
        "least_share": 0.1,
        "corpus": config["corpora"]["train"],
    }


def efficient(config: Config) -> None:
    model = config["components"]["global_pointer"]["model"]
    model["@architectures"] = "spacy-globalpointer.EfficientGlobalPointer.v1"


def shapes(config: Config) -> None:
    """Shapes of words, such as Xxxx, beside the vectors of an encoder that reads all in
    lower case."""
    model = config["components"]["global_pointer"]["model"]
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        **{"width": 64, "attrs": ["SHAPE"], "rows": [2000]},
        "include_static_vectors": False,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        **{"width": 64, "window_size": 1, "maxout_pieces": 2, "depth": 2},
    }
    shape = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    both = {"encoder": model["tok2vec"], "shape": shape}
    model["tok2vec"] = {"@layers": "concatenate.v1", "*": both}


def dropout(config: Config) -> None:
    config["components"]["transformer"]["model"]["transformer_config"] = {
        "hidden_dropout_prob": 0.2,
        "attention_probs_dropout_prob": 0.2,
    }


def longer_training(config: Config) -> None:
    config["training"]["max_steps"] *= 2


def longer_chunks(config: Config) -> None:
    config["corpora"]["train"]["chunk_size"] = 256
    config["components"]["transformer"]["model"]["window"] = 288


ENCODER, HEAD = "components__transformer__model", "components__global_pointer"
ADAPTED = "adapted"
INGREDIENTS: Dict[str, List[Callable[[Config], None]]] = {
    "base": [],
    ADAPTED: [],
    "averages": [values(training__optimizer__use_averages=True)],
    "cosine": [cosine],
    "restarts": [restarts],
    "layer_decay": [values(**{f"{ENCODER}__layer_decay": 0.9})],
    "frozen_embeddings": [values(**{f"{ENCODER}__frozen_layers": 0})],
    "dropout": [dropout],
    "smoothing": [values(**{f"{HEAD}__loss__boundary_smoothing": 0.1})],
    "balance": [values(**{f"{HEAD}__loss__balance": 0.3})],
    "inverse": [values(**{f"{HEAD}__loss__label_weights": "inverse"})],
    "inverse_sqrt": [values(**{f"{HEAD}__loss__label_weights": "inverse_sqrt"})],
    "rare_chunks": [rare_chunks],
    "efficient": [efficient],
    "shapes": [shapes],
    "longer_chunks": [longer_chunks],
    "longer_training": [longer_training],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--encoder",
        default=PROJECT / "encoders/minilm",
        help="folder, as an absolute path, or hub name",
    )
    parser.add_argument("--adapted", help="the same, for the ingredient `adapted`")
    parser.add_argument(
        "--ingredients",
        nargs="+",
        default=[name for name in INGREDIENTS if name != ADAPTED],
        help="names, or several joined by + for a combination",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="SETTING=VALUE",
        help="of configs/default.cfg, as JSON or text; ingredients have the last word",
    )
    parser.add_argument("--keep", action="store_true", help="keep the pipelines")
    args = parser.parse_args()
    output, corpus = args.output.resolve(), args.corpus.resolve()
    for setting in args.set:
        if "=" not in setting or "." not in setting.split("=")[0]:
            parser.error(
                f"{setting} is no SETTING=VALUE, such as training.max_steps=300"
            )
    given = parse_settings(args.set)
    parts = {part for name in args.ingredients for part in name.split("+")}
    if unknown := parts - INGREDIENTS.keys():
        known = ", ".join(INGREDIENTS)
        parser.error(f"{', '.join(unknown)} is no ingredient. There are: {known}")
    if ADAPTED in parts and args.adapted is None:
        parser.error(f"{ADAPTED} needs an encoder: --adapted FOLDER")
    if "paths.encoder" in given:
        parser.error("the encoder is given by --encoder and --adapted")
    if "system.seed" in given:
        parser.error("seeds are given by --seeds")
    runs = []
    for name in args.ingredients:
        encoder = args.adapted if ADAPTED in name.split("+") else args.encoder
        for seed in args.seeds:
            settings = {"paths.encoder": str(encoder), "system.seed": seed, **given}
            about = {"system": name, "seed": seed, "settings": settings}
            config = make_config(name, settings)
            folder = output / f"{name}-{seed}"
            runs.append(run(about, corpus, folder, config))
            for model in () if args.keep else folder.glob("model-*"):
                shutil.rmtree(model)
        (output / "table.md").write_text(make_table(runs), encoding="utf-8")
    print(make_table(runs))


def run(
    about: Dict[str, Any], corpus: Path, folder: Path, config: Config
) -> Dict[str, Any]:
    """Train and score once. The script ends if the folder has another config's run."""
    has_runs = (folder / "run.json").exists()
    store_config(folder / "config.cfg", config, has_runs=has_runs)
    done = train(folder, folder / "config.cfg", corpus, {}, about)
    path = corpus / "test.spacy"
    found = once(folder / "found.json", lambda: evaluate(folder / "model-best", path))
    return {**done, **found}


def evaluate(pipeline: Path, path: Path) -> Dict[str, Any]:
    """Return the scores, and the counts per document that the bootstrap needs."""
    nlp = spacy.load(pipeline)
    examples, spans = predict_and_match(nlp, path)
    scores = score_spans(examples, spans_key=KEY)
    return {**scores, "per_doc": count_by_document(spans, examples)}


def make_config(name: str, settings: Dict[str, Any]) -> Config:
    """The default config with some settings, changed by ingredients in their order:
    these may build on the settings, and have the last word."""
    config = Config().from_disk(BASE, interpolate=False, overrides=settings)
    for ingredient in name.split("+"):
        for change in INGREDIENTS[ingredient]:
            change(config)
    return config


def parse_settings(settings: List[str]) -> Dict[str, Any]:
    """As `spacy train` reads its options."""
    return parse_config_overrides([f"--{x}" for x in settings], env_var=None)


def make_table(runs: List[Dict[str, Any]]) -> str:
    """A row an ingredient: means over seeds, the spread of the test scores, and the
    interval of the difference to the first."""
    labels = sorted(runs[0]["spans_sc_per_type"])
    head = ["ingredient", "seeds", "dev F1", "test P", "test R", "test F1", "±"]
    head.append("F1 - first")
    lines = [[*head, *labels, "minutes"], ["---"] * (len(head) + len(labels) + 1)]
    names = list(dict.fromkeys(run["system"] for run in runs))
    first = [run for run in runs if run["system"] == names[0]]
    for name in names:
        own = [run for run in runs if run["system"] == name]
        shared = {run["seed"] for run in own} & {run["seed"] for run in first}
        columns = [[run["dev"] for run in own]]
        columns += [[run[f"spans_sc_{x}"] for run in own] for x in "prf"]
        cells = [f"{100 * statistics.mean(column):.1f}" for column in columns]
        spread = statistics.stdev(columns[3]) if len(own) > 1 else 0.0
        cells.append(f"{100 * spread:.1f}")
        pair = [
            pool([run["per_doc"] for run in x if run["seed"] in shared])
            for x in (own, first)
        ]
        interval = bootstrap(*pair) if shared and own != first else ()
        cells.append(" to ".join(f"{100 * bound:+.1f}" for bound in interval))
        for label in labels:
            f = [run["spans_sc_per_type"].get(label, {"f": 0})["f"] for run in own]
            cells.append(f"{100 * statistics.mean(f):.1f}")
        minutes = statistics.mean(run["seconds"] for run in own) / 60
        lines.append([name, str(len(own)), *cells, f"{minutes:.0f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
