"""F1 on labels that a trained pipeline is only taught, by the number of sentences.

    python benchmarks/memory/teach.py PIPELINE CORPUS [--sentences 20 100 500] \\
        [--seeds 0 1 2] [--seconds 120] [--rate 1e-4] [--split test] [--first DOCS]

PIPELINE was trained on other labels, such as LitBank's. CORPUS has train.spacy and
test.spacy, such as WNUT-17's, which `spacy project run wnut17` converts. For each seed
and number, as many texts of train.spacy are drawn. The pipeline remembers them, and is
scored on all texts of the split, on the labels of CORPUS alone. `fine-tuned` is a copy
of the pipeline that is trained on the same texts for some seconds instead: all its
weights, with a constant learning rate. With --first, the pipeline first remembers other
documents, such as those that it was trained on, as a source of its own. All scores are
at the threshold 0.5, and no setting is chosen on CORPUS.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path
from typing import Any, Callable, List, Set, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from thinc.api import Adam

COMPONENT, KEY = "global_pointer", "sc"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--sentences", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=120, help="0: no fine-tuning")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--split", default="test")
    parser.add_argument("--first", type=Path, help=".spacy file to remember first")
    args = parser.parse_args()
    systems = {"remembered": remember}
    if args.seconds:
        systems["fine-tuned"] = lambda *own: fine_tune(*own, args.seconds, args.rate)
    print("| sentences | spans | | P | R | F1 | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for n in args.sentences:
        for name, teach in systems.items():
            rows = [score(args, n, seed, teach) for seed in args.seeds]
            spans, p, r, f, seconds = zip(*rows)
            spread = f" ± {statistics.stdev(f):.1f}" if len(f) > 1 else ""
            values = (statistics.mean(x) for x in (p, r))
            shares = " | ".join(f"{x:.1f}" for x in values)
            f_mean, spent = statistics.mean(f), statistics.mean(seconds)
            row = f"{statistics.mean(spans):.0f} | {name} | {shares}"
            print(f"| {n} | {row} | {f_mean:.1f}{spread} | {spent:.0f} |", flush=True)


def score(
    args: argparse.Namespace,
    n: int,
    seed: int,
    teach: Callable[[Language, List[Example], int], None],
) -> Tuple[int, float, float, float, float]:
    """Teach a pipeline n texts. Return the number of their spans, P, R and F1 in
    percent, and the seconds that it took."""
    nlp = spacy.load(args.pipeline)
    taught = read(nlp, args.corpus / "train.spacy")
    random.Random(seed).shuffle(taught)
    taught = taught[:n]
    examples = read(nlp, args.corpus / f"{args.split}.spacy")
    if args.first and teach is remember:
        nlp.get_pipe(COMPONENT).remember(read(nlp, args.first), source="first")
    start = time.perf_counter()
    teach(nlp, taught, seed)
    seconds = time.perf_counter() - start
    labels = {label for _, _, label in spans_of([x.reference for x in examples])}
    docs = list(nlp.pipe(example.predicted for example in examples))
    found = {own for own in spans_of(docs) if own[2] in labels}
    gold = spans_of([example.reference for example in examples])
    right = len(found & gold)
    p, r = right / max(len(found), 1), right / max(len(gold), 1)
    f = 2 * right / max(len(found) + len(gold), 1)
    n_spans = len(spans_of([x.reference for x in taught]))
    return n_spans, 100 * p, 100 * r, 100 * f, seconds


def read(nlp: Language, path: Path) -> List[Example]:
    examples = []
    for doc in DocBin().from_disk(path).get_docs(nlp.vocab):
        words, spaces = zip(*((x.text, bool(x.whitespace_)) for x in doc))
        examples.append(Example(Doc(nlp.vocab, words, spaces), doc))
    return examples


def spans_of(docs: List[Doc]) -> Set[Any]:
    """Return document, place and label of each span."""
    return {
        ((i, span.start, span.end), doc.text, span.label_)
        for i, doc in enumerate(docs)
        for span in doc.spans[KEY]
    }


def remember(nlp: Language, examples: List[Example], seed: int) -> None:
    nlp.get_pipe(COMPONENT).remember(examples)


def fine_tune(
    nlp: Language, examples: List[Example], seed: int, seconds: float, rate: float
) -> None:
    fix_random_seed(seed)
    for example in examples:
        for span in example.reference.spans[KEY]:
            nlp.get_pipe(COMPONENT).add_label(span.label_)
    optimizer = Adam(rate, L2=0.01, L2_is_weight_decay=True)
    end = time.perf_counter() + seconds
    while True:
        random.shuffle(examples)
        for batch in minibatch(examples, 16):
            if time.perf_counter() > end:
                return
            nlp.update(batch, drop=0.1, sgd=optimizer)


if __name__ == "__main__":
    main()
