"""The plan of a distillation: what is learned from what, before anything is loaded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Sequence

from spacy.util import dot_to_object, set_dot_to_object
from thinc.api import Config

from ..errors import Errors
from .raw_texts import RawTextCorpus
from .settings import DistillSettings, check_settings

#: Highest number of tokens in a chunk of raw text, if the corpus has no such number.
CHUNK_SIZE = 256


class Plan:
    """The plan of a distillation.

    config (Config): The student's training config, not interpolated.
    teachers (Sequence[Path]): Folders of the teachers.
    output (Path): The output folder.
    texts (Sequence[Path]): Raw texts.
    settings (DistillSettings): The settings.
    RAISES (ValueError): GP208, GP249 or GP253 to GP255 if there cannot be a
        distillation.
    """

    def __init__(
        self,
        config: Config,
        teachers: Sequence[Path],
        output: Path,
        texts: Sequence[Path],
        settings: DistillSettings,
    ) -> None:
        self.config = config
        self.teachers = list(teachers)
        self.output = output
        self.texts = list(texts)
        self.settings = settings
        self._training = config.interpolate()["training"]
        self._corpus_name = self._training.get("train_corpus", "corpora.train")
        check_settings(settings)
        self._check()

    @property
    def has_gold(self) -> bool:
        """Return whether the config names an annotated corpus."""
        return bool(self._corpus) and self._corpus.get("path", True) not in (None, "")

    def raw_corpus(self) -> RawTextCorpus:
        """Make the corpus of raw texts."""
        return RawTextCorpus(self.texts, **self._raw_settings())

    def student_config(self, labels: Sequence[str]) -> Config:
        """Return the config to train with.

        labels (Sequence[str]): The teacher's labels, which become those of the student
            unless its config names others.
        RETURNS (Config): A copy of the config, not interpolated. Without an annotated
            corpus, it streams the raw texts.
        """
        config = self.config.copy()
        sections: Any = config.setdefault("initialize", {}).setdefault("components", {})
        own = sections.setdefault(self.settings.component, {})
        own.setdefault("labels", list(labels))
        if not self.has_gold:
            reader = {"@readers": "spacy-globalpointer.RawTextCorpus.v1"}
            paths = [str(path) for path in self.texts]
            corpus = {**reader, "paths": paths, **self._raw_settings()}
            set_dot_to_object(config, self._corpus_name, corpus)
            config["training"]["max_epochs"] = -1
        return config

    def description(self) -> Config:
        """Return the config with a section for everything else that the result depends
        on."""
        section: Dict[str, Any] = asdict(self.settings)
        section["teachers"] = [str(path) for path in self.teachers]
        section["paths"] = [str(path) for path in self.texts]
        return Config({**self.config.interpolate(), "distillation": section})

    @property
    def _corpus(self) -> Dict[str, Any]:
        try:
            return dot_to_object(self.config.interpolate(), self._corpus_name)
        except KeyError:
            return {}

    def _raw_settings(self) -> Dict[str, int]:
        own = self.settings.chunk_size or self._corpus.get("chunk_size", 0)
        seed = self._training.get("seed") or 0
        return {"chunk_size": own or CHUNK_SIZE, "seed": seed}

    def _check(self) -> None:
        names = self.config["nlp"].get("pipeline", [])
        if self.settings.component not in names:
            whose = "The student's config"
            fields = {"name": self.settings.component, "names": "none"}
            raise ValueError(Errors.GP249.format(whose=whose, **fields))
        output = self.output.resolve()
        for path in self.teachers:
            own = path.resolve()
            if own.is_relative_to(output) or output.is_relative_to(own):
                text = Errors.GP253.format(path=path, output=self.output)
                raise ValueError(text)
        if len(self.teachers) > 1 and self.settings.needs_one_teacher:
            raise ValueError(Errors.GP254.format(n=len(self.teachers)))
        if self.texts:
            if self.raw_corpus().is_empty():
                reason = "the raw texts have no words"
                raise ValueError(Errors.GP255.format(reason=reason))
        elif not self.has_gold:
            reason = "the config names no training corpus, and there are no raw texts"
            raise ValueError(Errors.GP255.format(reason=reason))
        if not self.has_gold:
            self._check_end()

    def _check_end(self) -> None:
        steps = self._training.get("max_steps", 0)
        if not steps and not self._training.get("patience", 0):
            name, rule = "training.max_steps", "above 0, because raw texts have no end"
            raise ValueError(Errors.GP208.format(name=name, value=steps, rule=rule))
