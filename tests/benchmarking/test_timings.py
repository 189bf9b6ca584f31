"""Functions that are timed alternately, and the memory of a process."""

from __future__ import annotations

import sys

import pytest
import spacy

from spacy_globalpointer.benchmarking.memory import memory_on_linux, peak_memory
from spacy_globalpointer.benchmarking.timings import (
    count_words,
    take_turns,
    time_each,
    time_stream,
)


def test_first_turn_warms_up():
    calls = []

    def note(name):
        return lambda turn: calls.append((name, turn)) or turn

    results = take_turns({name: note(name) for name in "ab"}, 2)
    assert calls == [(name, turn) for turn in range(3) for name in "ab"]
    assert results == {"a": [1, 2], "b": [1, 2]}


def test_texts_are_timed_as_a_stream_and_alone():
    nlp = spacy.blank("en")
    assert time_stream(nlp, ["a b", "c"]) > 0
    assert len(time_each(nlp, ["a b", "c"])) == 2
    assert count_words(nlp("a  b\nc")) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_peak_memory_is_at_least_the_memory_now():
    peak = peak_memory()
    assert peak is not None and peak >= memory_on_linux("VmRSS") > 2**20
    with pytest.raises(OSError, match="no VmNone"):
        memory_on_linux("VmNone")


def test_peak_memory_is_known_without_proc(monkeypatch, tmp_path):
    pytest.importorskip("resource")
    place = "spacy_globalpointer.benchmarking.memory._STATUS"
    monkeypatch.setattr(place, tmp_path / "none")
    assert peak_memory() > 2**20
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() is None
