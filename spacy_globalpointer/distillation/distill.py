"""Train a student with its teachers."""

from __future__ import annotations

import sys
import warnings
from itertools import islice
from pathlib import Path
from typing import IO, Any, Callable, List, Optional, Sequence, Tuple

from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import DIR_MODEL_LAST
from spacy.util import resolve_dot_names
from thinc.api import Config

from ..errors import Errors, Warnings
from ..pipeline.global_pointer import GlobalPointer
from ..training.resumable.checkpoint import Checkpoint
from ..training.resumable.identity import Identity, identify
from ..training.resumable.output_folder import OutputFolder
from .lesson import Lesson
from .matching import principal_directions
from .plan import Plan
from .settings import DistillSettings
from .student_training import StudentTraining
from .teachers import Teacher, find_pointer, load_teachers

#: Examples of each corpus for checks, and for the map of the teacher's vectors.
SAMPLE = 100


def distill(
    teachers: Sequence[Path],
    config: Config,
    output: Path,
    settings: Optional[DistillSettings] = None,
    *,
    texts: Sequence[Path] = (),
    code: Optional[Path] = None,
    use_gpu: int = -1,
    resume: bool = False,
    force: bool = False,
    say: Callable[[str], Any] = print,
    warn: Callable[[str], Any] = warnings.warn,
    stdout: IO = sys.stdout,
    stderr: IO = sys.stderr,
) -> Path:
    """Train a pipeline with the probabilities of larger ones as targets. Like `spacy
    global-pointer train`, it stores its state at each evaluation.

    teachers (Sequence[Path]): Folders of trained pipelines with the same labels and
        tokens. The student learns the mean of their probabilities.
    config (Config): The student's training config, not interpolated. Without a path of
        the training corpus, the student learns from the raw texts alone.
    output (Path): Folder for model-last, model-best and the checkpoint.
    settings (Optional[DistillSettings]): The settings; None for the defaults.
    texts (Sequence[Path]): Raw texts: files and folders as for `find_texts`.
    code (Optional[Path]): File of Python code that the config needs, imported before.
    use_gpu (int): Number of the GPU, or -1 for the CPU.
    resume (bool): Continue the training in the output folder, or begin.
    force (bool): Replace the training in the output folder.
    say (Callable[[str], Any]): Receives messages.
    warn (Callable[[str], Any]): Receives warnings.
    stdout (IO): Where the logger writes.
    stderr (IO): Where the logger draws a bar.
    RETURNS (Path): The folder of the last pipeline.
    RAISES (ValueError): GP208 for a setting out of its range; GP249 to GP256 if
        teachers, student and texts do not fit together; GP210 to GP219 if the training
        cannot start.
    """
    plan = Plan(config, teachers, output, texts, settings or DistillSettings())
    if resume and force:
        raise ValueError(Errors.GP219)
    folder = OutputFolder(output)
    with folder.locked():
        identity = identify(plan.description(), code=code, gpu=use_gpu >= 0)
        last = output / DIR_MODEL_LAST
        if resume and folder.is_complete(identity):
            folder.finish(identity)  # the process may have been killed before that
            say("The training is complete")
            return last
        checkpoint = folder.find_start(
            identity, resume=resume, force=force, say=say, warn=warn
        )
        lesson, training = _prepare(plan, identity, checkpoint, use_gpu, warn)
        lesson.student.lesson = lesson
        try:
            training.begin(folder, warn=warn)
            training.run(stdout, stderr)
        finally:
            lesson.student.lesson = None
        folder.finish(identity)
    return last


def _prepare(
    plan: Plan,
    identity: Identity,
    checkpoint: Optional[Checkpoint],
    use_gpu: int,
    warn: Callable[[str], Any],
) -> Tuple[Lesson, StudentTraining]:
    """Load the teachers, and initialize the student. Return the lesson, and the
    training."""
    settings = plan.settings
    teachers = load_teachers(plan.teachers, settings.component)
    for teacher in teachers:
        pipe = teacher.component
        if len(pipe.memory) or pipe.cfg["document_memory"]:
            warn(Warnings.GPW048.format(path=teacher.path))
    nlp = init_nlp(plan.student_config(teachers[0].labels), use_gpu=use_gpu)
    student = find_pointer(nlp, settings.component, whose="The student's config")
    sample = _sample(nlp, plan)
    texts = [x.text for x in sample if not x.reference.has_unknown_spaces]
    for teacher in teachers:
        teacher.adopt(nlp, student)
        teacher.check_tokens(nlp, texts)
    docs = [example.predicted for example in sample]
    directions = _match_shapes(settings, teachers[0], student, docs)
    lesson = Lesson(student, teachers, settings, directions)
    training = StudentTraining(
        nlp,
        plan.output,
        raw=plan.raw_corpus() if plan.has_gold and plan.texts else None,
        share=settings.raw_share,
        columns=lesson.names,
        identity=identity,
        config=plan.config.interpolate(),
        checkpoint=checkpoint,
        use_gpu=use_gpu,
    )
    return lesson, training


def _sample(nlp: Language, plan: Plan) -> List[Example]:
    """Read some of the examples that the student will learn from."""
    config = nlp.config.interpolate()
    corpora = [*resolve_dot_names(config, [config["training"]["train_corpus"]])]
    if plan.texts:
        corpora.append(plan.raw_corpus())
    return [example for own in corpora for example in islice(own(nlp), SAMPLE)]


def _match_shapes(
    settings: DistillSettings,
    teacher: Teacher,
    student: GlobalPointer,
    docs: Sequence[Doc],
) -> Optional[NDArray]:
    """Check that the student can imitate vectors, queries and keys. Return the map of
    the teacher's vectors, if their width differs from the student's."""
    heads = [x.model.get_ref("output_layer") for x in (teacher.component, student)]
    if settings.pointer_weight:
        forms = [
            f"{x.attrs['kind']}, {x.attrs['settings']['head_width']}" for x in heads
        ]
        _require_shapes("queries and keys", forms, forms[0] == forms[1])
    target, own = (x.get_dim("nI") for x in heads)
    if not settings.vector_weight or own == target:
        return None
    _require_shapes("token vectors", [f"width {target}", f"width {own}"], own < target)
    ops = student.model.ops
    vectors = [ops.to_numpy(x) for doc in docs for x in teacher.answer([doc]).vectors]
    return principal_directions(vectors, own)


def _require_shapes(what: str, shapes: List[str], is_right: bool) -> None:
    if not is_right:
        fields = {"teacher": shapes[0], "student": shapes[1]}
        raise ValueError(Errors.GP256.format(what=what, **fields))
