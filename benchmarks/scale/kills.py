"""Kills of workers and of the command itself at random moments, and reruns.

    python benchmarks/scale/kills.py PIPELINE OUTPUT --short WNUT.spacy \
        --long LITBANK.spacy

One run is left alone. The others are killed `--kills` times (kill -9), at moments, and
with victims, that `--seed` chooses, and are started again each time that the command
was the victim. A run that completes before all kills is checked, and its results are
removed. Then no row may be lost, doubled or different from the first run's. Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import List

from documents import (
    add_arguments,
    annotate,
    children,
    command,
    make_documents,
    places,
    read_results,
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser, 5_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=20, help="seconds to a kill")
    parser.add_argument("--shard-size", type=float, default=0.05)
    args = parser.parse_args()
    source = make_documents(args)
    options = ["-f", "jsonl", "-w", 2, "-n", 1, "-s", args.shard_size]
    whole, killed = args.output / "whole", args.output / "killed"
    for folder in (whole, killed):
        shutil.rmtree(folder, ignore_errors=True)
    annotate(args.pipeline, source, whole, *options)
    wanted = list(read_results(whole))
    words = command(args.pipeline, source, killed, *options)
    chance, victims = random.Random(args.seed), []
    while len(victims) < args.kills:
        victims += kill_run(words, chance, args.kills - len(victims), args.longest)
        if len(victims) < args.kills:
            compare(wanted, killed)
            shutil.rmtree(killed)
    subprocess.run(words, check=True)
    compare(wanted, killed)
    n = victims.count("command")
    print(f"{n} kills of the command, {len(victims) - n} of a worker")


def kill_run(
    words: List[str], chance: random.Random, most: int, longest: float
) -> List[str]:
    """Run until the run is complete, or killed often enough. RETURNS: The victims."""
    victims: List[str] = []
    process = subprocess.Popen(words)
    while len(victims) < most:
        try:
            process.wait(chance.uniform(0, longest))
        except subprocess.TimeoutExpired:
            pass
        else:
            if process.returncode:
                raise SystemExit(f"status {process.returncode}")
            return victims
        workers = children(process.pid)
        is_worker = bool(workers) and chance.random() < 0.5
        os.kill(chance.choice(workers) if is_worker else process.pid, signal.SIGKILL)
        victims.append("worker" if is_worker else "command")
        if not is_worker:
            process.wait()
            process = subprocess.Popen(words)
    process.kill()
    process.wait()
    return victims


def compare(wanted: list, folder: Path) -> None:
    rows = list(read_results(folder))
    ids = [row["id"] for row in rows]
    lost = len({row["id"] for row in wanted} - {*ids})
    errors = sum(row["error"] is not None for row in rows)
    print(
        f"{len(wanted):,} documents, {len(rows):,} rows: {lost} lost, "
        f"{len(ids) - len(set(ids))} doubled, {errors} errors, "
        f"{sum(places(a) != places(b) for a, b in zip(wanted, rows))} different"
    )


if __name__ == "__main__":
    main()
