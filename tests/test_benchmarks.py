"""The benchmarks' command lines."""

from __future__ import annotations

import importlib
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


def test_longer_training_doubles_what_is_given(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "accuracy"))
    ingredients = importlib.import_module("ingredients")
    given = {"training.max_steps": 300}
    longer = ingredients.make_config("longer_training", given)
    base = ingredients.make_config("base", given)
    assert base["training"]["max_steps"] == 300
    assert longer["training"]["max_steps"] == 600


def test_every_ingredient_changes_the_config(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "accuracy"))
    ingredients = importlib.import_module("ingredients")
    base = ingredients.make_config("base", {})
    names = set(ingredients.INGREDIENTS) - {"base", ingredients.ADAPTED}
    same = {name for name in names if ingredients.make_config(name, {}) == base}
    assert names and same == set()
