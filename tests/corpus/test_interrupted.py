"""A conversion that is killed leaves nothing half-written, and a rerun completes."""

from __future__ import annotations

import os
import random
import signal
import time
import warnings
from pathlib import Path

import pytest
import srsly
from corpus_helpers import NLP, TEXT

from spacy_globalpointer.corpus.convert import convert_corpus

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="a process is killed at a chosen moment"
)
#: The new conversion has no test set, so that the old one has to go.
SPLITS = {"OLD": "0.6,0.2,0.2", "NEW": "0.6,0.4"}


def write_corpus(path, n, label):
    span = {"start": 4, "end": 17, "label": label}
    bad = {"start": 4, "end": 16, "label": label}
    records = [
        {"id": f"doc{i}", "text": TEXT * (1 + i % 7), "spans": [span, bad]}
        for i in range(n)
    ]
    srsly.write_jsonl(path, records)
    return path


def contents(folder):
    """Files with their bytes; None if the folder is not there."""
    if not folder.is_dir():
        return None
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def convert(source, output):
    convert_corpus(source, output, nlp=NLP, splits=SPLITS[source.stem])


def convert_in_child(source, output, *, kill_at_move=None):
    """Start a conversion in another process. RETURNS: Its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if kill_at_move is not None:
            replace, moves = os.replace, []

            def count_and_die(a, b):
                moves.append(a)
                if len(moves) == kill_at_move:
                    os.kill(os.getpid(), signal.SIGKILL)
                replace(a, b)

            os.replace = count_and_die
        convert(source, output)
    finally:
        os._exit(0)


def make_expected(folder, n):
    """Two corpora of n documents, and what their conversions give."""
    found = []
    for label in ("OLD", "NEW"):
        source = write_corpus(folder / f"{label}.jsonl", n, label)
        start = time.perf_counter()
        convert(source, folder / label)
        seconds = time.perf_counter() - start
        found.append((source, contents(folder / label), seconds))
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return make_expected(tmp_path_factory.mktemp("expected"), 5)


def check(output, old, new):
    """A summary vouches for a whole conversion. Files of two conversions are never
    mixed."""
    found = contents(output) or {}
    if "summary.json" in found:
        assert found in (old, new)
    assert any(found.items() <= (whole or {}).items() for whole in (old, new))


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("move", range(1, 11))
def test_process_killed_at_a_move_leaves_the_old_or_new_output(
    tmp_path, expected, move, again
):
    (old_source, old, _), (source, new, _) = expected
    output, n_moves = tmp_path / "out", 10 if again else 5
    if again:
        convert(old_source, output)
    pid = convert_in_child(source, output, kill_at_move=move)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == (-signal.SIGKILL if move <= n_moves else 0)
    check(output, old if again else None, new)
    if code:
        # The next one says so and undoes it, even if it comes to nothing itself.
        bad = tmp_path / "NEW.jsonl"
        bad.write_text("no JSON")
        with (
            pytest.raises(ValueError, match="GP16"),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            convert(bad, output)
        bad.unlink()
        codes = [str(w.message) for w in caught]
        assert len(codes) == (move > 1) and all("GPW125" in x for x in codes)
        assert contents(output) == (old if again else None)
    convert(source, output)
    assert contents(output) == new
    assert [path.name for path in output.parent.iterdir()] == ["out"]


@pytest.mark.filterwarnings("ignore:.*GPW125")
@pytest.mark.parametrize("move", [None, 1, 3, 7, 10])
def test_folder_with_a_read_only_parent_is_written(
    tmp_path, expected, move, monkeypatch
):
    """Such as a container's volume."""
    (old_source, _, _), (source, new, _) = expected
    output = tmp_path / "out"
    convert(old_source, output)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    if move is not None:
        os.waitpid(convert_in_child(source, output, kill_at_move=move), 0)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert any(path.name.startswith(".") for path in output.iterdir())
    convert(source, output)
    assert contents(output) == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("move", range(1, 11))
def test_an_error_at_a_move_changes_nothing(
    tmp_path, expected, monkeypatch, move, error
):
    (old_source, old, _), (source, _, _) = expected
    convert(old_source, tmp_path / "out")
    replace, moves = os.replace, []

    def count_and_fail(a, b):
        moves.append(a)
        if len(moves) == move:
            raise error
        replace(a, b)

    monkeypatch.setattr(os, "replace", count_and_fail)
    with pytest.raises(error):
        convert(source, tmp_path / "out")
    assert contents(tmp_path / "out") == old
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_second_conversion_into_a_folder_is_an_error(tmp_path, expected):
    (old_source, old, _), (source, _, _) = expected
    output = tmp_path / "more" / "out"

    def convert_too(documents, _):
        with pytest.raises(ValueError, match=f"GP191.*{output}"):
            convert(source, output)
        convert(source, tmp_path / "other")
        yield from documents

    convert_corpus(
        old_source, output, nlp=NLP, splits=SPLITS["OLD"], progress=convert_too
    )
    assert contents(output) == old
    assert [path.name for path in output.parent.iterdir()] == ["out"]


def test_second_process_that_converts_into_a_folder_is_an_error(tmp_path, expected):
    """The one that a killed process kept away comes next."""
    (_, _, _), (source, new, _) = expected
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:

        def wait(documents, _):
            os.write(writer, b"!")
            time.sleep(60)
            yield from documents

        try:
            convert_corpus(source, tmp_path / "out", nlp=NLP, progress=wait)
        finally:
            os._exit(0)
    os.read(reader, 1)
    with pytest.raises(ValueError, match="GP191"):
        convert(source, tmp_path / "out")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    convert(source, tmp_path / "out")
    assert contents(tmp_path / "out") == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_conversion_that_fails_leaves_no_folders(tmp_path, expected):
    bad = tmp_path / "NEW.jsonl"
    bad.write_text("no JSON")
    with pytest.raises(ValueError, match="GP16"):
        convert(bad, tmp_path / "a" / "b" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["NEW.jsonl"]


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_files_that_are_converted_again_keep_their_modes(tmp_path, expected):
    (old_source, _, _), (source, _, _) = expected
    convert(old_source, tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        path.chmod(0o600)
    convert(source, tmp_path / "out")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("n_kills", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_kills_at_random_moments_leave_the_old_or_the_new_output(tmp_path, n_kills):
    (tmp_path / "expected").mkdir()
    both = make_expected(tmp_path / "expected", 120)
    (old_source, old, _), (source, new, seconds) = both
    output, rng = tmp_path / "more" / "out", random.Random(0)
    convert(old_source, output)
    for _ in range(n_kills):
        pid = convert_in_child(source, output)
        time.sleep(rng.uniform(0, 1.2 * seconds))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        check(output, old, new)
    convert(source, output)
    assert contents(output) == new
    assert [path.name for path in output.parent.iterdir()] == ["out"]
