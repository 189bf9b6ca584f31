"""Words per second of whole pipelines: our transformer against spacy-transformers'.

    python benchmarks/speed/pipelines.py LITBANK_RUNS WNUT OUTPUT

LITBANK_RUNS is OUTPUT/litbank of `benchmarks/accuracy/compare.py OUTPUT
corpus/litbank`, whose pipelines are timed: `global_pointer` in every precision that
works here, and `ner` and `spancat` on spacy-transformers' architecture, all with the
same encoder. The long texts are LitBank's test documents, in LITBANK_RUNS/corpus, the
short ones those of WNUT, a file of WNUT-17
(https://github.com/leondz/emerging_entities_17) in CoNLL columns. The bare encoder's
forward pass on the same pieces in rows without filling, special pieces or overlap is
the limit.

`spacy global-pointer benchmark` times any pipelines on any texts. This script adds the
precisions, the bare encoder and the F1. Contenders take turns, and the median of each
one's times counts. OUTPUT/speed.md is the table, with the F1 on LitBank's test
documents.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Callable, Dict, List

import spacy
import torch
from spacy.language import Language
from spacy.training import Corpus, Example

from spacy_globalpointer.benchmarking.timings import (
    count_words,
    take_turns,
    time_stream,
)
from spacy_globalpointer.encoders.pieces import split_pieces
from spacy_globalpointer.encoders.precision import bf16_gain
from spacy_globalpointer.encoders.transformer_model import get_shim

#: Rows and pieces of the bare encoder's batches: the fastest of those tried.
ROWS, PIECES = 16, 128
TURNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("wnut", type=Path)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    pipelines = load_pipelines(args.runs)
    texts = {
        "LitBank": read_litbank(args.runs / "corpus/test.spacy"),
        "WNUT-17": read_wnut(args.wnut),
    }
    rows = {name: {"F1": f1(nlp, args.runs)} for name, nlp in pipelines.items()}
    for corpus, batch_size in (("LitBank", 16), ("WNUT-17", 128)):
        times = measure(pipelines, texts[corpus], batch_size)
        for name, speed in times.items():
            rows.setdefault(name, {})[corpus] = speed
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "speed.json").write_text(json.dumps(rows, indent=2))
    table = make_table(rows)
    (args.output / "speed.md").write_text(table, encoding="utf-8")
    print(table)


def load_pipelines(runs: Path) -> Dict[str, Language]:
    """The pipelines by the names of the table's rows."""
    pipelines = {}
    for system in ("ner", "spancat"):
        [path] = sorted(runs.glob(f"{system}-*/model-best"))[:1]
        pipelines[f"{system}, spacy-transformers"] = spacy.load(path)
    [path] = sorted(runs.glob("global_pointer-*/model-best"))[:1]
    precisions = ["fp32", *(["bf16"] if bf16_gain("cpu") > 0 else [])]
    for precision in precisions:
        config = {"components.transformer.model.precision": precision}
        nlp = spacy.load(path, config=config)
        pipelines[f"global_pointer, {precision}"] = nlp
    return pipelines


def read_litbank(path: Path) -> List[str]:
    nlp = spacy.blank("en")
    return [example.reference.text for example in Corpus(path)(nlp)]


def read_wnut(path: Path) -> List[str]:
    texts, words = [], []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.strip():
            words.append(line.split("\t")[0])
        elif words:
            texts.append(" ".join(words))
            words = []
    return texts


def f1(nlp: Language, runs: Path) -> float:
    """On LitBank's test documents; for ner on the outermost spans."""
    examples = []
    for example in Corpus(runs / "corpus/test.spacy")(nlp):
        doc = nlp(example.reference.text)
        examples.append(Example(doc, example.reference))
    scores = nlp.evaluate(examples)
    return scores["ents_f" if nlp.has_pipe("ner") else "spans_sc_f"]


def measure(
    pipelines: Dict[str, Language], texts: List[str], batch_size: int
) -> Dict[str, float]:
    """Words per second of each pipeline, and of the bare encoder."""
    functions: Dict[str, Callable[[int], float]] = {
        name: lambda _, nlp=nlp: time_stream(nlp, texts, batch_size)
        for name, nlp in pipelines.items()
    }
    nlp = pipelines["global_pointer, fp32"]
    functions["the bare encoder, fp32"] = bare_encoder(nlp, texts)
    words = sum(count_words(nlp.make_doc(text)) for text in texts)
    times = take_turns(functions, TURNS)
    return {name: words / statistics.median(own) for name, own in times.items()}


def bare_encoder(nlp: Language, texts: List[str]) -> Callable[[int], float]:
    encoder = get_shim(nlp.get_pipe("transformer").model).encoder
    docs = [nlp.make_doc(text) for text in texts]
    ids = [torch.from_numpy(p.ids) for p in split_pieces(encoder.tokenizer, docs)]
    flat = torch.cat(ids)
    rows = flat[: len(flat) // PIECES * PIECES].view(-1, PIECES)
    rest = flat[len(rows) * PIECES :][None]

    def run(_: int) -> float:
        encoder.module.eval()
        start = time.perf_counter()
        with torch.no_grad():
            for batch in [*rows.split(ROWS), *([rest] if rest.numel() else [])]:
                encoder.module(batch, torch.ones_like(batch))
        return time.perf_counter() - start

    return run


def make_table(rows: Dict[str, Dict[str, float]]) -> str:
    base = rows["ner, spacy-transformers"]
    head = ["pipeline", "F1, LitBank"]
    for corpus in ("LitBank", "WNUT-17"):
        head += [f"words/s, {corpus}", "× ner"]
    lines = [head, ["---"] * len(head)]
    for name, row in rows.items():
        line = [name, f"{100 * row['F1']:.1f}" if "F1" in row else ""]
        for corpus in ("LitBank", "WNUT-17"):
            line += [f"{row[corpus]:,.0f}", f"{row[corpus] / base[corpus]:.2f}"]
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
