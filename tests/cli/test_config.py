from __future__ import annotations

import pytest
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.recipes.make import make_config, recipes


def run(*arguments, code=0):
    words = ["config", *map(str, arguments)]
    result = CliRunner().invoke(global_pointer_cli, words)
    assert result.exit_code == code, result.output
    return result.output


def test_without_a_name_the_recipes_are_listed():
    output = run()
    assert all(f"\n{name} " in output for name in recipes())


def test_config_is_written(tmp_path):
    path = tmp_path / "new" / "config.cfg"
    output = run("electra-small-zh", path, "--gpu", "--encoder", "mine")
    command = " ".join(output.split())  # a long path wraps the line
    assert "--output training" in command and "--gpu-id 0" in command
    expected = make_config("electra-small-zh", gpu=True, encoder="mine")
    assert path.read_text("utf-8") == expected


def test_missing_encoder_folder_is_reported(tmp_path):
    for there, encoder in ((False, "./nothing"), (True, "a/b"), (True, str(tmp_path))):
        output = run("default", tmp_path / "c.cfg", "--force", "--encoder", encoder)
        assert ("GPW212" not in output) == there
        assert "--gpu-id" not in output


@pytest.mark.parametrize("lang", ["xx9", "eng", "lex_attrs", "xx", "de"])
def test_language_that_spacy_lacks_is_reported(lang, tmp_path):
    output = run("default", tmp_path / "config.cfg", "--lang", lang)
    assert ("GPW213" in output) == (len(lang) > 2)


def test_dash_writes_to_standard_output():
    assert run("bert-en", "-", "--lang", "de") == make_config("bert-en", lang="de")


def test_existing_config_is_replaced_only_with_force(tmp_path):
    path = tmp_path / "config.cfg"
    path.write_text("mine")
    assert "GP229" in run("bert-en", path, code=1)
    assert path.read_text() == "mine"
    run("bert-en", path, "--force")
    assert path.read_text("utf-8") == make_config("bert-en")


def test_a_line_end_adds_no_section(tmp_path):
    evil = "x\n[training]\nmax_steps = 1"
    for option in ("--encoder", "--lang"):
        for place in ("-", tmp_path / "config.cfg"):
            output = run("default", place, option, evil, code=1)
            assert "GP241" in output and "\n[training]" not in output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "bert", "../base"])
def test_unknown_recipe_is_reported(name, tmp_path):
    assert "GP228" in run(name, tmp_path / "config.cfg", code=1)
    assert not list(tmp_path.iterdir())


def test_missing_encoder_with_a_long_name_is_reported(tmp_path):
    config = str(tmp_path / "a.cfg")
    assert "GPW212" in run("bert-en", config, "--encoder", f"./{'x' * 300}")
