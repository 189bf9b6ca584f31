"""Documents of mixed lengths, and the results of a run, for the other scripts."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, Iterator, List

from spacy.vocab import Vocab

from spacy_globalpointer.corpus.docbin import read_docs

#: One document in so many is a long one.
LONG_EVERY = 100


def add_arguments(parser: argparse.ArgumentParser, documents: int) -> None:
    parser.add_argument("pipeline")
    parser.add_argument("output", type=Path, help="folder for documents and results")
    parser.add_argument("--short", type=Path, required=True, help=".spacy, WNUT-17's")
    parser.add_argument("--long", type=Path, required=True, help=".spacy, LitBank's")
    parser.add_argument("--novel", type=Path, help=".txt, one document among all")
    parser.add_argument("--documents", type=int, default=documents)


def texts(path: Path) -> List[str]:
    return [doc.text for doc in read_docs(path, Vocab())]


def make_documents(args: argparse.Namespace) -> Path:
    """Write a JSON lines file, unless it exists: short texts, a long one in a hundred,
    and the novel in the middle. The ids are whole numbers."""
    file: Path = args.output / f"documents-{args.documents}.jsonl"
    if file.exists():
        return file
    args.output.mkdir(parents=True, exist_ok=True)
    short, long = cycle(texts(args.short)), cycle(texts(args.long))
    with file.open("w", encoding="utf-8") as stream:
        for i in range(args.documents):
            text = next(long if i % LONG_EVERY == 0 else short)
            if args.novel is not None and i == args.documents // 2:
                text = args.novel.read_text(encoding="utf-8")
            stream.write(json.dumps({"id": i, "text": text}) + "\n")
    return file


def command(pipeline: str, source: Path, output: Path, *options: Any) -> List[str]:
    """RETURNS: The words of the command `annotate`."""
    words = ["spacy", "global-pointer", "annotate", pipeline, source, output, *options]
    return [sys.executable, "-m", *map(str, words)]


def annotate(*arguments: Any) -> None:
    subprocess.run(command(*arguments), check=True)


def children(pid: int) -> List[int]:
    """RETURNS: The processes that the threads of a process have started; Linux only."""
    found: List[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            found += map(int, file.read_text().split())
    return found


def read_results(folder: Path) -> Iterator[Dict[str, Any]]:
    """YIELDS: The rows of a run's JSON lines, in order."""
    for part in sorted(folder.glob("part-*.jsonl")):
        for line in part.read_text("utf-8").splitlines():
            yield json.loads(line)


def places(row: Dict[str, Any]) -> List[tuple]:
    """RETURNS: The spans of a row, without probabilities, whose last digits depend on
    the other texts of a batch."""
    return sorted((span["start"], span["end"], span["label"]) for span in row["spans"])
