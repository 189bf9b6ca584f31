"""The project: its commands exist and its workflows run on a small corpus."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli._util import app
from typer.testing import CliRunner

spacy.registry.cli.get_all()  # as `python -m spacy` does

ROOT = Path(__file__).parent.parent
PROJECT = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}

TEXT = "The Bank of Leith paid the Mayor of Leith in May ."
ANN = "T1\tORG 0 17\tThe Bank of Leith\nT2\tPLACE 12 17\tLeith\n"


def test_workflows_name_commands():
    for workflow, steps in PROJECT["workflows"].items():
        assert set(steps) <= set(COMMANDS), workflow


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_script_calls_a_command_that_exists(name):
    for script in COMMANDS[name]["script"]:
        program, *words = shlex.split(script)
        assert program == "python"
        if words[:2] == ["-m", "spacy"]:
            command = words[2:4] if words[2] == "global-pointer" else words[2:3]
            result = CliRunner().invoke(app, [*command, "--help"])
            assert result.exit_code == 0, result.output
            options = [word for word in words if word.startswith("--")]
            overrides = [word for word in options if "." in word]
            assert not set(options) - set(overrides) - set(_options(result.output))
        else:
            assert (ROOT / words[0]).exists()


def _options(text):
    return [word.strip(",") for word in text.replace("|", " ").split()]


@pytest.fixture
def project(tmp_path, bert_folder):
    """A copy of the project with a corpus of three short documents."""
    for name in ("project.yml", "configs", "scripts"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, tmp_path / name)
    for corpus in ("agreements", "admissions", "litbank"):
        folder = tmp_path / "assets" / corpus
        (folder / "brat").mkdir(parents=True)
        for name in ("a", "b", "c"):
            for place in (folder, folder / "brat"):
                (place / f"{name}.txt").write_text(TEXT, encoding="utf-8")
                (place / f"{name}.ann").write_text(ANN, encoding="utf-8")
        splits = {"train": ["a"], "dev": ["b"], "test": ["c"]}
        srsly.write_json(folder / "splits.json", splits)
    for corpus in ("agreements", "admissions"):
        shutil.rmtree(tmp_path / "assets" / corpus / "brat")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("workflow", sorted(PROJECT["workflows"]))
def test_workflow_runs(workflow, project, bert_folder, monkeypatch):
    monkeypatch.chdir(project)
    overrides = {
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        "components.transformer.model.tokenizer_config.use_fast": True,
    }
    words = " ".join(f"--{key} {value}" for key, value in overrides.items())
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", words)
    arguments = ["project", "run", workflow, str(project)]
    arguments += ["--vars.encoder", str(bert_folder), "--vars.max_steps", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert list(project.glob("metrics/*.json"))
    assert list(project.glob("pictures/*.html"))
    assert workflow == "litbank" or list(project.glob("packages/*/dist/*.whl"))
