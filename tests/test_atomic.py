"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
from contextlib import suppress

import pytest

from spacy_globalpointer import atomic as module
from spacy_globalpointer.atomic import (
    atomic_file,
    atomic_folder,
    clear_drafts,
    drafts_beside,
    move_into,
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
def test_error_leaves_the_old_file(tmp_path, atomic, error):
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


def test_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    with atomic_file(tmp_path / "link") as draft:
        write(draft, "text")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "there") == ["file"]


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="there is no such device")
def test_device_stays_a_device(tmp_path):
    (tmp_path / "link").symlink_to("/dev/null")
    with atomic_file(tmp_path / "link") as draft:
        assert draft == tmp_path / "link"
        write(draft, "text")
    assert (tmp_path / "link").is_char_device()
    assert names(tmp_path) == ["link"]


def test_others_may_read_the_written_file(tmp_path):
    (tmp_path / "plain").mkdir()
    with atomic_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@needs_fork
@both
def test_next_process_removes_drafts_of_a_killed_one(tmp_path, atomic):
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
    with pytest.warns(UserWarning, match=f"GPW125.*{tmp_path / 'out'}"):
        clear_drafts(tmp_path / "out")
    assert read(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


def test_drafts_are_cleared_before_the_folder_exists(tmp_path):
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
def test_files_are_synced_in_the_way_of_each_system(tmp_path, monkeypatch, is_posix):
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


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_a_replaced_file_keeps_its_mode(tmp_path):
    for text in ("before", "after"):
        with atomic_file(tmp_path / "out") as draft:
            write(draft, text)
        if text == "before":
            (tmp_path / "out").chmod(0o600)
    assert read(tmp_path / "out") == "after" and mode(tmp_path / "out") == 0o600


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_a_replaced_folder_keeps_its_modes(tmp_path):
    out = tmp_path / "out"
    for names_written in (("a", "sub/b"), ("a", "sub/b", "new")):
        with atomic_folder(out) as draft:
            (draft / "sub").mkdir()
            for name in names_written:
                (draft / name).touch()
        if "new" not in names_written:
            for name, bits in {"": 0o750, "a": 0o600, "sub": 0o700}.items():
                (out / name).chmod(bits)
            (out / "sub" / "b").chmod(0o640)
    found = [mode(out / name) for name in ("", "a", "sub", "sub/b")]
    assert found == [0o750, 0o600, 0o700, 0o640]
    (tmp_path / "plain").touch()
    assert mode(out / "new") == mode(tmp_path / "plain")


@both
@pytest.mark.parametrize("name", ["x" * 240, "x" * 255, "é" * 120])
def test_long_names_can_be_written(tmp_path, atomic, name):
    for text in ("before", "after"):
        with atomic(tmp_path / name) as draft:
            write(draft, text)
    assert read(tmp_path / name) == "after"
    assert names(tmp_path) == [name]


@needs_fork
def test_drafts_of_long_names_are_cleared(tmp_path):
    def run():
        with atomic_file(tmp_path / ("x" * 255)):
            die()

    in_child(run)
    with drafts_beside(tmp_path / ("x" * 254 + "y")):
        assert len(names(tmp_path)) == 2
    clear_drafts(tmp_path / ("x" * 255))
    assert names(tmp_path) == []


@both
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_error_names_the_file_and_leaves_the_old_one(
    tmp_path, atomic, number
):
    with atomic(tmp_path / "out") as draft:
        write(draft, "before")
    with pytest.raises(OSError) as error, atomic(tmp_path / "out") as draft:
        write(draft, "half")
        raise OSError(number, os.strerror(number))
    assert error.value.filename == str(tmp_path / "out")
    assert read(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


def test_read_only_folder_error_names_the_file(tmp_path, monkeypatch):
    def refuse(prefix, dir):
        name = f"{dir}/{prefix}draft"
        raise PermissionError(errno.EACCES, "Permission denied", name)

    monkeypatch.setattr(module.tempfile, "mkdtemp", refuse)
    with pytest.raises(PermissionError) as error, atomic_file(tmp_path / "out"):
        pass
    assert error.value.filename == str(tmp_path / "out")


OLD = {"a": "old", "gone": "old", "last": "old"}
NEW = {"a": "new", "b": "new", "last": "new"}
MINE = {"mine": "mine"}


def contents(folder):
    return {path.name: read(path) for path in folder.iterdir()}


@pytest.fixture(params=[False, True], ids=["empty", "full"])
def out(request, tmp_path):
    """A folder to move drafts into, which may be there with other files."""
    if request.param:
        (tmp_path / "out").mkdir()
        for name, text in {**OLD, **MINE}.items():
            write(tmp_path / "out" / name, text)
    return tmp_path / "out"


def move_new(out):
    with drafts_beside(out) as folder:
        for name, text in NEW.items():
            write(folder / name, text)
        move_into(folder, out, ["gone", "never"], last="last")


def stop_at(move, stop):
    """Have os.replace stop at a move, before or after it. RETURNS: os.replace."""
    replace, moves = os.replace, []

    def replace_and_stop(a, b):
        moves.append(b)
        if len(moves) == move + 0.5:
            replace(a, b)
        if len(moves) in (move, move + 0.5):
            os.replace = replace
            stop()
        replace(a, b)

    os.replace = replace_and_stop
    return replace


def interrupt():
    raise KeyboardInterrupt


def check(out, before):
    """Old and new files are never mixed, and the last one vouches for the others."""
    found = contents(out) if out.exists() else {}
    own = {name: text for name, text in found.items() if name not in MINE}
    assert len(set(own.values())) <= 1
    if "last" in own:
        assert found in (before, {**NEW, **(MINE if before else {})})


def test_all_drafts_are_moved_into_a_folder(out):
    others = MINE if out.exists() else {}
    move_new(out)
    assert contents(out) == {**NEW, **others}
    assert names(out.parent) == ["out"]


@pytest.mark.parametrize("move", [1, 1.5, 2, 3, 4, 5, 6, 7, 7.5])
def test_moves_that_are_interrupted_are_undone(out, move):
    before = contents(out) if out.exists() else None
    replace = stop_at(move, interrupt)
    try:
        with suppress(KeyboardInterrupt):
            move_new(out)
    finally:
        os.replace = replace
    after = contents(out) if out.exists() else None
    assert after in (before, {**NEW, **(MINE if before else {})})
    assert names(out.parent) == (["out"] if after else [])


@needs_fork
@pytest.mark.filterwarnings("ignore:.GPW125")
@pytest.mark.parametrize("again", range(8))
@pytest.mark.parametrize("move", range(1, 9))
def test_moves_of_a_killed_process_are_undone(out, move, again):
    """Also if the process that undoes them is killed, too."""
    before = contents(out) if out.exists() else {}
    n_moves = 7 if before else 4
    if move > n_moves:
        return

    def run():
        stop_at(move, die)
        move_new(out)

    def undo():
        stop_at(again, die) if again else None
        clear_drafts(out)
        die()

    in_child(run)
    check(out, before)
    in_child(undo)
    check(out, before)
    clear_drafts(out)
    assert (contents(out) if out.exists() else {}) == before
    assert names(out.parent) == (["out"] if before else [])


@needs_fork
def test_complete_moves_of_a_killed_process_are_kept(out):
    others = MINE if out.exists() else {}

    def run():
        module.Path.unlink = lambda *_, **__: die()
        move_new(out)

    in_child(run)
    clear_drafts(out)
    assert contents(out) == {**NEW, **others}
    assert names(out.parent) == ["out"]


@pytest.mark.filterwarnings("ignore:.GPW125")
def test_moves_of_another_machine_are_undone_under_a_lock(out, monkeypatch):
    before = contents(out) if out.exists() else {}
    with suppress(KeyboardInterrupt), monkeypatch.context() as patch:
        patch.setattr(module, "_host", lambda: "elsewhere")
        patch.setattr(module, "_discard", lambda *_: None)
        replace = stop_at(3, interrupt)
        try:
            move_new(out)
        finally:
            os.replace = replace
    clear_drafts(out)
    assert len(names(out.parent)) == 2
    clear_drafts(out, is_locked=True)
    assert (contents(out) if out.exists() else {}) == before
    assert names(out.parent) == (["out"] if before else [])


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV])
def test_error_names_the_file_that_cannot_be_moved(tmp_path, monkeypatch, number):
    """A folder that is a disk of its own."""
    (tmp_path / "out").mkdir()

    def refuse(a, b):
        raise OSError(number, os.strerror(number), str(a), None, str(b))

    monkeypatch.setattr(module.os, "replace", refuse)
    with pytest.raises(OSError) as error, atomic_folder(tmp_path / "out"):
        pass
    assert error.value.filename == str(tmp_path / "out")
    assert names(tmp_path) == ["out"]
