"""A conversion that is killed leaves nothing half-written, and a rerun completes."""

from __future__ import annotations

import os
import random
import signal
import time

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


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Two corpora, and what their conversions give."""
    folder = tmp_path_factory.mktemp("expected")
    found = []
    for label in ("OLD", "NEW"):
        source = write_corpus(folder / f"{label}.jsonl", 120, label)
        start = time.perf_counter()
        convert(source, folder / label)
        seconds = time.perf_counter() - start
        found.append((source, contents(folder / label), seconds))
    return found


def check(output, old, new):
    """A summary vouches for a whole conversion; each file is one of a whole one."""
    found = contents(output)
    if found is None:
        return
    found.pop(".unfinished.json", None)
    if "summary.json" in found:
        assert found in (old, new)
    for name, data in found.items():
        assert data in (new.get(name), (old or {}).get(name)), name


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("moves", range(1, 6))
def test_killed_between_the_last_moves(tmp_path, expected, moves, again):
    (old_source, old, _), (source, new, _) = expected
    output = tmp_path / "out"
    if again:
        convert(old_source, output)
    pid = convert_in_child(source, output, kill_at_move=moves)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    check(output, old if again else None, new)
    convert(source, output)
    assert contents(output) == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("n_kills", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path, expected, n_kills):
    (old_source, old, _), (source, new, seconds) = expected
    output, rng = tmp_path / "out", random.Random(0)
    convert(old_source, output)
    for _ in range(n_kills):
        pid = convert_in_child(source, output)
        time.sleep(rng.uniform(0, 1.2 * seconds))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        check(output, old, new)
    convert(source, output)
    assert contents(output) == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
