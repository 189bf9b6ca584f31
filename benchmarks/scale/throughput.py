"""A run over many documents: counts, equality with nlp(text), memory, and speed.

    python benchmarks/scale/throughput.py PIPELINE OUTPUT --short WNUT.spacy \
        --long LITBANK.spacy --novel BOOK.txt

First all documents are annotated by `--workers` processes, and the resident memory of
each is sampled. Then documents in and out are counted, and the spans of `--sample`
documents are compared with those of nlp(text). At last `--timed` of the documents are
run by each contender, `--turns` times, the contenders one after another. A contender
is a fresh process whose workers have one thread each. Its time is that of all these
documents minus that of the first ones, so imports and loading do not count. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import spacy
from documents import (
    add_arguments,
    children,
    command,
    make_documents,
    places,
    read_results,
)

from spacy_globalpointer.benchmarking.processes import THREADS

#: Documents that stand for imports and loading.
FEW = 4
PIPE = """
import json, spacy, sys
nlp = spacy.load(sys.argv[1])
texts = [json.loads(line)["text"] for line in open(sys.argv[2], encoding="utf-8")]
nlp.max_length = max(map(len, texts)) + 1
n_process = int(sys.argv[3])
print(sum(len(doc) for doc in nlp.pipe(texts, n_process=n_process)))
"""
EDSNLP = """
import json, sys
import edsnlp, spacy

class Annotate:
    def __init__(self, path):
        self.path, self.nlp = path, None
    def __call__(self, text):
        if self.nlp is None:
            self.nlp = spacy.load(self.path)
        return {"n": len(self.nlp(text))}

texts = [json.loads(line)["text"] for line in open(sys.argv[2], encoding="utf-8")]
stream = edsnlp.data.from_iterable(texts)
how = sys.argv[4]
stream = stream.map_pipeline(spacy.load(sys.argv[1])) if how == "map_pipeline" else (
    stream.map(Annotate(sys.argv[1])))
if __name__ == "__main__":
    stream = stream.set_processing(
        backend="multiprocessing",
        process_start_method="spawn",
        num_cpu_workers=int(sys.argv[3]),
    )
    print(sum(1 for _ in stream))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser, 200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--timed", type=int, default=5_000, help="0 for no timing")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--shard-size", type=float, default=1.0)
    parser.add_argument("--edsnlp", type=Path, help="folder that EDS-NLP is in")
    args = parser.parse_args()
    source, results = make_documents(args), args.output / "results"
    shutil.rmtree(results, ignore_errors=True)
    memory = run_watched(args, source, results)
    check(args, source, results)
    print("\n| second | resident memory of each worker, MiB |\n| --- | --- |")
    for row in memory[:: max(len(memory) // 20, 1)]:
        print(f"| {row[0]:,.0f} | {', '.join(f'{x:,.0f}' for x in row[1:])} |")
    if args.timed:
        show_speeds(args, source)


def run_watched(args: argparse.Namespace, source: Path, results: Path) -> List[list]:
    options = ["-f", "jsonl", "-w", args.workers, "-n", 1, "-s", args.shard_size]
    start, rows = time.monotonic(), []
    words = command(args.pipeline, source, results, *options)
    with subprocess.Popen(words) as process:
        while process.poll() is None:
            time.sleep(1)
            sizes = [resident(pid) for pid in children(process.pid)]
            rows.append([time.monotonic() - start, *sizes])
    if process.returncode:
        raise SystemExit(process.returncode)
    print(f"{time.monotonic() - start:,.0f} seconds with {args.workers} workers")
    return rows


def resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def check(args: argparse.Namespace, source: Path, results: Path) -> None:
    with source.open(encoding="utf-8") as stream:
        texts = [json.loads(line)["text"] for line in stream]
    rows = list(read_results(results))
    errors = sum(row["error"] is not None for row in rows)
    same = [row["id"] for row in rows] == list(range(len(texts)))
    print(f"{len(texts):,} documents in, {len(rows):,} out; ids in order: {same}")
    print(f"{errors:,} errors, {sum(len(row['spans']) for row in rows):,} spans")
    nlp, differing = spacy.load(args.pipeline), 0
    nlp.max_length = max(map(len, texts)) + 1
    sample = random.Random(0).sample(range(len(texts)), min(args.sample, len(texts)))
    for i in sample:
        doc = nlp(texts[i])
        own = sorted((s.start_char, s.end_char, s.label_) for s in doc.spans["sc"])
        differing += own != places(rows[i])
    print(f"{len(sample):,} documents compared with nlp(text): {differing:,} differ")


def show_speeds(args: argparse.Namespace, source: Path) -> None:
    head, few = args.output / "timed.jsonl", args.output / "few.jsonl"
    with source.open(encoding="utf-8") as stream:
        lines = [line for line, _ in zip(stream, range(args.timed))]
    head.write_text("".join(lines), "utf-8")
    few.write_text("".join(lines[1 : FEW + 1]), "utf-8")
    nlp = spacy.blank(
        spacy.util.load_config(Path(args.pipeline) / "config.cfg")["nlp"]["lang"]
    )
    nlp.max_length = 2**40
    words = sum(len(nlp(json.loads(line)["text"])) for line in lines)
    n, folder = args.workers, args.output / "timed"
    size = sum(map(len, lines)) / 1e6 / (20 * n)
    contenders: Dict[str, Any] = {}
    for workers in (1, n):
        contenders[f"annotate, {workers} workers"] = lambda x, w=workers: command(
            *(args.pipeline, x, folder, "-w", w, "-n", 1, "-s", size)
        )
        contenders[f"nlp.pipe, n_process={workers}"] = lambda x, w=workers: script(
            PIPE, args.pipeline, x, w
        )
    if args.edsnlp:
        saved = args.output / "edsnlp_contender.py"  # its workers import it
        saved.write_text(EDSNLP, "utf-8")
        for how in ("map_pipeline", "map"):
            contenders[f"EDS-NLP, {how}, {n} workers"] = lambda x, how=how: script(
                saved, args.pipeline, x, n, how
            )
    seconds: Dict[str, List[float]] = {name: [] for name in contenders}
    for _ in range(args.turns):
        for name, make in contenders.items():
            long, short = (
                timed(args, folder, make(head)),
                timed(args, folder, make(few)),
            )
            seconds[name].append(long - short)
    one = words / statistics.median(seconds["annotate, 1 workers"])
    print(f"\n{words:,} words\n\n| | words/s | x one worker of annotate | turns |")
    print("| --- | --- | --- | --- |")
    for name, own in seconds.items():
        speed = words / statistics.median(own)
        turns = ", ".join(f"{words / x:,.0f}" for x in own)
        print(f"| {name} | {speed:,.0f} | {speed / one:.2f} | {turns} |")


def script(code: Any, *arguments: Any) -> List[str]:
    given = [code] if isinstance(code, Path) else ["-c", code]
    return [sys.executable, *map(str, [*given, *arguments])]


def timed(args: argparse.Namespace, folder: Path, words: List[str]) -> float:
    """RETURNS: Seconds of a process; nan if it fails, whose error is printed."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = [os.environ.get("PYTHONPATH", ""), str(args.edsnlp or "")]
    one = {**dict.fromkeys(THREADS, "1"), "TOKENIZERS_PARALLELISM": "false"}
    path = (
        {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        if "edsnlp" in str(words)
        else {}
    )
    start = time.monotonic()
    done = subprocess.run(
        words, capture_output=True, env={**os.environ, **one, **path}, text=True
    )
    if done.returncode:
        print(f"\n{' '.join(words[-3:])} failed: {done.stderr.strip()[-400:]}")
        return float("nan")
    return time.monotonic() - start


if __name__ == "__main__":
    main()
