"""What a training depends on."""

from __future__ import annotations

import json
import shutil
from io import StringIO

import pytest
import spacy
import torch
from thinc.api import Config, CupyOps
from tqdm import tqdm

from spacy_globalpointer.encoders.encoder_shim import EncoderShim
from spacy_globalpointer.training.resumable import identity
from spacy_globalpointer.training.resumable.identity import (
    compare_machines,
    differences,
    identify,
    machine,
)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "train.spacy").write_text("corpus")
    (tmp_path / "encoder" / "more").mkdir(parents=True)
    (tmp_path / "encoder" / "more" / "weights").write_text("weights")
    text = f"""
    [paths]
    train = "{tmp_path / "train.spacy"}"
    unused = "a"

    [corpora]

    [corpora.train]
    path = ${{paths.train}}
    files = [1, 2]

    [components]

    [components.transformer]
    name = "{tmp_path / "encoder"}"

    [training]
    dropout = 0.1

    [training.logger]
    @loggers = "x"
    """
    return Config().from_str(text)


def identified(config, **options):
    return identify(config.interpolate(), **{"gpu": False, **options})


def test_the_same_training_has_no_differences(config):
    assert differences(identified(config), identified(config)) == []


@pytest.mark.parametrize(
    "section,setting,value",
    [(["training", "logger"], "@loggers", "y"), (["paths"], "unused", "b")],
)
def test_settings_without_effect_may_change(config, section, setting, value):
    before = identified(config)
    part = config
    for name in section:
        part = part[name]
    part[setting] = value
    assert differences(before, identified(config)) == []


@pytest.mark.parametrize("value", [0.2, None, "0.1"])
def test_a_setting_is_named_with_both_values(config, value):
    before = identified(config)
    config["training"]["dropout"] = value
    [line] = differences(before, identified(config))
    assert line.startswith("training.dropout was 0.1 and is ")


def test_added_and_removed_settings_differ(config):
    before = identified(config)
    config["training"]["more"] = 1
    now = identified(config)
    assert differences(before, now) == ["training.more was null and is 1"]
    assert differences(now, before) == ["training.more was 1 and is null"]


def test_files_may_be_moved(config, tmp_path):
    before = identified(config)
    shutil.copytree(tmp_path / "encoder", tmp_path / "moved")
    shutil.copy(tmp_path / "train.spacy", tmp_path / "moved.spacy")
    config["components"]["transformer"]["name"] = str(tmp_path / "moved")
    config["paths"]["train"] = str(tmp_path / "moved.spacy")
    assert differences(before, identified(config)) == []


@pytest.mark.parametrize(
    "file,setting",
    [
        ("train.spacy", "corpora.train.path"),
        ("encoder/more/weights", "components.transformer.name"),
        ("encoder/new", "components.transformer.name"),
    ],
)
def test_changed_contents_differ(config, tmp_path, file, setting):
    before = identified(config)
    (tmp_path / file).write_text("other")
    assert differences(before, identified(config)) == [f"{setting} has changed"]


def test_file_is_compared_under_any_setting_name(config, tmp_path):
    file = tmp_path / "words"
    file.write_text("one")
    config["training"]["gazetteer"] = str(file)
    before = identified(config)
    file.write_text("two")
    assert differences(before, identified(config)) == ["training.gazetteer has changed"]


def test_files_of_a_list_count(config, tmp_path):
    files = [tmp_path / name for name in ("one", "two")]
    for file in files:
        file.write_text("before")
    config["training"]["path"] = [*map(str, files), "other"]
    before = identified(config)
    assert before["settings"]["training.path"] == ["other"]
    files[1].write_text("now")
    assert differences(before, identified(config)) == ["training.path has changed"]


def test_a_text_that_is_not_a_path_is_a_setting(config):
    """Longer than a path can be, or with a byte that none has."""
    for text in ("x" * 5000, "a\0b"):
        config["training"]["path"] = text
        assert identified(config)["settings"]["training.path"] == text


def test_the_version_of_an_installed_pipeline_counts(config, monkeypatch):
    config["components"]["ner"] = {"source": "en_core_web_sm"}
    monkeypatch.setattr(identity, "is_package", lambda name: name == "en_core_web_sm")
    monkeypatch.setattr(identity, "version", lambda name: "1.0")
    before = identified(config)
    monkeypatch.setattr(identity, "version", lambda name: "2.0")
    lines = differences(before, identified(config))
    assert 'the version of en_core_web_sm was "1.0" and is "2.0"' in lines


def test_a_bar_shows_how_much_is_read(config, tmp_path, monkeypatch):
    """Each file once, though several settings name it."""
    config["corpora"]["dev"] = {"path": str(tmp_path / "train.spacy")}
    (tmp_path / "encoder" / ".hidden").write_text("hidden")
    bars = []

    def make_bar(*args, **options):
        bars.append(tqdm(*args, **{**options, "disable": False, "file": StringIO()}))
        return bars[-1]

    monkeypatch.setattr(identity.tqdm, "tqdm", make_bar)
    identified(config)
    [bar] = bars
    assert bar.n == bar.total == len("corpus") + len("weights")


def test_hidden_files_are_not_compared(config, tmp_path):
    before = identified(config)
    (tmp_path / "encoder" / ".cache").mkdir()
    (tmp_path / "encoder" / ".cache" / "file").touch()
    assert differences(before, identified(config)) == []


def test_code_device_and_versions_count(config, tmp_path, monkeypatch):
    before = identified(config)
    code = tmp_path / "train.spacy"
    monkeypatch.setattr(identity, "version", lambda name: "0.0")
    lines = differences(before, identified(config, code=code, gpu=True))
    assert lines[0] == '--gpu-id was "CPU" and is "GPU"'
    assert lines[1] == "--code named no file before"
    assert "--code names no file now" in differences(
        identified(config, code=code), identified(config)
    )
    versions = {line.split()[3] for line in lines[2:]}
    assert versions == {*identity.PACKAGES}


# The machine


@pytest.fixture
def nlp(monkeypatch):
    """A pipeline with an encoder whose precision is to be chosen."""
    shim = EncoderShim("auto", False)
    monkeypatch.setattr(identity, "find_shims", lambda _: {"transformer/0.0": shim})
    return spacy.blank("en")


def test_the_precision_that_was_chosen_counts(nlp, monkeypatch):
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(identity, "choose_precision", lambda *_, x=dtype: x)
        found.append(machine(nlp))
    assert compare_machines(*found) == [
        'the encoder\'s precision was "torch.float32" and is "torch.bfloat16"'
    ]


def test_gpu_is_compared_if_the_training_uses_it(nlp, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    monkeypatch.setattr(identity, "choose_precision", lambda *_: torch.float32)
    before = machine(nlp)
    monkeypatch.setattr(identity, "get_current_ops", lambda: CupyOps.__new__(CupyOps))
    [line] = compare_machines(before, machine(nlp))
    assert line == 'the GPU was null and is "Some GPU"'


def test_the_same_machine_is_the_same_after_it_was_stored():
    nlp = spacy.blank("en")
    stored = json.loads(json.dumps(machine(nlp)))
    assert compare_machines(stored, machine(nlp)) == []
