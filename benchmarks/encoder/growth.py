"""Memory of a process along a stream of predictions, and along a training.

    python benchmarks/encoder/growth.py CORPUS.spacy ENCODER

CORPUS has documents with gold spans, such as corpus/agreements/train.spacy, which
`make demo` makes, and ENCODER is a folder or a model's name on a hub. The pipeline and
its training are those of configs/default.cfg. The stream has texts of 1 to 300 words,
cut out of the documents at random, for a pipeline after one update. Stream and training
are the same in every run, and have a process each. A row has the resident set after so
many texts or updates, and the highest until then. Linux only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import torch
from spacy.language import Language
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from spacy.util import fix_random_seed, load_config, registry
from thinc.api import Config

from spacy_globalpointer.benchmarking.memory import memory_on_linux

PROJECT = Path(__file__).parents[2]
LONGEST_TEXT = 300


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("encoder")
    parser.add_argument("--precision", default="auto", help="fp32, bf16 or auto")
    parser.add_argument("--layers", type=int, help="new ones above the encoder's own")
    parser.add_argument("--chunk-size", type=int, default=128)
    parser.add_argument("--words", type=int, default=1000, help="of an update")
    parser.add_argument("--texts", type=int, default=4000, help="0 for no stream")
    parser.add_argument("--updates", type=int, default=900, help="0 for no training")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    print("| | | resident, MiB | highest | seconds |")
    print("| --- | --- | --- | --- | --- |")
    for what, total in (("texts", args.texts), ("updates", args.updates)):
        if total:  # memory that one leaves behind is not the other's
            target, given = RUNS[what], (vars(args), total)
            process = multiprocessing.get_context("spawn").Process(
                target=target, args=given
            )
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


def predict(options: Dict[str, Any], total: int) -> None:
    """Predict texts, and drop each Doc at once."""
    nlp, batches = build(options)
    nlp.update(next(batches), sgd=resolve(nlp, "training", "optimizer"))
    texts = cut_texts(nlp, options["corpus"])
    docs = nlp.pipe(islice(texts, total))
    show("texts", total, docs)


def train(options: Dict[str, Any], total: int) -> None:
    """Update with batch after batch."""
    nlp, batches = build(options)
    optimizer = resolve(nlp, "training", "optimizer")

    def updates() -> Iterator[None]:
        for batch in islice(batches, total):
            nlp.update(batch, sgd=optimizer, drop=nlp.config["training"]["dropout"])
            optimizer.step_schedules()
            yield None

    show("updates", total, updates())


RUNS = {"texts": predict, "updates": train}


def build(options: Dict[str, Any]) -> Tuple[Language, Iterator[Any]]:
    """A pipeline, initialized, and its training batches, without an end."""
    torch.set_num_threads(options["threads"])
    config = load_config(PROJECT / "configs/default.cfg")
    corpus = options["corpus"]
    paths = {"train": corpus, "dev": corpus, "encoder": options["encoder"]}
    config["paths"].update(paths)
    model = config["components"]["transformer"]["model"]
    model["precision"] = options["precision"]
    model["frozen_layers"] = 0 if options["layers"] else None
    # A chunk in a window, as in docs/training.md.
    model["window"] = options["chunk_size"] + 32
    if options["layers"]:
        model["transformer_config"] = {"num_hidden_layers": options["layers"]}
    config["corpora"]["train"]["chunk_size"] = options["chunk_size"]
    config["training"]["batcher"]["size"] = options["words"]
    return make(config)


def make(config: Config) -> Tuple[Language, Iterator[Any]]:
    fix_random_seed(0)
    nlp = init_nlp(config.interpolate())
    batcher = resolve(nlp, "training", "batcher")
    corpus = resolve(nlp, "corpora", "train")

    def endless() -> Iterator[Any]:
        order = random.Random(0)
        while True:
            examples = list(corpus(nlp))
            order.shuffle(examples)
            yield from batcher(examples)

    return nlp, endless()


def resolve(nlp: Language, section: str, name: str) -> Any:
    return registry.resolve({name: nlp.config[section][name]})[name]


def cut_texts(nlp: Language, corpus: str) -> Iterator[str]:
    """Texts of many lengths, short ones as often as long ones."""
    docs = [example.reference for example in Corpus(corpus)(nlp)]
    order = random.Random(0)
    while True:
        doc = order.choice(docs)
        length = min(round(LONGEST_TEXT ** order.random()), len(doc))
        start = order.randint(0, len(doc) - length)
        yield doc[start : start + length].text


def show(what: str, total: int, steps: Iterator[Any]) -> None:
    """Memory and time at ten places of equal distance, and at half of the first."""
    begin = time.perf_counter()
    places = {total * i // 20 for i in (1, *range(2, 21, 2))}
    for i, _ in enumerate(steps, start=1):
        if i in places:
            now, most = (
                f"{memory_on_linux(x) / 2**20:,.0f}" for x in ("VmRSS", "VmHWM")
            )
            seconds = time.perf_counter() - begin
            print(f"| {i:,} | {what} | {now} | {most} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
