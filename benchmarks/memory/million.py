"""Search of a large memory of spans: time, memory, and recall of the approximate one.

    python benchmarks/memory/million.py

The keys are random, and nearest to one of many random centres, as spans of one word or
meaning are. A candidate of a document is one more key of this kind. Each search has a
process of its own, and computes with one thread. CPU seconds are those of that process,
so that other work on the machine matters less. The approximate search needs the extra
"ann". Linux only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from typing import Any, Dict, List, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from spacy_globalpointer.benchmarking.memory import memory_on_linux
from spacy_globalpointer.memory.approximate import ApproximateIndex
from spacy_globalpointer.memory.nearest import nearest
from spacy_globalpointer.memory.reading import WIDTH

#: Keys that are made at once.
CHUNK = 2**16
MIB = 2**20


class Result(NamedTuple):
    """Result of a search.

    rows (List[List[int]]): Rows of the neighbours of each candidate.
    build (float): CPU seconds until the index was made.
    seconds (float): Seconds of the search.
    cpu (float): CPU seconds of the search.
    before (int): Bytes of the process with the keys.
    peak (int): Bytes of the process at the most.
    """

    rows: List[List[int]]
    build: float
    seconds: float
    cpu: float
    before: int
    peak: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--document", type=int, default=250, help="its candidates")
    parser.add_argument("--neighbours", type=int, default=64)
    parser.add_argument("--clusters", type=int, default=3000)
    parser.add_argument("--spread", type=float, default=0.7, help="in a cluster")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(
        "| search | build, CPU s | s per 1,000 | CPU s | MiB before | peak | recall |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    exact = run(vars(args), "exact")
    show("exact", exact, exact, args.candidates)
    show("approximate", run(vars(args), "approximate"), exact, args.candidates)


def run(options: Dict[str, Any], kind: str) -> Result:
    """Run a search in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(search, (options, kind))


def show(kind: str, own: Result, exact: Result, n: int) -> None:
    thousands, pairs = n / 1000, list(zip(own.rows, exact.rows))
    recall = sum(len({*a} & {*b}) / len(b) for a, b in pairs) / len(pairs)
    cells = [kind, f"{own.build:.1f}"]
    cells += [f"{x / thousands:.2f}" for x in (own.seconds, own.cpu)]
    cells += [f"{x / MIB:,.0f}" for x in (own.before, own.peak)]
    print(f"| {' | '.join(cells)} | {recall:.4f} |", flush=True)


def search(options: Dict[str, Any], kind: str) -> Result:
    """Search for the neighbours of candidates, a document at a time."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(options["seed"])
    centres = torch.randn(options["clusters"], WIDTH, generator=generator)
    keys = make_keys(options["entries"], centres, options["spread"], generator)
    queries = make_keys(options["candidates"], centres, options["spread"], generator)
    before = memory_on_linux("VmRSS")
    k = options["neighbours"]
    begin = time.process_time()
    index = ApproximateIndex(keys) if kind == "approximate" else None
    build = time.process_time() - begin
    wall, begin = time.perf_counter(), time.process_time()
    rows: List[List[int]] = []
    for own in queries.split(options["document"]):
        found = nearest(own, keys, k) if index is None else index.nearest(own, k)
        rows += found.rows.tolist()
    cpu, seconds = time.process_time() - begin, time.perf_counter() - wall
    return Result(rows, build, seconds, cpu, before, memory_on_linux("VmHWM"))


def make_keys(n: int, centres: Tensor, spread: float, generator: Any) -> Tensor:
    """Make random keys of length 1."""
    keys = torch.empty(n, WIDTH)
    for own in keys.split(CHUNK):
        which = torch.randint(len(centres), (len(own),), generator=generator)
        noise = torch.randn(len(own), WIDTH, generator=generator)
        own[:] = normalize(centres[which] + spread * noise, dim=1)
    return keys


if __name__ == "__main__":
    main()
