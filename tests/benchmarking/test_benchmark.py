"""Measurements of pipelines side by side."""

from __future__ import annotations

import json
import os
import warnings
from itertools import groupby
from types import SimpleNamespace

import pytest
import spacy
from benchmark_helpers import use_same_process
from helpers import TEXTS
from typer.testing import CliRunner

from spacy_globalpointer.benchmarking import benchmark as module
from spacy_globalpointer.benchmarking.benchmark import benchmark
from spacy_globalpointer.benchmarking.processes import PipelineProcess
from spacy_globalpointer.benchmarking.worker import Worker
from spacy_globalpointer.cli.app import global_pointer_cli

SMALL = {"words": 30, "lengths": [4, 9], "runs": 5, "turns": 2, "threads": [1]}
OPTIONS = "--words 30 --lengths 4 9 --runs 5 --turns 2 --threads 1"


@pytest.fixture
def asked(monkeypatch):
    return use_same_process(monkeypatch)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two of spaCy's own pipelines, without our component."""
    folder = tmp_path_factory.mktemp("pipelines")
    for name in ("one", "other"):
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.to_disk(folder / name)
    return [str(folder / "one"), str(folder / "other")]


def test_every_measurement_is_there_and_positive(asked, folders, trained, tmp_path):
    trained.to_disk(tmp_path / "pointer")
    pipelines = [str(tmp_path / "pointer"), *folders]
    result = benchmark(pipelines, TEXTS, **SMALL)
    assert [own.pipeline for own in result.timings] == pipelines
    for own in result.timings:
        assert own.version == "en_pipeline 0.0.0" and own.threads == 1
        assert len(own.words_per_second) == 2 and min(own.words_per_second) > 0
        assert list(own.latencies) == [4, 9]
        assert [len(times) for times in own.latencies.values()] == [5, 5]
        for length in (4, 9):
            p50, p95, p99 = own.percentiles(length)
            assert 0 < p50 <= p95 <= p99 <= max(own.latencies[length])
        assert 0 < own.load < own.cold_start and 0 < own.first_text < own.cold_start
        assert own.peak_memory is None or own.peak_memory > 2**20
    sizes = [own.size for own in result.timings]
    assert sizes[0] > sizes[1] == sizes[2] > 0
    numbers = json.loads(json.dumps(result.to_dict()))
    assert numbers["timings"][0]["latencies"]["9"]["p95"] > 0
    assert numbers["settings"]["machine"]["cpus"] == os.cpu_count()


def test_pipelines_take_turns(asked, folders):
    benchmark(folders, TEXTS, **{**SMALL, "threads": [1, 2]})
    one, other = folders
    for threads in (1, 2):
        timed = [own for own in asked if own[1] == threads and own[2] == "stream"]
        assert [own[0] for own in timed] == [one, other] * 3  # the first one warms up
    names = [name for _, threads, name in asked if threads == 2]
    starts = ["load", "first", "keep"]
    turns = ["stream", "windows"]
    assert names == [*starts * 2, *turns * 6, "memory", "memory", "end", "end"]
    loaded = [own for own in asked if own[2] == "load"]
    assert [x for x, _ in groupby(own[:2] for own in loaded[:3])] == [
        *((one, 1), (other, 1), (one, 1))
    ]


def test_no_length_measures_the_stream_alone(asked, folders):
    result = benchmark(folders[:1], TEXTS, **{**SMALL, "lengths": []})
    [own] = result.timings
    assert own.latencies == {} and own.speed > 0


def test_repeated_text_gives_GPW046(asked, folders):
    with pytest.warns(UserWarning, match="GPW046.*lengths 50, 60,"):
        result = benchmark(folders[:1], TEXTS, **{**SMALL, "lengths": [4, 50, 60]})
    assert result.settings["repeated_lengths"] == [50, 60]
    assert result.settings["words_available"] < result.settings["words"]


def test_more_threads_than_CPUs_give_GPW047(asked, folders):
    threads = (os.cpu_count() or 1) + 1
    with pytest.warns(UserWarning, match=f"GPW047.*{threads} threads"):
        benchmark(folders[:1], TEXTS, **{**SMALL, "threads": [threads]})


def test_texts_without_words_raise_GP246(asked, folders):
    for texts in ([], ["", " \n"]):
        with pytest.raises(ValueError, match="^.GP246. The texts"):
            benchmark(folders, texts, **SMALL)


@pytest.mark.parametrize(
    "name", ["words", "runs", "turns", "lengths", "threads", "batch_size"]
)
@pytest.mark.parametrize("value", [0, 1.5, True])
def test_invalid_number_raises_GP208(name, value, folders):
    given = [value] if isinstance(SMALL.get(name), list) else value
    with pytest.raises(ValueError, match=f"GP208.*{name} is {value}"):
        benchmark(folders, TEXTS, **{**SMALL, name: given})


def test_no_pipeline_raises_GP208(asked):
    with pytest.raises(ValueError, match=r"GP208.*pipelines is \[\]"):
        benchmark([], TEXTS, **SMALL)
    assert asked == []


def test_coded_warnings_of_a_pipeline_are_shown_once(asked, folders, monkeypatch):
    def load(path):
        for text in ("[GPW017] Slow.", "[W095] Old.", "[GPW017] Slow."):
            warnings.warn(text, stacklevel=1)
        return spacy.load(path)

    monkeypatch.setattr(f"{Worker.__module__}.spacy", SimpleNamespace(load=load))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        benchmark(folders[:1], TEXTS, **{**SMALL, "lengths": []})
    shown = [str(one.message) for one in caught if "GPW017" in str(one.message)]
    assert shown == [f"[GPW017] Slow. The pipeline is {folders[0]}."]


def test_pipeline_that_does_not_load_raises_GP244(asked, folders, tmp_path):
    before = len(asked)
    with pytest.raises(ValueError, match="GP244.*no/such.*OSError.*E050"):
        benchmark([*folders, "no/such"], TEXTS, **SMALL)
    assert "stream" not in {name for *_, name in asked[before:]}


def test_pipeline_that_fails_raises_GP245(asked, folders, monkeypatch):
    def fail(*_):
        raise RuntimeError("no vectors")

    monkeypatch.setattr("spacy_globalpointer.benchmarking.worker.time_stream", fail)
    with pytest.raises(ValueError, match="GP245.*one failed.*RuntimeError: no vectors"):
        benchmark(folders, TEXTS, **SMALL)
    assert asked[-1][2] == "end"


def test_fresh_process_is_timed_and_ends(folders, monkeypatch):
    processes = []
    start = PipelineProcess.__enter__
    monkeypatch.setattr(
        module.PipelineProcess,
        "__enter__",
        lambda self: processes.append(self) or start(self),
    )
    result = benchmark(folders[:1], None, **SMALL)
    [own] = result.timings
    assert own.cold_start > own.load + own.first_text > 0
    assert own.latencies[4] and own.speed > 0
    assert result.settings["are_examples"]
    assert [x._process.poll() is not None for x in processes] == [True, True]


def test_process_that_is_killed_raises_GP245(folders):
    with PipelineProcess(folders[0], 1) as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(ValueError, match="GP245.*ended with the status -?[0-9]+"):
            process.ask("memory")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of modules that fresh processes can import."""
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return tmp_path


PRINT = """import os, sys
print("Loading", flush=True)
print("No memory.", file=sys.stderr)
"""


@pytest.mark.parametrize(
    "code, reason",
    [
        ("os._exit(7)", "status 7.*printed: Loading / No memory"),
        ("def load(**_): raise OSError('Lost')", "OSError: Lost.*printed: .*No memory"),
    ],
)
def test_error_repeats_what_a_process_printed_last(site, code, reason):
    (site / "crashing.py").write_text(f"{PRINT}\n{code}\n", encoding="utf-8")
    make_package(site)
    error = pytest.raises(ValueError, match=f"GP244.*{reason}")
    with PipelineProcess("crashing", 1) as process, error:
        process.load()
    assert process._printed.closed


def make_package(site):
    """Let the module crashing look like an installed pipeline."""
    about = site / "crashing-1.0.dist-info"
    about.mkdir()
    text = "Metadata-Version: 2.1\nName: crashing\nVersion: 1.0\n"
    (about / "METADATA").write_text(text, encoding="utf-8")


def run(*args):
    words = ["benchmark", *map(str, args), *OPTIONS.split()]
    return CliRunner().invoke(global_pointer_cli, words)


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "texts.jsonl").write_text(
        "\n".join(json.dumps({"text": text}) for text in TEXTS), encoding="utf-8"
    )
    return tmp_path / "texts.jsonl"


def test_command_prints_tables_and_writes_files(asked, folders, texts, tmp_path):
    files = ["-o", tmp_path / "n.json", "-p", tmp_path / "p.html"]
    result = run(*folders, "--texts", texts, *files)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    rows = [words for words in lines if words and words[0] in folders]
    assert [words[:2] for words in rows[:2]] == [[name, "1"] for name in folders]
    assert rows[0][3] == "1.00"
    assert [words[1:3] for words in rows[2:]] == [["1", "4"], ["1", "9"]] * 2
    assert "of the texts, repeated from 26" in result.output
    numbers = json.loads((tmp_path / "n.json").read_text("utf-8"))
    assert len(numbers["timings"]) == 2
    page = (tmp_path / "p.html").read_text("utf-8")
    assert all(name in page for name in folders)
    assert run(*folders, *files).exit_code == 0  # replaces its own files


def test_other_files_are_not_replaced(asked, folders, texts):
    for option in ("--output", "--plot"):
        result = run(folders[0], option, texts)
        assert result.exit_code == 1 and "GP145" in result.output
    assert asked == []


def test_stopping_leaves_files_unchanged(asked, folders, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_globalpointer.benchmarking.worker.time_each", stop)
    result = run(folders[0], "-o", tmp_path / "n.json")
    assert result.exit_code == 130 and "nothing was written" in result.output
    assert asked[-1][2] == "end" and not (tmp_path / "n.json").exists()
