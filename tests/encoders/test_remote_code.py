"""Encoders that bring code, which must not run."""

from __future__ import annotations

import builtins
import json
import os
import pickle
import shutil

import pytest
import spacy
import srsly
import torch
from small_encoders import make_bert

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.remote_code import VARIABLE
from spacy_globalpointer.encoders.storage import encoder_from_bytes, encoder_to_bytes

CODE = """
import os, pathlib
pathlib.Path(os.environ["WITNESS"]).write_text("run")
from transformers import BertConfig, BertModel
class MineConfig(BertConfig):
    model_type = "mine"
class MineModel(BertModel):
    config_class = MineConfig
"""


@pytest.fixture
def witness(tmp_path, monkeypatch):
    """A file that foreign code would write. Nobody may be asked either, and the caches
    of transformers are the test's own."""

    def answer(*args):
        raise AssertionError("asked")

    monkeypatch.setattr(builtins, "input", answer)
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness"))
    monkeypatch.setattr(
        "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache")
    )
    monkeypatch.syspath_prepend(str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "witness"


@pytest.fixture
def bert(tmp_path):
    return make_bert(tmp_path / "bert")


def bring_code(folder):
    """Make the encoder in a folder one that is defined beside it."""
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["model_type"] = "mine"
    names = {"AutoConfig": "mine.MineConfig", "AutoModel": "mine.MineModel"}
    file.write_text(json.dumps({**config, "auto_map": names}))
    (folder / "mine.py").write_text(CODE)
    return folder


@pytest.mark.parametrize("with_weights", [True, False])
def test_code_in_a_folder_is_not_run_and_nobody_is_asked(with_weights, bert, witness):
    with pytest.raises(ValueError, match=f"GP065.*{VARIABLE}=1"):
        load_encoder(str(bring_code(bert)), with_weights=with_weights)
    assert not witness.exists()


def test_code_in_a_folder_is_run_if_the_user_trusts_it(bert, witness, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    assert load_encoder(str(bring_code(bert))).width == 32
    assert witness.read_text() == "run"


def test_code_of_a_tokenizer_is_not_run(bert, witness):
    file = bert / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config |= {
        "tokenizer_class": "Mine",
        "auto_map": {"AutoTokenizer": ["mine.T", None]},
    }
    file.write_text(json.dumps(config))
    (bert / "config.json").write_text(
        (bert / "config.json").read_text().replace('"bert"', '"mine"')
    )
    (bert / "mine.py").write_text(CODE)
    with pytest.raises(ValueError, match="GP0(65|33)"):
        load_encoder(str(bert))
    assert not witness.exists()


def test_code_in_a_stored_pipeline_is_not_run(bert, witness):
    message = srsly.msgpack_loads(encoder_to_bytes(load_encoder(str(bert))))
    bring_code(bert)
    del message["digest"]
    files = {name: (bert / name).read_bytes() for name in ("config.json", "mine.py")}
    message["files"] |= files
    with pytest.raises(ValueError, match="GP065.*stored model"):
        encoder_from_bytes(srsly.msgpack_dumps(message))
    assert not witness.exists()


@pytest.mark.parametrize("value", [True, 1, "true"])
@pytest.mark.parametrize("setting", ["tokenizer_config", "transformer_config"])
def test_a_config_cannot_trust_code(setting, value, bert, witness):
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(bert), setting: {"trust_remote_code": value}}
    with pytest.raises(ValueError, match="GP065.*trust_remote_code"):
        spacy.blank("en").add_pipe("transformer", config={"model": model})
    with pytest.raises(ValueError, match="GP065.*trust_remote_code"):
        load_encoder(str(bert), **{setting: {"trust_remote_code": value}})


def test_a_config_may_say_that_code_is_not_trusted(bert, witness):
    assert load_encoder(str(bert), {}, {"trust_remote_code": False}).width == 32


def test_attention_of_a_hub_is_not_fetched(bert, witness):
    file = bert / "config.json"
    config = json.loads(file.read_text())
    config["_attn_implementation_internal"] = "mine/kernels:attention"
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="GP065.*mine/kernels"):
        load_encoder(str(bert))


class Malicious:
    def __reduce__(self):
        command = "python -c \"import os; open(os.environ['WITNESS'], 'w')\""
        return os.system, (command,)


@pytest.mark.parametrize("archive", [True, False])
def test_code_in_a_pickle_is_not_run(archive, bert, witness):
    (bert / "model.safetensors").unlink()
    file = bert / "pytorch_model.bin"
    if archive:
        torch.save({"a": Malicious()}, file)
    else:
        file.write_bytes(pickle.dumps({"a": Malicious()}))
    with pytest.raises(ValueError, match="GP033"):
        load_encoder(str(bert))
    assert not witness.exists()


@pytest.mark.parametrize("archive", [True, False])
def test_code_in_the_weights_of_spacy_transformers_is_not_run(
    archive, bert, witness, tmp_path
):
    files = {file.name: file.read_bytes() for file in bert.iterdir() if file.is_file()}
    file = tmp_path / "weights"
    if archive:
        torch.save({"a": Malicious()}, file)
    else:
        file.write_bytes(pickle.dumps({"a": Malicious()}))
    config = json.loads(files["config.json"])
    message = {"config": config, "tokenizer": files, "state": file.read_bytes()}
    with pytest.raises(ValueError, match="GP038"):
        encoder_from_bytes(srsly.msgpack_dumps(message))
    assert not witness.exists()


def test_weights_that_are_pickled_are_read_as_tensors(bert):
    expected = load_encoder(str(bert)).module.state_dict()
    shutil.copytree(bert, bert.parent / "old")
    (bert.parent / "old" / "model.safetensors").unlink()
    torch.save(expected, bert.parent / "old" / "pytorch_model.bin")
    found = load_encoder(str(bert.parent / "old")).module.state_dict()
    assert all(torch.equal(found[name], x) for name, x in expected.items())
