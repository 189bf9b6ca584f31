"""What a pre-training left, damaged or edited, and what it leaves when it ends."""

from __future__ import annotations

import json

import pytest
import safetensors
import safetensors.torch
from pretraining_helpers import make_run, run_pretrain, write_texts
from small_encoders import make_bert

from spacy_globalpointer.pretraining import pretrain as pretrain_module
from spacy_globalpointer.pretraining.checkpoints import (
    FILE,
    load_checkpoint,
    save_checkpoint,
)
from spacy_globalpointer.pretraining.pretrain import LOG, checkpoint_folder

IDENTITY = {"contents": {"encoder": "a"}, "settings": {"seed": 0}}


@pytest.fixture
def folder(tmp_path):
    make_bert(tmp_path / "encoder")
    write_texts(tmp_path)
    return tmp_path


def interrupt(folder, after=2):
    steps = iter(range(100))
    run_pretrain(folder, should_stop=lambda: next(steps) >= after - 1)
    return checkpoint_folder(folder / "out")


def state_of(run):
    place, arrays = run.stream.state()
    moments = run.optimizer.state_dict()["state"]
    tensors = [*run.model.parameters()]
    tensors += [x for _, state in sorted(moments.items()) for x in state.values()]
    return (
        (run.step, run.words, json.dumps(place, sort_keys=True)),
        [x.detach().numpy().tobytes() for x in tensors],
        {name: x.tobytes() for name, x in arrays.items()},
    )


def test_every_flipped_bit_of_a_checkpoint_is_noticed_or_changes_nothing(tmp_path):
    run = make_run(tmp_path)
    run.advance()
    save_checkpoint(run, IDENTITY, tmp_path)
    path, expected = tmp_path / FILE, state_of(run)
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    n_refused = 0
    places = [*range(0, start, 101), *range(start, len(whole), len(whole) // 50)]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            load_checkpoint(run, IDENTITY, tmp_path)
        except ValueError as error:
            assert str(error).startswith(("[GP204]", "[GP205]"))
            n_refused += 1
        assert state_of(run) == expected
    assert n_refused > 0.9 * len(places)
    path.write_bytes(whole)
    load_checkpoint(run, IDENTITY, tmp_path)


def rewrite(path, change, digest=False):
    """Change the header of a checkpoint, as one of before there were digests."""
    with safetensors.safe_open(path, "pt") as file:
        texts = dict(file.metadata())
    tensors = safetensors.torch.load_file(path)
    assert texts.pop("digest")
    header = {key: json.loads(text) for key, text in texts.items()}
    change(header, tensors)
    texts = {key: json.dumps(value) for key, value in header.items()}
    safetensors.torch.save_file(tensors, path, texts)


def test_a_checkpoint_without_a_digest_is_continued(folder):
    rewrite(interrupt(folder) / FILE, lambda header, tensors: None)
    assert run_pretrain(folder, resume=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda header, tensors: header.update(state=[]),
        lambda header, tensors: header.update(identity=[]),
        lambda header, tensors: header["identity"].update(settings="a"),
        lambda header, tensors: header["state"].update(step="2"),
        lambda header, tensors: header["state"].update(step=-1),
        lambda header, tensors: header["state"].update(step=True),
        lambda header, tensors: header["state"].update(words=1.5),
        lambda header, tensors: header["state"]["place"].update(epoch=None),
        lambda header, tensors: header["state"].pop("place"),
        lambda header, tensors: header.pop("format"),
        lambda header, tensors: tensors.pop("stream.ids"),
        lambda header, tensors: tensors.pop(min(tensors)),
    ],
)
def test_a_checkpoint_with_values_of_the_wrong_type_raises_GP204(change, folder):
    rewrite(interrupt(folder) / FILE, change)
    with pytest.raises(ValueError, match="GP204.*checkpoint.safetensors"):
        run_pretrain(folder, resume=True)


@pytest.mark.parametrize(
    "line", ["{", "7", "[]", "{}", '{"step": "1"}', '{"step": 1, "f1": "a"}', "\x00"]
)
def test_a_damaged_log_raises_GP240(line, folder):
    log = interrupt(folder) / LOG
    whole = log.read_text()
    log.write_text(whole + line + "\n")
    with pytest.raises(ValueError, match="GP240.*Line 2 of .*log.jsonl"):
        run_pretrain(folder, resume=True)
    log.unlink()
    assert run_pretrain(folder, resume=True)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def before(folder):
    return [*names(folder), "out"]


def test_a_process_killed_at_its_end_leaves_nothing_once_resumed(
    folder, before, monkeypatch
):
    """It had saved the encoder, and not yet removed its checkpoint."""
    interrupt(folder)
    with monkeypatch.context() as patch:
        patch.setattr(pretrain_module, "_remove", lambda folder: None)
        run_pretrain(folder, resume=True)
    assert names(folder) == sorted([*before, "out.checkpoint"])
    said = []
    run_pretrain(folder, resume=True, say=said.append)
    assert said == ["There is nothing left to do"]
    assert names(folder) == sorted(before)


@pytest.mark.parametrize("complete", [True, False])
def test_drafts_of_killed_processes_are_removed_at_the_end(complete, folder, before):
    """Also those of containers that are gone, whose processes cannot be asked after."""
    if complete:
        run_pretrain(folder)
        checkpoint_folder(folder / "out").mkdir()
    else:
        interrupt(folder)
    place = checkpoint_folder(folder / "out")
    for draft in (
        *(place / f".{FILE}.gone-1.7.abc", place / f".{LOG}.gone-1.7.abc"),
        folder / ".out.gone-1.7.abc",
    ):
        draft.mkdir()
        (draft / "half").write_text("written")
    assert run_pretrain(folder, resume=True)
    assert names(folder) == sorted(before)
