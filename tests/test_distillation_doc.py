"""docs/distillation.md: its commands make a student."""

from __future__ import annotations

import shlex

import spacy
from distillation_helpers import make_teacher, write_raw
from doc_pages import ROOT, blocks
from small_encoders import make_bert
from training_helpers import write_corpora
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli


def test_commands_of_the_page_make_a_student(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("encoders", "corpus/mine", "training/mine"):
        (tmp_path / folder).mkdir(parents=True)
    make_bert(tmp_path / "encoders/bert", positions=256, num_hidden_layers=12)
    make_teacher(tmp_path / "training/mine/model-best")
    write_corpora(tmp_path / "corpus/mine")
    write_raw(tmp_path)
    first = blocks("bash", ROOT / "docs/distillation.md")[0].replace("\\\n", " ")
    for line in first.splitlines():
        words = shlex.split(line)[2:]
        if words[0] == "distill":
            words += ["--training.max_steps", "1", "--training.eval_frequency", "1"]
        result = CliRunner().invoke(global_pointer_cli, words)
        assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    nlp = spacy.load("training/student/model-best")
    assert nlp.get_pipe("global_pointer").labels == ("ORG", "PERSON", "PLACE")
