"""Teachers: trained pipelines that read the tokens of their student."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, List, NamedTuple, Optional, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.reader import copy_tokens
from ..errors import Errors
from ..pipeline.global_pointer import GlobalPointer
from ..pointer.states import PointerStates, order_labels


class Answer(NamedTuple):
    """A teacher's output for a batch.

    states (PointerStates): Its pointer states, with the labels in the student's order.
    vectors (List[Any]): The vectors of each document's tokens, arrays of numpy or CuPy.
    """

    states: PointerStates
    vectors: List[Any]


class Teacher:
    """A trained pipeline whose `global_pointer` teaches. It does not change.

    nlp (Language): The pipeline.
    component (GlobalPointer): The component.
    path (Path): Its folder, for messages.
    """

    def __init__(self, nlp: Language, component: GlobalPointer, path: Path) -> None:
        self.nlp = nlp
        self.component = component
        self.path = path
        self.order: Optional[List[int]] = None
        names = nlp.pipe_names
        self._unused = names[names.index(component.name) :]

    @property
    def labels(self) -> List[str]:
        """Return the labels that the model scores."""
        return self.component.label_data

    def answer(self, docs: Sequence[Doc]) -> Answer:
        """Read a batch of documents.

        docs (Sequence[Doc]): The documents; only their tokens are used.
        RETURNS (Answer): The output.
        RAISES (ValueError): GP090 if the output is not finite.
        """
        model = self.component.model
        with self.nlp.memory_zone():  # so that the words of all texts are not kept
            own = [copy_tokens(doc, self.nlp.vocab) for doc in docs]
            stream = self.nlp.pipe(own, disable=self._unused, batch_size=len(own))
            vectors = model.get_ref("tok2vec").predict(list(stream))
        states = model.get_ref("output_layer").predict(vectors)
        self.component.check_finite(states)
        if self.order is not None:
            states = order_labels(states, self.order)
        return Answer(states, vectors)

    def adopt(self, nlp: Language, student: GlobalPointer) -> None:
        """Answer with the student's labels in their order.

        nlp (Language): The student's pipeline, initialized.
        student (GlobalPointer): Its component.
        RAISES (ValueError): GP250 if teacher and student have other labels; GP251 if
            their languages differ.
        """
        labels = student.label_data
        used = {*labels, *student.cfg["label_counts"]}
        if used != set(self.labels):
            fields = {"path": self.path, "teacher": ", ".join(self.labels)}
            text = Errors.GP250.format(student=", ".join(sorted(used)), **fields)
            raise ValueError(text)
        if nlp.lang != self.nlp.lang:
            fields = {"path": self.path, "teacher": self.nlp.lang, "student": nlp.lang}
            raise ValueError(Errors.GP251.format(**fields))
        self.order = [self.labels.index(label) for label in labels]

    def check_tokens(self, nlp: Language, texts: Iterable[str]) -> None:
        """Check that the teacher's tokenizer makes the student's tokens.

        nlp (Language): The student's pipeline.
        texts (Iterable[str]): Some texts.
        RAISES (ValueError): GP252 if the tokens of a text differ.
        """
        for text in texts:
            pairs = zip(*(x.make_doc(text) for x in (self.nlp, nlp)))
            for own, other in pairs:  # whichever is longer, an earlier token differs
                if own.text != other.text:
                    fields = {"teacher": own.text, "student": other.text}
                    raise ValueError(Errors.GP252.format(path=self.path, **fields))


def load_teachers(paths: Sequence[Path], component: str) -> List[Teacher]:
    """Load the teachers.

    paths (Sequence[Path]): Their folders.
    component (str): The component's name.
    RETURNS (List[Teacher]): The teachers.
    RAISES (ValueError): GP249 if a pipeline has no such component.
    """
    found = []
    for path in paths:
        nlp = spacy.load(path)
        own = find_pointer(nlp, component, whose=f"The teacher {path}")
        found.append(Teacher(nlp, own, path))
    return found


def find_pointer(nlp: Language, name: str, *, whose: str) -> GlobalPointer:
    """Look up a component.

    nlp (Language): The pipeline.
    name (str): The component's name.
    whose (str): The pipeline, for the message.
    RETURNS (GlobalPointer): The component.
    RAISES (ValueError): GP249 if the pipeline runs no such component.
    """
    pipes = dict(nlp.pipeline)
    pipe = pipes.get(name)
    if not isinstance(pipe, GlobalPointer):
        own = [name for name, x in pipes.items() if isinstance(x, GlobalPointer)]
        fields = {"whose": whose, "name": name, "names": ", ".join(own) or "none"}
        raise ValueError(Errors.GP249.format(**fields))
    return pipe
