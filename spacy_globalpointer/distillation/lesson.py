"""What a student learns from a batch: gold spans, and the output of its teachers."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence

import torch
from numpy.typing import NDArray
from spacy.training import Example

from ..errors import Errors
from ..pipeline.global_pointer import GlobalPointer
from ..pointer.loss import span_loss
from ..pointer.soft_targets import soft_targets
from ..pointer.states import PointerStates, take_docs
from ..types import RAW_TEXT
from .matching import relative_error
from .settings import DistillSettings
from .teachers import Answer, Teacher

#: Names of the losses, in addition to that of the gold spans.
TEACHER, VECTORS, POINTERS = "teacher", "vectors", "pointers"


class Lesson:
    """Replacement of `GlobalPointer.learn_gold` in a distillation.

    student (GlobalPointer): The component that learns.
    teachers (Sequence[Teacher]): Its teachers.
    settings (DistillSettings): The weights of the losses.
    directions (Optional[NDArray]): Map of the teacher's token vectors to the student's
        width, shape (teacher's width, student's width); None for vectors of one width.
    """

    def __init__(
        self,
        student: GlobalPointer,
        teachers: Sequence[Teacher],
        settings: DistillSettings,
        directions: Optional[NDArray] = None,
    ) -> None:
        self.student = student
        self.teachers = teachers
        self.settings = settings
        self.directions = directions

    @property
    def names(self) -> List[str]:
        """Return the names of the losses that do not come from gold spans."""
        weights = {
            TEACHER: self.settings.teacher_weight,
            VECTORS: self.settings.vector_weight,
            POINTERS: self.settings.pointer_weight,
        }
        return [name for name, weight in weights.items() if weight]

    def __call__(self, examples: List[Example]) -> Dict[str, float]:
        """Run the student on a batch, and propagate the gradient of all losses back.

        examples (List[Example]): The batch.
        RETURNS (Dict[str, float]): The losses with their weights, by name: the
            component's name for gold spans, and `names`.
        RAISES (ValueError): GP021 if a loss is not finite; GP090 if a teacher's output
            is not.
        """
        docs = [example.predicted for example in examples]
        model = self.student.model
        vectors, backprop_vectors = model.get_ref("tok2vec").begin_update(docs)
        states, backprop_states = model.get_ref("output_layer").begin_update(vectors)
        self.student.warn_uncovered(docs, states)
        answers = [teacher.answer(docs) for teacher in self.teachers]
        gradient = states.map(torch.zeros_like)
        with torch.no_grad():
            losses = {
                self.student.name: self._learn_gold(examples, states, gradient),
                TEACHER: self._learn_probabilities(states, answers, gradient),
                POINTERS: self._match_pointers(states, answers, gradient),
            }
        d_vectors = backprop_states(gradient)
        losses[VECTORS] = self._match_vectors(vectors, answers, d_vectors)
        backprop_vectors(d_vectors)
        for name, loss in losses.items():
            if not math.isfinite(loss):
                raise ValueError(Errors.GP021.format(name=name, loss=loss))
        return {name: losses[name] for name in (self.student.name, *self.names)}

    def _learn_gold(
        self, examples: List[Example], states: PointerStates, gradient: PointerStates
    ) -> float:
        """Add the gradient of the loss of gold spans. Each document of the batch counts
        the same, whether the others are annotated or not."""
        annotated = [
            i
            for i, example in enumerate(examples)
            if RAW_TEXT not in example.reference.user_data and states.lengths[i]
        ]
        if not annotated or not self.settings.gold_weight:
            return 0.0
        own, places = take_docs(states, annotated)
        loss, d_own = self.student.get_loss([examples[i] for i in annotated], own)
        share = len(annotated) / sum(length > 0 for length in states.lengths)
        weight = self.settings.gold_weight * share
        for total, part in zip(gradient.tensors(), d_own.tensors()):
            total.index_add_(0, places, part.to(total.dtype), alpha=weight)
        return weight * loss

    def _learn_probabilities(
        self,
        states: PointerStates,
        answers: Sequence[Answer],
        gradient: PointerStates,
    ) -> float:
        """Add the gradient of the loss of the teachers' mean probabilities."""
        weight = self.settings.teacher_weight
        if not weight:
            return 0.0
        longest = self.student.cfg["max_span_length"]
        pipes = [teacher.component for teacher in self.teachers]
        reaches = [[x for x in (pipe.reach(), longest) if x] for pipe in pipes]
        fixed = self.settings.temperature
        limits = [pipe.cfg["max_spans_per_doc"] for pipe in pipes]
        rows, degrees = soft_targets(
            [answer.states for answer in answers],
            temperatures=[fixed or pipe.cfg["temperature"] for pipe in pipes],
            max_span_lengths=[min(own, default=None) for own in reaches],
            limit=None if None in limits else max(limits),
        )
        loss, own = span_loss(states, rows, degrees=degrees, max_span_length=longest)
        for total, part in zip(gradient.tensors(), own.tensors()):
            total.add_(part, alpha=weight)
        return weight * float(loss)

    def _match_pointers(
        self,
        states: PointerStates,
        answers: Sequence[Answer],
        gradient: PointerStates,
    ) -> float:
        """Add the gradient of the distances of queries and of keys."""
        weight = self.settings.pointer_weight
        if not weight:
            return 0.0
        targets, loss = answers[0].states, 0.0
        for name in ("queries", "keys"):
            target = getattr(targets, name).to(getattr(states, name))
            error, part = relative_error(getattr(states, name), target)
            getattr(gradient, name).add_(part, alpha=weight / 2)
            loss += weight / 2 * error
        return loss

    def _match_vectors(
        self, vectors: List[Any], answers: Sequence[Answer], d_vectors: List[Any]
    ) -> float:
        """Add the gradient of the distance of token vectors."""
        weight, ops = self.settings.vector_weight, self.student.model.ops
        if not weight:
            return 0.0
        own, target = ops.xp.vstack(vectors), ops.xp.vstack(answers[0].vectors)
        if self.directions is not None:
            target = target @ ops.xp.asarray(self.directions)
        error, gradient = relative_error(own, target)
        parts = ops.unflatten(gradient, ops.asarray1i([len(x) for x in vectors]))
        for total, part in zip(d_vectors, parts):
            total += weight * part
        return weight * error
