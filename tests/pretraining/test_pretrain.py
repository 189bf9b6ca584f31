"""Pre-training as a whole: what is saved, learnt, and taken up again."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys

import pytest
import safetensors.torch
import spacy
import torch
import transformers as hf
from pretraining_helpers import CPU, SMALL, make_run, run_pretrain, write_texts
from small_encoders import FAMILIES, make_bert

from spacy_globalpointer.corpus import digest
from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.pretraining import detector, survey
from spacy_globalpointer.pretraining.checkpoints import FILE
from spacy_globalpointer.pretraining.pretrain import (
    LOG,
    NOTE,
    checkpoint_folder,
    pretrain,
)
from spacy_globalpointer.pretraining.run import Run
from spacy_globalpointer.pretraining.settings import PretrainSettings
from spacy_globalpointer.pretraining.texts import find_texts

TEXT = "the bank of leith paid the mayor"


def prepare(folder, make=make_bert, **options):
    """An encoder and texts. RETURNS: The folder."""
    (folder / "encoder").mkdir()
    make(folder / "encoder", **options)
    write_texts(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    """Its encoder has dropout, so that a step draws all that it can."""
    return prepare(tmp_path, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)


def weights(folder):
    return safetensors.torch.load_file(folder / "model.safetensors")


def equal(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(one[k], other[k]) for k in one
    )


def vectors(folder):
    """Of a text, as our transformer gives them."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(folder), "context": 4, "precision": "fp32"}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    return torch.from_numpy(nlp(TEXT)._.trf_data.tensors[0][0])


@pytest.mark.parametrize("kind", ["copy", "small"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_trained_and_saved(family, kind, tmp_path):
    prepare(tmp_path, FAMILIES[family])
    assert run_pretrain(tmp_path, settings={"steps": 3, "generator": kind})
    before, after = (weights(tmp_path / name) for name in ("encoder", "out"))
    assert before.keys() == after.keys()
    assert all(x.dtype == torch.float32 for x in after.values())
    changed = [k for k in after if not torch.equal(before[k], after[k])]
    assert any("word_embeddings" in name for name in changed)
    assert len([name for name in changed if "layer" in name]) > 10
    tokenizer = hf.AutoTokenizer.from_pretrained(tmp_path / "out")
    module = hf.AutoModel.from_pretrained(tmp_path / "out").eval()
    encoded = tokenizer(TEXT, return_tensors="pt")
    n = encoded["input_ids"].shape[1]
    with torch.no_grad():
        expected = module(**encoded).last_hidden_state[0, 1 : n - 1]
    assert torch.allclose(vectors(tmp_path / "out"), expected, atol=1e-5)


def test_the_note_records_what_the_encoder_was_made_from(folder):
    run_pretrain(folder, checkpoint_every=4)
    note = json.loads((folder / "out" / NOTE).read_text())
    assert note["encoder"] == str(folder / "encoder")
    assert note["steps"] == 6 and note["settings"]["learn_rate"] == 1e-3
    assert [line["step"] for line in note["figures"]] == [0, 4, 6]
    # 4 texts of 40 are held out; a step reads 4 sequences of 90 pieces in 3 parts.
    assert 6 * 4 * 9 <= note["words"] == note["figures"][-1]["words"] <= 6 * 4 * 11
    assert sorted(path.name for path in folder.iterdir()) == [
        *("encoder", "out", "texts.jsonl"),
    ]


def test_a_trained_pipeline_may_be_the_encoder(folder):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(folder / "encoder"), "context": 4}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    nlp.to_disk(folder / "pipeline")
    texts = [folder / "texts.jsonl"]
    settings = PretrainSettings(steps=2, batch_size=4, length=32)
    pretrain(str(folder / "pipeline"), texts, folder / "out", settings, device=CPU)
    run_pretrain(folder, "direct", settings={"steps": 2, "learn_rate": 5e-5})
    assert equal(weights(folder / "out"), weights(folder / "direct"))


def test_generator_and_detector_learn_a_language(tmp_path, monkeypatch):
    """Of two kinds of texts, each with five letters of its own. Letters are replaced
    by any of the ten, so that about half of them stand among letters of the others."""
    draws = random.Random(0)
    texts = (
        " ".join(draws.choices(draws.choice(["abcde", "fghij"]), k=28))
        for _ in range(200)
    )
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "texts.jsonl").write_text(lines)
    encoder = load_encoder(str(make_bert(tmp_path, initializer_range=0.2)))
    vocabulary = encoder.tokenizer.get_vocab()
    letters = torch.tensor([vocabulary[letter] for letter in "abcdefghij"])
    monkeypatch.setattr(
        detector, "sample", lambda x: letters[torch.randint(10, (len(x),))]
    )
    rates = {"learn_rate": 3e-3, "new_learn_rate": 3e-3}
    settings = PretrainSettings(steps=60, batch_size=16, length=32, **rates)
    run = Run(encoder, find_texts([tmp_path / "texts.jsonl"]), settings, CPU)
    before = run.measure()
    for _ in range(settings.steps):
        run.advance()
    after = run.measure()
    assert before["generator_loss"] > math.log(10) - 0.1
    assert after["generator_loss"] < math.log(5) + 0.2
    assert before["detector_loss"] == pytest.approx(before["trivial_loss"], abs=0.01)
    assert after["detector_loss"] < 0.7 * after["trivial_loss"]
    assert before["auc"] == 0.5 and after["auc"] > 0.75


class Stopped(Exception):
    pass


def stop_after(n):
    """Asks for a stop after n steps."""
    asked = []
    return lambda: len(asked) == n - 1 or asked.append(None)


@pytest.mark.parametrize("kind", ["copy", "small"])
@pytest.mark.parametrize("n", [1, 4])
def test_a_stopped_run_continues_bit_by_bit(n, kind, folder):
    settings = {"generator": kind, "shared_gradient": kind == "small"}
    options = {"settings": settings, "checkpoint_every": 3}
    assert run_pretrain(folder, "whole", **options)
    assert not run_pretrain(folder, "out", should_stop=stop_after(n), **options)
    assert not (folder / "out").exists()
    assert run_pretrain(folder, "out", resume=True, **options)
    assert equal(weights(folder / "whole"), weights(folder / "out"))
    notes = [json.loads((folder / x / NOTE).read_text()) for x in ("whole", "out")]
    assert notes[0] == notes[1]


def fails_at(n, original):
    """The same function, but its n-th call is an error."""
    calls = []

    def function(*args, **kwargs):
        calls.append(None)
        if len(calls) == n:
            raise Stopped
        return original(*args, **kwargs)

    return function


@pytest.mark.parametrize("where,n", [("advance", 6), ("_save", 1), ("save", 2)])
def test_an_error_loses_only_the_steps_since_the_checkpoint(
    where, n, folder, monkeypatch
):
    run_pretrain(folder, "whole", checkpoint_every=2)
    name = "save_checkpoint" if where == "save" else where
    owner = Run if where == "advance" else sys.modules[pretrain.__module__]
    monkeypatch.setattr(owner, name, fails_at(n, getattr(owner, name)))
    with pytest.raises(Stopped):
        run_pretrain(folder, "out", checkpoint_every=2)
    monkeypatch.undo()
    assert not (folder / "out").exists()
    run_pretrain(folder, "out", resume=True, checkpoint_every=2)
    assert equal(weights(folder / "whole"), weights(folder / "out"))


SCRIPT = """
import sys
import time
from pathlib import Path
from pretraining_helpers import run_pretrain
from spacy_globalpointer.pretraining.run import Run

advance = Run.advance


def slowly(self):
    if self.step == 5:
        print("five", flush=True)
        time.sleep(60)
    return advance(self)


Run.advance = slowly
run_pretrain(Path(sys.argv[1]), "out", checkpoint_every=2)
"""


@pytest.mark.slow
def test_a_killed_run_continues_bit_by_bit(folder):
    run_pretrain(folder, "whole", checkpoint_every=2)
    path = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"five\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    run_pretrain(folder, "out", resume=True, checkpoint_every=2)
    assert equal(weights(folder / "whole"), weights(folder / "out"))


def test_the_seed_decides(folder):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(3)
        run_pretrain(folder, name, settings={"seed": seed})
    a, b, c = (weights(folder / name) for name in "abc")
    assert equal(a, b) and not equal(a, c)


def test_global_random_state_is_unchanged(folder):
    torch.manual_seed(5)
    expected = torch.rand(2).tolist()
    torch.manual_seed(5)
    run_pretrain(folder)
    assert torch.rand(2).tolist() == expected


def test_a_training_on_the_cpu_leaves_gpus_alone(folder, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a GPU was touched")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name in ("get_rng_state", "set_rng_state", "manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, fail)
    monkeypatch.setattr(torch, "manual_seed", fail)
    assert run_pretrain(folder)


def test_an_output_that_exists_raises_GP203(folder):
    (folder / "out").mkdir()
    (folder / "out" / "mine.txt").write_text("mine")
    for options in ({}, {"force": True}, {"resume": True}):
        with pytest.raises(ValueError, match="GP203"):
            run_pretrain(folder, **options)
    assert (folder / "out" / "mine.txt").read_text() == "mine"


def test_force_replaces_an_earlier_encoder(folder):
    run_pretrain(folder)
    with pytest.raises(ValueError, match="GP203"):
        run_pretrain(folder)
    before = weights(folder / "out")
    run_pretrain(folder, settings={"seed": 1}, force=True)
    assert not equal(before, weights(folder / "out"))


def test_an_interrupted_run_is_not_replaced(folder):
    run_pretrain(folder, should_stop=stop_after(2))
    with pytest.raises(ValueError, match="GP206.*--resume"):
        run_pretrain(folder)
    assert run_pretrain(folder, force=True)
    run_pretrain(folder, "whole")
    assert equal(weights(folder / "whole"), weights(folder / "out"))


def test_a_checkpoint_of_another_run_raises_GP205(folder):
    run_pretrain(folder, should_stop=stop_after(2))
    with pytest.raises(ValueError, match=r"GP205.*learn_rate 0\.001 \(now 0\.1\)"):
        run_pretrain(folder, resume=True, settings={"learn_rate": 0.1})
    write_texts(folder, seed=1)
    with pytest.raises(ValueError, match="GP205.*texts"):
        run_pretrain(folder, resume=True)


def test_another_encoder_in_the_same_folder_raises_GP205(folder):
    run_pretrain(folder, should_stop=stop_after(2))
    make_bert(folder / "encoder", seed=1)
    with pytest.raises(ValueError, match=r"GP205.*encoder \(another content\)"):
        run_pretrain(folder, resume=True)


def test_encoder_and_texts_may_be_moved(folder):
    run_pretrain(folder, "whole")
    run_pretrain(folder, should_stop=stop_after(2))
    (folder / "moved").mkdir()
    for name in ("encoder", "texts.jsonl"):
        (folder / name).rename(folder / "moved" / name)
    name, texts = str(folder / "moved/encoder"), [folder / "moved/texts.jsonl"]
    settings = PretrainSettings(**SMALL)
    pretrain(name, texts, folder / "out", settings, device=CPU, resume=True)
    assert equal(weights(folder / "whole"), weights(folder / "out"))


def test_texts_are_compared_to_their_end(folder, monkeypatch):
    monkeypatch.setattr(survey, "LIMIT", 20)
    run_pretrain(folder, should_stop=stop_after(2))
    lines = (folder / "texts.jsonl").read_text().splitlines(keepends=True)
    (folder / "texts.jsonl").write_text("".join([*lines[:-1], lines[0]]))
    with pytest.raises(ValueError, match=r"GP205.*texts \(another content\)"):
        run_pretrain(folder, resume=True)


def test_large_texts_are_compared_by_their_sizes(folder, monkeypatch):
    monkeypatch.setattr(survey, "LIMIT", 20)
    monkeypatch.setattr(digest, "LARGE", 100)
    run_pretrain(folder, "whole")
    run_pretrain(folder, should_stop=stop_after(2))
    with (folder / "texts.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(ValueError, match=r"GP205.*texts \(another content\)"):
        run_pretrain(folder, resume=True)


def test_resume_begins_if_there_is_nothing_to_continue(folder):
    said = []
    assert run_pretrain(folder, resume=True, say=said.append)
    assert len(said) == 1 and "begins" in said[0]
    run_pretrain(folder, "whole")
    assert equal(weights(folder / "whole"), weights(folder / "out"))


def test_nothing_is_done_once_the_encoder_is_complete(folder, monkeypatch):
    run_pretrain(folder)
    monkeypatch.setattr(Run, "advance", fails_at(1, Run.advance))
    said = []
    assert run_pretrain(folder, resume=True, say=said.append)
    assert said == ["There is nothing left to do"]


def test_a_complete_encoder_of_another_run_raises_GP205(folder):
    run_pretrain(folder)
    with pytest.raises(ValueError, match=r"GP205.*seed 0 \(now 1\)"):
        run_pretrain(folder, resume=True, settings={"seed": 1})
    changed = {"settings": {"seed": 1}, "force": True}
    run_pretrain(folder, should_stop=stop_after(2), **changed)
    assert run_pretrain(folder, resume=True, **changed)
    run_pretrain(folder, "whole", settings={"seed": 1})
    assert equal(weights(folder / "whole"), weights(folder / "out"))


@pytest.mark.parametrize(
    "content", ["", "{", "7", '["a"]', '{"settings": null, "contents": {}}']
)
def test_a_complete_encoder_with_a_damaged_note_raises_GP231(folder, content):
    run_pretrain(folder)
    before = weights(folder / "out")
    (folder / "out" / NOTE).write_text(content)
    with pytest.raises(ValueError, match="GP231.*pretraining.json"):
        run_pretrain(folder, resume=True)
    assert equal(before, weights(folder / "out"))
    assert run_pretrain(folder, resume=True, force=True)
    assert "settings" in json.loads((folder / "out" / NOTE).read_text())


def test_a_complete_run_keeps_the_checkpoint_of_another(folder):
    run_pretrain(folder)
    changed = {"settings": {"seed": 1}, "force": True}
    run_pretrain(folder, should_stop=stop_after(2), **changed)
    assert run_pretrain(folder, resume=True)
    assert (checkpoint_folder(folder / "out") / FILE).is_file()


def test_a_damaged_checkpoint_raises_GP204(folder):
    run_pretrain(folder, should_stop=stop_after(2))
    path = checkpoint_folder(folder / "out") / FILE
    for content in (path.read_bytes()[:-10], b"", b"{}"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="GP204"):
            run_pretrain(folder, resume=True)


def test_the_log_is_written_during_the_run(folder):
    reported = []
    run_pretrain(
        folder,
        checkpoint_every=2,
        should_stop=stop_after(2),
        report=reported.append,
    )
    lines = (checkpoint_folder(folder / "out") / LOG).read_text().splitlines()
    assert [json.loads(line) for line in lines] == reported
    assert [line["step"] for line in reported] == [0, 2]
    assert 0 < reported[0]["generator_loss"] < 10


def test_a_loss_that_is_not_finite_changes_nothing(tmp_path):
    run = make_run(tmp_path)
    run.advance()
    with torch.no_grad():
        run.model.head[-1].bias.fill_(math.nan)
    before = [x.clone() for x in run.model.parameters()]
    with pytest.raises(ValueError, match="GP207.*step 2"):
        run.advance()
    pairs = zip(before, run.model.parameters())
    assert all(torch.equal(a, b) or a.isnan().all() for a, b in pairs)


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path):
    run = make_run(tmp_path)
    before = [x.clone() for x in run.model.parameters()]
    run.model.generator.bias.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(ValueError, match="GP207.*step 1"):
        run.advance()
    assert all(torch.equal(a, b) for a, b in zip(before, run.model.parameters()))


def test_invalid_settings_remove_nothing(folder):
    run_pretrain(folder, should_stop=stop_after(2))
    with pytest.raises(ValueError, match="GP208"):
        run_pretrain(folder, force=True, settings={"mask": 2.0})
    assert run_pretrain(folder, resume=True)


def test_other_files_in_the_folder_stay(folder):
    mine = checkpoint_folder(folder / "out") / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    run_pretrain(folder)
    assert [path.name for path in mine.parent.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "settings",
    [
        *({"steps": 0}, {"batch_size": 0}, {"length": 17}, {"length": 65}),
        *({"mask": 0.0}, {"mask": 1.0}, {"learn_rate": 0.0}, {"warmup": 1.0}),
        *({"generator": "large"}, {"generator_layers": 3}, {"seed": -1}),
        {"new_learn_rate": math.inf},
    ],
)
def test_invalid_settings_raise_GP208(settings, folder):
    [name] = settings
    with pytest.raises(ValueError, match=f"GP208.*{name}"):
        run_pretrain(folder, settings=settings)
    assert sorted(path.name for path in folder.iterdir()) == ["encoder", "texts.jsonl"]


def test_a_tokenizer_without_a_mask_raises_GP200(folder):
    encoder = load_encoder(str(folder / "encoder"))
    encoder.tokenizer.mask_token = None
    encoder.tokenizer.save_pretrained(folder / "encoder")
    with pytest.raises(ValueError, match="GP200"):
        run_pretrain(folder)


def test_an_encoder_of_an_unknown_family_raises_GP209(folder):
    sizes = {"emb_dim": 32, "n_layers": 1, "n_heads": 2, "max_position_embeddings": 64}
    config = hf.XLMConfig(vocab_size=193, **sizes)
    hf.XLMModel(config).save_pretrained(folder / "encoder")
    with pytest.raises(ValueError, match="GP209.*xlm"):
        run_pretrain(folder)


def test_a_book_is_read_in_several_epochs(tmp_path):
    prepare(tmp_path)
    (tmp_path / "texts.jsonl").unlink()
    words = " ".join("abcde"[i % 5] * (1 + i % 3) for i in range(2000))
    (tmp_path / "book.txt").write_text(words)
    encoder = load_encoder(str(tmp_path / "encoder"))
    files = find_texts([tmp_path / "book.txt"])
    settings = PretrainSettings(steps=40, batch_size=16, length=32)
    run = Run(encoder, files, settings, CPU)
    assert run.stream.epoch == 0
    for _ in range(10):
        run.advance()
    assert run.stream.epoch >= 1
