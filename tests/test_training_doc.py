"""docs/training.md says what there is, and its config blocks work."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
from thinc.api import Config

from spacy_globalpointer.recipes.make import make_config, recipes

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs/training.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOC, flags=re.DOTALL)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_has_a_row_with_its_values(name):
    [row] = re.findall(rf"^\| `{name}` \|.*$", DOC, flags=re.MULTILINE)
    _, encoder, rate, decay, window = [cell.strip() for cell in row.split("|")[1:-1]]
    config = Config().from_str(make_config(name), interpolate=False)
    found = config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    assert float(rate) == found
    if name == "tok2vec":
        assert (encoder, decay, window) == ("none", "", "")
        return
    model = config["components"]["transformer"]["model"]
    assert encoder == config["paths"]["encoder"]
    assert (float(decay), int(window)) == (model["layer_decay"], model["window"])


def pasted(config, block):
    """A config with a block's sections in place of its own: those of the same name,
    and the empty settings that a section stands for."""
    names = re.findall(r"^\[(.*)\]$", block, flags=re.MULTILINE)
    kept, section = [], ""
    for line in config.splitlines():
        section = line.strip("[]") if line.startswith("[") else section
        place = f"{section}.{line.partition(' = ')[0]}"
        if section not in names and not (
            place in names and re.search("= ({}|null)", line)
        ):
            kept.append(line)
    return "\n".join([*kept, block])


@pytest.mark.parametrize("block", blocks("ini"))
def test_config_blocks_fit_into_the_base(block, monkeypatch):
    """Each pasted into the default config, which then resolves."""
    functions = dict.fromkeys(("init", "log", "join", "Artifact"), print)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(**functions))
    text = pasted(make_config("default"), block)
    config = Config().from_str(text, interpolate=False)
    config["paths"].update(train="train.spacy", dev="dev.spacy")
    resolved = config.interpolate()
    nlp = spacy.util.load_model_from_config(resolved, auto_fill=True)
    spacy.registry.resolve({"corpora": nlp.config.interpolate()["corpora"]})
    spacy.registry.resolve({"training": nlp.config.interpolate()["training"]})


def test_a_new_label_is_added_as_it_says(trained, tmp_path, monkeypatch):
    [code] = blocks("python")
    (tmp_path / "training/mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    trained.to_disk("training/mine/model-best")
    exec(code, {})
    [folder] = re.findall(r'to_disk\("(.*)"\)', code)
    assert f'`source = "{folder}"`' in DOC
    assert spacy.load(folder).get_pipe("global_pointer").labels[-1] == "NEW"
