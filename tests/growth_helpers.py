"""Inputs of any size that have made readers slow, and a count of what reading takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from corpus_helpers import doc_with, save

from spacy_globalpointer.corpus.formats.registry import (
    FORMATS,
    detect_format,
    read_documents,
)


class Input(NamedTuple):
    """A file to read.

    format (str): Its format.
    name (str): Its name.
    make (Callable[[int], Any]): Makes its content, which grows with the number: a text,
        a JSON value, or the Doc of a .spacy file.
    options (Dict[str, Any]): Options of the reader.
    """

    format: str
    name: str
    make: Callable[[int], Any]
    options: Dict[str, Any] = {}


def words(n):
    return "ab " * n


def spans(n, width=50):
    """As many spans as words; each begins at one and is so many words long."""
    return [(3 * i, 3 * min(n, i + width) - 1) for i in range(n)]


def region(start, end, copy, labels=("X",)):
    value = {"start": start, "end": end, "text": copy, "labels": list(labels)}
    return {"type": "labels", "value": value}


def task(text, *results):
    return [{"data": {"text": text}, "annotations": [{"result": r} for r in results]}]


def paragraph(*tags):
    return {"sentences": [{"tokens": [{"orth": "ab", "ner": tag} for tag in tags]}]}


def run_of(n):
    return ["B-X", *["I-X"] * n]


def brat(text, lines):
    return {"a.txt": text, "a.ann": "\n".join(lines)}


def token(i):
    return {"id": i, "start": 3 * i, "end": 3 * i + 2}


def entity(start, end, copy):
    return {"start_idx": start, "end_idx": end, "type": "X", "entity": copy}


INPUTS: Dict[str, Input] = {
    "jsonl, overlapping spans": Input(
        "jsonl",
        "a.jsonl",
        lambda n: {
            "text": words(n),
            "spans": [{"start": a, "end": b, "label": "X"} for a, b in spans(n)],
        },
    ),
    "jsonl, a key twice": Input(
        "jsonl",
        "a.jsonl",
        lambda n: "".join(
            ['{"text": "", ', *(f'"k{i}": 1, ' for i in range(n)), f'"k{n - 1}": 1}}']
        ),
    ),
    "chip, overlapping spans": Input(
        "chip",
        "a.txt",
        lambda n: "|||".join([words(n), *(f"{a} {b - 1} X" for a, b in spans(n)), ""]),
    ),
    "chip, spaces": Input(
        "chip",
        "a.txt",
        lambda n: (
            "|||".join(["a", "0 0 x" + " " * n + "y" + " " * n, " " * n, "1 1"])
            + " " * n
        ),
    ),
    "cmeee, long spans with short copies": Input(
        "cmeee",
        "a.json",
        lambda n: [{"text": words(n), "entities": [entity(0, 3 * n - 2, "ab")] * n}],
    ),
    "cluener, one long surface": Input(
        "cluener",
        "a.json",
        lambda n: {"text": "a", "label": {"X": {"a" * n: [[0, n - 1]] * n}}},
    ),
    "doccano, overlapping spans": Input(
        "doccano",
        "a.jsonl",
        lambda n: {
            "text": "😀" + words(n),
            "label": [[a + 2, b + 2, "X"] for a, b in spans(n)],
        },
    ),
    "doccano, flags": Input(
        "doccano",
        "a.jsonl",
        lambda n: {"text": "🇩🇪" * n, "label": [[i, i + 1, "X"] for i in range(n)]},
        {"offsets": "graphemes"},
    ),
    "label-studio, long spans with short copies": Input(
        "label-studio",
        "a.json",
        lambda n: task(words(n), [region(0, 3 * n, "ab")] * n),
    ),
    "label-studio, many labels of a region": Input(
        "label-studio",
        "a.json",
        lambda n: task("a", [region(0, 9, "a", ["X"] * n)]),
    ),
    "label-studio, many annotators": Input(
        "label-studio",
        "a.json",
        lambda n: task("😀" * n, *[[region(0, 1, "😀")]] * n),
        {"annotations": "all"},
    ),
    "prodigy, overlapping spans": Input(
        "prodigy",
        "a.jsonl",
        lambda n: {
            "text": words(n),
            "spans": [{"start": a, "end": b, "label": "X"} for a, b in spans(n)],
            "tokens": [{**token(i), "ws": True} for i in range(n)],
        },
    ),
    "prodigy, tokens of white space": Input(
        "prodigy",
        "a.jsonl",
        lambda n: {
            "text": " " * n,
            "spans": [],
            "tokens": [{"start": 0, "end": n, "id": i, "ws": True} for i in range(n)],
        },
    ),
    "spacy-json, overlapping spans": Input(
        "spacy-json",
        "a.jsonl",
        lambda n: {
            "text": words(n),
            "tokens": [token(i) for i in range(n)],
            "spans": {
                "sc": [{"start": a, "end": b, "label": "X"} for a, b in spans(n)]
            },
        },
    ),
    "spacy-json, a long run of tags": Input(
        "spacy-json",
        "a.json",
        lambda n: [{"paragraphs": [paragraph("B-X", *["I-X"] * n, "L-X")]}],
    ),
    "spacy-json, many paragraphs": Input(
        "spacy-json",
        "a.json",
        lambda n: [{"paragraphs": [paragraph("U-X")] * n}],
    ),
    "hf-tokens, a long run of tags": Input(
        "hf-tokens",
        "a.jsonl",
        lambda n: {"tokens": ["ab"] * (n + 1), "ner_tags": run_of(n)},
    ),
    "conll, a long run of tags": Input(
        "conll", "a.conll", lambda n: "".join(f"ab\t{tag}\n" for tag in run_of(n))
    ),
    "conll, comments": Input("conll", "a.conll", lambda n: "# a\n" * n + "ab\tB-X\n"),
    "conll, many columns": Input(
        "conll", "a.conll", lambda n: "ab" + "\tB-X" * n + "\n"
    ),
    "brat, long spans with short copies": Input(
        "brat",
        "a",
        lambda n: brat(words(n), [f"T{i}\tX 0 {3 * n}\tab" for i in range(n)]),
    ),
    "brat, white space within spans": Input(
        "brat",
        "a",
        lambda n: brat("a" + " " * n + "b", [f"T1\tX 0 {n + 2}\ta b"] * n),
    ),
    "brat, fragments": Input(
        "brat",
        "a",
        lambda n: brat("a" + " " * n + "b", ["T1\tX 0 1" + f";{n} 1" * n + "\ta"]),
    ),
    "spacy, overlapping spans": Input(
        "spacy",
        "a.spacy",
        lambda n: doc_with(["ab"] * n, [(i, min(n, i + 50), "X") for i in range(n)]),
    ),
}


def write(folder: Path, given: Input, n: int) -> Path:
    """RETURNS (Path): The file, or the folder of brat's."""
    content = given.make(n)
    if given.format == "spacy":
        return save(folder / given.name, [content])
    files = content if given.format == "brat" else {given.name: content}
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return folder if given.format == "brat" else folder / given.name


def read(path: Path, given: Input) -> None:
    """Read all documents, as far as an error with a code lets."""
    format = FORMATS[given.format]
    try:
        for _ in read_documents(format, path, options=given.options):
            pass
    except ValueError as err:
        assert str(err).startswith("[GP"), err


def detect(path: Path) -> None:
    """Tell the format, if it can be told."""
    try:
        detect_format(path)
    except ValueError as err:
        assert str(err).startswith("[GP"), err


def count_steps(function: Callable[[], object]) -> int:
    """RETURNS (int): Steps of Python's virtual machine; it counts no seconds, which
    differ from run to run."""
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        steps += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return steps


def growth(counts: List[int]) -> List[float]:
    """RETURNS (List[float]): By how much each doubling adds more than the one before:
    2 if counts grow as the input does, 4 if as its square. What is done once, whatever
    the input, plays no part, nor do a few steps."""
    added = [b - a for a, b in zip(counts, counts[1:])]
    return [b / max(a, 100) for a, b in zip(added, added[1:])]
