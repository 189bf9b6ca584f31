"""docs/training.md says what there is, and its config blocks work."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
import typer
from spacy.cli._util import app
from thinc.api import Config

import spacy_globalpointer.cli.app  # noqa: F401 (adds the commands)
from spacy_globalpointer.recipes.make import make_config, recipes

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs/training.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOC, flags=re.DOTALL)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_has_a_row_with_its_values(name):
    [row] = re.findall(rf"^\| `{name}` \|.*$", DOC, flags=re.MULTILINE)
    _, encoder, rate, decay, window = [cell.strip() for cell in row.split("|")[1:-1]]
    config = Config().from_str(make_config(name), interpolate=False)
    model = config["components"]["transformer"]["model"]
    assert encoder == config["paths"]["encoder"]
    found = config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    assert float(rate) == found
    assert (float(decay), int(window)) == (model["layer_decay"], model["window"])


@pytest.mark.parametrize("block", blocks("ini"))
def test_config_blocks_fit_into_the_base(block, monkeypatch):
    """Each replaces or adds sections of the default config, which then resolves."""
    functions = dict.fromkeys(("init", "log", "join", "Artifact"), print)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(**functions))
    base = Config().from_str(make_config("default"), interpolate=False)
    skeleton = {
        "components": {"transformer": {"model": {}}, "global_pointer": {}},
        "initialize": {"components": {"global_pointer": {}}},
    }
    text = Config(skeleton).to_str() + "".join(
        f"\n[{name}]\n" for name in ("corpora", "training", "training.optimizer")
    )
    added = Config().from_str(text + "\n" + block, interpolate=False)
    config = base.merge(added)
    config["paths"].update(train="train.spacy", dev="dev.spacy")
    resolved = config.interpolate()
    nlp = spacy.util.load_model_from_config(resolved, auto_fill=True)
    spacy.registry.resolve({"corpora": nlp.config.interpolate()["corpora"]})
    spacy.registry.resolve({"training": nlp.config.interpolate()["training"]})


def commands():
    lines = "\n".join(blocks("bash")).replace("\\\n", " ").split("\n")
    return [line for line in lines if line.startswith("spacy ")]


@pytest.mark.parametrize("line", commands())
def test_commands_exist_with_their_options(line):
    _, name, *words = shlex.split(line, comments=True)
    command = COMMANDS[name]
    if name == "global-pointer":
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    given = {word for word in words if word.startswith("--") and "." not in word}
    assert given <= known
