"""Where a prediction's time goes, a part at a time, in CPU time of one thread.

    python benchmarks/speed/parts.py PIPELINE TEXTS.spacy [--docs 6] [--tokens N]

PIPELINE is a folder with a `transformer` and a `global_pointer` with the plain head,
TEXTS.spacy a file of long documents, such as LitBank's test documents. The head and the
search are run on the same vectors with exact and with rounded states, by turns. With
--tokens, only so many tokens of each document are read. The table has the least CPU
time of the turns, in microseconds a word.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Callable, Dict

import spacy
import torch
from spacy.tokens import DocBin

from spacy_globalpointer.layers.pointer_head import search_states
from spacy_globalpointer.pointer.search import search_spans


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--docs", type=int, default=6)
    parser.add_argument("--tokens", type=int)
    parser.add_argument("--turns", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    nlp = spacy.load(args.pipeline)
    stored = DocBin().from_disk(args.texts).get_docs(nlp.vocab)
    texts = [doc[: args.tokens].text for doc, _ in zip(stored, range(args.docs))]
    parts = make_parts(nlp, texts)
    best: Dict[str, float] = {}
    for _ in range(args.turns):
        for name, run in parts.items():
            start = time.process_time()
            run()
            taken = time.process_time() - start
            best[name] = min(taken, best.get(name, taken))
    words = sum(len(nlp.make_doc(text)) for text in texts)
    labels = len(nlp.get_pipe("global_pointer").labels)
    print(f"{words:,} words, {len(texts)} documents, {labels} labels\n")
    print("| part | µs a word |\n| --- | --- |")
    for name, seconds in best.items():
        print(f"| {name} | {seconds / words * 1e6:.1f} |")


def make_parts(nlp: Any, texts: list[str]) -> Dict[str, Callable[[], Any]]:
    """Return the parts by name, in the order of the table."""
    transformer, pipe = nlp.get_pipe("transformer"), nlp.get_pipe("global_pointer")
    docs = [nlp.make_doc(text) for text in texts]
    docs = list(transformer.pipe(docs))
    vectors = pipe.model.get_ref("tok2vec").predict(docs)
    head = pipe.model.get_ref("output_layer")
    exact, rounded = head.predict(vectors), search_states(head, vectors)
    floors = [0.0] * len(pipe.labels)
    bounds = {"max_span_length": pipe.reach()}
    found = [search_spans(states, floors, **bounds) for states in (exact, rounded)]
    for one, other in zip(*found):
        for column in ("labels", "starts", "ends"):
            assert torch.equal(getattr(one, column), getattr(other, column))
    return {
        "spaCy's tokenizer": lambda: [nlp.make_doc(text) for text in texts],
        "encoder with its tokenizer": lambda: list(transformer.pipe(docs)),
        "head": lambda: head.predict(vectors),
        "head, rounded": lambda: search_states(head, vectors),
        "search": lambda: search_spans(exact, floors, **bounds),
        "search, rounded": lambda: search_spans(rounded, floors, **bounds),
    }


if __name__ == "__main__":
    main()
