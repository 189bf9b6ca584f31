"""A stored encoder that is damaged, against the one that was saved."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
import spacy
import srsly
from small_encoders import make_bert

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.storage import (
    encoder_from_pipeline,
    encoder_to_bytes,
)

TEXT = "The Bank of Leith paid the Mayor of Leith in May ."


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A pipeline with a small transformer in a folder. No test changes it."""
    folder = tmp_path_factory.mktemp("saved")
    size = {"hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1}
    bert = make_bert(folder / "bert", positions=16, **size)
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(bert), "context": 2}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    nlp.to_disk(folder / "pipeline")
    return folder / "pipeline"


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "pipeline")


def vectors(nlp):
    return nlp(TEXT)._.trf_data.model_output.last_hidden_state.tobytes()


def test_every_flipped_bit_is_noticed_or_changes_nothing(folder):
    nlp = spacy.load(folder)
    pipe, expected = nlp.get_pipe("transformer"), vectors(nlp)
    file = folder / "transformer" / "model"
    whole = file.read_bytes()
    places = {*range(250), *range(0, len(whole), 997), *range(-100, 0)}
    n_refused = 0
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        file.write_bytes(changed)
        try:
            pipe.from_disk(folder / "transformer", exclude=["vocab"])
        except ValueError as error:
            assert str(error).startswith("[GP038]")
            n_refused += 1
        else:
            assert vectors(nlp) == expected
    assert n_refused > 0.9 * len(places)
    file.write_bytes(whole)
    pipe.from_disk(folder / "transformer", exclude=["vocab"])
    assert vectors(nlp) == expected


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "vocab.txt"])
def test_a_changed_file_in_an_encoder_is_noticed(name, folder):
    file = folder / "transformer" / "model"
    message = srsly.msgpack_loads(file.read_bytes())
    [data] = message["shims"][1]
    encoder = srsly.msgpack_loads(data)
    encoder["files"][name] = encoder["files"][name].replace(b"a", b"b", 1)
    message["shims"][1] = [srsly.msgpack_dumps(encoder)]
    file.write_bytes(srsly.msgpack_dumps(message))
    with pytest.raises(ValueError, match="GP038.*digest"):
        spacy.load(folder)
    for with_weights in (True, False):
        with pytest.raises(ValueError, match="GP038.*digest"):
            load_encoder(str(folder), with_weights=with_weights)


def test_a_file_without_read_permission_is_not_reported_as_damaged(folder, monkeypatch):
    def refuse(file):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PermissionError):
        encoder_from_pipeline(folder / "transformer")


def test_width_that_is_not_the_encoders_is_refused(folder):
    file = folder / "transformer" / "model"
    message = srsly.msgpack_loads(file.read_bytes())
    message["nodes"][0]["dims"]["nO"] = 5
    file.write_bytes(srsly.msgpack_dumps(message))
    with pytest.raises(ValueError, match="GP038.*width 5, but have 4"):
        spacy.load(folder)


def test_older_encoder_without_a_digest_loads_and_gets_one(folder, tmp_path):
    expected = vectors(spacy.load(folder))
    file = folder / "transformer" / "model"
    message = srsly.msgpack_loads(file.read_bytes())
    encoder = srsly.msgpack_loads(message["shims"][1][0])
    digest = encoder.pop("digest")
    message["shims"][1] = [srsly.msgpack_dumps(encoder)]
    file.write_bytes(srsly.msgpack_dumps(message))
    nlp = spacy.load(folder)
    assert vectors(nlp) == expected
    nlp.to_disk(tmp_path / "again")
    [stored] = srsly.msgpack_loads(
        (tmp_path / "again" / "transformer" / "model").read_bytes()
    )["shims"][1]
    assert srsly.msgpack_loads(stored)["digest"] == digest


def test_saving_again_gives_identical_files(folder, tmp_path):
    spacy.load(folder).to_disk(tmp_path / "again")
    for file in folder.rglob("*"):
        if file.is_file():
            other = tmp_path / "again" / file.relative_to(folder)
            assert file.read_bytes() == other.read_bytes(), file.name
    encoder = load_encoder(str(folder))
    assert encoder_to_bytes(encoder) == encoder_to_bytes(load_encoder(str(folder)))
