"""The settings of a distillation, and their validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import Errors
from ..values import is_number, is_whole


@dataclass(frozen=True)
class DistillSettings:
    """The settings that decide the result, in addition to teachers, config and texts.

    component (str): Name of the `global_pointer`, in the student and its teachers.
    gold_weight (float): Weight of the loss of gold spans, in annotated documents.
    teacher_weight (float): Weight of the loss of the teachers' probabilities.
    vector_weight (float): Weight of the distance of token vectors from the teacher's.
    pointer_weight (float): Weight of the distance of queries and keys from the
        teacher's, which must have the same width.
    temperature (Optional[float]): Temperature of the teachers' probabilities; None for
        that of each teacher's settings.
    raw_share (float): Fraction of the words of a batch that are raw text, if there is
        annotated text, too.
    chunk_size (int): Highest number of tokens in a chunk of raw text; 0 for that of the
        training corpus, or 256 if the corpus has none.
    """

    component: str = "global_pointer"
    gold_weight: float = 1.0
    teacher_weight: float = 1.0
    vector_weight: float = 0.0
    pointer_weight: float = 0.0
    temperature: Optional[float] = None
    raw_share: float = 0.5
    chunk_size: int = 0

    @property
    def needs_one_teacher(self) -> bool:
        """Return whether the student imitates more than probabilities: the vectors of
        several teachers have no mean that means anything."""
        return self.vector_weight > 0 or self.pointer_weight > 0


def check_settings(settings: DistillSettings) -> None:
    """Validate the settings.

    settings (DistillSettings): The settings.
    RAISES (ValueError): GP208 for a setting out of its range.
    """
    for name in ("gold_weight", "teacher_weight", "vector_weight", "pointer_weight"):
        value = getattr(settings, name)
        _require(name, value, is_number(value) and value >= 0, "a number of at least 0")
    weight = settings.teacher_weight
    taught = weight > 0 or settings.needs_one_teacher
    rule = "above 0, unless --vector-weight or --pointer-weight is"
    _require("teacher_weight", weight, taught, rule)
    value = settings.temperature
    fits = value is None or (is_number(value) and value > 0)
    _require("temperature", value, fits, "a number above 0")
    share = settings.raw_share
    fits = is_number(share) and 0 < share < 1
    _require("raw_share", share, fits, "a number above 0 and below 1")
    size = settings.chunk_size
    _require("chunk_size", size, is_whole(size, least=0), "a whole number, at least 0")


def _require(name: str, value: object, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP208.format(name=name, value=value, rule=rule))
