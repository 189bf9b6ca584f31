"""The output folder of a training."""

from __future__ import annotations

import errno
import json
import shutil

import pytest

from spacy_globalpointer.training.resumable.output_folder import RECORD, OutputFolder

ONE = {"settings": {"a": 1}, "contents": {}, "versions": {}}
OTHER = {"settings": {"a": 2}, "contents": {}, "versions": {}}


@pytest.fixture
def folder(tmp_path):
    folder = OutputFolder(tmp_path / "out")
    with folder.locked():
        yield folder


def names(folder):
    return {x.name for x in folder.path.iterdir()} - {".training.lock"}


def test_one_process_at_a_time_trains_there(folder):
    with pytest.raises(ValueError, match="GP218"), OutputFolder(folder.path).locked():
        pass


def test_another_process_may_train_there_afterwards(tmp_path):
    for _ in range(2):
        with OutputFolder(tmp_path).locked():
            pass


def refuse(number):
    def lock(*_):
        raise OSError(number, "no")

    return lock


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_without_locks_drafts_of_others_stay(tmp_path, monkeypatch, number):
    """They may be of a process that runs."""
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", refuse(number))
    drafts = {".model-best.host-1.17.abc", ".checkpoint-3.host-1.17.abc"}
    for name in (*drafts, ".checkpoint-1.old"):
        (tmp_path / name).mkdir()
    folder = OutputFolder(tmp_path)
    with folder.locked():
        assert names(folder) == drafts


def test_files_of_killed_processes_are_removed(tmp_path):
    """Of this machine and of others; a pipeline that was on its way out comes back."""
    (tmp_path / ".model-best.host-1.17.abc" / "model-best.before").mkdir(parents=True)
    (tmp_path / ".model-last.host-1.17.abc" / "model-last").mkdir(parents=True)
    (tmp_path / ".checkpoint-3.host-1.17.abc").mkdir()
    (tmp_path / ".checkpoint-1.old").mkdir()
    (tmp_path / ".other").mkdir()
    folder = OutputFolder(tmp_path)
    with folder.locked():
        assert names(folder) == {"model-best", ".other"}


@pytest.mark.parametrize("name", ["checkpoint-3", "model-best", "model-last"])
def test_a_training_that_would_be_replaced_raises_GP210(folder, name):
    folder.check_free()
    (folder.path / name).mkdir()
    with pytest.raises(ValueError, match=f"GP210.*{name}"):
        folder.check_free()


def test_a_folder_with_only_the_record_is_free(folder):
    folder.begin(ONE)
    folder.check_free()
    assert folder.newest(OTHER) is None


def test_begin_removes_an_earlier_training(folder):
    for name in ("checkpoint-3", "model-best", "model-last", "mine"):
        (folder.path / name).mkdir()
    folder.begin(ONE)
    assert names(folder) == {"mine", RECORD}
    assert not folder.is_complete(ONE)


def test_finish_removes_the_checkpoint(folder):
    folder.begin(ONE)
    (folder.path / "checkpoint-3").mkdir()
    (folder.path / "model-last").mkdir()
    assert not folder.is_complete(ONE)
    folder.finish(ONE)
    assert names(folder) == {"model-last", RECORD}
    assert folder.is_complete(ONE)


def test_another_training_is_not_complete(folder):
    (folder.path / "model-last").mkdir()
    folder.finish(ONE)
    with pytest.raises(ValueError, match="GP211.*\n- a was 1 and is 2"):
        folder.is_complete(OTHER)


def test_a_training_without_pipelines_is_not_complete(folder):
    (folder.path / "model-last").mkdir()
    folder.finish(ONE)
    shutil.rmtree(folder.path / "model-last")
    assert not folder.is_complete(ONE)


def test_pipelines_without_a_record_raise_GP215(folder):
    (folder.path / "model-best").mkdir()
    with pytest.raises(ValueError, match="GP215"):
        folder.newest(ONE)


def test_training_without_a_checkpoint_starts_again(folder):
    folder.begin(ONE)
    (folder.path / "model-last").mkdir()
    assert folder.newest(ONE) is None


def test_a_training_whose_checkpoint_is_gone_raises_GP215(folder):
    folder.begin(ONE)
    (folder.path / "model-best").mkdir()
    folder.note_checkpoint(ONE)
    for identity in (ONE, OTHER):
        with pytest.raises(ValueError, match="GP215.*model-best"):
            folder.newest(identity)


@pytest.mark.parametrize("content", ["{", "", "[]", "7", "null", '"a"', "[" * 10**5])
def test_a_damaged_record_is_an_error(folder, content):
    (folder.path / RECORD).write_text(content, "utf-8")
    with pytest.raises(ValueError, match="GP212.*training.json"):
        folder.is_complete(ONE)
    with pytest.raises(ValueError, match="GP212.*training.json"):
        folder.newest(ONE)


@pytest.mark.parametrize(
    "change",
    [
        *({"complete": 1}, {"complete": "true"}, {"complete": None}),
        *({"evaluated": "no"}, {"evaluated": 0}, {"identity": None}),
        *({"identity": "a"}, {"identity": {}}, {"identity": {**ONE, "settings": []}}),
    ],
)
def test_a_record_with_values_of_the_wrong_type_is_an_error(folder, change):
    folder.begin(ONE)
    (folder.path / "model-last").mkdir()
    folder.finish(ONE)
    assert folder.is_complete(ONE)
    note = json.loads((folder.path / RECORD).read_text("utf-8"))
    (folder.path / RECORD).write_text(json.dumps({**note, **change}), "utf-8")
    for ask in (folder.is_complete, folder.newest):
        with pytest.raises(ValueError, match=f"GP212.*{list(change)[0]}"):
            ask(ONE)
