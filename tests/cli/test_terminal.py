"""What commands print of files that others made."""

from __future__ import annotations

import json
import re
import warnings

import pytest
import spacy
from corpus_helpers import doc_with, save
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.cli.terminal import Printer, visible_warnings

#: Clears the screen and sets the title of the window.
EVIL = "A\x1b[2J\x1b]0;x\x07\x9b1m"
SHOWN = r"A\x1b[2J\x1b]0;x\x07\x9b1m"
#: wasabi's colours and weights, which are meant.
COLOURS = re.compile(r"\x1b\[[\d;]*m")


def run(*args):
    result = CliRunner().invoke(global_pointer_cli, [str(arg) for arg in args])
    assert not isinstance(result.exception, (UnicodeError, TypeError))
    return COLOURS.sub("", result.output)


def check(output):
    assert not [x for x in output if ord(x) < 32 and x != "\n" or 127 <= ord(x) < 160]


def test_control_characters_in_labels_are_shown_by_convert(tmp_path):
    line = {"text": "Mary left", "spans": [{"start": 0, "end": 4, "label": EVIL}]}
    (tmp_path / "corpus.jsonl").write_text(json.dumps(line), "utf-8")
    output = run("convert", tmp_path / "corpus.jsonl", tmp_path / "out", "-f", "jsonl")
    check(output)
    assert f"Spans: {SHOWN}" in output


def test_control_characters_in_file_names_are_shown(tmp_path):
    data = save(tmp_path / f"{EVIL}.spacy", [doc_with(["a", "b"], [(0, 1, EVIL)])])
    for command in (
        *(["debug", data], ["debug", data, "--spans-key", EVIL]),
        ["export", data, tmp_path / f"{EVIL}.jsonl", "-f", "jsonl"],
        ["export", data, tmp_path / "x.conll", "-f", "conll"],
        ["render", tmp_path / EVIL, data, tmp_path / "x.html"],
        ["evaluate", tmp_path / EVIL, data, "-o", tmp_path / "x.html"],
    ):
        output = run(*command)
        check(output)
        assert "\\x1b" in output or command[0] in ("export", "render")


def test_a_missing_file_of_a_pipeline_is_named(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "model" / "tokenizer").unlink()
    data = save(tmp_path / "data.spacy", [doc_with(["a"], [(0, 1, "X")])])
    for command in ("render", "evaluate"):
        options = ["-o"] if command == "evaluate" else []
        page = tmp_path / "page.html"
        output = run(command, tmp_path / "model", data, *options, page)
        assert "GP066" in output and not page.exists()


def test_every_way_to_print_shows_control_characters(capsys):
    msg = Printer(pretty=False)
    for show in (msg.good, msg.warn, msg.fail, msg.info, msg.text):
        show(EVIL, EVIL)
    msg.divider(EVIL)
    msg.table([[EVIL, 5], ["b", "c\nd"]], header=[EVIL, "e"], aligns=["l", "r"])
    msg.row([EVIL, "b"])
    output = capsys.readouterr().out
    check(output)
    assert output.count(SHOWN) == 5 * 2 + 4
    assert r"c\nd" in output


def test_warnings_are_written_out_and_stay_warnings():
    with pytest.warns(UserWarning) as record, visible_warnings():
        warnings.warn(EVIL, stacklevel=1)
        warnings.warn("two\nlines", stacklevel=1)
    assert [str(x.message) for x in record] == [SHOWN, "two\nlines"]


def test_help_is_that_of_the_commands():
    assert "Tools for span extraction" in run("--help")
