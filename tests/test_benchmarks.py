"""The benchmarks' command lines."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from small_encoders import make_bert
from spacy.tokens import DocBin, Span
from spacy.training import Example
from thinc.api import Config
from training_helpers import write_corpora
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.types import LOST_GOLD

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
    with pytest.raises(SystemExit, match="settings differ"):
        ingredients.run({}, tmp_path, tmp_path, other)
    assert (tmp_path / "config.cfg").read_text("utf-8") == text


def test_every_ingredient_changes_the_config(ingredients):
    base = ingredients.make_config("base", {})
    names = set(ingredients.INGREDIENTS) - {"base", ingredients.ADAPTED}
    same = {name for name in names if ingredients.make_config(name, {}) == base}
    assert names and same == set()


@pytest.fixture
def benchmark(monkeypatch):
    """Imports a benchmark, whose commands run in this process and are listed."""
    path, before = list(sys.path), {*sys.modules}
    commands = []

    def run(_, command, *arguments):
        commands.append((command, *arguments))
        result = CliRunner().invoke(global_pointer_cli, [command, *map(str, arguments)])
        assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"

    def load(folder, name):
        monkeypatch.syspath_prepend(str(BENCHMARKS / folder))
        module = importlib.import_module(name)
        monkeypatch.setattr(sys.modules["runs"], "spacy_cli", run)
        module.commands = commands
        return module

    yield load
    sys.path[:] = path
    for name in {*sys.modules} - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.fixture
def compare(benchmark):
    return benchmark("accuracy", "compare")


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    write_corpora(folder)
    shutil.copy(folder / "dev.spacy", folder / "test.spacy")
    return folder


def run_main(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()


def rows(text):
    lines = [x.strip("| ").split(" | ") for x in text.splitlines() if x.startswith("|")]
    return {cells[0]: cells for cells in reversed(lines)}


def float_of(cell):
    return float(cell.partition(" ± ")[0])


def test_compare_makes_tables_and_trains_nothing_twice(
    compare, corpus, tmp_path, monkeypatch
):
    encoder = make_bert(tmp_path / "encoder", positions=512)
    systems = ["global_pointer", "spancat", "ner", "spancat@ours"]
    fixed = [tmp_path / "out", corpus, "--encoder", encoder, "--systems", *systems]
    fixed += ["--rates", "1e-3", "--seeds", "0", "--turns", "1"]
    run_main(compare, monkeypatch, *fixed, "--updates", 2)
    assert len(compare.commands) == 4
    path = tmp_path / "out/notes/table.md"
    text = path.read_text("utf-8")
    for system in systems:
        name, rate, seeds, *_, training, prediction = rows(text)[system]
        assert (rate, seeds) == ("1e-3", "1")
        assert training != "" and prediction != ""
    assert rows(text)["test"][1:] == ["3", "26", "8", "0", "4"]
    assert rows(text)["inside another"][1] == "4"
    assert rows(text)["PLACE"][1] == "4"

    path.unlink()
    run_main(compare, monkeypatch, *fixed, "--updates", 2)
    assert len(compare.commands) == 4
    assert path.read_text("utf-8") == text

    with pytest.raises(SystemExit, match="settings differ"):
        run_main(compare, monkeypatch, *fixed, "--updates", 3)
    shutil.copy(corpus / "train.spacy", corpus / "test.spacy")
    with pytest.raises(SystemExit, match="has changed"):
        run_main(compare, monkeypatch, *fixed, "--updates", 2)


@pytest.mark.slow
def test_compare_on_tok2vec_with_seeds_and_rates(
    compare, corpus, tmp_path, monkeypatch
):
    systems = ["global_pointer", "ner"]
    fixed = ["--recipe", "tok2vec", "--updates", 60, "--turns", 0]
    fixed += ["--rates", "5e-3", "1e-2", "--seeds", 0, 1, "--systems", *systems]
    run_main(compare, monkeypatch, tmp_path / "out", corpus, *fixed)
    assert len(compare.commands) == 2 * 3  # two rates, and the best with a seed more
    text = (tmp_path / "out/notes/table.md").read_text("utf-8")
    assert "|  | 5e-3 | 1e-2 |" in text
    assert rows(text)["ner"][2] == "2"
    assert "at the edge of those tried" in text
    for system in systems:  # dev and test have the same documents
        dev, with_all, outermost = (float_of(rows(text)[system][i]) for i in (3, 6, 10))
        assert dev == (outermost if system == "ner" else with_all)
        assert dev > 20
    kept = (tmp_path / "out/notes").glob("*/model-*")
    assert len([*kept]) == 2


@pytest.mark.parametrize(
    "best, tried",
    [(2, [1, 2, 4]), (16, [1, 2, 4, 8, 16, 32]), (0.25, [0.125, 0.25, 0.5, 1, 2, 4])],
)
def test_rates_go_on_until_the_best_is_inside(compare, best, tried):
    found = compare.try_rates(lambda rate: -abs(rate - best), [1, 2, 4], extend=True)
    assert [*found] == tried
    found = compare.try_rates(lambda rate: -abs(rate - best), [1, 2, 4], extend=False)
    assert [*found] == [1, 2, 4]


@pytest.mark.parametrize(
    "options, message",
    [
        (["--systems", "spancats"], "no system spancats"),
        (["--systems", "ner@theirs"], "no system ner@theirs"),
        (["--systems", "ner@ours", "--recipe", "tok2vec"], "needs a transformer"),
        (["--set", "training.drop=0.1"], "No system has the setting"),
        (["--set", "system.seed=1"], "option of its own"),
        (["--spans-key", "spans"], "no gold spans under the key 'spans'"),
    ],
)
def test_compare_refuses(compare, corpus, tmp_path, monkeypatch, options, message):
    for path in corpus.iterdir():
        docs = [*DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)]
        for doc in docs:
            doc.set_ents([], default="missing")
        DocBin(docs=docs).to_disk(path)
    with pytest.raises(SystemExit, match=message):
        run_main(compare, monkeypatch, tmp_path / "out", corpus, *options)


def test_settings_go_to_the_systems_that_have_them(compare):
    systems = sys.modules["systems"]
    fixed = {"lang": "en", "encoder": None, "updates": None, "max_size": 3}
    names = ["global_pointer", "spancat", "spancat@ours"]
    configs = {x: systems.make_system(x, "default", **fixed) for x in names}
    frozen = "components.transformer.model.frozen_layers"
    systems.apply_settings(configs, {frozen: 0, "training.dropout": 0.3})
    models = {
        x: own["components"]["transformer"]["model"] for x, own in configs.items()
    }
    assert "frozen_layers" not in models["spancat"]
    assert models["spancat@ours"] == models["global_pointer"]
    assert models["global_pointer"]["frozen_layers"] == 0
    assert [own["training"]["dropout"] for own in configs.values()] == [0.3] * 3


def test_entities_are_the_gold_if_no_document_has_the_key(compare, corpus, tmp_path):
    about = compare.prepare(corpus, tmp_path / "out/corpus", "en", "spans")
    assert about["splits"]["test"]["gold"] == 2
    assert about["splits"]["test"]["lengths"] == {"3": 2}


def test_unaligned_gold_counts_as_missed(compare, tmp_path):
    scores = sys.modules["scores"]
    doc = spacy.blank("en")("The Bank of Leith paid")
    doc.spans["sc"] = [Span(doc, 1, 4, "ORG"), Span(doc, 3, 4, "PLACE")]
    doc.user_data[LOST_GOLD] = [[18, 20, "DEED"]]
    rows = [("ORG", 4, 17, 0.9), ("PLACE", 12, 17, 0.4), ("PLACE", 4, 8, 0.3)]
    scored = scores.Scored.match([Example(doc, doc)], [rows])
    assert scored.count(0.5) == [(1, 1, 3)]
    assert scored.count(0.4) == [(2, 2, 3)]
    assert scored.count_outermost(0.3) == [(1, 1, 2)]
    assert scored.best_threshold() == 0.4


@pytest.mark.slow
def test_ablation_has_a_row_for_each_memory_and_repeats_nothing(
    benchmark, corpus, tmp_path, monkeypatch
):
    ablation = benchmark("memory", "ablation")
    encoder = make_bert(tmp_path / "encoder", positions=512)
    fixed = [corpus, tmp_path / "out", "--encoder", encoder, "--seeds", 0]
    fixed += ["--turns", 1, "--set", "training.max_steps=2"]
    fixed += ["components.global_pointer.model.label_bias=0.0"]
    # There are 26 gold spans in all.
    monkeypatch.setattr(ablation, "TUNE", ["--overall-only", "--min-gold", "1"])
    run_main(ablation, monkeypatch, *fixed)
    kinds = [command for command, *_ in ablation.commands]
    assert [kinds.count(x) for x in ("train", "remember", "tune")] == [2, 2, 5]
    text = (tmp_path / "out/table.md").read_text("utf-8")
    found = rows(text)
    assert {*ablation.ROWS} <= {*found}
    plain, slots = found["none"], found["slots"]
    assert int(slots[8].replace(",", "")) > int(plain[8].replace(",", ""))
    assert plain[6] == "" and " to " in slots[6]
    assert all(float(found[name][10]) > 0 for name in ablation.ROWS)
    run_main(ablation, monkeypatch, *fixed)
    assert len(ablation.commands) == 9
    assert (tmp_path / "out/table.md").read_text("utf-8") == text
