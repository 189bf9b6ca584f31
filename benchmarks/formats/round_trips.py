"""Corpora there and back: source, Docs in a DocBin, the same format again.

    python benchmarks/formats/round_trips.py CORPORA

CORPORA is a folder with litbank/brat, germeval14, wnut17, lener_br, cmeee and cluener;
project.yml names their sources, assets/NAME/SHA256SUMS what the files are. For each
corpus: what became of its annotations with the language's tokenizer, and how many lines
of the source the written file has again. Source spans are counted by a few lines of
their own, without the package's readers.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import spacy
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_globalpointer.corpus.align import make_doc
from spacy_globalpointer.corpus.annotations import AnnotatedText
from spacy_globalpointer.corpus.formats.registry import get_format, read_documents
from spacy_globalpointer.corpus.from_doc import annotated_from_doc


class Corpus(NamedTuple):
    folder: str
    format: str
    lang: str
    count: Callable[[str], int]
    options: Dict[str, str] = {}
    exclude: Tuple[str, ...] = ()


def count_brat(text: str) -> int:
    return sum(line.startswith("T") for line in text.split("\n"))


def count_iob2(text: str) -> int:
    return len(re.findall(r"[\t ]B-", text))


def count_chip(text: str) -> int:
    lines = text.replace("\r", "").split("\n")
    return sum(line.rstrip("|").count("|||") for line in lines if line)


def count_cluener(text: str) -> int:
    records = [json.loads(line) for line in text.split("\n") if line.strip()]
    labels = [label for record in records for label in record["label"].values()]
    return sum(len(places) for label in labels for places in label.values())


MERGED = ("*train.conll", "*dev.conll", "*test.conll", "SOURCE*", "README*")
SENTENCES = {"documents": "sentence"}
CORPORA = {
    "LitBank": Corpus("litbank/brat", "brat", "en", count_brat),
    "GermEval 2014": Corpus("germeval14", "conll", "de", count_iob2, SENTENCES),
    "LeNER-Br": Corpus("lener_br", "conll", "pt", count_iob2, {}, MERGED),
    "WNUT-17": Corpus(
        "wnut17", "conll", "en", count_iob2, SENTENCES, ("SOURCE*", "README*")
    ),
    "CMeEE": Corpus("cmeee", "chip", "zh", count_chip, {}, ("SOURCE*",)),
    "CLUENER": Corpus("cluener", "cluener", "zh", count_cluener),
}


def main(corpora: Path) -> None:
    print(
        "| | documents | source spans | converted | rejected | lines | as they were |"
        "\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name, corpus in CORPORA.items():
        row = round_trip(corpora / corpus.folder, corpus)
        print(f"| {name} | {' | '.join(row)} |", flush=True)


def round_trip(folder: Path, corpus: Corpus) -> List[str]:
    format, nlp = get_format(corpus.format), spacy.blank(corpus.lang)
    options = format.reading(corpus.options)
    documents = read_documents(format, folder, exclude=corpus.exclude, options=options)
    n_docs, n_read, kept, reasons = 0, 0, 0, Counter()
    same = total = source_spans = 0
    for file, group in groupby(documents, key=lambda pair: pair[0].source.file):
        back = []
        for document, rejects in group:
            doc, misfits = make_doc(nlp, document)
            data = DocBin(docs=[doc], attrs=["ORTH"], store_user_data=True).to_bytes()
            [doc] = DocBin().from_bytes(data).get_docs(Vocab())
            back.append(annotated_from_doc(doc))
            n_docs += 1
            n_read += document.n_read
            kept += len(doc.spans["sc"])
            reasons.update(reject.reason.value for reject in [*rejects, *misfits])
        for source, written in written_pairs(folder, file, corpus, back):
            source_spans += corpus.count(source)
            a, b = (
                text.replace("\r\n", "\n").split("\n") for text in (source, written)
            )
            total += len(a)
            same += sum((Counter(a) & Counter(b)).values()) if a != b else len(a)
    if source_spans != n_read or n_read != kept + sum(reasons.values()):
        sys.exit(f"{folder}: {source_spans} in the source, {n_read} read, {kept} kept")
    why = ", ".join(f"{n:,} {reason}" for reason, n in sorted(reasons.items()))
    share = "all" if same == total else f"{same:,}"
    counts = [f"{n:,}" for n in (n_docs, source_spans, kept)]
    return [*counts, why or "0", f"{total:,}", share]


def written_pairs(
    folder: Path, file: str, corpus: Corpus, documents: List[AnnotatedText]
) -> Iterator[Tuple[str, str]]:
    """YIELDS (Tuple[str, str]): The source, and what is written of its documents."""
    format = get_format(corpus.format)
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "out"
        assert format.write is not None
        format.write(documents, target)
        names = [file]
        if format.writes_folder:
            stem = file.rsplit(".", 1)[0]
            names = [f"{stem}.ann"]
            assert (target / f"{stem}.txt").read_bytes() == (
                folder / f"{stem}.txt"
            ).read_bytes()
        for name in names:
            path = target / name if format.writes_folder else target
            yield (folder / name).read_text("utf-8"), path.read_text("utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path)
    main(**vars(parser.parse_args()))
