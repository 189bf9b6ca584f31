"""The span kernel against the textbook form, bert4torch and the bare matrix products.

    pip install matplotlib six pillow
    pip install --no-deps bert4torch==0.5.4 torch4keras==0.2.6
    python benchmarks/kernel/run.py OUTPUT
    python benchmarks/kernel/run.py OUTPUT --states STATES.safetensors

For each shape the results are compared first, then the contenders take turns and the
median of each one's times counts. Memory is the growth of a fresh process's peak
while it works, the states themselves not counted. What would not fit in 16 GiB is
not run. Finished rows are kept in OUTPUT/rows.jsonl and not repeated, so that the
script can be interrupted. OUTPUT/table.md and OUTPUT/kernel.png are made from them.

STATES.safetensors holds the queries, keys and start terms of documents by a trained
pipeline, their lengths, and the longest span that it predicts;
`benchmarks/kernel/save_states.py` writes it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import torch
from contenders import (
    FromVectors,
    Limit,
    dense_loss,
    dense_search,
    our_loss,
    our_search,
)
from report import write_report
from safetensors.torch import load_file
from torch.utils._pytree import tree_leaves

from spacy_globalpointer.benchmarking.memory import memory_on_linux
from spacy_globalpointer.pointer.states import PointerStates

#: Tokens of the documents of a batch that `spacy train` makes of LitBank by
#: configs/default.cfg, and of WNUT-17's first thousand words, sentence by sentence.
LITBANK = [128, 95, 92, 96, 105, 84, 79, 122, 72, 122, 2]
WNUT = [27, 15, 12, 9, 12, 20, 11, 25, 4, 12, 23, 12, 8, 25, 13, 23, 10, 24, 12, 5]
WNUT += [18, 22, 14, 11, 16, 18, 16, 19, 18, 28, 18, 12, 30, 25, 19, 29, 20, 17, 25]
WNUT += [18, 11, 9, 31, 33, 21, 19, 23, 26, 31, 27, 12, 9, 25, 26]

#: Name of a shape, lengths, labels; each is run with both heads, but the last.
SHAPES: List[Tuple[str, List[int], int]] = [
    ("litbank", LITBANK, 6),
    ("wnut", WNUT, 6),
    *((f"{n}x9", [n], 9) for n in (64, 128, 256, 512, 1024, 2048, 4096)),
    *((f"{n}x9", [n], 9) for n in (8192, 16384, 32768)),
    *((f"1024x{n}", [1024], n) for n in (1, 30, 100)),
    ("8192x100", [8192], 100),
]
#: Bytes that the textbook form takes for each cell, about.
DENSE_BYTES = 40
TOTAL_BYTES = 16 * 2**30
#: Search in a band: tokens, and the longest span.
BANDS, BAND = [100_000, 300_000, 1_000_000], 128

Row = Dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--states", type=Path, help="states of a trained pipeline")
    parser.add_argument("--only", nargs="+", help="names of shapes; default: all")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        print(json.dumps(measure_memory(**json.loads(args.memory))))
        return
    args.output.mkdir(parents=True, exist_ok=True)
    rows = Rows(args.output / "rows.jsonl")
    for name, lengths, n_labels in SHAPES:
        if args.only and name not in args.only:
            continue
        heads = (True,) if name == SHAPES[-1][0] else (False, True)
        for shared, what in itertools.product(heads, ("loss", "search")):
            key = {"what": what, "shape": name, "shared": shared}
            rows.once(key, partial(measure, what, lengths, n_labels, shared))
    for n_tokens in BANDS:
        key = {"what": "band", "shape": str(n_tokens), "shared": False}
        if not args.only or "band" in args.only:
            rows.once(key, partial(measure_band, n_tokens))
    if args.states:
        for doc in range(len(load_file(args.states)["lengths"])):
            key = {"what": "trained", "shape": str(doc), "shared": False}
            rows.once(key, partial(measure_trained, args.states, doc))
    write_report(rows.rows, args.output)
    print((args.output / "table.md").read_text(encoding="utf-8"))


class Rows:
    """Finished rows, one a line of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.rows: List[Row] = [json.loads(line) for line in lines]

    def once(self, key: Row, make: Callable[[], Row]) -> None:
        if any(key.items() <= row.items() for row in self.rows):
            return
        row = {**key, **make()}
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        times = {name: f"{1000 * t:.1f} ms" for name, t in row["seconds"].items()}
        print(*key.values(), times, flush=True)


def random_states(lengths: List[int], n_labels: int, shared: bool) -> PointerStates:
    """Normal queries and keys; a constant of -6 leaves few spans above 0."""
    torch.manual_seed(0)
    n, heads = sum(lengths), 1 if shared else n_labels
    return PointerStates(
        queries=torch.randn(n, heads, 64),
        keys=torch.randn(n, heads, 64),
        start=torch.full((n, n_labels), -6.0),
        end=torch.randn(n, n_labels) / 4 if shared else None,
        lengths=tuple(lengths),
        scale=0.125,
    )


def random_gold(lengths: List[int], n_labels: int) -> torch.Tensor:
    """About a span for every 20 tokens, of 1 to 6 tokens."""
    torch.manual_seed(1)
    rows = []
    for doc, length in enumerate(lengths):
        for _ in range(max(1, length // 20)):
            label, start = (int(torch.randint(n, ())) for n in (n_labels, length))
            end = min(length - 1, start + int(torch.randint(6, ())))
            rows.append([doc, label, start, end])
    return torch.unique(torch.tensor(rows), dim=0)


def measure(what: str, lengths: List[int], n_labels: int, shared: bool) -> Row:
    shape = {"lengths": lengths, "n_labels": n_labels}
    states = random_states(lengths, n_labels, shared)
    gold = random_gold(lengths, n_labels)
    limit = Limit(states)
    cells = len(lengths) * max(lengths) ** 2 * n_labels
    fits = cells * DENSE_BYTES < TOTAL_BYTES
    functions: Dict[str, Callable[[], Any]] = {}
    if what == "loss":
        functions = {"ours": lambda: our_loss(states, gold), "limit": limit.loss}
        if fits:
            functions["dense"] = lambda: dense_loss(states, gold)
            check_loss(our_loss(states, gold), dense_loss(states, gold))
        if fits and len(lengths) == 1:
            both = FromVectors(lengths[0], n_labels, shared)
            functions["ours from vectors"] = both.our_loss
            functions["bert4torch from vectors"] = both.their_loss
            check_loss(both.our_loss(), both.their_loss(), 1e-3)
    else:
        functions = {"ours": lambda: our_search(states), "limit": limit.search}
        if fits:
            functions["dense"] = lambda: dense_search(states)
            check_search(our_search(states), dense_search(states))
    peaks = {}
    for name in ("ours", "dense"):
        if name in functions and len(lengths) == 1 and max(lengths) >= 1024:
            job = {"what": what, "name": name, **shape, "shared": shared}
            peaks[name] = peak_of_fresh_process(job)
    return {"seconds": medians(functions), "peak_bytes": peaks, **shape}


def measure_band(n_tokens: int) -> Row:
    states = random_states([n_tokens], 9, False)
    seconds = medians({"ours": lambda: our_search(states, BAND)})
    job = {"what": "band", "name": "ours", "lengths": [n_tokens]}
    peak = peak_of_fresh_process({**job, "n_labels": 9, "shared": False})
    return {"seconds": seconds, "peak_bytes": {"ours": peak}}


def measure_trained(path: Path, doc: int) -> Row:
    tensors = load_file(path)
    lengths = tensors["lengths"].tolist()
    first = sum(lengths[:doc])
    tokens = slice(first, first + lengths[doc])
    states = PointerStates(
        queries=tensors["queries"][tokens].contiguous(),
        keys=tensors["keys"][tokens].contiguous(),
        start=tensors["start"][tokens].contiguous(),
        end=None,
        lengths=(lengths[doc],),
        scale=float(tensors["scale"]),
    )
    band = int(tensors["max_span_length"])
    check_search(our_search(states, band), dense_search(states, band))
    functions: Dict[str, Callable[[], Any]] = {
        "ours": lambda: our_search(states, band),
        "dense": lambda: dense_search(states, band),
        "limit": Limit(states, band).search,
    }
    found = len(our_search(states, band))
    shape = {"lengths": [lengths[doc]], "n_labels": states.n_labels}
    return {"seconds": medians(functions), "found": found, "band": band, **shape}


def check_loss(ours: Any, theirs: Any, tolerance: float = 1e-4) -> None:
    """The loss and each gradient, relative to its largest value."""
    for one, other in zip(tree_leaves(ours), tree_leaves(theirs)):
        difference = (one - other).abs().max() / other.abs().max().clamp(min=1e-30)
        if not difference < tolerance:
            sys.exit(f"The results differ by {float(difference):.1e} of the largest.")


def check_search(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    if not torch.equal(ours, theirs):
        sys.exit(f"{len(ours)} spans were found, but {len(theirs)} by the other way.")


def medians(functions: Dict[str, Callable[[], Any]]) -> Dict[str, float]:
    """Median seconds of each function; they take turns for some 8 s, 3 to 25 times."""
    times: Dict[str, List[float]] = {name: [] for name in functions}
    start = time.perf_counter()
    for turn in range(26):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            if turn:  # the first turn warms up
                times[name].append(time.perf_counter() - begin)
        if turn >= 3 and time.perf_counter() - start > 8:
            break
    return {name: sorted(own)[len(own) // 2] for name, own in times.items()}


def peak_of_fresh_process(job: Row) -> int:
    command = [sys.executable, __file__, "-", "--memory", json.dumps(job)]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(output.stdout.splitlines()[-1])


def measure_memory(
    what: str, name: str, lengths: List[int], n_labels: int, shared: bool
) -> int:
    """Bytes by which the peak of this process grows over what it holds before."""
    functions: Dict[Tuple[str, str], Callable[[PointerStates, Any], Any]] = {
        ("loss", "ours"): our_loss,
        ("loss", "dense"): dense_loss,
        ("search", "ours"): lambda states, _: our_search(states),
        ("search", "dense"): lambda states, _: dense_search(states),
        ("band", "ours"): lambda states, _: our_search(states, BAND),
    }
    function = functions[what, name]
    small = random_states([300], n_labels, shared)
    function(small, random_gold([300], n_labels))  # libraries take memory of their own
    states, gold = random_states(lengths, n_labels, shared), random_gold([9], n_labels)
    before = memory_on_linux("VmRSS")
    function(states, gold)
    return memory_on_linux("VmHWM") - before


if __name__ == "__main__":
    main()
