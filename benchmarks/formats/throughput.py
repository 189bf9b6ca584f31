"""A large JSON lines file: MB/s of `convert`, and its memory.

    python benchmarks/formats/throughput.py LITBANK/entities/brat OUTPUT [--gigabytes 2]

The file is made of LitBank's documents, cut at random lines, with their spans, until it
has the size; it stays in OUTPUT, and so do the .spacy files. Memory is the peak of the
process over all of it, libraries included.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List

import spacy

from spacy_globalpointer.cli.convert import show_progress
from spacy_globalpointer.corpus.annotations import AnnotatedText
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.formats.jsonl import write_document
from spacy_globalpointer.corpus.formats.registry import get_format, read_documents


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("litbank", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    source = args.output / "large.jsonl"
    if not source.exists():
        documents = [d for d, _ in read_documents(get_format("brat"), args.litbank)]
        write(source, documents, int(args.gigabytes * 2**30))
    start, clock = time.perf_counter(), time.process_time()
    summary = convert_corpus(
        source,
        args.output / "corpus",
        nlp=spacy.blank("en"),
        splits="0.98,0.01,0.01",
        progress=show_progress,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - clock
    size = source.stat().st_size / 1e6
    documents = sum(s.statistics.documents for s in summary.splits.values())
    tokens = sum(s.statistics.tokens for s in summary.splits.values())
    spans = sum(s.kept for s in summary.splits.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{size:,.0f} MB, {documents:,} documents, {tokens:,} tokens, {spans:,} spans: "
        f"{size / seconds:.2f} MB/s, {size / cpu:.2f} MB per second of one core, "
        f"peak {peak:,.0f} MiB"
    )


def write(path: Path, documents: List[AnnotatedText], size: int) -> None:
    draft, written = path.with_suffix(".draft"), 0
    with open(draft, "w", encoding="utf-8", newline="\n") as stream:
        for number, document in enumerate(pieces(documents, random.Random(0))):
            [line] = write_document(replace(document, name=f"piece-{number}"))
            written += stream.write(line + "\n")
            if written >= size:
                break
    draft.rename(path)


def pieces(
    documents: List[AnnotatedText], rng: random.Random
) -> Iterator[AnnotatedText]:
    """YIELDS (AnnotatedText): Endless pieces of 5 to 60 lines, with their spans."""
    while True:
        document = rng.choice(documents)
        ends = [i + 1 for i, c in enumerate(document.text) if c == "\n"]
        first = rng.randrange(max(1, len(ends) - 5))
        start = ends[first]
        end = ends[min(first + rng.randint(5, 60), len(ends) - 1)]
        spans = [
            replace(span, start=span.start - start, end=span.end - start)
            for span in document.spans
            if start <= span.start and span.end <= end
        ]
        yield replace(document, text=document.text[start:end], spans=spans)


if __name__ == "__main__":
    main()
