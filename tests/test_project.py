"""The project: its commands exist and its workflows run on a small corpus."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
import spacy
import srsly
from small_encoders import make_bert
from spacy.cli._util import app
from typer.testing import CliRunner

spacy.registry.cli.get_all()  # as `python -m spacy` does

ROOT = Path(__file__).parent.parent
PROJECT = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}

TEXT = "The Bank of Leith paid the Mayor of Leith in May ."
ANN = "T1\tORG 0 17\tThe Bank of Leith\nT2\tPLACE 12 17\tLeith\n"


BIO = "Bank\tB-ORG\nof\tI-ORG\nLeith\tI-ORG\n.\tO\n\n"
LAYERS = "Bank\tB-ORG\tO\nof\tI-ORG\tO\nLeith\tI-ORG\tB-LOC\n.\tO\tO\n\n"
CHIP = "北京大学第三医院|||0    7    dep|||0    1    bod|||\n"
CLUENER = json.dumps({"text": "北京大学", "label": {"name": {"北京": [[0, 1]]}}})
WNUT17 = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
#: A small copy of each public corpus, in its own form.
PUBLIC = {
    "germeval14": {f"germ.{part}.iob2": LAYERS for part in ("train", "dev", "test")},
    "lener_br": {f"{part}/a.conll": BIO for part in ("train", "dev", "test")},
    "wnut17": dict.fromkeys(
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"), BIO
    ),
    "cmeee": {"train_data.txt": CHIP * 10},
    "cluener": dict.fromkeys(("train.json", "dev.json"), f"{CLUENER}\n" * 10),
}


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
def encoder(tmp_path_factory):
    """A toy that can read the windows of configs/default.cfg."""
    return make_bert(tmp_path_factory.mktemp("encoder"), positions=512)


@pytest.fixture
def project(tmp_path):
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
    for corpus, files in PUBLIC.items():
        folder = tmp_path / "assets" / corpus
        shutil.copytree(ROOT / "assets" / corpus, folder)
        sums = ""
        for name, content in files.items():
            data = content.encode("utf-8")
            (folder / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "raw" / name).write_bytes(data)
            sums += f"{sha256(data).hexdigest()}  {name}\n"
        (folder / "SHA256SUMS").write_text(sums)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("workflow", sorted(PROJECT["workflows"]))
def test_workflow_runs(workflow, project, encoder, monkeypatch):
    monkeypatch.chdir(project)
    overrides = {"training.max_steps": 2, "training.eval_frequency": 1}
    words = " ".join(f"--{key} {value}" for key, value in overrides.items())
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", words)  # for `spacy train`
    arguments = ["project", "run", workflow, str(project)]
    arguments += ["--vars.encoder", str(encoder), "--vars.max_steps", "2"]
    for corpora in ("corpus", "chinese", "admissions"):
        arguments += [
            f"--vars.{corpora}_steps",
            "2",
            f"--vars.{corpora}_frequency",
            "1",
        ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert list(project.glob("metrics/*.json"))
    bundled = workflow in ("all", "admissions")
    drawn = "metrics/*.html" if workflow in PUBLIC else "pictures/*.html"
    assert list(project.glob(drawn))
    assert bool(list(project.glob("packages/*/dist/*.whl"))) == bundled


def test_other_files_are_refused(project, monkeypatch):
    monkeypatch.chdir(project)
    path = project / "assets/wnut17/raw/emerging.dev.conll"
    path.write_text("other", encoding="utf-8")
    script = ["scripts/verify_corpus.py", "wnut17", "assets/wnut17/raw"]
    options = {"capture_output": True, "text": True}
    result = subprocess.run([sys.executable, *script], **options)
    assert result.returncode == 1
    assert "emerging.dev.conll has the SHA-256" in result.stderr
    assert "1 of 3 files" in result.stderr
    path.unlink()
    result = subprocess.run([sys.executable, *script], **options)
    assert "emerging.dev.conll is missing" in result.stderr
    script[1] = "wnut18"
    result = subprocess.run([sys.executable, *script], **options)
    assert "no sums of 'wnut18'" in result.stderr and "wnut17" in result.stderr


def test_archives_are_unpacked_next_to_them(project):
    folder = project / "assets/germeval14/raw"
    name = "germ.dev.iob2"
    with zipfile.ZipFile(folder / "GermEval2014.zip", "w") as archive:
        archive.write(folder / name, f"inner/{name}")
    (folder / name).unlink()
    commands = [
        ["scripts/unpack_zip.py", folder],
        ["scripts/verify_corpus.py", "germeval14", folder],
    ]
    for command in commands:
        result = subprocess.run([sys.executable, *command], cwd=project)
        assert result.returncode == 0
