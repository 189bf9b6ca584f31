"""`spacy global-pointer remember`, `forget` and `memory`."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
import spacy
from corpus_helpers import save
from helpers import TEXTS, build, fit, make_examples
from spacy.tokens import Doc, Span
from spacy.training import Corpus
from typer.testing import CliRunner

from spacy_globalpointer import atomic
from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.locks import hold_lock
from spacy_globalpointer.pipeline.storage import MEMORY
from spacy_globalpointer.tuning import saved_memory
from spacy_globalpointer.tuning.saved_memory import write_memory

NAME = "global_pointer"
TOWNS = [[(3, 4, "TOWN"), (8, 9, "TOWN")], [(2, 3, "TOWN")], [], []]
BANKS = [[(0, 4, "BANK")], [(4, 8, "BANK")], [], []]
TEXT = "Mary of Leith saw the Bank of Leith ."


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A trained pipeline, and two files with labels that it does not know."""
    folder = tmp_path_factory.mktemp("remember")
    nlp = build()
    fit(nlp, make_examples(nlp))
    nlp.to_disk(folder / "model")
    for name, gold in (("towns", TOWNS), ("banks", BANKS)):
        examples = make_examples(nlp, gold=gold)
        save(folder / f"{name}.spacy", [example.reference for example in examples])
    return folder


@pytest.fixture(scope="module")
def taught(made) -> Path:
    """The pipeline with both files in its memory."""
    output = made / "taught"
    run("remember", made / "model", *files(made), "--output", output)
    return output


@pytest.fixture
def model(made, tmp_path) -> Path:
    return shutil.copytree(made / "model", tmp_path / "model")


@pytest.fixture
def full(taught, tmp_path) -> Path:
    return shutil.copytree(taught, tmp_path / "full")


def files(made):
    return [made / "towns.spacy", made / "banks.spacy"]


def run(*args, code=0):
    """Run a command. RETURNS: Its output as one line, colours left out."""
    result = CliRunner().invoke(global_pointer_cli, [*map(str, args)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


def memory_of(model, name=NAME):
    return spacy.load(model).get_pipe(name).memory.stats()


def predict(model, key="sc"):
    """Spans of the texts with all bits of their scores."""
    docs = spacy.load(model).pipe([*TEXTS, TEXT])
    return [
        [(s.start, s.end, s.label_, x) for s, x in zip(g, g.attrs["scores"].tolist())]
        for g in (doc.spans[key] for doc in docs)
    ]


def labels(predicted):
    return {label for spans in predicted for _, _, label, _ in spans}


def content(folder):
    """Content of all files of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_memory(files):
    return {name: x for name, x in files.items() if not name.endswith(MEMORY)}


def test_the_written_pipeline_predicts_the_new_label(made, model):
    before = predict(model)
    output = run("remember", model, made / "towns.spacy")
    assert re.search(r"TOWN 3 no ", output) and re.search(r"towns.spacy \d+ ", output)
    assert re.search(r"Remembered \d+ new entries of 4 documents", output)
    after = predict(model)
    assert labels(before) < labels(after) == {*labels(before), "TOWN"}
    old = [[x for x in spans if x[2] != "TOWN"] for spans in after]
    assert old == before


def test_only_the_files_of_the_memory_are_new(made, model):
    run("remember", model, made / "towns.spacy")
    before, after = content(made / "model"), content(model)
    assert without_memory(after) == before
    assert {*after} - {*before} == {f"{NAME}/{name}" for name in MEMORY}
    assert sorted(os.listdir(model.parent)) == ["model"]


def test_entries_are_those_of_the_component(made, model):
    nlp = spacy.load(model)
    pipe = nlp.get_pipe(NAME)
    pipe.remember([*Corpus(made / "towns.spacy")(nlp)], source="towns.spacy")
    run("remember", model, made / "towns.spacy")
    stored = tuple((model / NAME / name).read_bytes() for name in MEMORY)
    assert stored == pipe.memory_files()


def test_a_file_is_remembered_once(made, full):
    before = content(full)
    assert "Remembered 0 new entries" in run("remember", full, *files(made))
    assert content(full) == before


def test_each_file_is_a_source(made, full):
    assert {*memory_of(full)["sources"]} == {"towns.spacy", "banks.spacy"}


def test_files_of_a_folder_are_sources(made, model, tmp_path):
    for i, path in enumerate(files(made)):
        (tmp_path / "data" / str(i)).mkdir(parents=True)
        shutil.copy(path, tmp_path / "data" / str(i))
    run("remember", model, tmp_path / "data")
    assert {*memory_of(model)["sources"]} == {"0/towns.spacy", "1/banks.spacy"}


def test_source_is_named(made, model):
    output = run("remember", model, *files(made), "--source", "mine", "--gpu-id", -1)
    assert {*memory_of(model)["sources"]} == {"mine"} and " mine " in output


def test_labels_of_the_files_are_stated(made, model):
    output = run("remember", model, *files(made), "-l", "TOWN", "--label", "LAW")
    assert memory_of(model)["annotated"] == {
        "banks.spacy": ["BANK", "LAW", "TOWN"],
        "towns.spacy": ["LAW", "TOWN"],
    }
    assert re.search(r"banks.spacy \d+ 'BANK', 'LAW', 'TOWN'", output)


def test_file_without_spans_needs_the_labels_that_it_annotates(made, model, tmp_path):
    nlp = spacy.load(model)
    docs = [x.reference for x in make_examples(nlp, gold=[[], [], [], []])]
    empty = save(tmp_path / "empty.spacy", docs)
    run("remember", model, made / "towns.spacy", empty, "--label", "TOWN")
    assert memory_of(model)["annotated"]["empty.spacy"] == ["TOWN"]


def test_files_are_remembered_all_at_once(made, model):
    nlp = spacy.load(model)
    pipe = nlp.get_pipe(NAME)
    seen, merged = [], pipe._set_memory

    def set_memory(*args):
        seen.append(len(pipe.memory))
        merged(*args)

    pipe._set_memory = set_memory
    saved_memory.remember_files(nlp, files(made))
    assert seen == [0] and len(pipe.memory.stats()["sources"]) == 2


def test_output_gets_a_copy(made, model, tmp_path):
    output = tmp_path / "new" / "taught"
    run("remember", model, made / "towns.spacy", "--output", output)
    assert content(model) == content(made / "model")
    assert without_memory(content(output)) == content(model)
    assert "TOWN" in labels(predict(output))
    assert os.listdir(tmp_path / "new") == ["taught"]


@pytest.mark.filterwarnings("ignore:.*GPW005")
def test_component_is_named(tmp_path):
    nlp, key, model = build(spans_key="other"), "other", tmp_path / "model"
    fit(nlp, make_examples(nlp, key=key))
    nlp.rename_pipe(NAME, "mine")
    nlp.to_disk(model)
    docs = [x.reference for x in make_examples(nlp, key=key, gold=TOWNS)]
    path = save(tmp_path / "towns.spacy", docs)
    run("remember", model, path, "--component", "mine")
    assert (model / "mine" / MEMORY[0]).exists()
    assert "TOWN" in labels(predict(model, key))
    assert "TOWN 3 no" in run("memory", model, "--component", "mine")
    run("forget", model, "--all", "--component", "mine")
    assert not memory_of(model, "mine")["entries"]


def test_documents_without_the_key_are_left_out(made, model, tmp_path):
    nlp = spacy.blank("en")
    docs = [*Corpus(made / "towns.spacy")(nlp)]
    docs = [example.reference for example in docs]
    del docs[1].spans["sc"]
    output = run("remember", model, save(tmp_path / "some.spacy", docs))
    assert "GPW014" in output and "1 of 3 documents" in output
    assert memory_of(model)["labels"] == {"TOWN": 2}


@pytest.mark.parametrize(
    "options,left",
    [
        (["--label", "TOWN"], {"BANK": 2}),
        (["--source", "banks.spacy"], {"TOWN": 3}),
        (["--label", "BANK", "--source", "banks.spacy"], {"TOWN": 3}),
        (["--all"], {}),
    ],
)
def test_entries_are_forgotten(full, options, left):
    output = run("forget", full, *options)
    assert memory_of(full)["labels"] == left
    assert re.search(r"Forgot \d+ entries", output)
    assert all(f"{label} {n} no" in output for label, n in left.items())
    assert ("is empty" in output) == (not left)


@pytest.mark.parametrize(
    "options", [["--all"], ["--source", "towns.spacy"], ["--label", "TOWN"]]
)
def test_predictions_are_the_same_bits_after_forgetting(made, model, options):
    before = predict(model)
    run("remember", model, made / "towns.spacy")
    assert predict(model) != before
    run("forget", model, *options)
    assert predict(model) == before
    if "--label" not in options:
        assert content(model) == content(made / "model")


def test_forgotten_texts_are_not_in_the_files(full):
    assert any(TEXTS[0].encode() in x for x in content(full).values())
    run("forget", full, "--all")
    assert not any(TEXTS[0].encode() in x for x in content(full).values())


def test_forget_writes_a_copy(taught, full, tmp_path):
    run("forget", full, "--all", "--output", tmp_path / "copy")
    assert content(full) == content(taught)
    assert content(tmp_path / "copy") == without_memory(content(full))


@pytest.mark.parametrize(
    "options", [[], ["--all", "--label", "TOWN"], ["--all", "--source", "x"]]
)
def test_unclear_selection_is_refused(taught, full, options):
    assert "GP154" in run("forget", full, *options, code=1)
    assert content(full) == content(taught)


@pytest.mark.parametrize(
    "options", [["--label", "PLACE"], ["--label", "TOWN", "--source", "banks.spacy"]]
)
def test_what_is_not_remembered_is_reported(taught, full, options):
    assert "GP077" in run("forget", full, *options, code=1)
    assert content(full) == content(taught)


def test_label_with_a_threshold_is_not_forgotten(full):
    """A config that names an unknown label does not load."""
    nlp = spacy.load(full)
    nlp.get_pipe(NAME).thresholds = {"TOWN": 0.4}
    nlp.to_disk(full)
    before = content(full)
    assert "GP016" in run("forget", full, "--label", "TOWN", code=1)
    assert content(full) == before
    run("forget", full, "--label", "BANK")
    assert "TOWN" in labels(predict(full))


def test_memory_is_shown(taught, full):
    output = run("memory", full)
    assert "BANK 2 no" in output and "TOWN 3 no" in output
    assert "towns.spacy" in output and "banks.spacy" in output
    assert content(full) == content(taught)


def test_trained_labels_are_marked(model, tmp_path):
    nlp = spacy.load(model)
    docs = [example.reference for example in make_examples(nlp)]
    output = run("remember", model, save(tmp_path / "old.spacy", docs))
    assert "PLACE 4 yes" in output


def test_empty_memory_is_reported(made, model):
    assert "The memory of 'global_pointer' is empty" in run("memory", model)
    assert "is empty" in run("memory", model, "--refresh")
    assert content(model) == content(made / "model")


def test_refresh_makes_the_memory_fit_after_a_training(made, full):
    nlp = spacy.load(full)
    sgd = nlp.resume_training()
    nlp.update(make_examples(nlp), sgd=sgd)
    nlp.to_disk(full)
    before = without_memory(content(full))
    assert "Run this command with --refresh" in run("memory", full)
    told = run("remember", full, made / "towns.spacy", code=1)
    assert "GP153" not in told and "GP076" in told and "--refresh" in told
    assert "entries again" in run("memory", full, "--refresh")
    assert "--refresh" not in run("memory", full)
    assert "TOWN" in labels(predict(full))
    assert without_memory(content(full)) == before


COMMANDS = {
    "remember": ["towns.spacy"],
    "forget": ["--all"],
    "memory": [],
    "memory --refresh": [],
}


def invoke(command, model, made, *options, code=1):
    """Run one of the commands with what it needs."""
    name, *own = command.split()
    needed = [made / x if x.endswith(".spacy") else x for x in COMMANDS[command]]
    return run(name, model, *needed, *own, *options, code=code)


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_pipeline_is_reported(made, full, command):
    (full / "config.cfg").unlink()
    assert "GP134" in invoke(command, full, made)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name,code", [("mine", "GP130"), ("sentencizer", "GP131")])
def test_other_components_are_reported(made, full, tmp_path, command, name, code):
    nlp = spacy.load(full)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "two")
    before = content(tmp_path / "two")
    assert code in invoke(command, tmp_path / "two", made, "--component", name)
    assert content(tmp_path / "two") == before


@pytest.mark.parametrize("command", ["remember", "forget"])
def test_output_is_not_overwritten(made, full, tmp_path, command):
    assert "GP042" in invoke(command, full, made, "--output", tmp_path)
    inside = full / "inside" / "x"
    assert "GP135" in invoke(command, full, made, "--output", inside)
    assert not (full / "inside").exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", MEMORY)
def test_damaged_memory_is_reported(made, full, command, name):
    path = full / NAME / name
    path.write_bytes(path.read_bytes()[:-20])
    before = content(full)
    assert "GP070" in invoke(command, full, made)
    path.unlink()
    assert "GP070" in invoke(command, full, made)
    assert content(full) == {k: x for k, x in before.items() if not k.endswith(name)}


def test_file_without_gold_is_reported(made, model, tmp_path):
    nlp = spacy.load(model)
    docs = [x.reference for x in make_examples(nlp, key="other", gold=TOWNS)]
    path = save(tmp_path / "other.spacy", docs)
    told = run("remember", model, made / "towns.spacy", path, code=1)
    assert "GP140" in told and "other.spacy" in told
    docs = [x.reference for x in make_examples(nlp, gold=[[], [], [], []])]
    told = run("remember", model, save(tmp_path / "empty.spacy", docs), code=1)
    assert "GP140" in told
    assert content(model) == content(made / "model")


def test_other_files_are_reported(made, model, tmp_path):
    (tmp_path / "a.spacy").write_text("no docs", encoding="utf-8")
    paths = [made / "towns.spacy", tmp_path / "a.spacy"]
    assert "GP118" in run("remember", model, *paths, code=1)
    (tmp_path / "none").mkdir()
    assert "GP165" in run("remember", model, tmp_path / "none", code=1)
    assert content(model) == content(made / "model")


def test_misaligned_gold_is_reported_with_its_file(made, model, tmp_path):
    words, spaces = ["The", "Bank", "of", "Lei", "th"], [True, True, True, False, False]
    doc = Doc(spacy.blank("en").vocab, words=words, spaces=spaces)
    doc.spans["sc"] = [Span(doc, 3, 4, label="TOWN")]
    path = save(tmp_path / "bad.spacy", [doc])
    told = run("remember", model, made / "towns.spacy", path, code=1)
    assert "GP153" in told and "bad.spacy" in told and "GP074" in told
    assert content(model) == content(made / "model")


@pytest.mark.parametrize("command", ["remember", "forget", "memory --refresh"])
def test_locked_pipeline_is_reported(made, taught, full, command):
    with hold_lock(full.parent / f".{full.name}.memory.lock"):
        told = invoke(command, full, made)
    assert "GP126" in told and "--output" not in told
    assert content(full) == content(taught)


class Moves:
    """Replaces `os.replace`, and does something instead of one of the calls."""

    def __init__(self, which, action):
        self.left, self.action = which, action

    def __call__(self, *args):
        self.left -= 1
        if self.left == 0:
            self.action()
        os.rename(*args)


def interrupt():
    raise KeyboardInterrupt


def fill_disk():
    raise OSError(28, "No space left on device")


#: Number of moves of each command: the list of moves, the old files, the new files.
MOVES = {"remember": 1 + 3 + 3, "forget": 1 + 3 + 1}


@pytest.mark.parametrize(
    "command,which", [(name, i + 1) for name, n in MOVES.items() for i in range(n)]
)
def test_interrupted_write_leaves_the_pipeline_as_it_was(
    made, full, monkeypatch, command, which
):
    run("forget", full, "--source", "towns.spacy")
    before = content(full)
    monkeypatch.setattr(atomic.os, "replace", Moves(which, interrupt))
    assert "nothing was written" in invoke(command, full, made, code=130)
    monkeypatch.undo()
    assert content(full) == before
    assert sorted(os.listdir(full.parent)) == ["full"]


def test_full_disk_leaves_the_pipeline_as_it_was(made, model, monkeypatch):
    monkeypatch.setattr(atomic.os, "replace", Moves(5, fill_disk))
    assert "GP196" in run("remember", model, made / "towns.spacy", code=1)
    monkeypatch.undo()
    assert content(model) == content(made / "model")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
@pytest.mark.filterwarnings("ignore:.*GPW125")
@pytest.mark.parametrize("which", range(1, MOVES["remember"] + 1))
def test_killed_write_is_undone_by_the_next_command(
    made, taught, full, monkeypatch, which
):
    nlp = spacy.load(full)
    pipe = nlp.get_pipe(NAME)
    pipe.forget(label="BANK")
    pid = os.fork()
    if not pid:
        try:
            die = Moves(which, lambda: os.kill(os.getpid(), signal.SIGKILL))
            monkeypatch.setattr(atomic.os, "replace", die)
            write_memory(full, NAME, pipe)
        finally:
            os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == -signal.SIGKILL
    cfg = full / NAME / "cfg"
    if cfg.exists():  # what can be loaded is whole
        assert memory_of(full)["labels"] == {"BANK": 2, "TOWN": 3}
    run("forget", full, "--label", "TOWN")
    assert memory_of(full)["labels"] == {"BANK": 2}
    assert filecmp.cmp(cfg, taught / NAME / "cfg", shallow=False)
    assert sorted(os.listdir(full)) == sorted(os.listdir(taught))


@pytest.fixture
def killed(full, monkeypatch) -> Path:
    """A pipeline after a process was killed that had moved all files of the memory."""
    nlp = spacy.load(full)
    pipe = nlp.get_pipe(NAME)
    pipe.forget(label="BANK")
    pid = os.fork()
    if not pid:
        try:
            die = Moves(5, lambda: os.kill(os.getpid(), signal.SIGKILL))
            monkeypatch.setattr(atomic.os, "replace", die)
            write_memory(full, NAME, pipe)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert not (full / NAME / "cfg").exists()
    return full


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")


@needs_fork
@pytest.mark.filterwarnings("ignore:.*GPW125")
@pytest.mark.parametrize("command", ["memory", "remember", "forget"])
def test_killed_write_is_undone_by_commands_that_do_not_change_the_pipeline(
    made, taught, killed, tmp_path, command
):
    copy = tmp_path / "copy"
    options = [] if command == "memory" else ["--output", copy]
    invoke(command, killed, made, *options, code=0)
    assert content(killed) == content(taught)
    assert sorted(os.listdir(killed)) == sorted(os.listdir(taught))
    assert {*os.listdir(tmp_path)} == {killed.name, *(["copy"] if options else [])}
    if options:
        assert sorted(os.listdir(copy)) == sorted(os.listdir(taught))
        spacy.load(copy)


def refuse(path):
    raise PermissionError(13, "Permission denied", str(path))


@needs_fork
@pytest.mark.parametrize("command", ["memory", "remember", "forget"])
def test_killed_write_in_a_read_only_folder_says_what_to_do(
    made, killed, monkeypatch, tmp_path, command
):
    monkeypatch.setattr(saved_memory, "hold_lock", refuse)
    options = [] if command == "memory" else ["--output", tmp_path / "copy"]
    told = invoke(command, killed, made, *options)
    assert "GP192" in told and killed.name in told and "Change the permissions" in told


@needs_fork
@pytest.mark.parametrize("command", ["memory", "remember", "forget"])
def test_unfinished_write_of_a_running_process_is_not_undone(
    made, killed, tmp_path, command
):
    before = content(killed)
    options = [] if command == "memory" else ["--output", tmp_path / "copy"]
    with hold_lock(killed.parent / f".{killed.name}.memory.lock"):
        assert "GP126" in invoke(command, killed, made, *options)
    assert content(killed) == before


@pytest.mark.parametrize("command", ["memory", "remember", "forget"])
@pytest.mark.parametrize("has_drafts", [False, True])
def test_whole_pipeline_is_read_without_the_lock(
    made, taught, full, monkeypatch, tmp_path, command, has_drafts
):
    """It may be in a read-only folder, or locked by another process."""
    if has_drafts:
        (full / f".{NAME}.other.1.x").mkdir()
    monkeypatch.setattr(saved_memory, "hold_lock", refuse)
    options = [] if command == "memory" else ["--output", tmp_path / "copy"]
    invoke(command, full, made, *options, code=0)
    assert content(full) == content(taught)
