"""Locks between processes."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from spacy_globalpointer.locks import NO_LOCKS, hold_lock


def test_a_lock_is_held_by_one(tmp_path):
    path = tmp_path / "lock"
    with hold_lock(path) as is_locked:
        assert is_locked and path.is_file()
        with pytest.raises(BlockingIOError), hold_lock(path):
            pass
        assert path.is_file()
    assert not path.exists()


def test_a_lock_is_free_after_an_error(tmp_path):
    with pytest.raises(KeyError), hold_lock(tmp_path / "lock"):
        raise KeyError
    with hold_lock(tmp_path / "lock") as is_locked:
        assert is_locked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
def test_a_lock_ends_with_its_process(tmp_path):
    pid = os.fork()
    if not pid:
        with hold_lock(tmp_path / "lock"):
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert (tmp_path / "lock").is_file()
    with hold_lock(tmp_path / "lock") as is_locked:
        assert is_locked


def test_a_lock_file_removed_between_opening_and_locking_is_made_again(
    tmp_path, monkeypatch
):
    """Its holder has ended in between."""
    fcntl = pytest.importorskip("fcntl")
    path, flock = tmp_path / "lock", fcntl.flock

    def remove_and_lock(*args):
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        return flock(*args)

    monkeypatch.setattr(fcntl, "flock", remove_and_lock)
    with hold_lock(path):
        assert path.is_file()
        with pytest.raises(BlockingIOError), hold_lock(path):
            pass


@pytest.mark.parametrize("number", NO_LOCKS)
def test_without_locks_other_processes_are_not_kept_away(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_lock(tmp_path / "a") as first, hold_lock(tmp_path / "a") as second:
        assert not first and not second
    assert not (tmp_path / "a").exists()


def test_another_error_of_the_lock_is_raised(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="no"), hold_lock(tmp_path / "lock"):
        pass
