"""The progress logger: its table, bar and file, and other loggers in a chain."""

from __future__ import annotations

import functools
import io
import json
import sys
import types

import pytest
import spacy
from helpers import TOK2VEC, make_examples
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loggers import console_logger_v3
from spacy.training.loop import train
from thinc.api import Config
from tqdm import tqdm
from tqdm.utils import disp_len

from spacy_globalpointer.training import progress_logger
from spacy_globalpointer.training.label_scores import label_lines
from spacy_globalpointer.training.progress_logger import (
    create_progress_logger_v1,
    numbers,
    steps_done,
)

NAME = "spacy-globalpointer.ProgressLogger.v1"
WEIGHTS = {"spans_sc_f": 1.0, "spans_sc_p": 0.0, "spans_sc_r": 0.0}
SIX = ["FAC", "GPE", "LOC", "ORG", "PER", "VEH"]
CONFIG = """
[paths]
train = null
dev = null

[nlp]
lang = "en"
pipeline = ["tok2vec","global_pointer"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]

[components.global_pointer]
factory = "global_pointer"

[components.global_pointer.model]
@architectures = "spacy-globalpointer.EfficientGlobalPointer.v1"

[components.global_pointer.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 64

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
max_steps = 6
eval_frequency = 3

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.01
warmup_steps = 3
total_steps = 6

[training.score_weights]
spans_sc_f = 1.0
spans_sc_p = 0.0
spans_sc_r = 0.0
"""


class Terminal(io.StringIO):
    """Takes what is written, and says that it is a terminal."""

    def isatty(self):
        return True


@functools.cache
def named(*names):
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe("tok2vec", name=name)
    return nlp, nlp.config["training"]


def pipeline(weights=WEIGHTS, names=("transformer", "global_pointer"), **training):
    """A pipeline that is named like a trained one, with a config's [training]."""
    nlp, defaults = named(*names)
    training = {"max_steps": 900, "eval_frequency": 150, **training}
    nlp.config["training"] = {**defaults, **training, "score_weights": weights}
    return nlp


def scored(labels, f=0.5, key="spans_sc"):
    totals = {f"{key}_p": 0.25, f"{key}_r": 0.75, f"{key}_f": f}
    by_label = {
        label: {"p": 0.1, "r": 0.2, "f": i / len(labels)}
        for i, label in enumerate(labels)
    }
    return {**totals, f"{key}_per_type": by_label}


def info(step, scores, losses=None, score=None, checkpoints=None):
    """What spaCy's loop tells after an evaluation."""
    score = scores.get("spans_sc_f", 0.0) if score is None else score
    return {
        "epoch": step // 100,
        "step": step,
        "score": score,
        "other_scores": scores,
        "losses": losses or {"transformer": 1.5, "global_pointer": 30.0},
        "checkpoints": checkpoints or [(score, step)],
        "seconds": 3725,
        "words": 1000,
    }


def show(infos, nlp=None, stdout=None, **settings):
    """The lines that are printed, without the legend."""
    stdout = io.StringIO() if stdout is None else stdout
    setup = create_progress_logger_v1(**settings)
    log_step, finalize = setup(nlp or pipeline(), stdout, io.StringIO())
    for one in infos:
        log_step(one)
    finalize()
    return stdout.getvalue().split("\n")[1:-1]


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def trainable(tmp_path):
    """Makes a config for `spacy.training.loop.train` with a logger."""
    nlp = spacy.blank("en")
    file = tmp_path / "data.spacy"
    docs = [example.reference for example in make_examples(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(file)

    def make(logger, **training):
        paths = {"paths.train": str(file), "paths.dev": str(file)}
        config = Config().from_str(CONFIG, overrides=paths)
        config["components"]["tok2vec"]["model"] = dict(TOK2VEC)
        config["training"].update({"logger": logger, **training})
        filled = spacy.util.load_model_from_config(config, auto_fill=True).config
        return init_nlp(filled)

    return make


def read(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_the_logger_is_registered_by_its_entry_point():
    assert spacy.registry.loggers.get(NAME) is create_progress_logger_v1


# The table


def test_rows_are_those_of_spacys_logger():
    theirs = io.StringIO()
    setup = console_logger_v3()
    log_step, _ = setup(pipeline(), theirs, io.StringIO())
    log_step(info(150, scored(SIX)))
    header = theirs.getvalue().splitlines()
    lines = show([info(150, scored(SIX))])
    assert lines[: len(header)] == header


def test_a_line_below_the_row_has_time_and_labels():
    notes, labels = show([info(150, scored(SIX[:2]))])[3:]
    assert notes == "  1:02:05, best so far"
    assert labels.split() == ["F1", "FAC", "0.0", "GPE", "50.0"]


def rows(infos):
    return [line.split() for line in show(infos, per_label=False)[2::2]]


def test_losses_are_means_of_the_updates():
    losses = {"transformer": 3.0, "global_pointer": 30.0}
    assert rows([None, None, info(2, scored([]), losses)])[0][2:4] == ["1.00", "10.00"]


def test_intervals_count_their_own_updates():
    losses = {"global_pointer": 30.0}
    infos = [info(0, scored([]), losses), None, info(2, scored([]), losses)]
    assert [row[3] for row in rows(infos)] == ["30.00", "15.00"]


def test_only_the_best_so_far_is_marked():
    scores = scored([])
    infos = [
        info(0, scores, score=0.2, checkpoints=[(0.2, 0)]),
        info(150, scores, score=0.1, checkpoints=[(0.2, 0), (0.1, 150)]),
        info(300, scores, score=0.3, checkpoints=[(0.2, 0), (0.1, 150), (0.3, 300)]),
    ]
    notes = show(infos, per_label=False)[3::2]
    assert ["best so far" in line for line in notes] == [True, False, True]


def test_labels_can_be_left_out():
    assert len(show([info(0, scored(SIX))], per_label=False)) == 4


def test_a_component_without_losses_has_a_row():
    [row] = rows([info(0, scored([]), {"global_pointer": 2.0})])
    assert row[2:4] == ["0.00", "2.00"]


def test_symbols_that_the_output_lacks_are_replaced():
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    stdout.getvalue = lambda: stdout.buffer.getvalue().decode("ascii")
    assert "\\u4eba" in show([info(0, scored(["人"]))], stdout=stdout)[-1]


# The scores of each label


@pytest.mark.parametrize("width", [60, 80, 120, 300])
@pytest.mark.parametrize("n", [1, 30, 300])
def test_no_line_is_wider_than_the_terminal(width, n):
    lines = label_lines(scored([f"LABEL_{i}" for i in range(n)]), width)
    assert max(map(disp_len, lines)) <= width
    assert len(lines) <= 9


def test_thirty_labels_are_all_shown():
    labels = [f"LABEL_{i:02}" for i in range(30)]
    text = "\n".join(label_lines(scored(labels), 80))
    assert [label for label in labels if label not in text] == []


def test_labels_with_the_lowest_scores_are_shown_if_there_are_too_many():
    labels = [f"LABEL_{i:03}" for i in range(200)]
    text = "\n".join(label_lines(scored(labels), 80))
    n = text.count("LABEL_")
    assert [label in text for label in labels] == [i < n for i in range(200)]
    assert f"and {200 - n} more, from {100 * n / 200:.1f} up" in text


def test_wide_characters_count_twice():
    lines = label_lines(scored(["人名", "A", "地点"]), 80)
    assert lines == ["  F1     A  33.3  人名   0.0  地点  66.7"]


def test_a_label_with_a_line_end_stays_on_its_line():
    assert label_lines(scored(["A\nB"]), 80) == [r"  F1  A\nB   0.0"]


def test_labels_of_several_components_have_their_titles():
    scores = {**scored(["A"]), **scored(["B"], key="ents")}
    assert label_lines(scores, 80) == ["  spans_sc F1  A   0.0", "  ents F1  B   0.0"]


@pytest.mark.parametrize("value", [{}, None, {"A": {}}, {"A": 0.5}])
def test_without_scores_of_labels_there_are_no_lines(value):
    assert label_lines({"spans_sc_f": 0.5, "spans_sc_per_type": value}, 80) == []


# The file


def test_the_file_has_all_numbers(tmp_path):
    file = tmp_path / "logs" / "log.jsonl"
    scores = {**scored(["人名"]), "speed": 10, "text": "x", "none": None, "list": [1]}
    infos = [None, info(1, scores, {"global_pointer": 3.0})]
    show(infos, pipeline(eval_frequency=1), output_file=str(file))
    [line] = read(file)
    assert line["scores"] == {**scored(["人名"]), "speed": 10}
    assert line["losses"] == {"global_pointer": 1.5}
    assert {k: line[k] for k in ("epoch", "step", "score", "is_best", "updates")} == {
        **{"epoch": 0, "step": 1, "score": 0.5, "is_best": True, "updates": 2}
    }
    assert (line["words"], line["seconds"]) == (1000, 3725)
    assert "人名" in file.read_text("utf-8")


def test_only_finite_numbers_are_kept():
    scores = {"a": 1, "b": float("nan"), "c": {"d": None, "e": 0.5}, "f": "g"}
    assert numbers(scores) == {"a": 1, "c": {"e": 0.5}}


def test_infinite_or_undefined_loss_is_null(tmp_path):
    file = tmp_path / "log.jsonl"
    losses = {"global_pointer": float("nan")}
    show([info(0, scored([]), losses)], output_file=str(file))
    assert read(file)[0]["losses"] == {"global_pointer": None}


def test_a_killed_training_keeps_its_log_lines(tmp_path):
    file = tmp_path / "log.jsonl"
    setup = create_progress_logger_v1(output_file=str(file))
    log_step, _ = setup(pipeline(), io.StringIO(), io.StringIO())
    for n, step in enumerate([0, 150], 1):
        log_step(info(step, scored(SIX)))
        assert len(read(file)) == n  # not closed, not finalized


def log(file, steps):
    show([info(step, scored([])) for step in steps], output_file=str(file))


def steps_in(file):
    return [line["step"] for line in read(file)]


def test_a_resumed_training_continues_the_file(tmp_path):
    file = tmp_path / "log.jsonl"
    log(file, [0, 150, 300, 450])
    before = file.read_text("utf-8").splitlines()
    log(file, [300, 450, 600])
    assert steps_in(file) == [0, 150, 300, 450, 600]
    assert file.read_text("utf-8").splitlines()[:2] == before[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_half_a_line_of_a_killed_training_is_written_again(tmp_path):
    file = tmp_path / "log.jsonl"
    log(file, [0, 150, 300])
    file.write_text(file.read_text("utf-8")[:-20], "utf-8")
    log(file, [300, 450])
    assert steps_in(file) == [0, 150, 300, 450]


def test_a_new_training_keeps_the_files_of_earlier_ones(tmp_path):
    file = tmp_path / "log.jsonl"
    for last in (150, 300, 450):
        log(file, [0, last])
    names = {path.name: steps_in(path)[-1] for path in tmp_path.iterdir()}
    assert names == {"log.1.jsonl": 150, "log.2.jsonl": 300, "log.jsonl": 450}


def test_the_new_name_of_an_earlier_file_is_printed(tmp_path):
    file = tmp_path / "log.jsonl"
    log(file, [0])
    text = " ".join(show([info(0, scored([]))], output_file=str(file)))
    assert "log.1.jsonl" in text


def test_an_empty_file_is_used(tmp_path):
    file = tmp_path / "log.jsonl"
    file.touch()
    log(file, [0])
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_folder_as_output_file_raises_GP220(tmp_path):
    with pytest.raises(ValueError, match="GP220"):
        create_progress_logger_v1(output_file=str(tmp_path))


@pytest.mark.parametrize(
    "text", ["no json\n", '{"text": "x"}\n', "[]\n", "cut off", "\n"]
)
def test_file_with_other_content_raises_GP221(tmp_path, text):
    file = tmp_path / "corpus.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="GP221"):
        create_progress_logger_v1(output_file=str(file))
    assert file.read_text("utf-8") == text


# The bar


def drawn(stderr):
    return [part.strip() for part in stderr.getvalue().split("\r") if part.strip()]


def draw(infos, done=0, **training):
    """What the bar shows during a training."""
    stderr = Terminal()
    token = steps_done.set(done)
    setup = create_progress_logger_v1()
    log_step, finalize = setup(pipeline(**training), io.StringIO(), stderr)
    steps_done.reset(token)
    for one in infos:
        log_step(one)
    finalize()
    return drawn(stderr)


@pytest.fixture
def eager(monkeypatch):
    """Bars draw at each update."""
    monkeypatch.setattr(
        progress_logger, "tqdm", functools.partial(tqdm, mininterval=0, miniters=0)
    )
    for name in ("external_write_mode", "format_interval"):
        setattr(progress_logger.tqdm, name, getattr(tqdm, name))


def test_bar_shows_progress_and_best_score(eager):
    parts = draw([info(2, scored([])), None], max_steps=4)
    assert any(
        part.startswith("epoch 0:  75%|") and "3/4" in part and "best 50.0 at 2" in part
        for part in parts
    )


def test_bar_of_a_resumed_training_continues(eager):
    parts = draw([None, None], done=301)
    assert "300/900" in parts[0] and "302/900" in parts[-1]


def test_the_bar_announces_an_evaluation(eager):
    parts = draw([info(0, scored([])), None, None], eval_frequency=3)
    assert [("evaluating" in part) for part in parts[-2:]] == [False, True]


def test_the_time_left_includes_evaluations(eager, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])

    def steps():
        for step in range(5):
            now[0] += 10.0 if step == 0 else 2.0
            yield info(0, scored([])) if step == 0 else None

    assert "00:18<00:18" in draw(steps(), max_steps=8)[-1]


@pytest.mark.parametrize(
    "training,text", [({}, "epoch 1: 101"), ({"max_epochs": 5}, "epoch 1/5: 101")]
)
def test_bar_counts_steps_if_their_number_is_unknown(eager, training, text):
    parts = draw([info(100, scored([])), None], max_steps=0, **training)
    assert any(part.startswith(text) for part in parts)


@pytest.mark.parametrize("stderr,wanted", [(io.StringIO(), True), (Terminal(), False)])
def test_bar_needs_a_terminal_and_the_setting(stderr, wanted):
    setup = create_progress_logger_v1(progress_bar=wanted)
    log_step, finalize = setup(pipeline(), io.StringIO(), stderr)
    for one in (info(0, scored([])), None, info(150, scored([]))):
        log_step(one)
    finalize()
    assert stderr.getvalue() == ""


# A training


def test_same_values_are_logged_as_by_spacy(trainable, tmp_path):
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    other = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(theirs)}
    train(trainable(other), stdout=io.StringIO(), stderr=io.StringIO())
    logger = {"@loggers": NAME, "output_file": str(ours)}
    stdout, stderr = io.StringIO(), Terminal()
    nlp = trainable(logger)
    train(nlp, stdout=stdout, stderr=stderr)
    lines = read(ours)
    assert [line["step"] for line in lines] == [0, 3, 6]
    assert [line["updates"] for line in lines] == [1, 3, 3]
    for line, expected in zip(lines, read(theirs)):
        for key in ("epoch", "step", "score"):
            assert line[key] == pytest.approx(expected[key])
        for name, loss in expected["losses"].items():
            assert line["losses"][name] * line["updates"] == pytest.approx(loss)
        for name, score in expected["scores"].items():
            assert 100 * line["scores"][name] == pytest.approx(score)
    labels = set(lines[-1]["scores"]["spans_sc_per_type"])
    assert labels == {"ORG", "PERSON", "PLACE"}
    speeds = [line["words_per_second"] for line in lines]
    assert speeds[0] is None and all(speed > 0 for speed in speeds[1:])
    rates = [line["learn_rate"] for line in lines]
    assert rates == pytest.approx([0.0, 0.01, 0.0])
    assert "evaluating" in stderr.getvalue() and "PLACE" in stdout.getvalue()
    assert not {"update", "evaluate"} & set(vars(nlp))


def test_the_speed_counts_neither_evaluations_nor_checkpoints(monkeypatch, tmp_path):
    # An update takes 2 s, or 100 s where it waits for an evaluation or a checkpoint.
    now = iter([100.0, 102.0, 104.0])
    monkeypatch.setattr(progress_logger, "perf_counter", lambda: next(now))
    file = tmp_path / "log.jsonl"
    show([None, None, None, info(3, scored([]))], output_file=str(file))
    assert read(file)[0]["words_per_second"] == pytest.approx(1000 / (4 * 2.0))


# In a chain


def test_a_chain_passes_everything_on(trainable, tmp_path):
    seen, finalized = [], []

    @spacy.registry.loggers("test_progress_logger.fake.v1")
    def make_fake():
        def setup(nlp, stdout, stderr):
            return seen.append, lambda: finalized.append(True)

        return setup

    file = tmp_path / "log.jsonl"
    chain = {
        "@loggers": "spacy.ChainLogger.v1",
        "logger1": {"@loggers": NAME, "output_file": str(file)},
        "logger2": {"@loggers": "test_progress_logger.fake.v1"},
    }
    train(trainable(chain), stdout=io.StringIO(), stderr=io.StringIO())
    evaluations = [one for one in seen if one is not None]
    assert (len(seen), len(evaluations), finalized) == (7, 3, [True])
    assert [one["score"] for one in evaluations] == [x["score"] for x in read(file)]


def leaves(value):
    if isinstance(value, dict):
        return [leaf for own in value.values() for leaf in leaves(own)]
    return [value]


def test_weights_and_biases_logs_scores_of_labels(trainable, monkeypatch, tmp_path):
    logged, begun = [], []
    wandb = types.ModuleType("wandb")
    wandb.init = lambda **settings: begun.append(settings)
    wandb.log = logged.append
    wandb.join = lambda: None
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    chain = {
        "@loggers": "spacy.ChainLogger.v1",
        "logger1": {"@loggers": NAME},
        "logger2": {"@loggers": "spacy.WandbLogger.v5", "project_name": "mine"},
    }
    train(trainable(chain), stdout=io.StringIO(), stderr=io.StringIO())
    assert begun[0]["project"] == "mine"
    by_label = [x["spans_sc_per_type"] for x in logged if "spans_sc_per_type" in x]
    assert len(by_label) == 3
    assert set(by_label[-1]) == {"ORG", "PERSON", "PLACE"}
    assert set(by_label[-1]["ORG"]) == {"p", "r", "f"}
    assert all(isinstance(leaf, (int, float)) for x in logged for leaf in leaves(x))


def test_clearml_logs_scores_of_labels(trainable, monkeypatch):
    reported = []
    task = types.SimpleNamespace(
        connect=lambda *args, **kwargs: None,
        flush=lambda **kwargs: None,
        close=lambda: None,
        get_logger=lambda: types.SimpleNamespace(
            report_scalar=lambda title, series, iteration, value: reported.append(
                (title, series, iteration, value)
            )
        ),
    )
    clearml = types.ModuleType("clearml")
    clearml.Task = types.SimpleNamespace(init=lambda **settings: task)
    clearml.Dataset = clearml.OutputModel = None
    monkeypatch.setitem(sys.modules, "clearml", clearml)
    settings = {"project_name": "mine", "task_name": "one"}
    chain = {
        "@loggers": "spacy.ChainLogger.v1",
        "logger1": {"@loggers": NAME},
        "logger2": {"@loggers": "spacy.ClearMLLogger.v2", **settings},
    }
    train(trainable(chain), stdout=io.StringIO(), stderr=io.StringIO())
    own = {series for title, series, *_ in reported if title == "spans_sc_per_type"}
    assert own == {f"{x}.{y}" for x in ("ORG", "PERSON", "PLACE") for y in "prf"}
    assert all(isinstance(value, (int, float)) for *_, value in reported)
