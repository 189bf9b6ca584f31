"""What a student learns from a batch."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from helpers import TEXTS, TOK2VEC, build, fit, found, make_examples

from spacy_globalpointer.distillation.lesson import Lesson
from spacy_globalpointer.distillation.matching import principal_directions
from spacy_globalpointer.distillation.settings import DistillSettings
from spacy_globalpointer.distillation.teachers import Teacher
from spacy_globalpointer.types import RAW_TEXT

LABELS = ["ORG", "PERSON", "PLACE"]


def as_teacher(nlp) -> Teacher:
    return Teacher(nlp, nlp.get_pipe("global_pointer"), Path("teacher"))


def make_student(teachers, *, width=64, directions=None, **settings):
    """An initialized student with its lesson."""
    nlp = build(tok2vec={**TOK2VEC, "width": width})
    pipe = nlp.get_pipe("global_pointer")
    for label in LABELS:
        pipe.add_label(label)
    nlp.initialize(lambda: make_examples(nlp))
    for teacher in teachers:
        teacher.adopt(nlp, pipe)
    pipe.lesson = Lesson(pipe, teachers, DistillSettings(**settings), directions)
    return nlp


def raw_examples(nlp):
    """The texts without gold."""
    examples = make_examples(nlp, gold=[[]] * len(TEXTS))
    for example in examples:
        example.reference.user_data[RAW_TEXT] = True
    return examples


def learn(nlp, examples, steps=60):
    sgd = nlp.create_optimizer()
    for _ in range(steps):
        losses = nlp.update(examples, sgd=sgd)
    return losses


def spans(nlp):
    return [found(nlp(text)) for text in TEXTS]


def test_a_student_learns_its_teachers_spans_from_raw_text(trained):
    nlp = make_student([as_teacher(trained)])
    assert spans(nlp) != spans(trained)
    losses = learn(nlp, raw_examples(nlp))
    assert spans(nlp) == spans(trained)
    assert losses["global_pointer"] == 0 and 0 < losses["teacher"] < 1


def test_raw_texts_do_not_count_as_texts_without_spans(trained):
    nlp = make_student([as_teacher(trained)], teacher_weight=0.5)
    gold, raw = make_examples(nlp), raw_examples(nlp)
    pipe = nlp.get_pipe("global_pointer")
    alone, mixed = pipe.lesson(gold), pipe.lesson([*gold, *raw])
    # Three of six documents with tokens are annotated.
    assert mixed["global_pointer"] == pytest.approx(alone["global_pointer"] / 2)
    assert mixed["teacher"] == pytest.approx(alone["teacher"])
    assert pipe.lesson(raw)["global_pointer"] == 0


def test_without_teachers_weight_gold_is_learned_as_in_a_training(trained):
    nlp = make_student([as_teacher(trained)], teacher_weight=0.0, vector_weight=1e-12)
    examples = make_examples(nlp)
    pipe = nlp.get_pipe("global_pointer")
    expected = pipe.learn_gold(examples)["global_pointer"]
    own = pipe.lesson(examples)
    assert own["global_pointer"] == pytest.approx(expected, rel=1e-6)
    assert [*own] == ["global_pointer", "vectors"]


def test_several_teachers_are_averaged(trained):
    other = build()
    examples = make_examples(other)
    for label in ("PLACE", "PERSON", "ORG"):  # another order
        other.get_pipe("global_pointer").add_label(label)
    for example in examples:
        example.reference.spans["sc"] = [
            span for span in example.reference.spans["sc"] if span.label_ == "PLACE"
        ]
    fit(other, examples)
    nlp = make_student([as_teacher(trained), as_teacher(other)])
    learn(nlp, raw_examples(nlp), steps=150)
    pipe = nlp.get_pipe("global_pointer")
    docs = [nlp.make_doc(text) for text in TEXTS]
    means = {label: [] for label in LABELS}
    for candidates in pipe.candidates(docs, [0.2] * 3):
        scores = candidates.scores.sigmoid()
        for label, p in zip(candidates.labels.tolist(), scores.tolist()):
            means[pipe.labels[label]].append(p)
    assert min(means["PLACE"]) > 0.8  # both find them
    for label in ("ORG", "PERSON"):  # one does
        assert numpy.mean(means[label]) == pytest.approx(0.5, abs=0.15)


def test_the_teachers_temperature_is_honoured(trained):
    first = trained.get_pipe("global_pointer")
    losses = []
    for temperature, fixed in ((1.0, None), (4.0, None), (1.0, 4.0)):
        first.temperature = temperature
        nlp = make_student([as_teacher(trained)], temperature=fixed)
        losses.append(nlp.get_pipe("global_pointer").lesson(raw_examples(nlp)))
    plain, own, given = [x["teacher"] for x in losses]
    assert own == pytest.approx(given, rel=0.2) and abs(own - plain) > 0


@pytest.mark.parametrize("name", ["vectors", "pointers"])
def test_vectors_and_pointers_are_imitated(trained, name):
    option = {f"{name.removesuffix('s')}_weight": 1.0}
    nlp = make_student([as_teacher(trained)], teacher_weight=0.0, **option)
    examples = raw_examples(nlp)
    first = learn(nlp, examples, steps=1)[name]
    assert learn(nlp, examples)[name] < first / 3


def test_a_narrower_student_imitates_the_mapped_vectors(trained):
    teacher = as_teacher(trained)
    nlp = make_student([], width=32)
    docs = [nlp.make_doc(text) for text in TEXTS]
    directions = principal_directions(teacher.answer(docs).vectors, 32)
    nlp = make_student(
        [teacher], width=32, directions=directions, vector_weight=1.0, teacher_weight=0
    )
    examples = raw_examples(nlp)
    first = learn(nlp, examples, steps=1)["vectors"]
    assert learn(nlp, examples)["vectors"] < first / 3


def test_a_teacher_does_not_change(trained):
    teacher, before = as_teacher(trained), trained.to_bytes()
    nlp = make_student([teacher], vector_weight=1.0, pointer_weight=1.0)
    learn(nlp, make_examples(nlp), steps=2)
    assert trained.to_bytes() == before
