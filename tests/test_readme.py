"""The README's Python runs, and its config is the component's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import spacy
from spacy.training import Example
from thinc.api import Config

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NER = """[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = false

"""
FOLDERS = ("encoders/minilm", "bert-base-chinese")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, bert_folder):
    assert any(name in code for name in FOLDERS)
    for name in FOLDERS:
        code = code.replace(name, str(bert_folder))
    scope: dict = {}
    exec(code, scope)
    assert "global_pointer" in scope["nlp"].pipe_names
    assert scope["nlp"].get_pipe("global_pointer").labels
    if "render" in code:
        assert str(scope["picture"]).startswith("<!DOCTYPE html>")


def test_config_block_has_every_setting_with_its_default():
    [text] = [code for code in blocks("ini") if "annotate_ents" in code]
    text = "[components]\n" + text.replace("[components]", "")
    written = Config().from_str(text)["components"]["global_pointer"]
    factory = written.pop("factory")
    meta = spacy.blank("en").get_factory_meta(factory)
    assert written == meta.default_config


def test_reader_block_has_every_setting():
    [text] = [code for code in blocks("ini") if "corpora" in code]
    text = "[paths]\ntrain = null\n\n[corpora]\n" + text
    written = Config().from_str(text)["corpora"]["train"]
    filled = spacy.registry.fill({"train": {**written, "path": "x"}})["train"]
    assert filled == {**written, "path": "x"}


def test_transformer_block_has_every_setting_with_its_default():
    [text] = [code for code in blocks("ini") if "max_batch_items" in code]
    [rule] = [code for code in blocks("ini") if "spans_key = null" in code]
    text = "[components]\n\n" + text.replace("global_attention = null\n", "")
    config = Config().from_str(text + "\n" + rule)
    written = config["components"]["transformer"]["model"]
    architecture = written.pop("@architectures")
    rule = written.pop("global_attention")
    function = spacy.registry.architectures.get(architecture)
    defaults = inspect.signature(function).parameters
    assert {**written, "global_attention": None} == {
        **{name: parameter.default for name, parameter in defaults.items()},
        "name": "roberta-base",
    }
    function = spacy.registry.misc.get(rule.pop("@misc"))
    defaults = inspect.signature(function).parameters
    assert rule == {name: parameter.default for name, parameter in defaults.items()}


def test_encoder_of_a_components_own(bert_folder):
    [text] = [code for code in blocks("ini") if "Tok2VecTransformer" in code]
    config = Config().from_str("[components]\n\n[components.ner]\n\n" + NER + text)
    config["components"]["ner"]["model"]["tok2vec"]["name"] = str(bert_folder)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config={"model": config["components"]["ner"]["model"]})
    text, entities = "Mary of Leith", {"entities": [(0, 4, "PERSON")]}
    example = Example.from_dict(nlp.make_doc(text), entities)
    nlp.update([example], sgd=nlp.initialize(lambda: [example]))


REGISTRIES = ["architectures", "loggers", "losses", "misc", "readers", "schedules"]
REGISTRIES += ["scorers"]


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_registered_name_is_listed(registry):
    names = getattr(spacy.registry, registry).get_entry_points()
    ours = [name for name in names if name.startswith("spacy-globalpointer.")]
    assert ours
    assert [name for name in ours if f"`{name}`" not in README] == []
