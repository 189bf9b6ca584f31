"""A novel, and a million tokens, as one Doc.

    python benchmarks/encoder/books.py PIPELINE BOOK.txt

PIPELINE has `spacy-globalpointer.TransformerModel.v1` and `global_pointer`; BOOK is a
text such as Middlemarch (https://www.gutenberg.org/ebooks/145). Words per second of the
book as one Doc are compared with those of its paragraphs as texts of their own, run
beside it, and the peak of memory is what the process grows by. Then ten tokens are
repeated to a Doc of a million.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Dict

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_globalpointer.benchmarking.memory import memory_on_linux
from spacy_globalpointer.benchmarking.timings import count_words

TOKENS = ["Mr.", "Brooke", "of", "Tipton", "met", "Dorothea", "in", "the", "park", "."]
MILLION = 1_000_000


def main(pipeline: str, book: str) -> None:
    nlp = spacy.load(pipeline, disable=["doc_cleaner"])
    text = Path(book).read_text(encoding="utf-8")
    nlp.max_length = max(nlp.max_length, len(text) + 1)
    paragraphs = [p for p in text.split("\n\n") if p.strip()]
    list(nlp.pipe(paragraphs[:50]))  # libraries take memory of their own
    print("| | words | spans | words/s | grows by, MiB | tokens without a vector |")
    print("| --- | --- | --- | --- | --- | --- |")
    show("its paragraphs", timed(nlp, paragraphs))
    show(f"{Path(book).stem}, one Doc", measured(nlp, nlp.make_doc(text)))
    doc = Doc(nlp.vocab, TOKENS * (MILLION // len(TOKENS)))
    show("a million tokens, one Doc", measured(nlp, doc))


def show(name: str, row: Dict[str, float]) -> None:
    memory = f"{row['memory'] / 2**20:,.0f}" if "memory" in row else ""
    lost = f"{row['lost']:,}" if "lost" in row else ""
    print(
        f"| {name} | {row['words']:,} | {row['spans']:,} | {row['speed']:,.0f} "
        f"| {memory} | {lost} |",
        flush=True,
    )


def timed(nlp: Language, paragraphs: list) -> Dict[str, float]:
    """Docs are made before the clock starts, as for the book."""
    docs = [nlp.make_doc(text) for text in paragraphs]
    words = sum(map(count_words, docs))
    start = time.perf_counter()
    spans = sum(len(doc.spans["sc"]) for doc in nlp.pipe(docs, batch_size=64))
    seconds = time.perf_counter() - start
    return {"words": words, "spans": spans, "speed": words / seconds}


def measured(nlp: Language, doc: Doc) -> Dict[str, float]:
    words, before = count_words(doc), memory_on_linux("VmRSS")
    start = time.perf_counter()
    nlp(doc)
    seconds = time.perf_counter() - start
    data = doc._.trf_data
    rows = data.tensors[0][0]
    lost = sum(
        not token.is_space and not rows[data.align[token.i].dataXd].any()
        for token in doc
    )
    return {
        "words": words,
        "spans": len(doc.spans["sc"]),
        "speed": words / seconds,
        "memory": memory_on_linux("VmHWM") - before,
        "lost": lost,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline")
    parser.add_argument("book")
    main(**vars(parser.parse_args()))
