"""Every command says by a code that the disk is full, that something is not allowed,
or that there is too little memory, and leaves files as they were."""

from __future__ import annotations

import errno
import json
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager

import pytest
import scale_helpers
from benchmark_helpers import use_same_process
from corpus_helpers import save
from helpers import build, fit, make_examples
from pretraining_helpers import write_texts
from small_encoders import make_bert
from training_helpers import pointer_config
from typer.testing import CliRunner

from spacy_globalpointer import atomic
from spacy_globalpointer.cli.app import global_pointer_cli

COMMANDS = {
    "annotate": "annotate model docs.spacy out -f jsonl",
    "annotate-parquet": "annotate model docs.spacy out",
    "benchmark": "benchmark model -o out/n.json -n 1 -l 4 -r 1 -w 9 -t 1",
    "config": "config bert-en out/c.cfg",
    "convert": "convert a.jsonl out",
    "cut": "cut encoder out/cut --layers 1",
    "distill": "distill model config.cfg -o out/student --paths.train docs.spacy "
    "--paths.dev docs.spacy --training.max_steps 2",
    "evaluate": "evaluate model docs.spacy -o out/page.html -m out/numbers.json",
    "export": "export docs.spacy out/a.jsonl -f jsonl --force",
    "export-brat": "export docs.spacy out -f brat --force",
    "export-conll": "export docs.spacy out/a.conll -f conll --force",
    "export-gz": "export docs.spacy out/a.jsonl.gz -f jsonl --force",
    "forget": "forget taught --all",
    "lengthen": "lengthen encoder out/longer -p 64 -w 32",
    "memory": "memory taught --refresh",
    "pretrain": "pretrain encoder texts.jsonl out/adapted -n 2 -b 4 -l 32",
    "remember": "remember model docs.spacy",
    "remember-copy": "remember model docs.spacy -o out/taught",
    "render": "render model docs.spacy out/page.html",
    "train": "train config.cfg -o out --paths.train docs.spacy --paths.dev docs.spacy "
    "--training.max_steps 2",
    "trim": "trim encoder texts.jsonl out/trimmed",
    "tune": "tune model docs.spacy --min-gold 1",
    "tune-copy": "tune model docs.spacy --min-gold 1 -o out/tuned",
}
each = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files for all commands, and outputs of earlier ones."""
    folder = tmp_path_factory.mktemp("made")
    nlp = build()
    fit(nlp, make_examples(nlp))
    nlp.to_disk(folder / "model")
    save(folder / "docs.spacy", [eg.reference for eg in make_examples(nlp)])
    nlp.get_pipe("global_pointer").remember(make_examples(nlp))
    nlp.to_disk(folder / "taught")
    record = {"id": "a", "text": "Mary left. " * 50, "spans": []}
    (folder / "a.jsonl").write_text(json.dumps(record))
    (folder / "config.cfg").write_text(pointer_config())
    make_bert(folder / "encoder")
    write_texts(folder)
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    use_same_process(monkeypatch)
    scale_helpers.use_same_process(monkeypatch)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder):
    """Files with what is in them, of folders that are there before training and
    pre-training begin."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def run(name):
    """Run a command, which must fail. RETURNS: Its output as one line."""
    result = CliRunner().invoke(global_pointer_cli, COMMANDS[name].split())
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1, result.output
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


@contextmanager
def small_disk(size):
    """No file may have more bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@each
def test_a_full_disk_has_a_code_and_changes_nothing(place, name):
    before = contents(place)
    with small_disk(50):
        output = run(name)
    assert "[GP196]" in output and str(place) in output
    after = contents(place)
    assert all(after[file] == data for file, data in before.items())
    assert set(after) == set(before)


def test_disk_that_is_full_at_the_last_move_has_a_code(place, monkeypatch):
    """Some file systems say so when a file is moved."""

    def refuse(a, b):
        raise OSError(errno.ENOSPC, "No space left on device", a, None, b)

    monkeypatch.setattr(atomic.os, "replace", refuse)
    for name in ("convert", "export", "export-brat"):
        assert f"[GP196] {place}/out" in run(name)
    assert not (place / "out").exists() or contents(place / "out") == {}


@each
def test_a_place_that_may_not_be_written_to_has_a_code(place, name, monkeypatch):
    def refuse(prefix, dir):
        name = f"{dir}/{prefix}draft"
        raise PermissionError(errno.EACCES, "Permission denied", name)

    before = contents(place)
    monkeypatch.setattr(atomic.tempfile, "mkdtemp", refuse)
    output = run(name)
    assert "[GP192]" in output and "Permission denied" in output
    assert f"{place}/" in output and "draft:" not in output
    assert {k: x for k, x in contents(place).items() if k in before} == before


TARGETS = {
    "annotate": "spacy_globalpointer.scale.annotate_files.make_plan",
    "benchmark": "spacy_globalpointer.cli.benchmark.benchmark",
    "config": "spacy_globalpointer.cli.config.make_config",
    "convert": "spacy_globalpointer.cli.convert.make_tokenizer",
    "cut": "spacy_globalpointer.encoders.folders.load_encoder",
    "evaluate": "spacy_globalpointer.cli.evaluate.load_pipeline",
    "export": "spacy_globalpointer.cli.export.get_format",
    "lengthen": "spacy_globalpointer.encoders.folders.load_encoder",
    "pretrain": "spacy_globalpointer.pretraining.pretrain.pretrain",
    "forget": "spacy_globalpointer.cli.forget.load_pipeline",
    "memory": "spacy_globalpointer.cli.memory.load_pipeline",
    "remember": "spacy_globalpointer.cli.remember.load_pipeline",
    "render": "spacy_globalpointer.cli.render.read_texts",
    "train": "spacy_globalpointer.cli.train.init_nlp",
    "trim": "spacy_globalpointer.encoders.folders.load_encoder",
    "tune": "spacy_globalpointer.cli.tune.find_thresholds",
}


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    ],
)
@pytest.mark.parametrize("name", TARGETS)
def test_too_little_memory_has_a_code(place, name, error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(TARGETS[name], fail)
    assert "[GP197]" in run(name)


def test_too_little_memory_is_not_reported_as_a_damaged_file(place, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("builtins.open", fail)
    output = run("convert")
    assert "[GP197]" in output and "damaged" not in output


def test_no_temporary_folder_has_a_code(place, monkeypatch):
    import spacy

    nlp = spacy.blank("en")
    architecture = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": architecture, "name": str(place / "encoder")}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    nlp.to_disk(place / "pipeline")
    shutil.move(place / "pipeline" / "transformer", place / "stored")
    shutil.rmtree(place / "encoder")
    (place / "stored").rename(place / "encoder")
    monkeypatch.setattr(tempfile, "tempdir", str(place / "none"))
    output = run("lengthen")
    assert "[GP198]" in output and "damaged" not in output and "TMPDIR" in output


def test_broken_pipe_is_not_reported(monkeypatch):
    def fail(*_, **__):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(TARGETS["config"], fail)
    result = CliRunner().invoke(global_pointer_cli, ["config", "bert-en"])
    assert result.exit_code == 1 and result.output == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full")
def test_full_output_is_reported_on_stderr():
    command = [sys.executable, "-m", "spacy", "global-pointer", "config"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert b"GP196" in result.stderr and b"Traceback" not in result.stderr
