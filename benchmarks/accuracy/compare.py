"""spaCy's spancat and ner next to global_pointer on any corpus, on equal terms.

    python benchmarks/accuracy/compare.py OUTPUT CORPUS [CORPUS ...] --lang de \\
        --encoder encoders/minilm [--recipe default] \\
        [--systems global_pointer efficient spancat ner ...] \\
        [--rates 1e-4 2e-4 ...] [--seeds 0 1 2] [--updates N] [--set SETTING=VALUE ...]

CORPUS has train.spacy, dev.spacy and test.spacy, as `spacy global-pointer convert`
writes them. OUTPUT/NAME, where NAME is the corpus folder's name, has its runs and its
tables, in table.md.

Equal for all systems are encoder, documents, chunks, batches, number of updates and
seeds, and the way to choose a learning rate. Each system has the settings that are
recommended for it: ours those of a recipe of `spacy global-pointer config`, spancat and
ner those of `spacy init config`. Differences to the latter are:

- spancat suggests all spans up to a length that covers 99 % of the training spans, but
  at most 12 tokens: --coverage and --max-size. Longer gold spans count as missed.
- Our heads learn at a multiple of the encoder's rate, which their recipe sets. spaCy's
  heads learn at the encoder's rate.
- spancat and ner run the encoder with spacy-transformers, which trains all its layers
  in float32. spancat@ours and ner@ours run it like global_pointer, with all settings
  of the recipe, such as frozen embeddings. global_pointer@spacy-transformers is our
  head on spacy-transformers. With the recipe tok2vec all have spaCy's tok2vec.

Each system is trained with several learning rates and the first seed. Without --rates
these are the recipe's rate, its half and its double, and further ones until the best is
not the lowest or the highest. The rate that is best on the dev documents is trained
with the other seeds too. Each run is scored with the evaluation that is best on dev, at
the threshold 0.5, and at the one with the best F1 over all dev spans.

A span is right if its label, start and end are right. Gold spans that do not align with
the tokens count as missed. ner cannot nest: it is trained on the outermost gold spans.
To compare it, score the outermost spans only, of gold and of what each system found.
Intervals are of a paired bootstrap over test documents.

Finished runs are kept in OUTPUT and not repeated, and a training that was interrupted
continues. Of each system one pipeline is kept, that of the best rate and first seed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from corpora import count_longer, cover, prepare, read_examples
from runs import PROJECT, once, store_config, train
from scores import Scored, predict_all
from spacy.cli._util import parse_config_overrides
from speeds import measure_prediction, measure_training
from systems import RATE, apply_settings, default_rates, make_system, split_name
from tables import Comparison, System, make_tables, show_rate
from thinc.api import Config

from spacy_globalpointer.corpus.digest import content_digest
from spacy_globalpointer.recipes.make import TOK2VEC, recipes

SYSTEMS = ["global_pointer", "spancat", "ner"]
#: The splits that are predicted and scored.
SCORED = ("dev", "test")
#: Most learning rates of a system, if they are not given.
MOST_RATES = 8


def main() -> None:
    args = parse_arguments()
    names = [corpus.resolve().name for corpus in args.corpora]
    if len({*names}) < len(names):
        sys.exit("Two corpora have the same name. Rename a folder.")
    for name, corpus in zip(names, args.corpora):
        compare(args.output.resolve() / name, corpus.resolve(), args)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("corpora", type=Path, nargs="+", metavar="corpus")
    parser.add_argument("--lang", help="of the tokenizer, if not the recipe's")
    parser.add_argument(
        "--recipe",
        default="default",
        choices=list(recipes()),
        metavar="NAME",
        help="of `spacy global-pointer config`",
    )
    parser.add_argument("--encoder", help="folder or hub name, if not the recipe's")
    parser.add_argument("--spans-key", default="sc", help="of the gold spans")
    parser.add_argument(
        "--systems",
        nargs="+",
        default=SYSTEMS,
        help="global_pointer, efficient, unbalanced (its loss has the balance 0), "
        "spancat, ner; on a transformer also with @ours or @spacy-transformers. The "
        "first one is compared with each of the others",
    )
    parser.add_argument("--rates", nargs="+", type=float, help="only these")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--updates", type=int, help="default: the recipe's")
    parser.add_argument(
        "--coverage",
        type=float,
        default=0.99,
        help="fraction of the training spans that spancat's suggestions should hold",
    )
    parser.add_argument(
        "--max-size",
        type=int,
        default=12,
        help="tokens of the longest span that spancat suggests",
    )
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="SETTING=VALUE",
        help="for the systems that have the setting, as JSON or text",
    )
    parser.add_argument(
        "--turns",
        type=int,
        default=5,
        help="of the measurement of speed; 0 for no measurement",
    )
    args = parser.parse_args()
    for setting in args.set:
        if "=" not in setting or "." not in setting.split("=")[0]:
            parser.error(f"{setting} is no SETTING=VALUE, such as training.dropout=0.2")
    if args.recipe == TOK2VEC and args.encoder is not None:
        parser.error(f"The recipe {TOK2VEC} has no encoder. Leave out --encoder.")
    for system in args.systems:
        split_name(system, args.recipe)
    args.lang = args.lang or recipes()[args.recipe].values.get("nlp.lang", "en")
    return args


def compare(output: Path, source: Path, args: argparse.Namespace) -> None:
    """Compare systems on one corpus."""
    about = prepare(source, output / "corpus", args.lang, args.spans_key)
    encoder = find_encoder(args)
    check_encoder(output / "encoder.json", encoder)
    lengths = {split: own["lengths"] for split, own in about["splits"].items()}
    max_size = cover(lengths["train"], args.coverage, args.max_size)
    configs = make_configs(args, encoder, max_size)
    corpus = output / "corpus"
    examples = {x: read_examples(corpus / f"{x}.spacy", args.lang) for x in SCORED}
    comparison = Comparison(
        name=source.name,
        encoder=Path(encoder).name if encoder else TOK2VEC,
        splits=about["splits"],
        updates=next(iter(configs.values()))["training"]["max_steps"],
        max_size=max_size,
        longer={split: count_longer(own, max_size) for split, own in lengths.items()},
    )
    for name, config in configs.items():
        has_runs = any(output.glob(f"{name}-*/run.json"))
        store_config(output / f"{name}.cfg", config, has_runs=has_runs)
    for name, config in configs.items():
        system = run_system(output, name, config, args)
        score(system, output, examples)
        discard_others(output, system)
        comparison.systems.append(system)
        write(output, comparison)
    if args.turns:
        comparison.speeds = measure(output, comparison, examples["test"], args)
        write(output, comparison)
    print(make_tables(comparison))


def find_encoder(args: argparse.Namespace) -> Optional[str]:
    """Return the encoder, a folder as an absolute path. Trainings run in the project's
    folder, where recipes have theirs."""
    if args.recipe == TOK2VEC:
        return None
    encoder = args.encoder or recipes()[args.recipe].encoder
    for folder in (Path(encoder), PROJECT / encoder):
        if folder.is_dir():
            return str(folder.resolve())
    return encoder


def check_encoder(path: Path, encoder: Optional[str]) -> None:
    """End the script if the encoder in its folder is another one than before."""
    if encoder is not None and Path(encoder).is_dir():
        digest = content_digest(Path(encoder))
        if once(path, lambda: digest) != digest:
            sys.exit(
                f"The encoder in {encoder} has changed since the runs in "
                f"{path.parent}. Take another output folder, or remove these runs."
            )


def make_configs(
    args: argparse.Namespace, encoder: Optional[str], max_size: int
) -> Dict[str, Config]:
    """Return the config of each system."""
    configs = {
        system: make_system(
            system,
            args.recipe,
            lang=args.lang,
            encoder=encoder,
            updates=args.updates,
            max_size=max_size,
        )
        for system in args.systems
    }
    words = [f"--{setting}" for setting in args.set]
    apply_settings(configs, parse_config_overrides(words, env_var=None))
    return configs


def run_system(
    output: Path, name: str, config: Config, args: argparse.Namespace
) -> System:
    """Train a system with all learning rates, and with all seeds at the best one."""

    def run(rate: float, seed: int) -> Dict[str, Any]:
        return run_once(output, name, rate, seed)

    first, *others = args.seeds
    tried = try_rates(
        lambda rate: run(rate, first)["dev"],
        args.rates or default_rates(config),
        extend=args.rates is None,
    )
    best = max(tried, key=lambda rate: tried[rate])
    runs = [run(best, seed) for seed in args.seeds]
    return System(name=name, rate=best, tried=tried, runs=runs)


def run_once(output: Path, name: str, rate: float, seed: int) -> Dict[str, Any]:
    """Train a system once, and predict the dev and test documents."""
    folder, corpus = output / f"{name}-{show_rate(rate)}-{seed}", output / "corpus"
    about = {"system": name, "rate": rate, "seed": seed}
    settings = {RATE: rate, "system.seed": seed}
    done = train(folder, output / f"{name}.cfg", corpus, settings, about)
    path = folder / "predictions.json"
    once(path, lambda: predict_all(folder / "model-best", corpus))
    return {**done, "folder": folder.name}


def try_rates(
    run: Callable[[float], float], rates: List[float], *, extend: bool
) -> Dict[float, float]:
    """Run learning rates, and return what each one scores.

    extend (bool): Whether to try further rates until the best is not the lowest or the
        highest, so that no system is held back by the choice of rates.
    """
    tried = {rate: run(rate) for rate in rates}
    while extend and len(tried) < MOST_RATES:
        best = max(tried, key=lambda rate: tried[rate])
        if best == max(tried):
            tried[2 * best] = run(2 * best)
        elif best == min(tried):
            tried[best / 2] = run(best / 2)
        else:
            break
    return dict(sorted(tried.items()))


def score(system: System, output: Path, examples: Dict[str, Any]) -> None:
    """Match the predictions of a system's runs with gold."""
    for run in system.runs:
        path = output / run["folder"] / "predictions.json"
        rows = once(path, dict)
        for split in SCORED:
            scored = Scored.match(examples[split], rows[split])
            system.scored[split].append(scored)


def discard_others(output: Path, system: System) -> None:
    """Remove the pipelines of a system that are not measured."""
    kept = system.runs[0]["folder"]
    for path in output.glob(f"{system.name}-*/model-best"):
        if path.parent.name != kept:
            shutil.rmtree(path)


def measure(
    output: Path, comparison: Comparison, examples: List[Any], args: argparse.Namespace
) -> Dict[str, Any]:
    """Measure the speeds of all systems, unless these pipelines have been measured."""
    folders = {system.name: system.runs[0]["folder"] for system in comparison.systems}
    pipelines = {
        name: output / folder / "model-best" for name, folder in folders.items()
    }
    path = output / "speeds.json"
    if path.exists() and once(path, dict)["folders"] != folders:
        path.unlink()
    for pipeline in pipelines.values() if not path.exists() else ():
        if not pipeline.exists():
            sys.exit(f"{pipeline} was removed. Remove its folder to train it again.")

    def run() -> Dict[str, Any]:
        configs = {name: output / f"{name}.cfg" for name in folders}
        corpus = output / "corpus"
        training = measure_training(configs, corpus, 4 * args.turns)
        prediction = measure_prediction(pipelines, examples, args.turns)
        return {"folders": folders, "training": training, "prediction": prediction}

    return once(path, run)


def write(output: Path, comparison: Comparison) -> None:
    (output / "table.md").write_text(make_tables(comparison), encoding="utf-8")


if __name__ == "__main__":
    main()
