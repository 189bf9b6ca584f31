"""`spacy global-pointer train`."""

from __future__ import annotations

import json
import shutil

import pytest
import spacy
from training_helpers import Workplace, differing, files, pointer_config

from spacy_globalpointer.cli import train
from spacy_globalpointer.errors import Errors
from spacy_globalpointer.training.resumable import identity, optimizer_state


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Workplace:
    """A training that is complete, and one that was interrupted."""
    place = Workplace(tmp_path_factory.mktemp("place"), pointer_config())
    place.output = place.train("whole")
    place.interrupted = place.stop("cut", 5)
    return place


@pytest.fixture
def cut(place):
    """Name of a training that was interrupted."""
    with place.copied("cut") as name:
        yield name


def test_output_is_the_same_as_of_spacy_train(place):
    for text in ("Pipeline: ['tok2vec', 'global_pointer']", "Saved pipeline to output"):
        assert text in place.output
    nlp = spacy.load(place.folder / "whole" / "model-best")
    assert "spans_sc_f" in nlp.meta["performance"]
    assert "global_pointer_loss" in nlp.meta["performance"]


def test_ctrl_c_says_how_to_continue(place):
    assert "Interrupted" in place.interrupted and "--resume" in place.interrupted
    assert spacy.load(place.folder / "cut" / "model-last").pipe_names


def test_resume_continues(place, cut):
    assert "Continues after step 3" in place.train(cut, "--resume")
    assert differing(place.folder / "whole", place.folder / cut) == []


def test_resume_begins_if_there_is_no_training(place):
    output = place.train("new", "--resume")
    assert "There is no training to continue" in output
    assert differing(place.folder / "whole", place.folder / "new") == []


@pytest.mark.parametrize(
    "name,held", [("whole", "model-best"), ("cut", "checkpoint-4")]
)
def test_the_same_command_again_loses_nothing(place, name, held):
    before = files(place.folder / name)
    output = place.train(name, code=1)
    assert "GP210" in output and held in output
    assert files(place.folder / name) == before


def test_force_starts_again(place, cut):
    output = place.train(cut, "--force")
    assert "Initial learn rate" in output
    assert differing(place.folder / "whole", place.folder / cut) == []


def test_a_complete_training_is_not_trained_again(place):
    before = files(place.folder / "whole")
    output = place.train("whole", "--resume")
    assert "The training is complete" in output and "Initializing" not in output
    assert files(place.folder / "whole") == before


@pytest.mark.parametrize("name", ["whole", "cut"])
def test_another_config_is_refused(place, name):
    before = files(place.folder / name)
    output = place.train(name, "--resume", "--training.max_steps", 20, code=1)
    assert "GP211" in output and "- training.max_steps was 10 and is 20" in output
    assert files(place.folder / name) == before


def test_another_corpus_is_refused(place):
    dev = ("--paths.train", place.folder / "dev.spacy")
    output = place.train("cut", "--resume", *dev, code=1)
    assert "GP211" in output and "corpora.train.path has changed" in output


def test_another_version_is_refused(place, monkeypatch):
    monkeypatch.setattr(identity, "version", lambda name: "0.0")
    assert "the version of thinc was" in place.train("cut", "--resume", code=1)


def test_a_damaged_checkpoint_is_refused(place, cut):
    [file] = place.folder.glob(f"{cut}/checkpoint-4/*.safetensors")
    file.write_bytes(file.read_bytes()[:-10])
    before = files(place.folder / cut)
    assert "GP212" in place.train(cut, "--resume", code=1)
    assert files(place.folder / cut) == before and file.exists()


def test_resume_with_force_raises_GP219(place):
    assert "GP219" in place.train("cut", "--resume", "--force", code=1)


def test_missing_best_pipeline_gives_a_warning(place, cut):
    folder = place.folder / cut
    shutil.rmtree(folder / "model-best")
    assert "GPW211" in place.train(cut, "--resume")


def test_another_machine_gives_a_warning(place, cut, monkeypatch):
    monkeypatch.setattr(identity.torch, "get_num_threads", lambda: 77)
    output = place.train(cut, "--resume")
    assert "GPW210" in output and "and is 77" in output and "{" not in output


def test_same_machine_gives_no_warning(place, cut):
    assert "GPW210" not in place.train(cut, "--resume")


def test_pipelines_without_their_checkpoint_are_kept(place, cut):
    before = files(place.folder / cut)
    shutil.rmtree(place.folder / cut / "checkpoint-4")
    for more in ([], ["--training.max_steps", 20]):
        assert "GP215" in place.train(cut, "--resume", *more, code=1)
    assert files(place.folder / cut) == before


def test_ctrl_c_before_the_first_checkpoint_is_reported(place, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "init_nlp", stop)
    output = place.train("early", code=130)
    assert "with --resume to begin again" in output


def test_invalid_settings_of_the_logger_are_reported(place):
    logger = ("--training.logger.@loggers", "spacy-globalpointer.ProgressLogger.v1")
    for file, error in ((place.folder, "GP220"), (place.config, "GP221")):
        options = (*logger, "--training.logger.output_file", file)
        assert f"[{error}]" in place.train("mistaken", "--force", *options, code=1)


def test_invalid_learning_rates_are_reported(place):
    rate = "--training.optimizer.learn_rate"
    options = (f"{rate}.@schedules", "spacy-globalpointer.cosine.v1")
    output = place.train(
        "mistaken", "--force", *options, f"{rate}.total_steps", 0, code=1
    )
    assert "[GP225]" in output


def test_an_optimizer_with_unknown_parameters_is_reported(place, monkeypatch):
    def refuse(*_):
        raise ValueError(Errors.GP216.format(n=1, names=["W"]))

    monkeypatch.setattr(optimizer_state, "get_state", refuse)
    assert "[GP216]" in place.train("not-stored", code=1)


def test_errors_of_the_program_keep_their_traceback(place, monkeypatch):
    def fail(*_, **__):
        raise ValueError("not the user's")

    monkeypatch.setattr(train, "init_nlp", fail)
    with pytest.raises(AssertionError, match=r"ValueError\("):
        place.train("failed")


def test_code_is_imported_and_compared_on_resume(place, tmp_path):
    code = tmp_path / "code.py"
    code.write_text("import spacy\nspacy.registry.misc('tests.x', func=print)\n")
    place.stop("coded", 2, "--code", code)
    assert spacy.registry.has("misc", "tests.x")
    code.write_text(code.read_text() + "\n")
    output = place.train("coded", "--resume", "--code", code, code=1)
    assert "--code has changed" in output


def test_an_error_in_training_keeps_the_checkpoint(place, cut):
    """As in spaCy, model-last is saved; then the error goes its way."""
    logger = ("--training.logger.@loggers", "tests.fail.v1")
    output = place.train(cut, "--resume", *logger, code=1)
    assert "Aborting and saving the final best model" in output
    assert (place.folder / cut / "checkpoint-4").is_dir()
    place.train(cut, "--resume")
    assert differing(place.folder / "whole", place.folder / cut) == []


@spacy.registry.loggers("tests.fail.v1")
def make_failing_logger():
    def set_up(nlp, stdout, stderr):
        return lambda info: 1 / 0, lambda: None

    return set_up


def test_error_in_the_config_changes_nothing(place, cut):
    before = files(place.folder / cut)
    option = ("--components.global_pointer.model.head_width", "x")
    place.train(cut, "--force", *option, code=1)
    assert files(place.folder / cut) == before
    assert (place.folder / cut / "checkpoint-4").is_dir()


def test_the_checkpoint_holds_the_config(place):
    folder = place.folder / "cut" / "checkpoint-4"
    config = spacy.util.load_config(folder / "config.cfg", interpolate=False)
    assert config["corpora"]["train"]["path"] == str(place.folder / "train.spacy")
    state = json.loads((folder / "state.json").read_text("utf-8"))
    assert state["identity"]["settings"]["training.max_steps"] == 10
