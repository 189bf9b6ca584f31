"""Runs that are killed at random moments lose no document and double none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from scale_helpers import make_ruler, numbered, read_results, write_jsonl

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="a process is killed"),
]
CODE = """
import sys
from spacy_globalpointer.scale.annotate_files import annotate_files
annotate_files(*sys.argv[1:4], workers=2, threads=1, format="jsonl",
               shard_size=0.0002, spans_key="ruler")
"""


@pytest.fixture
def command(tmp_path):
    ruler = make_ruler(tmp_path / "ruler")
    source = write_jsonl(tmp_path / "in.jsonl", numbered(400))
    return [sys.executable, "-c", CODE, ruler, source, tmp_path / "out"]


def check(folder):
    assert [row["id"] for row in read_results(folder)] == list(range(400))
    assert not [row for row in read_results(folder) if row["error"]]


def parts(folder):
    return {x.name: x.read_bytes() for x in folder.glob("part-*")}


def test_killed_run_continues(command, tmp_path):
    chance, out = random.Random(0), tmp_path / "out"
    for _ in range(3):
        with subprocess.Popen(command) as process:
            n = len(parts(out))
            while len(parts(out)) == n and process.poll() is None:
                time.sleep(0.01)  # until a shard is done
            time.sleep(chance.random() / 10)
            process.kill()
        before = parts(out)
    subprocess.run(command, check=True)
    check(out)
    assert before.items() <= parts(out).items()


def test_ctrl_c_finishes_begun_shards_and_exits(command, tmp_path):
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not parts(tmp_path / "out"):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate()[1]
    assert not list((tmp_path / "out").glob(".*"))
    subprocess.run(command, check=True)
    check(tmp_path / "out")
