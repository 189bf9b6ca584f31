"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import signal

import pytest

from spacy_globalpointer import atomic as module
from spacy_globalpointer.atomic import (
    atomic_file,
    atomic_folder,
    clear_drafts,
    drafts_beside,
    sync,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text):
    if path.is_dir():
        (path / "part").write_text(text, encoding="utf-8")
    else:
        path.write_text(text, encoding="utf-8")


def read(path):
    return (path / "part" if path.is_dir() else path).read_text(encoding="utf-8")


def in_child(run):
    """Run in another process, which must be killed. RETURNS: Its id."""
    pid = os.fork()
    if not pid:
        try:
            run()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    return pid


def die():
    os.kill(os.getpid(), signal.SIGKILL)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
both = pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])


@both
@pytest.mark.parametrize("times", [1, 2])
def test_the_draft_takes_the_place_at_the_end(tmp_path, atomic, times):
    target = tmp_path / "more" / "out"
    for i in range(times):
        with atomic(target) as draft:
            assert draft.name == target.name
            write(draft, f"text {i}")
            assert target.exists() == (i > 0)
    assert read(target) == f"text {times - 1}"
    assert names(target.parent) == ["out"]


@both
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, atomic, error):
    with atomic(tmp_path / "out") as draft:
        write(draft, "before")
    with pytest.raises(error), atomic(tmp_path / "out") as draft:
        write(draft, "after")
        raise error
    assert read(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name in ("a", "b"):
        with atomic_folder(tmp_path / "out") as draft:
            (draft / name).touch()
    assert names(tmp_path / "out") == ["b"]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    with atomic_file(tmp_path / "link") as draft:
        write(draft, "text")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "there") == ["file"]


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="there is no such device")
def test_a_device_stays_one(tmp_path):
    (tmp_path / "link").symlink_to("/dev/null")
    with atomic_file(tmp_path / "link") as draft:
        assert draft == tmp_path / "link"
        write(draft, "text")
    assert (tmp_path / "link").is_char_device()
    assert names(tmp_path) == ["link"]


def test_others_may_read_what_was_written(tmp_path):
    (tmp_path / "plain").mkdir()
    with atomic_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@needs_fork
@both
def test_what_a_killed_process_left_goes_with_the_next(tmp_path, atomic):
    def run():
        with atomic(tmp_path / "out") as draft:
            write(draft, "half")
            die()

    in_child(run)
    assert len(names(tmp_path)) == 1 and not (tmp_path / "out").exists()
    with atomic(tmp_path / "out") as draft:
        write(draft, "whole")
    assert names(tmp_path) == ["out"]


def test_a_folder_interrupted_between_its_two_moves_comes_back(tmp_path, monkeypatch):
    with atomic_folder(tmp_path / "out") as draft:
        write(draft, "before")
    replace = os.replace

    def replace_and_stop(a, b):
        monkeypatch.undo()
        replace(a, b)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", replace_and_stop)
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "out") as draft:
        write(draft, "after")
    assert read(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


@needs_fork
def test_a_folder_killed_between_its_two_moves_comes_back(tmp_path):
    with atomic_folder(tmp_path / "out") as draft:
        write(draft, "before")

    def run():
        replace = os.replace

        def replace_and_die(a, b):
            replace(a, b)
            die()

        os.replace = replace_and_die
        with atomic_folder(tmp_path / "out") as draft:
            write(draft, "after")

    in_child(run)
    assert not (tmp_path / "out").exists()
    clear_drafts(tmp_path / "out")
    assert read(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


def test_drafts_are_cleared_where_there_is_no_folder_yet(tmp_path):
    clear_drafts(tmp_path / "no" / "out")
    assert names(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="there are no links")
def test_drafts_of_other_containers_stay(tmp_path, monkeypatch):
    """On a machine of the same name, whose process of that number is another one."""
    namespace = tmp_path / "namespace"
    monkeypatch.setattr(module, "_NAMESPACE", str(namespace))
    monkeypatch.setattr(module, "_is_alive", lambda _: False)

    def enter(name):
        namespace.unlink(missing_ok=True)
        namespace.symlink_to(name)

    enter("pid:[17]")
    with drafts_beside(tmp_path / "out") as theirs:
        enter("pid:[18]")
        clear_drafts(tmp_path / "out")
        assert theirs.is_dir()
        enter("pid:[17]")
        clear_drafts(tmp_path / "out")
        assert not theirs.exists()


@pytest.mark.parametrize("is_posix", [False, True])
def test_files_are_synced_as_the_system_wants_it(tmp_path, monkeypatch, is_posix):
    """Windows syncs no folder, and no file that is open for reading only."""
    fcntl = pytest.importorskip("fcntl")
    write(tmp_path / "file", "text")
    modes = []

    def fsync(descriptor):
        modes.append(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE)

    monkeypatch.setattr(module, "_IS_POSIX", is_posix)
    monkeypatch.setattr(os, "fsync", fsync)
    sync(tmp_path)
    assert modes == ([os.O_RDONLY] * 2 if is_posix else [os.O_RDWR])
    assert read(tmp_path / "file") == "text"


def test_drafts_of_running_processes_and_of_other_files_stay(tmp_path):
    with (
        drafts_beside(tmp_path / "out") as mine,
        drafts_beside(tmp_path / "b") as other,
    ):
        clear_drafts(tmp_path / "out")
        clear_drafts(tmp_path / "b")
        assert mine.is_dir() and other.is_dir()
    assert names(tmp_path) == []
