"""`spacy global-pointer pretrain`."""

from __future__ import annotations

import os
import re
import signal

import pytest
from pretraining_helpers import write_texts
from small_encoders import make_bert
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.pretraining.run import Run

OPTIONS = ["--steps", "4", "--batch-size", "4", "--length", "32"]


@pytest.fixture
def folder(tmp_path):
    make_bert(tmp_path / "encoder")
    write_texts(tmp_path)
    return tmp_path


def pretrain(folder, *args, code=0):
    """Run the command. RETURNS: Its output, colours left out."""
    paths = [str(folder / name) for name in ("encoder", "texts.jsonl", "out")]
    command = ["pretrain", *paths, *OPTIONS, *args]
    result = CliRunner().invoke(global_pointer_cli, command)
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def rows(output):
    """The numbers of steps in the table of figures."""
    cells = [line.split() for line in output.splitlines()]
    return [int(row[0]) for row in cells if row and row[0].isdigit()]


def test_metrics_are_printed_and_the_encoder_is_saved(folder):
    output = pretrain(folder, "--checkpoint-every", "2")
    assert rows(output) == [0, 2, 4]
    titles = ["step", "generator loss", "trivial", "F1", "AUC"]
    assert all(title in output for title in titles)
    assert "The encoder is complete" in output
    assert load_encoder(str(folder / "out")).width == 32


def test_all_options_take_effect(folder):
    (folder / "more").mkdir()
    (folder / "more" / "a.txt").write_text("abc def " * 200)
    command = ["pretrain", *(str(folder / x) for x in ("encoder", "texts.jsonl"))]
    command += [str(folder / "more"), str(folder / "out"), *OPTIONS]
    command += ["--learn-rate", "1e-4", "--new-learn-rate", "1e-3", "--mask", "0.2"]
    command += ["--whole-words", "--generator", "small", "--generator-layers", "1"]
    command += ["--shared-gradient", "--seed", "3", "--gpu-id", "-1", "--force"]
    result = CliRunner().invoke(global_pointer_cli, command)
    assert result.exit_code == 0, result.output
    note = (folder / "out" / "pretraining.json").read_text()
    for setting in ('"mask": 0.2', '"generator": "small"', '"seed": 3', "more"):
        assert setting in note
    assert '"shared_gradient": true' in note


@pytest.fixture
def ctrl_c():
    """Interrupts, as on a terminal: the tests may run where a shell has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_writes_a_checkpoint_and_names_resume(folder, ctrl_c, monkeypatch):
    steps = Run.advance

    def advance(run):
        if run.step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return steps(run)

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Run, "advance", advance)
    output = pretrain(folder, code=130)
    assert "--resume" in output and "complete" not in output
    assert signal.getsignal(signal.SIGINT) is handler
    monkeypatch.undo()
    assert not (folder / "out").exists()
    assert "GP206" in pretrain(folder, code=1)
    output = pretrain(folder, "--resume")
    assert rows(output) == [4] and "Continues from" in output
    assert (folder / "out").is_dir()


def test_ctrl_c_twice_ends_at_once(folder, ctrl_c, monkeypatch):
    def advance(run):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Run, "advance", advance)
    output = pretrain(folder, code=130)
    assert "from the last checkpoint" in " ".join(output.split())
    assert not list(folder.glob("out*/*.safetensors"))


def test_ignored_interrupt_stays_ignored(folder, ctrl_c, monkeypatch):
    steps = Run.advance

    def advance(run):
        signal.raise_signal(signal.SIGINT)
        return steps(run)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr(Run, "advance", advance)
    assert rows(pretrain(folder)) == [0, 4]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_resume_may_always_be_passed(folder):
    output = pretrain(folder, "--resume")
    assert rows(output) == [0, 4] and "nothing to continue" in output
    output = pretrain(folder, "--resume")
    assert rows(output) == [] and "nothing left to do" in output


def test_errors_are_printed_as_messages(folder):
    assert "GP208" in pretrain(folder, "--gpu-id", "99", code=1)
    assert "GP208" in pretrain(folder, "--mask", "1.5", code=1)
    (folder / "out").mkdir()
    assert "GP203" in pretrain(folder, code=1)
