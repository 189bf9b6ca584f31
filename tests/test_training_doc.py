"""docs/training.md: its recipes are those of the package, and a new label is learnt."""

from __future__ import annotations

import re

import pytest
import spacy
from doc_pages import ROOT, blocks
from thinc.api import Config

from spacy_globalpointer.recipes.make import make_config, recipes

PAGE = ROOT / "docs/training.md"
DOC = PAGE.read_text(encoding="utf-8")


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


def test_a_new_label_is_added_as_the_page_says(trained, tmp_path, monkeypatch):
    [code] = blocks("python", PAGE)
    (tmp_path / "training/mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    trained.to_disk("training/mine/model-best")
    exec(code, {})
    [folder] = re.findall(r'to_disk\("(.*)"\)', code)
    assert f'`source = "{folder}"`' in DOC
    assert spacy.load(folder).get_pipe("global_pointer").labels[-1] == "NEW"
