"""Every command writes to outputs whose encodings lack symbols: ASCII logs, cp1252."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
import wasabi.util
from benchmark_helpers import use_same_process
from corpus_helpers import save
from helpers import build, fit, make_examples
from pretraining_helpers import write_texts
from small_encoders import make_bert
from spacy.tokens import DocBin, Span
from training_helpers import pointer_config
from typer import BadParameter

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.training.progress_logger import create_progress_logger_v1

#: Characters that no 8-bit encoding has, that cp1252 has, and that Latin-1 has, too.
LABEL = "人–ö"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Files for all commands, with names and labels that no ASCII has."""
    folder = tmp_path_factory.mktemp("größe–人")
    nlp = build()
    fit(nlp, make_examples(nlp))
    nlp.to_disk(folder / "modèle")
    docs = [example.reference for example in make_examples(nlp)]
    save(folder / "train.spacy", docs)
    docs[0].spans["sc"] = [*docs[0].spans["sc"], Span(docs[0], 1, 2, LABEL)]
    docs[1].user_data["title"] = "ö–人"
    save(folder / "dév.spacy", docs)
    span = {"start": 0, "end": 4, "label": LABEL}
    bad = {"start": 0, "end": 3, "label": LABEL}
    record = {"id": "ö–人", "text": "Mary – 人", "spans": [span, bad]}
    (folder / "á.jsonl").write_text(json.dumps(record), encoding="utf-8")
    (folder / "config.cfg").write_text(pointer_config(), encoding="utf-8")
    make_bert(folder / "encodér")
    write_texts(folder)
    return folder


COMMANDS = {
    "benchmark": "benchmark modèle -o nümbers.json -n 1 -l 4 -r 1 -w 9 -t 1",
    "config": "config",
    "config-file": "config bert-en out.cfg --encoder no/such/encodér",
    "convert": "convert á.jsonl cönverted --allow-loss",
    "convert-fails": "convert á.jsonl cönverted",
    "cut": "cut encodér cüt --layers 0",
    "debug": "debug dév.spacy train.spacy --lang en",
    "distill": "distill modèle config.cfg -o stüdent --paths.train train.spacy "
    "--paths.dev dév.spacy --training.max_steps 2",
    "evaluate": "evaluate modèle dév.spacy -o ö.html",
    "export": "export dév.spacy öut.jsonl -f jsonl",
    "export-brat": "export dév.spacy öut -f brat",
    "forget": "forget modèle --label ö–人",
    "lengthen": "lengthen encodér lönger -p 64 -w 32",
    "memory": "memory modèle",
    "pretrain": "pretrain encodér texts.jsonl ädapted -n 2 -b 4 -l 32",
    "remember": "remember modèle dév.spacy -o täught",
    "render": "render modèle dév.spacy rönder.html",
    "train": "train config.cfg -o träined --paths.train train.spacy "
    "--paths.dev dév.spacy --training.max_steps 2",
    "trim": "trim encodér texts.jsonl trîmmed",
    "tune": "tune modèle dév.spacy --dry-run",
    "no-file": "evaluate modèle lost–ö.spacy -o ö.html",
    "no-format": "convert á.jsonl cönverted -f ö–人",
}
FAIL = ("convert-fails", "forget", "no-file", "no-format")


def run(args, encoding, monkeypatch):
    """Run a command. RETURNS: Its exit status and what it wrote."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding))
    monkeypatch.setattr(wasabi.util, "ENCODING", encoding)
    try:
        status = global_pointer_cli(args, standalone_mode=False) or 0
    except SystemExit as end:
        status = end.code
    except BadParameter as error:
        status = error.exit_code
    stream.flush()
    return status, raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_write_to_any_output(place, name, encoding, monkeypatch, tmp_path):
    use_same_process(monkeypatch)
    for path in place.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    status, output = run(COMMANDS[name].split(), encoding, monkeypatch)
    assert bool(status) == (name in FAIL), output
    if name.startswith("convert"):
        label = {
            "ascii": r"\u4eba-\xf6",
            "cp1252": r"\u4eba–ö",
        }[encoding]
        assert f"Spans: {label}" in output or name == "convert-fails"


def test_a_config_is_written_in_utf8_to_any_output(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    command = ["config", "bert-en", "--encoder", "größe"]
    global_pointer_cli(command, standalone_mode=False)
    assert "--encoder 'größe'" in raw.getvalue().decode("utf-8")


def test_the_logger_of_spacys_own_training_degrades_symbols():
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, "ascii", write_through=True)
    stderr = io.TextIOWrapper(io.BytesIO(), "ascii")
    nlp = build()
    nlp.config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 0.1}
    create_progress_logger_v1()(nlp, stdout, stderr)
    stdout.write("…")
    assert raw.getvalue().endswith(b"...")


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["cp1252", "C"],
)
@pytest.mark.slow
def test_a_redirected_process_writes_to_any_output(place, settings, tmp_path):
    command = [sys.executable, "-m", "spacy", "global-pointer", "convert"]
    command += [str(place / "á.jsonl"), str(tmp_path / "out"), "--allow-loss"]
    result = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert rb"Spans: \u4eba" in result.stdout
    assert (
        len(
            list(
                DocBin()
                .from_disk(tmp_path / "out" / "all.spacy")
                .get_docs(build().vocab)
            )
        )
        == 1
    )
