"""The benchmarks' command lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(
    str(path.relative_to(BENCHMARKS))
    for path in BENCHMARKS.glob("*/*.py")
    if "__main__" in path.read_text("utf-8")
)


def test_each_is_in_the_list():
    text = (BENCHMARKS / "README.md").read_text("utf-8")
    assert SCRIPTS
    assert [script for script in SCRIPTS if script not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_help(script):
    command = [sys.executable, str(BENCHMARKS / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
