"""A training that is killed loses no more than what came after its last evaluation."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from training_helpers import Workplace, differing, ner_config

from spacy_globalpointer.training.resumable import checkpoint

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
slow = pytest.mark.slow
#: Moves of files and folders in a training: the note that it begins; at the first
#: evaluation model-last, model-best, the checkpoint and the note of it; at the three
#: later ones six, since what was there goes out of the way; at the end model-last, the
#: note that it is complete, and the last checkpoint's removal.
MOVES = 27
FAST_MOVES = (3, 4, 6, 8, 10, 25, 26)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Workplace:
    """A training, and what it makes without interruption."""
    place = Workplace(tmp_path_factory.mktemp("place"), ner_config())
    place.train("whole")
    return place


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(run) -> int:
    """Run in another process. RETURNS: Its id."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    return pid


def killed(pid: int) -> bool:
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def die_at_move(number: int, *, after: bool):
    """Make the process die at a move, counted from 1."""
    replace, moves = os.replace, iter(range(number - 1))

    def replace_and_die(*paths):
        if next(moves, None) is not None:
            return replace(*paths)
        if after:
            replace(*paths)
        return die()

    os.replace = replace_and_die


PARAMETERS = [
    pytest.param(move, after, marks=[] if after and move in FAST_MOVES else slow)
    for move in range(1, MOVES + 1)
    for after in (False, True)
]


@pytest.mark.parametrize("move,after", PARAMETERS)
def test_kill_at_any_move_of_a_file_loses_nothing(place, move, after):
    name = f"moved-{move}-{after}"

    def run():
        die_at_move(move, after=after)
        place.train(name)

    assert killed(in_child(run))
    place.train(name, "--resume")
    assert differing(place.folder / "whole", place.folder / name) == []
    names = {path.name for path in (place.folder / name).iterdir()}
    assert names == {"model-last", "model-best", "training.json"}


def test_all_moves_of_files_are_tested(place):
    def run():
        die_at_move(MOVES + 1, after=False)
        place.train("moved-never")

    assert not killed(in_child(run))


def test_while_a_checkpoint_is_written_the_older_one_stays(place):
    folder = place.folder / "written"
    place.stop("written", 2)

    def run():
        checkpoint._digests = lambda _: die()  # the last that is written
        place.train("written", "--resume")

    assert killed(in_child(run))
    assert [x.name for x in folder.glob("checkpoint-*")] == ["checkpoint-1"]
    assert len(list(folder.glob(".checkpoint-4.*"))) == 1
    place.train("written", "--resume")
    assert differing(place.folder / "whole", folder) == []
    assert not list(folder.glob(".checkpoint-*"))


def test_a_training_killed_at_random_moments_is_continued(place):
    moments = random.Random(0)
    for _ in range(3):
        pid = in_child(lambda: place.train("random", "--resume"))
        time.sleep(moments.uniform(0.2, 1.5))
        os.kill(pid, signal.SIGKILL)
        killed(pid)
    place.train("random", "--resume")
    assert differing(place.folder / "whole", place.folder / "random") == []


@slow
def test_the_command_killed_at_random_moments_is_continued(place):
    moments = random.Random(0)
    arguments = place.arguments("command", "--resume")
    command = [sys.executable, "-m", "spacy", "global-pointer", "train", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for _ in range(10):
        with subprocess.Popen(command, **quiet) as process:
            time.sleep(moments.uniform(2, 12))
            process.kill()
    assert subprocess.run(command, **quiet).returncode == 0
    assert differing(place.folder / "whole", place.folder / "command") == []


@slow
def test_ctrl_c_ends_the_command_with_status_130(place):
    arguments = place.arguments("interrupted", "--training.max_steps", 500)
    command = [sys.executable, "-m", "spacy", "global-pointer", "train", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # A process in the background may have been told to ignore it.
    heed = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, **pipes, **heed) as process:
        while not list((place.folder / "interrupted").glob("checkpoint-*")):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert process.returncode == 130
    assert "--resume" in output and "Traceback" not in output
    assert (place.folder / "interrupted" / "model-last" / "meta.json").is_file()
