"""The benchmarks' command lines."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from thinc.api import Config

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(
    str(path.relative_to(BENCHMARKS))
    for path in BENCHMARKS.glob("*/*.py")
    if "__main__" in path.read_text("utf-8")
)


def test_each_benchmark_is_listed():
    text = (BENCHMARKS / "README.md").read_text("utf-8")
    assert SCRIPTS
    assert [script for script in SCRIPTS if script not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_benchmark_prints_help(script):
    command = [sys.executable, str(BENCHMARKS / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")


@pytest.fixture
def ingredients(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "accuracy"))
    module = importlib.import_module("ingredients")
    yield module
    for name in ("ingredients", "runs"):
        sys.modules.pop(name)


def test_longer_training_doubles_the_given_steps(ingredients):
    given = ingredients.parse_settings(["training.max_steps=300"])
    for name, steps in (("base", 300), ("longer_training", 600)):
        text = ingredients.make_config(name, given).to_str(interpolate=False)
        read = Config().from_str(text)
        assert read["training"]["max_steps"] == steps
        schedule = read["training"]["optimizer"]["learn_rate"]
        assert schedule["total_steps"] == steps


@pytest.mark.parametrize(
    "name, weights", [("base", {"ORG": 3.0, "VEH": 2.0}), ("inverse", "inverse")]
)
def test_ingredients_override_given_settings(ingredients, name, weights):
    place = "components.global_pointer.loss.label_weights"
    given = ingredients.parse_settings([place + '={"ORG": 3.0, "VEH": 2.0}'])
    text = ingredients.make_config(name, given).to_str(interpolate=False)
    loss = Config().from_str(text)["components"]["global_pointer"]["loss"]
    assert loss["label_weights"] == weights


def test_run_of_another_config_is_not_used(ingredients, tmp_path):
    config = ingredients.make_config("base", {})
    text = config.to_str(interpolate=False)
    (tmp_path / "config.cfg").write_text(text, "utf-8")
    (tmp_path / "run.json").write_text("{}", "utf-8")
    other = ingredients.make_config("balance", {})
    with pytest.raises(SystemExit, match="differs"):
        ingredients.run({}, tmp_path, tmp_path, other)
    assert (tmp_path / "config.cfg").read_text("utf-8") == text


def test_every_ingredient_changes_the_config(ingredients):
    base = ingredients.make_config("base", {})
    names = set(ingredients.INGREDIENTS) - {"base", ingredients.ADAPTED}
    same = {name for name in names if ingredients.make_config(name, {}) == base}
    assert names and same == set()
