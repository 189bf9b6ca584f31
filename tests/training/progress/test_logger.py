"""The logger: table, bar, file, and its neighbours in a chain."""

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
from spacy.training.loop import train
from thinc.api import Config, Optimizer

from spacy_globalpointer.training.progress.bar import ProgressBar, steps_done
from spacy_globalpointer.training.progress.evaluation import numbers
from spacy_globalpointer.training.progress.logger import create_progress_logger_v1
from spacy_globalpointer.training.progress.rate import LearnRate
from spacy_globalpointer.training.progress.text import format_loss, shorten, text_width
from spacy_globalpointer.training.progress.watch import Watch

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
    def set_columns(n):
        monkeypatch.setenv("COLUMNS", str(n))

    set_columns(80)
    return set_columns


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


def test_it_is_found_without_an_import():
    assert spacy.registry.loggers.get(NAME) is create_progress_logger_v1


# The table


def test_a_row_has_the_figures_of_the_evaluation():
    titles, names, row, labels = show([info(150, scored(SIX[:2]))])
    assert titles.strip() == "--------- loss ---------  ----- spans_sc ----"
    assert names.split()[:3] == ["epoch", "step", "transformer"]
    assert names.split()[4:] == ["P", "R", "F", "words/s", "time"]
    assert row.split()[:7] == ["*", "1", "150", "1.50", "30.0", "25.0", "75.0"]
    assert row.split()[7:] == ["50.0", "-", "1:02:05"]
    assert labels.split() == ["F1", "FAC", "0.0", "GPE", "50.0"]


def test_losses_are_means_of_the_updates():
    infos = [None, None, info(2, scored([]), {"global_pointer": 30.0})]
    assert "10.0" in show(infos)[-1].split()


def test_intervals_count_their_own_updates():
    losses = {"global_pointer": 30.0}
    infos = [info(0, scored([]), losses), None, info(2, scored([]), losses)]
    assert [line.split()[3] for line in show(infos)[2:]] == ["30.0", "15.0"]


def test_only_the_best_so_far_is_marked():
    scores = scored([])
    infos = [
        info(0, scores, score=0.2, checkpoints=[(0.2, 0)]),
        info(150, scores, score=0.1, checkpoints=[(0.2, 0), (0.1, 150)]),
        info(300, scores, score=0.3, checkpoints=[(0.2, 0), (0.1, 150), (0.3, 300)]),
    ]
    assert [line[0] for line in show(infos)[2:]] == ["*", " ", "*"]


@pytest.mark.parametrize("width,below", [(80, 1), (119, 0), (118, 1)])
def test_labels_are_columns_where_they_fit(columns, width, below):
    columns(width)
    lines = show([info(0, scored(SIX))])
    assert len(lines) == 3 + below
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [60, 80, 120, 300])
@pytest.mark.parametrize("n", [0, 1, 30, 300])
def test_no_line_is_wider_than_the_terminal(columns, width, n):
    columns(width)
    labels = [f"LABEL_{i}" for i in range(n)]
    lines = show([info(0, scored(labels)), info(150, scored(labels))])
    assert max(map(text_width, lines)) <= width
    assert len(lines) <= 2 + 2 * 11


def test_thirty_labels_are_all_shown():
    labels = [f"LABEL_{i:02}" for i in range(30)]
    text = "\n".join(show([info(0, scored(labels))]))
    assert [label for label in labels if label not in text] == []


def test_of_too_many_labels_the_worst_are_shown():
    labels = [f"LABEL_{i:03}" for i in range(200)]
    text = "\n".join(show([info(0, scored(labels))]))
    n = text.count("LABEL_")
    assert [label in text for label in labels] == [i < n for i in range(200)]
    assert f"and {200 - n} more, from {100 * n / 200:.1f} up" in text


def test_labels_can_be_left_out():
    assert len(show([info(0, scored(SIX))], per_label=False)) == 3


def test_wide_characters_count_twice():
    lines = show([info(0, scored(["人名", "A", "地点"]))])
    assert lines[-1] == "  F1     A  33.3  人名   0.0  地点  66.7"


def test_what_the_output_cannot_write_is_a_question_mark():
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    stdout.getvalue = lambda: stdout.buffer.getvalue().decode("ascii")
    assert show([info(0, scored(["人名"]))], stdout=stdout)[-1] == "  F1  ??   0.0"


def test_a_label_with_a_line_end_keeps_to_its_line():
    assert show([info(0, scored(["A\nB"]))])[-1] == "  F1  A?B   0.0"


def test_the_header_comes_again_when_the_columns_change(columns):
    columns(200)
    infos = [info(0, scored(["A"])), info(150, scored(["A"])), info(300, scored(SIX))]
    lines = show(infos)
    assert [i for i, line in enumerate(lines) if line.startswith("epoch")] == [1, 6]
    assert lines[7].split()[8:15] == ["-", *(f"{100 * i / 6:.1f}" for i in range(6))]


def test_components_are_told_apart():
    scores = {**scored(["A"]), **scored(["B"], key="spans_other", f=0.1)}
    weights = {"spans_sc_f": 0.4, "spans_other_f": 0.6}
    titles, _, *rest = show([info(0, scores)], pipeline(weights))
    assert "spans_other" in titles
    assert "  spans_other F1  B   0.0" in rest
    assert "  spans_sc  P  25.0  R  75.0  F  50.0" in rest
    assert "  spans_sc F1  A   0.0" in rest


def test_the_weighted_score_is_shown_where_no_column_has_it(columns):
    columns(120)
    weights = {"spans_sc_f": 0.5, "spans_sc_r": 0.5}
    _, names, row = show([info(0, scored([]), score=0.625)], pipeline(weights))
    assert dict(zip(names.split()[::-1], row.split()[::-1]))["score"] == "62.5"
    assert "score" not in show([info(0, scored([]))])[1]


def test_other_components_have_their_scores():
    weights = {"ents_f": 1.0, "tag_acc": 0.0, "dep_las": None, "speed": 0.0}
    ents = scored(["ORG"], key="ents")
    scores = {**ents, "tag_acc": 0.9, "dep_las": 0.8, "speed": 7.0, "token_f": 1.0}
    nlp = pipeline(weights, names=["tok2vec", "ner"])
    lines = show([info(0, scores, {"tok2vec": 1.0, "ner": 2.0}, score=0.5)], nlp)
    assert "ents" in lines[0]
    assert lines[1].split()[2:8] == ["tok2vec", "ner", "P", "R", "F", "tag_acc"]
    assert lines[2].split()[4:9] == ["2.00", "25.0", "75.0", "50.0", "90.0"]
    assert lines[3] == "  ents F1  ORG   0.0"
    assert not any("dep_las" in line or "speed" in line for line in lines)


@pytest.mark.parametrize(
    "scores", [{}, {"spans_sc_f": None, "spans_sc_per_type": None}]
)
def test_a_pipeline_without_scores_has_a_row(scores, tmp_path):
    file = tmp_path / "log.jsonl"
    infos = [info(0, scores, {"global_pointer": 2.0}, score=0)]
    names, row = show(infos, output_file=str(file))[1:]
    assert names.split()[2:] == [
        "global_pointer"[:7] + "…ter",
        "score",
        "words/s",
        "time",
    ]
    assert row.split()[1:5] == ["0", "0", "2.00", "0.0"]
    assert read(file)[0]["scores"] == {}


@pytest.mark.parametrize(
    "loss,text",
    [
        (0.0, "0"),
        (0.00123, "0.0012"),
        (0.5, "0.50"),
        (12.34, "12.3"),
        (1234.5, "1234"),
        (1.5e9, "1.5e+09"),
        (float("nan"), "nan"),
    ],
)
def test_losses_have_three_digits(loss, text):
    assert format_loss(loss) == text


def test_long_names_lose_their_middle():
    assert shorten("global_pointer_2", 11) == "global_…r_2"
    assert shorten("组织机构名称", 9) == "组…构名称"
    assert shorten("abc", 3) == "abc"
    assert shorten("abcdef", 1) == "…"


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


def test_what_is_no_number_is_left_out():
    scores = {"a": 1, "b": float("nan"), "c": {"d": None, "e": 0.5}, "f": "g"}
    assert numbers(scores) == {"a": 1, "c": {"e": 0.5}}


def test_a_loss_that_is_no_number_is_null(tmp_path):
    file = tmp_path / "log.jsonl"
    losses = {"global_pointer": float("nan")}
    show([info(0, scored([]), losses)], output_file=str(file))
    assert read(file)[0]["losses"] == {"global_pointer": None}


def test_a_killed_training_keeps_its_lines(tmp_path):
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


def test_a_resumed_training_goes_on_in_the_file(tmp_path):
    file = tmp_path / "log.jsonl"
    log(file, [0, 150, 300, 450])
    before = file.read_text("utf-8").splitlines()
    log(file, [300, 450, 600])
    assert steps_in(file) == [0, 150, 300, 450, 600]
    assert file.read_text("utf-8").splitlines()[:2] == before[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_line_that_was_cut_off_is_made_again(tmp_path):
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


def test_the_new_name_of_an_earlier_file_is_told(tmp_path):
    file = tmp_path / "log.jsonl"
    log(file, [0])
    text = " ".join(show([info(0, scored([]))], output_file=str(file)))
    assert "log.1.jsonl" in text


def test_an_empty_file_is_used(tmp_path):
    file = tmp_path / "log.jsonl"
    file.touch()
    log(file, [0])
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="GP220"):
        create_progress_logger_v1(output_file=str(tmp_path))


@pytest.mark.parametrize(
    "text", ["no json\n", '{"text": "x"}\n', "[]\n", "cut off", "\n"]
)
def test_a_file_of_something_else_is_refused(tmp_path, text):
    file = tmp_path / "corpus.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="GP221"):
        create_progress_logger_v1(output_file=str(file))
    assert file.read_text("utf-8") == text


# The learning rate


@pytest.mark.parametrize(
    "rate",
    [
        0.01,
        {
            "@schedules": "warmup_linear.v1",
            "initial_rate": 0.01,
            "warmup_steps": 3,
            "total_steps": 9,
        },
    ],
)
def test_the_learn_rate_is_that_of_the_update(rate):
    config = {"@optimizers": "Adam.v1", "learn_rate": rate}
    optimizer = spacy.registry.resolve({"optimizer": config})["optimizer"]
    rates = []
    for _ in range(9):  # as spaCy's loop does
        rates.append(optimizer.learn_rate)
        optimizer.step_schedules()
    learn_rate = LearnRate(config)
    assert [learn_rate.at(step) for step in (0, 3, 4, 8)] == [
        rates[step] for step in (0, 3, 4, 8)
    ]
    assert isinstance(optimizer, Optimizer)


# The bar


def drawn(stderr):
    return [part.strip() for part in stderr.getvalue().split("\r") if part.strip()]


def draw(stderr, **settings):
    training = {"max_steps": 900, "max_epochs": 0, "eval_frequency": 150, **settings}
    nlp = pipeline()
    bar = ProgressBar(training, stderr, shown=True)
    return bar, Watch(nlp, lambda: None)


def test_the_bar_shows_how_far_it_is_and_what_was_best():
    stderr = Terminal()
    setup = create_progress_logger_v1()
    log_step, finalize = setup(pipeline(max_steps=4), io.StringIO(), stderr)
    log_step(info(2, scored([])))
    log_step(None)
    finalize()
    assert any(
        part.startswith("75%|") and "3/4" in part and "best 50.0 at 2" in part
        for part in drawn(stderr)
    )


def test_the_bar_goes_on_where_a_resumed_training_does():
    token = steps_done.set(301)
    stderr = Terminal()
    bar, _ = draw(stderr)
    steps_done.reset(token)
    assert "300/900" in drawn(stderr)[0]
    bar.close()


def test_the_bar_tells_of_an_evaluation():
    stderr = Terminal()
    nlp = pipeline()
    setup = create_progress_logger_v1()
    log_step, finalize = setup(nlp, io.StringIO(), stderr)
    assert not any("evaluating" in part for part in drawn(stderr))
    nlp.evaluate([])
    assert "evaluating" in drawn(stderr)[-1]
    finalize()


@pytest.mark.parametrize(
    "training,text",
    [({}, "epoch 1, 101 updates"), ({"max_epochs": 5}, "epoch 1/5, 101")],
)
def test_without_a_number_of_steps_the_bar_counts(training, text):
    stderr = Terminal()
    setup = create_progress_logger_v1()
    nlp = pipeline(max_steps=0, **training)
    log_step, finalize = setup(nlp, io.StringIO(), stderr)
    log_step(info(100, scored([])))
    log_step(None)
    finalize()
    assert any(part.startswith(text) for part in drawn(stderr))


def test_the_time_left_includes_evaluations():
    bar, watch = draw(Terminal(), max_steps=100, eval_frequency=10)
    bar._bar.n = 45
    assert bar._seconds_left(2.0, 7.0) == 55 * 2.0 + 6 * 7.0
    bar.close()


def test_nothing_is_drawn_where_there_is_no_terminal():
    stderr = io.StringIO()
    setup = create_progress_logger_v1(progress_bar=True)
    nlp = pipeline()
    log_step, finalize = setup(nlp, io.StringIO(), stderr)
    nlp.evaluate([])
    for one in (info(0, scored([])), None, info(150, scored([]))):
        log_step(one)
    finalize()
    assert stderr.getvalue() == ""


def test_no_bar_is_drawn_where_none_is_wanted():
    stderr = Terminal()
    setup = create_progress_logger_v1(progress_bar=False)
    log_step, finalize = setup(pipeline(), io.StringIO(), stderr)
    log_step(info(0, scored([])))
    log_step(None)
    finalize()
    assert stderr.getvalue() == ""


# A training


def test_a_watched_pipeline_is_left_as_it_was(trainable):
    nlp = trainable({"@loggers": NAME})
    train(nlp, stdout=io.StringIO(), stderr=io.StringIO())
    assert not {"update", "evaluate"} & set(vars(nlp))


def test_a_training_logs_what_spacy_logs(trainable, tmp_path):
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    other = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(theirs)}
    train(trainable(other), stdout=io.StringIO(), stderr=io.StringIO())
    logger = {"@loggers": NAME, "output_file": str(ours)}
    stdout, stderr = io.StringIO(), Terminal()
    train(trainable(logger), stdout=stdout, stderr=stderr)
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
    assert all(line["words_per_second"] > 0 for line in lines)
    rates = [line["learn_rate"] for line in lines]
    assert rates == pytest.approx([0.0, 0.01, 0.0])
    assert "evaluating" in stderr.getvalue() and "PLACE" in stdout.getvalue()


def test_the_watch_sees_losses_of_updates(trainable):
    nlp = trainable({"@loggers": NAME})
    watch = Watch(nlp, lambda: None)
    examples = make_examples(nlp)
    losses: dict = {"global_pointer": 7.0}
    for half in (examples[:1], examples[1:]):  # as with accumulate_gradient
        nlp.update(half, losses=losses, sgd=False)
    watch.end_update()
    [update] = watch.recent
    assert update.words == watch.words == sum(map(len, examples))
    assert update.losses["global_pointer"] == pytest.approx(
        losses["global_pointer"] - 7.0
    )
    watch.stop()


def test_evaluations_do_not_count_as_training(trainable, monkeypatch):
    now = iter(range(0, 1000, 10))
    module = "spacy_globalpointer.training.progress.watch.perf_counter"
    monkeypatch.setattr(module, lambda: float(next(now)))
    nlp = trainable({"@loggers": NAME})
    examples = make_examples(nlp)
    watch = Watch(nlp, lambda: None)
    nlp.update(examples, sgd=False)  # begins at 0
    nlp.evaluate(examples)  # at 10
    watch.end_update()  # at 20
    assert (watch.seconds, watch.updates) == (10.0, 1)
    watch.start_interval()
    nlp.update(examples, sgd=False)  # at 30
    watch.end_update()  # at 40
    assert (watch.seconds, watch.pause) == (10.0, 20.0)
    watch.stop()


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


def test_weights_and_biases_gets_the_scores_of_labels(trainable, monkeypatch, tmp_path):
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


def test_clearml_gets_the_scores_of_labels(trainable, monkeypatch):
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
