"""Small teachers and students."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import TEXTS, build, fit, make_examples
from training_helpers import Workplace

RAW = [
    "Mary of Scotland paid the Bank of Leith in May .",
    "The Mayor of Scotland saw Mary of Leith here .",
    "Nothing to pay the Bank of Scotland .",
]


def make_teacher(folder: Path, *, labels=None, **config) -> Path:
    """Save a pipeline that has memorised the texts.

    folder (Path): Where.
    labels (Optional[List[str]]): Its labels in their order; None for sorted ones.
    config (Any): Settings of the component.
    RETURNS (Path): The folder.
    """
    nlp = build(**config)
    for label in labels or []:
        nlp.get_pipe("global_pointer").add_label(label)
    fit(nlp, make_examples(nlp))
    nlp.to_disk(folder)
    return folder


def write_raw(folder: Path, texts=(*TEXTS, *RAW)) -> Path:
    """Write raw texts as lines of a file. RETURNS (Path): The file."""
    path = folder / "raw.jsonl"
    path.write_text("".join(json.dumps({"text": x}) + "\n" for x in texts), "utf-8")
    return path


class Classroom(Workplace):
    """A folder with a student's config, corpora, a teacher and raw texts, where
    `spacy global-pointer distill` is run."""

    def __init__(self, folder: Path, config: str, *overrides: object) -> None:
        super().__init__(folder, config, *overrides)
        self.teacher = make_teacher(folder / "teacher")
        self.raw = write_raw(folder)
        self.command = ("distill", self.teacher)
