"""The command `distill`, and the pipelines that it trains."""

from __future__ import annotations

import shutil

import pytest
import spacy
from distillation_helpers import Classroom, make_teacher, write_raw
from helpers import make_examples
from small_encoders import make_bert, make_roberta
from training_helpers import (
    Workplace,
    differing,
    ner_config,
    pointer_config,
    transformer_config,
)

from spacy_globalpointer.distillation import distill


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Classroom:
    """A distillation with all losses that is complete, and one that was interrupted."""
    place = Classroom(tmp_path_factory.mktemp("place"), pointer_config())
    place.options = ("--texts", place.raw, "--vector-weight", 1, "--raw-share", 0.4)
    narrow = ("--components.tok2vec.model.width", 32, "--vector-weight", 0.5)
    place.options += narrow
    place.output = place.train("whole", *place.options)
    place.interrupted = place.stop("cut", 5, *place.options)
    return place


@pytest.fixture
def cut(place):
    """Name of a distillation that was interrupted."""
    with place.copied("cut") as name:
        yield name


def test_losses_have_columns(place):
    for column in ("LOSS GLOBA...", "LOSS TEACHER", "LOSS VECTORS"):
        assert column in place.output, place.output


def test_resumed_training_gives_the_same_weights(place, cut):
    assert "--resume" in place.interrupted
    output = place.train(cut, "--resume", *place.options)
    assert "Continues after step 3" in output
    assert differing(place.folder / "whole", place.folder / cut) == []
    assert "complete" in place.train(cut, "--resume", *place.options)


def test_other_texts_and_weights_are_refused(place, cut):
    other = place.folder / "other"
    other.mkdir(exist_ok=True)
    texts = ("--texts", write_raw(other, ["Some other text ."]))
    output = place.train(cut, "--resume", *place.options, *texts, code=1)
    assert "GP211" in output and "distillation.paths has changed" in output
    output = place.train(cut, "--resume", *place.options, "--gold-weight", 2, code=1)
    assert "distillation.gold_weight was 1.0 and is 2.0" in output


def test_another_teacher_is_refused(place, cut, monkeypatch):
    other = make_teacher(place.folder / "teacher-2", threshold=0.6)
    monkeypatch.setattr(place, "command", ("distill", other))
    output = place.train(cut, "--resume", *place.options, code=1)
    assert "GP211" in output and "distillation.teachers has changed" in output


def test_the_student_is_a_plain_pipeline(place, tmp_path, monkeypatch):
    shutil.copytree(place.folder / "whole/model-best", tmp_path / "student")
    config = (tmp_path / "student/config.cfg").read_text("utf-8")
    assert str(place.teacher) not in config and str(place.raw) not in config
    nlp = spacy.load(tmp_path / "student")
    assert nlp.get_pipe("global_pointer").lesson is None
    losses = nlp.update(make_examples(nlp), sgd=nlp.resume_training())
    assert [*losses] == ["tok2vec", "global_pointer"]


def test_raw_texts_alone_suffice(place):
    options = ("--texts", place.raw, "--paths.train", "null")
    steps = ("--training.max_steps", 60, "--training.eval_frequency", 30)
    output = place.train("raw", *options, *steps)
    assert "GPW007" not in output
    nlp = spacy.load(place.folder / "raw/model-best")
    assert nlp.meta["performance"]["spans_sc_f"] > 0.5
    assert nlp.get_pipe("global_pointer").labels == ("ORG", "PERSON", "PLACE")


def test_raw_texts_alone_are_resumed(place):
    options = ("--texts", place.raw, "--paths.train", "null")
    place.train("raw-whole", *options)
    place.stop("raw-cut", 5, *options)
    place.train("raw-cut", "--resume", *options)
    assert differing(place.folder / "raw-whole", place.folder / "raw-cut") == []


def test_several_teachers_teach(place):
    labels = ["PLACE", "ORG", "PERSON"]
    other = make_teacher(place.folder / "teacher-3", labels=labels)
    output = place.train("several", "--teacher", other)
    assert "LOSS TEACHER" in output


def test_a_student_may_have_another_tokenizer_and_width(tmp_path):
    text = transformer_config(make_bert(tmp_path / "bert", hidden_size=48))
    schoolroom = Workplace(tmp_path, text)
    schoolroom.train("teacher", "--training.max_steps", 2)
    place = Workplace(tmp_path, transformer_config(make_roberta(tmp_path / "roberta")))
    place.command = ("distill", tmp_path / "teacher/model-last")
    weights = ("--vector-weight", 1, "--pointer-weight", 1)
    place.train("student", *weights, "--training.max_steps", 2)
    nlp = spacy.load(tmp_path / "student/model-last")
    assert (
        nlp.get_pipe("global_pointer").model.get_ref("output_layer").get_dim("nI") == 32
    )


def change_teacher(place, change):
    """Save the teacher with a change. RETURNS: Its folder."""
    nlp = spacy.load(place.teacher)
    change(nlp)
    path = place.folder / f"teacher-{change.__name__}"
    nlp.to_disk(path)
    return path


def lacks_component(nlp):
    nlp.rename_pipe("global_pointer", "other_pointer")


def lacks_a_label(nlp):
    pipe = nlp.get_pipe("global_pointer")
    pipe.cfg["labels"] = ["OTHER", *pipe.cfg["labels"][1:]]


def splits_words(nlp):
    nlp.tokenizer.add_special_case("Leith", [{"ORTH": "Lei"}, {"ORTH": "th"}])


@pytest.mark.parametrize(
    "change,code",
    [
        (lacks_component, "GP249"),
        (lacks_a_label, "GP250"),
        (splits_words, "GP252"),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused(place, monkeypatch, change, code):
    monkeypatch.setattr(place, "command", ("distill", change_teacher(place, change)))
    assert code in place.train("refused", code=1)
    assert not [*(place.folder / "refused").glob("model-*")]


OPTIONS = {
    "GP251": ("--nlp.lang", "de"),
    "GP253": ("--output", "teacher"),
    "GP254": ("--teacher", "teacher", "--vector-weight", 1),
    "GP255": ("--paths.train", "null"),
    "GP256": ("--pointer-weight", 1),
    "GP208": ("--raw-share", 1),
    "GP219": ("--resume", "--force"),
}


@pytest.mark.parametrize("code", OPTIONS)
def test_options_that_do_not_fit_are_refused(place, monkeypatch, code):
    monkeypatch.chdir(place.folder)
    assert code in place.train("refused", *OPTIONS[code], code=1)
    assert not [*(place.folder / "refused").glob("model-*")]


def test_empty_raw_texts_raise_GP255(place):
    empty = place.folder / "empty.jsonl"
    empty.write_text('{"text": " "}\n', "utf-8")
    assert "GP255" in place.train("refused", "--texts", empty, code=1)


def test_raw_texts_without_an_end_raise_GP208(place):
    options = ("--texts", place.raw, "--paths.train", "null")
    output = place.train("refused", *options, "--training.max_steps", 0, code=1)
    assert "GP208" in output and "training.max_steps" in output


def test_a_config_without_the_component_raises_GP249(place, tmp_path, monkeypatch):
    other = Workplace(tmp_path, ner_config())
    other.command = ("distill", place.teacher)
    assert "GP249" in other.train("refused", code=1)


def test_wider_vectors_raise_GP256(place):
    wide = ("--components.tok2vec.model.width", 96, "--vector-weight", 1)
    listener = ("--components.global_pointer.model.tok2vec.width", 96)
    assert "GP256" in place.train("refused", *wide, *listener, code=1)


def test_a_teacher_with_a_memory_gives_a_warning(place, monkeypatch):
    def remembers(nlp):
        nlp.get_pipe("global_pointer").document_memory = 0.5

    monkeypatch.setattr(place, "command", ("distill", change_teacher(place, remembers)))
    assert "GPW048" in place.train("warned")


def test_the_lesson_ends_with_the_training(place, monkeypatch):
    students = []

    def stop(self, *_):
        students.append(self.nlp.get_pipe("global_pointer"))
        assert students[0].lesson is not None
        raise KeyboardInterrupt

    monkeypatch.setattr(distill.StudentTraining, "run", stop)
    place.train("stopped", code=130)
    assert students[0].lesson is None
