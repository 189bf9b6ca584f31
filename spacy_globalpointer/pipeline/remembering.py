"""Methods of a component that remembers spans."""

from __future__ import annotations

from dataclasses import replace
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
)

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from thinc.api import Model

from ..errors import Errors, Warnings
from ..values import is_text
from ..wording import list_of
from .attributes import pipeline_of
from .change_lock import ChangeLock
from .decision import label_thresholds
from .gold import GoldSpans

# torch is imported where it is used: spaCy imports this module at every start.
if TYPE_CHECKING:
    from torch import Tensor

    from ..memory.entries import Entries, Mention
    from ..memory.mention_memory import MentionMemory
    from ..memory.reading import ReadText
    from ..pointer.search import FoundSpans
    from .storage import StoredParts

#: Lowest probability of a span that is remembered as one without a label.
LIKELY = 0.05


class Remembering:
    """Base class of a component with a memory of spans.

    The memory is an attribute that is replaced as a whole. So threads can predict while
    another one remembers, and an interruption leaves the memory as it was.
    """

    model: Model
    name: str
    cfg: Dict[str, Any]
    _memory: Optional[MentionMemory]
    _changing: ChangeLock
    _is_checked: bool
    _is_updated: bool

    @property
    def memory(self) -> MentionMemory:
        """Return the memory of spans; its method `stats` counts the entries."""
        from ..memory.mention_memory import MentionMemory

        return self._memory or MentionMemory.empty()

    def remember(
        self,
        examples: Iterable[Example],
        *,
        source: str = "",
        labels: Iterable[str] = (),
    ) -> int:
        """Remember the gold spans of examples, without training. Spans that the
        component would take for some label, but that are not gold, are remembered as
        spans without a label.

        The first examples also decide how spans are compared, so begin with those that
        the pipeline was trained on, or with many. What is remembered later does not
        depend on the order. The texts are kept, and saved with the pipeline.

        examples (Iterable[Example]): The examples, with gold spans under `spans_key`.
        source (str): A name for where they come from, such as a file. Its spans say
            nothing about labels that it does not annotate, so give examples that are
            annotated with other labels another name.
        labels (Iterable[str]): Labels that the source annotates, in addition to those
            of its remembered spans: a label that never occurs in it.
        RETURNS (int): How many entries are new.
        RAISES (ValueError): GP072 if the source is no text or `labels` is one; GP013
            for a label that is no text; GP073 if an example has no gold annotation, or
            if, without `labels`, all together have no span; GP074 if a gold span does
            not align with the tokens; GP075 if there would be too many entries; GP076
            if the weights have changed since earlier entries were remembered; GP248 if
            the examples, such as a generator, change this memory while they are read.
            The memory stays as it was.
        """
        return self.remember_sources([(source, examples)], labels=labels)

    def remember_sources(
        self,
        sources: Iterable[Tuple[str, Iterable[Example]]],
        *,
        labels: Iterable[str] = (),
    ) -> int:
        """Remember the gold spans of several sources, as `remember` does, and change
        the memory once. If the memory is empty, the first source decides how spans are
        compared.

        sources (Iterable[Tuple[str, Iterable[Example]]]): Names and examples, one after
            the other.
        labels (Iterable[str]): Labels that each of them annotates, in addition to those
            of its remembered spans.
        RETURNS (int): How many entries are new.
        RAISES (ValueError): As `remember`.
        """
        from ..memory.reading import make_entries

        self._require_labels()  # type: ignore[attr-defined]
        more = self._checked_labels(labels)
        with self._changing:
            self._is_checked = False  # the encoder may have been trained alone
            self._check_memory()
            before = self.memory
            parts, whitening = [], before.whitening
            annotated = dict(before.annotated)
            for source, examples in sources:
                read = self._read(list(examples), source, has_labels=bool(more))
                own, whitening = make_entries(read, whitening)
                parts.append(own)
                if more:
                    annotated[source] = annotated.get(source, frozenset()) | more
            entries = before.entries.with_others(*parts)
            memory = replace(before, whitening=whitening, annotated=annotated)
            self._set_memory(memory, entries)
        return len(numpy.setdiff1d(self.memory.entries.ids, before.entries.ids))

    def _checked_labels(self, labels: Iterable[str]) -> FrozenSet[str]:
        if isinstance(labels, str):
            fields = {"name": "labels", "value": labels, "rule": "a list of strings"}
            raise ValueError(Errors.GP072.format(**fields))
        labels = list(labels)
        for label in labels:
            self._check_label(label)
        return frozenset(labels)

    def _check_label(self, label: object) -> None:
        if not is_text(label):
            raise ValueError(Errors.GP013.format(label=repr(label), name=self.name))

    def forget(
        self,
        *,
        label: Optional[str] = None,
        source: Optional[str] = None,
        everything: bool = False,
    ) -> int:
        """Forget the entries that have a label and a source, or everything.

        label (Optional[str]): The label; None for all, also entries without a label.
        source (Optional[str]): The source; None for all.
        everything (bool): Whether to forget all entries; not with a label or a source.
        RETURNS (int): How many entries were forgotten.
        RAISES (ValueError): GP154 if it is not said what to forget; GP077 if there is
            no such entry; GP016 if `thresholds` names a label that would be forgotten.
            The memory stays as it was.
        """
        if everything == (label is not None or source is not None):
            raise ValueError(Errors.GP154)
        with self._changing:
            memory = self.memory
            own = memory.forget(label, source)
            n = len(memory) - len(own)
            if not n:
                raise ValueError(self._not_there(label, source))
            left = own if len(own) else None
            # A threshold may not name a label that is not there any more.
            label_thresholds({**self.cfg, "labels": self._labels_with(left)})
            self._memory = left
        return n

    def _not_there(self, label: Optional[str], source: Optional[str]) -> str:
        values = {"label": label, "source": source}
        own = [f"{name} = {x!r}" for name, x in values.items() if x is not None]
        known = self.memory.stats()
        return Errors.GP077.format(
            name=self.name,
            wanted=" with " * bool(own) + " and ".join(own),
            labels=list_of([*known["labels"]]),
            sources=list_of([*known["sources"]]),
        )

    def refresh_memory(self) -> int:
        """Read all remembered texts again, after a training has changed the weights.

        RETURNS (int): The number of entries.
        RAISES (ValueError): GP074 if the tokens of a text have changed so that a
            remembered span does not align.
        """
        from ..memory.reading import make_entries

        with self._changing:
            before = self.memory
            if len(before):
                read = self._read_again(before.entries.mentions)
                entries, whitening = make_entries(read, None)
                self._set_memory(replace(before, whitening=whitening), entries)
        return len(before)

    def _set_memory(self, memory: MentionMemory, entries: Entries) -> None:
        """Set the memory, with other entries that the present weights have made.

        RAISES (ValueError): GP075 if too many of them have a label.
        """
        limit = self.cfg["memory_limit"]
        if entries.n_labelled > limit:
            fields = {"n": entries.n_labelled, "limit": limit, "name": self.name}
            raise ValueError(Errors.GP075.format(**fields))
        own = memory.with_entries(entries.at_most(limit))
        self._memory = replace(own, digest=self._digest()) if len(own) else None
        self._is_checked, self._is_updated = True, False

    def accept_weights(self) -> None:
        """Keep the memory with the weights of now, although others made it. Only call
        this if the token vectors have hardly changed."""
        with self._changing:
            if self._memory is not None:
                self._memory = replace(self._memory, digest=self._digest())

    def _labels_with(self, memory: Optional[MentionMemory]) -> Tuple[str, ...]:
        trained: List[str] = self.cfg["labels"]
        names = () if memory is None else memory.entries.label_names
        return (*trained, *(x for x in names if x not in trained))

    def memory_files(self) -> Optional[Tuple[bytes, bytes]]:
        """Return the files of the memory; None if it is empty."""
        from ..memory.storage import to_files

        memory = self._memory
        if memory is None or memory.whitening is None:
            return None
        return to_files(memory)

    def load_memory(self, parts: StoredParts) -> None:
        """Load the files of a memory, or become without one. If the memory was left
        out, the component keeps its own, which must fit a model that was loaded.

        parts (StoredParts): The parts of the component.
        RAISES (ValueError): GP070 or GP071 if the files cannot be used.
        """
        if parts.model is not None or not parts.keeps_memory:
            self._is_checked = self._is_updated = False
        if parts.keeps_memory:
            return
        if parts.memory is None:
            self._memory = None
            return
        from ..memory.storage import from_files

        self._memory = from_files(*parts.memory, name=self.name, source=parts.place)

    def _check_gold(self, examples: Sequence[Example], *, has_labels: bool) -> None:
        key, n = self.cfg["spans_key"], 0
        for i, example in enumerate(examples):
            if key not in example.reference.spans:
                raise ValueError(Errors.GP073.format(key=key, which=f"Example {i}"))
            for span in example.reference.spans[key]:
                self._check_label(span.label_)
                if not example.get_aligned_spans_y2x([span], allow_overlap=True):
                    raise ValueError(
                        Errors.GP074.format(span=span.text, which=f"example {i}")
                    )
                n += 1
        if not n and not has_labels:
            raise ValueError(Errors.GP073.format(key=key, which="All examples"))

    def _read(
        self, examples: Sequence[Example], source: str, *, has_labels: bool
    ) -> Iterator[ReadText]:
        """Read the gold spans, and the spans that are likely but not gold."""
        if not isinstance(source, str):
            rule = "a string: a name for where the examples come from, such as a file"
            fields = {"name": "source", "value": source, "rule": rule}
            raise ValueError(Errors.GP072.format(**fields))
        validate_examples(examples, "GlobalPointer.remember")
        self._check_gold(examples, has_labels=has_labels)
        for example, doc, vectors, found in self._with_vectors(examples):
            gold = GoldSpans(self.cfg["spans_key"], None)
            own = Example(doc, example.reference)
            spans = [(a, b, label) for label, a, b in gold.add(own)]
            places = {(a, b) for a, b, _ in spans}
            likely = {*zip(found.starts.tolist(), found.ends.tolist())}
            spans += [(a, b, None) for a, b in sorted(likely - places)]  # type: ignore
            yield _read_spans(doc, vectors, spans, source)

    def _read_again(self, mentions: Sequence[Mention]) -> Iterator[ReadText]:
        by_text: Dict[Tuple[str, str], List[Mention]] = {}
        for one in mentions:
            by_text.setdefault((one.text, one.source), []).append(one)
        nlp = pipeline_of(self)
        if nlp is None:
            raise ValueError(Errors.GP078.format(name=self.name))
        docs = [nlp.make_doc(text) for text, _ in by_text]
        examples = [Example(doc, doc.copy()) for doc in docs]
        read = self._with_vectors(examples)
        for (_, doc, vectors, _), (text, source) in zip(read, by_text):
            spans = []
            for one in by_text[text, source]:
                span = doc.char_span(one.start, one.end)
                if span is None:
                    raise ValueError(
                        Errors.GP074.format(span=one.words, which=repr(source))
                    )
                spans.append((span.start, span.end - 1, one.label))
            yield _read_spans(doc, vectors, spans, source)

    def _with_vectors(
        self, examples: Sequence[Example]
    ) -> Iterator[Tuple[Example, Doc, Tensor, FoundSpans]]:
        """Yield predicted documents, vectors of their tokens, and likely spans."""
        from .weights_digest import listens

        nlp = pipeline_of(self)
        if nlp is None and listens(self.model):
            raise ValueError(Errors.GP078.format(name=self.name))
        docs: Iterable[Doc] = (example.predicted.copy() for example in examples)
        if nlp is not None:
            docs = nlp.pipe(docs, disable=_not_before(nlp, self))
        size = 16 if nlp is None else nlp.batch_size
        lowest = [LIKELY] * len(self.cfg["labels"])
        own, common = self.cfg["thresholds"], self.cfg["threshold"]
        cuts = [own.get(label, common) for label in self.cfg["labels"]]
        for batch in minibatch(zip(examples, docs), size):
            own = [doc for _, doc in batch]
            found, vectors = self._search(  # type: ignore[attr-defined]
                own, lowest, counted=cuts, with_vectors=True
            )
            for (example, doc), x, spans in zip(batch, vectors, found):
                if len(doc):
                    yield example, doc, x, spans

    def _digest(self) -> str:
        from .weights_digest import weights_digest

        return weights_digest(self.model.get_ref("tok2vec"), pipeline_of(self))

    def _usable(self, memory: MentionMemory) -> Optional[MentionMemory]:
        """Return a memory if predictions can use it. After an update there is a warning
        instead, so that a pipeline with a memory can be trained and evaluated.

        RAISES (ValueError): GP076 if the memory was loaded with other weights.
        """
        from .weights_digest import same_weights

        if self._is_updated and not self._is_checked:
            if not same_weights(memory.digest, self._digest()):
                message = Warnings.GPW052.format(name=self.name)
                self._warn_once("GPW052", message)  # type: ignore[attr-defined]
                return None
            self._is_checked, self._is_updated = True, False  # only others were trained
        self._check_memory()
        return memory

    def _check_memory(self) -> None:
        """Check that the weights are those that made the memory.

        RAISES (ValueError): GP076 if they are not.
        """
        from .weights_digest import same_weights

        memory = self._memory
        if memory is None or self._is_checked:
            return
        if not same_weights(memory.digest, self._digest()):
            raise ValueError(Errors.GP076.format(name=self.name))
        self._is_checked = True


def _read_spans(
    doc: Doc,
    vectors: Tensor,
    spans: Sequence[Tuple[int, int, Optional[str]]],
    source: str,
) -> ReadText:
    import torch

    from ..memory.entries import Mention
    from ..memory.reading import ReadText

    text = doc.text
    mentions = [
        Mention(label, source, text, doc[a].idx, doc[b].idx + len(doc[b]))
        for a, b, label in spans
    ]
    places = torch.tensor([span[:2] for span in spans], dtype=torch.int64)
    return ReadText(mentions, places.view(-1, 2), vectors)


def _not_before(nlp: Language, pipe: object) -> List[str]:
    """Return the names of a component and of those after it."""
    names = [name for name, own in nlp.pipeline if own is pipe]
    return nlp.pipe_names[nlp.pipe_names.index(names[0]) :] if names else []
