"""Methods of a component that remembers spans."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
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
from .attributes import pipeline_of
from .decision import label_thresholds
from .gold import GoldSpans

# torch is imported where it is used: spaCy imports this module at every start.
if TYPE_CHECKING:
    from torch import Tensor

    from ..memory.entries import Mention
    from ..memory.mention_memory import MentionMemory
    from ..pointer.search import FoundSpans
    from .storage import StoredParts

#: Held while a memory is replaced.
_changing = threading.Lock()
#: Lowest probability of a span that is remembered as one without a label.
LIKELY = 0.05
#: Spans and tokens to which the map of keys is fitted.
SAMPLE = 20_000


class Read(NamedTuple):
    """Mentions of a text, and the features of their spans and of all tokens."""

    mentions: List[Mention]
    features: Tensor
    tokens: Tensor


class Remembering:
    """Base class of a component with a memory of spans.

    The memory is an attribute that is replaced as a whole. So threads can predict while
    another one remembers, and an interruption leaves the memory as it was.
    """

    model: Model
    name: str
    cfg: Dict[str, Any]
    _memory: Optional[MentionMemory]
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
    ) -> int:
        """Remember the gold spans of examples, without training. Spans that the
        component would take for some label, but that are not gold, are remembered as
        spans without a label.

        The first examples also decide how spans are compared, so begin with those that
        the pipeline was trained on, or with many. What is remembered later does not
        depend on the order. The texts are kept, and saved with the pipeline.

        examples (Iterable[Example]): The examples, with gold spans under `spans_key`.
        source (str): A name for where they come from, such as a file.
        RETURNS (int): How many entries are new.
        RAISES (ValueError): GP072 if the source is no text; GP073 if an example has no
            gold annotation, or all together no span; GP074 if a gold span does not
            align with the tokens; GP075 if there would be too many entries; GP076 if
            the weights have changed since earlier entries were remembered. The memory
            stays as it was.
        """
        if not isinstance(source, str):
            raise ValueError(Errors.GP072.format(value=source))
        self._require_labels()  # type: ignore[attr-defined]
        examples = list(examples)
        validate_examples(examples, "GlobalPointer.remember")
        self._check_gold(examples)
        with _changing:
            self._is_checked = False  # the encoder may have been trained alone
            self._check_memory()
            before = self.memory
            memory = self._remembered(before, self._read(examples, source))
            self._memory = memory
            self._is_checked, self._is_updated = True, False
        return len(numpy.setdiff1d(memory.entries.ids, before.entries.ids))

    def forget(
        self, *, label: Optional[str] = None, source: Optional[str] = None
    ) -> int:
        """Forget the entries that have a label and a source. Without both, everything
        is forgotten.

        label (Optional[str]): The label; None for all, also entries without a label.
        source (Optional[str]): The source; None for all.
        RETURNS (int): How many entries were forgotten.
        RAISES (ValueError): GP077 if there is no such entry; GP016 if `thresholds`
            names a label that would be forgotten. The memory stays as it was.
        """
        from ..memory.mention_memory import MentionMemory

        with _changing:
            memory = self.memory
            if label is None and source is None:
                kept = memory.entries.only(lambda one: False)
            else:
                kept = memory.entries.only(
                    lambda one: (
                        label not in (None, one.label)
                        or source not in (None, one.source)
                    )
                )
            n = len(memory) - len(kept)
            if not n:
                known = memory.stats()
                fields = {"label": label, "source": source, "name": self.name}
                raise ValueError(Errors.GP077.format(**fields, known=known))
            own = MentionMemory(kept, memory.whitening, memory.digest)
            left = own if len(kept) else None
            # A threshold may not name a label that is not there any more.
            label_thresholds({**self.cfg, "labels": self._labels_with(left)})
            self._memory = left
        return n

    def refresh_memory(self) -> int:
        """Read all remembered texts again, after a training has changed the weights.

        RETURNS (int): The number of entries.
        RAISES (ValueError): GP074 if the tokens of a text have changed so that a
            remembered span does not align.
        """
        with _changing:
            mentions = self.memory.entries.mentions
            if mentions:
                self._memory = self._remembered(None, self._read_again(mentions))
                self._is_checked, self._is_updated = True, False
        return len(mentions)

    def accept_weights(self) -> None:
        """Keep the memory with the weights of now, although others made it. Only call
        this if the token vectors have hardly changed."""
        with _changing:
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
        return to_files(memory.entries, memory.whitening, memory.digest)

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
        from ..memory.mention_memory import MentionMemory
        from ..memory.storage import from_files

        data, lines = parts.memory
        read = from_files(data, lines, name=self.name, source=parts.place)
        self._memory = MentionMemory(*read)

    def _check_gold(self, examples: Sequence[Example]) -> None:
        key, n = self.cfg["spans_key"], 0
        for i, example in enumerate(examples):
            if key not in example.reference.spans:
                raise ValueError(Errors.GP073.format(key=key, which=f"Example {i}"))
            for span in example.reference.spans[key]:
                if not is_text(span.label_):
                    fields = {"label": repr(span.label_), "name": self.name}
                    raise ValueError(Errors.GP013.format(**fields))
                if not example.get_aligned_spans_y2x([span], allow_overlap=True):
                    raise ValueError(
                        Errors.GP074.format(span=span.text, which=f"example {i}")
                    )
                n += 1
        if not n:
            raise ValueError(Errors.GP073.format(key=key, which="All examples"))

    def _read(self, examples: Sequence[Example], source: str) -> Iterator[Read]:
        """Read the gold spans, and the spans that are likely but not gold."""
        for example, doc, vectors, found in self._with_vectors(examples):
            gold = GoldSpans(self.cfg["spans_key"], None)
            own = Example(doc, example.reference)
            spans = [(a, b, label) for label, a, b in gold.add(own)]
            places = {(a, b) for a, b, _ in spans}
            likely = {*zip(found.starts.tolist(), found.ends.tolist())}
            spans += [(a, b, None) for a, b in sorted(likely - places)]  # type: ignore
            yield _read_spans(doc, vectors, spans, source)

    def _read_again(self, mentions: Sequence[Mention]) -> Iterator[Read]:
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
        for batch in minibatch(zip(examples, docs), size):
            own = [doc for _, doc in batch]
            found, vectors = self._search(own, lowest, with_vectors=True)  # type: ignore[attr-defined]
            for (example, doc), x, spans in zip(batch, vectors, found):
                if len(doc):
                    yield example, doc, x, spans

    def _remembered(
        self, memory: Optional[MentionMemory], read: Iterable[Read]
    ) -> MentionMemory:
        """Return a memory with more entries."""
        import torch

        from ..memory.entries import Entries
        from ..memory.mention_memory import WIDTH, MentionMemory

        whitening = None if memory is None else memory.whitening
        parts: List[Read] = []
        mentions: List[Mention] = []
        keys: List[Tensor] = []
        n = 0
        for own in read:
            parts.append(own)
            n += len(own.features) + len(own.tokens)
            if whitening is None and n >= SAMPLE:
                whitening = _fit(parts, WIDTH)
            if whitening is not None:
                keys += [whitening.keys(part.features) for part in parts]
                mentions += [one for part in parts for one in part.mentions]
                parts = []
        if parts:
            whitening = _fit(parts, WIDTH)
            keys += [whitening.keys(part.features) for part in parts]
            mentions += [one for part in parts for one in part.mentions]
        entries = Entries.none() if memory is None else memory.entries
        if mentions:
            entries = entries.with_others(Entries.of(mentions, torch.cat(keys)))
        limit = self.cfg["memory_limit"]
        if entries.n_labelled > limit:
            fields = {"n": entries.n_labelled, "limit": limit, "name": self.name}
            raise ValueError(Errors.GP075.format(**fields))
        return MentionMemory(entries.at_most(limit), whitening, self._digest())

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
) -> Read:
    import torch

    from ..memory.entries import Mention
    from ..memory.span_features import span_features

    places = torch.tensor([span[:2] for span in spans], dtype=torch.int64)
    starts, ends = places.view(-1, 2).unbind(1)
    tokens = torch.arange(len(doc))
    text = doc.text
    mentions = [
        Mention(label, source, text, doc[a].idx, doc[b].idx + len(doc[b]))
        for a, b, label in spans
    ]
    features = span_features(vectors, starts, ends)
    return Read(mentions, features, span_features(vectors, tokens, tokens))


def _fit(parts: Sequence[Read], width: int) -> Any:
    """Fit the map of keys to spans and tokens."""
    import torch

    from ..memory.whitening import Whitening

    sample = torch.cat([x for own in parts for x in (own.features, own.tokens)])
    if len(sample) > SAMPLE:
        rows = numpy.linspace(0, len(sample) - 1, SAMPLE).astype("int64")
        sample = sample[rows]
    return Whitening.fit(sample, width)


def _not_before(nlp: Language, pipe: object) -> List[str]:
    """Return the names of a component and of those after it."""
    names = [name for name, own in nlp.pipeline if own is pipe]
    return nlp.pipe_names[nlp.pipe_names.index(names[0]) :] if names else []
