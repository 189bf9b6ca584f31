"""The pipeline component `global_pointer`."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Optional,
    Sequence,
    Tuple,
    cast,
)

import numpy
from numpy.typing import NDArray
from spacy.attrs import IS_SPACE
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, NumpyOps, Optimizer, set_dropout_rate

from ..errors import Errors, Warnings
from ..span_score import place_of, set_scores
from .attributes import SettingAttributes, unsaved_settings
from .change_lock import ChangeLock
from .decision import Decision, decision_of
from .gold import GoldSpans
from .mention_revision import evidence_of, revise_by_mentions
from .overlap import select_spans
from .remembering import Remembering
from .revision import document_memory_of, revise_by_document
from .scorer import score_spans
from .settings import check_settings, settings
from .span_loss import Loss, make_span_loss_v1
from .stored_pipe import StoredPipe

#: Tokens of a document from which rounded states are faster to search.
ROUNDED_FROM = 500

# torch is imported where it is used: spaCy imports this module at every start.
if TYPE_CHECKING:
    from torch import Tensor

    from ..memory.mention_memory import MentionMemory
    from ..pointer.search import FoundSpans
    from ..pointer.states import PointerStates
    from .recalled_spans import RecalledSpans

#: Runs the model on a batch, propagates gradients back, and returns losses by name.
Lesson = Callable[[List[Example]], Dict[str, float]]


class GlobalPointer(SettingAttributes, Remembering, StoredPipe):
    """Component that finds spans, including nested and overlapping ones, and scores
    them.

    Every pair of a start and an end token is scored for every label, without a
    suggester. The spans whose probability reaches the threshold are written to
    `doc.spans[spans_key]`, sorted by start, end and label. Their probabilities are in
    `attrs["scores"]`; if the group was changed later, `span_score.span_scores` reads
    them.

    The component remembers the length of the longest span that training scored (in the
    longest document or chunk, up to max_span_length), and never predicts a longer one.
    At distances that a model has not seen in training, it predicts thousands of wrong
    spans.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], PointerStates],
        name: str = "global_pointer",
        *,
        spans_key: str = "sc",
        threshold: float = 0.5,
        thresholds: Optional[Dict[str, float]] = None,
        temperature: float = 1.0,
        max_span_length: Optional[int] = None,
        overlap: str = "any",
        annotate_ents: bool = False,
        max_spans_per_doc: Optional[int] = 100_000,
        memory_weight: float = 0.0,
        memory_temperature: float = 0.1,
        memory_neighbours: int = 64,
        memory_lowest: float = 0.02,
        memory_limit: int = 100_000,
        document_memory: float = 0.0,
        document_band: Sequence[float] = (0.1, 0.9),
        loss: Optional[Loss] = None,
        scorer: Optional[Callable] = score_spans,
    ) -> None:
        """Initialize the component.

        vocab (Vocab): The shared vocabulary.
        model (Model[List[Doc], PointerStates]): A model whose reference
            "output_layer" has the number of labels as its dimension nO.
        name (str): The component's name, also its name in the losses.
        spans_key (str): Key of `Doc.spans` for gold and predicted spans.
        threshold (float): Lowest probability of a predicted span, which is
            σ(score / temperature).
        thresholds (Optional[Dict[str, float]]): Thresholds of single labels, used
            instead of `threshold`.
        temperature (float): Divisor of the scores, above 0; values above 1 make the
            probabilities less extreme. The model does not learn it, but `spacy
            global-pointer tune` can find it.
        max_span_length (Optional[int]): Longest span in tokens, in training and
            prediction; None for no limit.
        overlap (str): "any", "nested" (no two spans cross) or "flat" (no two overlap).
            Of two spans in conflict, the one with the higher score is kept.
        annotate_ents (bool): Also write the best non-overlapping spans to `doc.ents`;
            existing entities stay unless such a span overlaps them.
        max_spans_per_doc (Optional[int]): Keep at most this many spans of a document,
            the most probable ones. A warning reports when spans are dropped.
        memory_weight (float): Weight from 0 to 1 of what the memory of spans says about
            labels that were trained. Labels that it alone knows do not need it.
        memory_temperature (float): Divisor of the similarities to its entries, above 0.
        memory_neighbours (int): Number of entries that vote on a span.
        memory_lowest (float): Lowest probability, with any label, of a span that they
            vote on.
        memory_limit (int): Highest number of entries.
        document_memory (float): Weight from 0 to 1 with which sure spans of a document
            revise doubtful spans of the same words; 0 for no revision. See
            `DocumentMemory`.
        document_band (Sequence[float]): Lowest probability of a doubtful span, and of a
            sure one.
        loss (Optional[Loss]): The loss; None for that of the GlobalPointer paper.
        scorer (Optional[Callable]): The scoring method.
        RAISES (ValueError): GP010 to GP012, GP020, GP044 or GP063 if the component
            cannot use a setting's value.
        """
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss: Loss = loss or make_span_loss_v1()
        self.scorer = scorer
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "label_counts": {},
            "trained_length": 0,
            "spans_key": spans_key,
            "threshold": threshold,
            "thresholds": {} if thresholds is None else thresholds,
            "temperature": temperature,
            "max_span_length": max_span_length,
            "overlap": overlap,
            "annotate_ents": annotate_ents,
            "max_spans_per_doc": max_spans_per_doc,
            "memory_weight": memory_weight,
            "memory_temperature": memory_temperature,
            "memory_neighbours": memory_neighbours,
            "memory_lowest": memory_lowest,
            "memory_limit": memory_limit,
            "document_memory": document_memory,
            "document_band": document_band,
        }
        #: Replaces `learn_gold` for the time of a training; it is not saved.
        self.lesson: Optional[Lesson] = None
        self._warned: Dict[str, object] = {}
        self._memory: Optional[MentionMemory] = None
        self._changing = ChangeLock()
        self._is_checked = self._is_updated = False
        check_settings(self.cfg)
        self.cfg["thresholds"] = dict(self.cfg["thresholds"])
        self.cfg["document_band"] = list(self.cfg["document_band"])
        self._config = settings(self.cfg)

    @property
    def key(self) -> str:
        """Return the key of `Doc.spans` for gold and predicted spans."""
        return self.cfg["spans_key"]

    @property
    def labels(self) -> Tuple[str, ...]:
        """Return the labels that can be predicted: those of the model in its order,
        then those that only the memory knows."""
        return self._labels_with(self._memory)

    def _all_labels(self) -> List[str]:
        return list(self.labels)

    @property
    def label_data(self) -> List[str]:
        """Return the labels of the model, as `spacy init labels` stores them."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label. A trained model keeps the scores of its labels, and starts to
        learn the new label with the next update.

        label (str): The label.
        RETURNS (int): 0 if the label is already present, otherwise 1.
        RAISES (ValueError): GP013 if the label is not valid Unicode; spaCy's E922 if
            the model already has its labels and its architecture cannot add any.
        """
        self._check_label(label)
        if label in self.cfg["labels"]:
            return 0
        self._allow_extra_label()
        if self.is_resizable:
            self.set_output(len(self.cfg["labels"]) + 1)
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
    ) -> None:
        """Collect the labels and build the model.

        get_examples (Callable[[], Iterable[Example]]): Yields a representative
            sample of the training data.
        nlp (Optional[Language]): The pipeline that the component is part of.
        labels (Optional[List[str]]): The labels, as `spacy init labels` stores them;
            None collects them from the sample.
        RAISES (ValueError): GP014 if there is no label; GP015 if the width of the token
            vectors is unknown; GP016 if `thresholds` or the loss's `label_weights` name
            an unknown label; GP019 if the model has another number of labels; GP063 if
            `labels` is not a list.
        """
        validate_get_examples(get_examples, "GlobalPointer.initialize")
        sample: List[Doc] = []
        gold = self._gold_spans()
        for example in get_examples():
            gold.add(example)
            if len(sample) < 10:
                sample.append(example.x)
        if labels is not None and not isinstance(labels, (list, tuple)):
            rule = "a list of strings, or null for the labels of the training data"
            fields = {"name": "labels", "value": labels, "rule": rule}
            raise ValueError(Errors.GP063.format(**fields))
        for label in gold.labels if labels is None else labels:
            self.add_label(label)
        if not self.cfg["labels"]:
            keys = sorted(gold.other_keys) or "none"
            message = Errors.GP014.format(
                name=self.name, key=self.key, n=gold.n_docs, keys=keys
            )
            raise ValueError(message)
        self.decision()  # raises GP016 if `thresholds` names an unknown label
        self.cfg["label_counts"] = dict(sorted(gold.label_counts.items()))
        self._label_weights()
        for code, message in gold.warnings(self.name):
            self._warn_once(code, message)
        if nlp is not None:
            self._check_score_weights(nlp)
        self.cfg["trained_length"] = 0
        self._is_checked = False  # a memory may not fit the new weights
        self._build_model(sample)

    def _gold_spans(self) -> GoldSpans:
        return GoldSpans(self.key, self.cfg["max_span_length"], self.cfg["overlap"])

    def _build_model(self, sample: List[Doc]) -> None:
        output_layer, labels = self.model.get_ref("output_layer"), self.cfg["labels"]
        if not output_layer.has_dim("nO"):
            output_layer.set_dim("nO", len(labels))
        if output_layer.get_dim("nO") != len(labels):
            message = Errors.GP019.format(
                name=self.name, nO=output_layer.get_dim("nO"), labels=tuple(labels)
            )
            raise ValueError(message)
        sample = [doc for doc in sample if len(doc)] or [Doc(self.vocab, words=["a"])]
        for node in self.model.walk():
            if node.name.endswith("-listener") and not node.has_dim("nO"):
                raise ValueError(Errors.GP015.format(name=self.name, node=node.name))
        self.model.initialize(X=sample)

    def _check_score_weights(self, nlp: Language) -> None:
        weights = nlp.config.get("training", {}).get("score_weights", {})
        mine = f"spans_{self.key}_"
        keys = [p.key for _, p in nlp.pipeline if p is not self and hasattr(p, "key")]
        theirs = tuple(f"spans_{key}_" for key in keys)
        other = [
            key
            for key, weight in weights.items()
            if key.startswith("spans_") and weight and not key.startswith(theirs)
        ]
        if other and not any(key.startswith(mine) for key in other):
            message = Warnings.GPW005.format(name=self.name, weights=other, mine=mine)
            self._warn_once("GPW005", message)

    def predict(self, docs: Iterable[Doc]) -> List[FoundSpans]:
        """Find the spans of a batch of documents, without writing them.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[FoundSpans]): The candidates of each document for `decision()`.
        """
        memory = self._memory  # another thread may replace it
        decision = decision_of(self.cfg, labels=self._labels_with(memory))
        lowest = decision.thresholds.tolist()
        return self._candidates(docs, lowest, self.cfg, memory)

    def candidates(
        self,
        docs: Iterable[Doc],
        lowest: Sequence[float],
        *,
        left_out: bool = False,
        **changes: Any,
    ) -> List[FoundSpans]:
        """Find all spans down to some probability. The component and the documents do
        not change.

        Prediction, evaluation and tuning get their candidates here, with the scores
        that memories have revised, and a `Decision` chooses between them.

        docs (Iterable[Doc]): The documents.
        lowest (Sequence[float]): Lowest probability of a span of each label.
        left_out (bool): Whether the memory's entries of a document's own text do not
            count for it.
        **changes: Values of settings instead of the component's own, such as
            document_memory=0.0.
        RETURNS (List[FoundSpans]): The candidates of each document. Because of
            rounding, some may be slightly less probable.
        RAISES (ValueError): GP090 if the model's weights are not finite numbers.
        """
        cfg = {**self.cfg, **changes}
        return self._candidates(docs, lowest, cfg, self._memory, left_out)

    def _candidates(
        self,
        docs: Iterable[Doc],
        lowest: Sequence[float],
        cfg: Dict[str, Any],
        memory: Optional[MentionMemory],
        left_out: bool = False,
    ) -> List[FoundSpans]:
        from ..pointer.search import FoundSpans

        docs = list(docs)
        self._require_labels()
        check_settings(cfg)  # they may have been changed since
        if not any(len(doc) for doc in docs):
            return [FoundSpans.none() for _ in docs]
        floors = numpy.array(lowest, dtype=numpy.float32)
        document, temperature = document_memory_of(cfg), cfg["temperature"]
        needed = numpy.minimum(floors, document.band[0]) if document.weight else floors
        asked = needed[: len(cfg["labels"])]
        if memory is not None:
            memory = self._usable(memory)
        if memory is not None:
            asked = numpy.minimum(asked, numpy.float32(cfg["memory_lowest"]))
        recalls = memory is not None
        found, vectors = self._search(
            *(docs, asked.tolist()),
            counted=floors[: len(asked)].tolist(),
            with_vectors=recalls,
        )
        if memory is not None:
            labels = self._labels_with(memory)
            for i, (doc, x) in enumerate(zip(docs, vectors)):
                others = memory.without(doc.text) if left_out else memory
                found[i] = revise_by_mentions(
                    *(doc, x, found[i], others, cfg, labels, needed),
                    max_span_length=self.reach(),
                )
        if document.weight:
            exact = Decision(floors, temperature)
            for i, (doc, own) in enumerate(zip(docs, found)):
                spans = revise_by_document(doc, own, document, temperature)
                found[i] = spans.take(exact.decide(spans)[0])
        return found

    def _search(
        self,
        docs: List[Doc],
        lowest: Sequence[float],
        *,
        counted: Sequence[float],
        with_vectors: bool,
    ) -> Tuple[List[FoundSpans], List[Tensor]]:
        """Find all spans of the model's labels down to some probability, and warn if
        those above the counted probabilities are too many. If asked, also return the
        vectors of each document's tokens, which need memory."""
        import torch

        from ..layers.pointer_head import search_states
        from ..pointer.probability import lowest_score
        from ..pointer.search import search_spans

        kinds = [self._searches_rounded(doc) for doc in docs]
        if len({*kinds}) > 1:  # a document's scores do not depend on the others
            options: Dict[str, Any] = {"counted": counted}
            options["with_vectors"] = with_vectors
            spans_of: Dict[int, FoundSpans] = {}
            vectors_of: Dict[int, Tensor] = {}
            for kind in (True, False):
                places = [i for i, own in enumerate(kinds) if own == kind]
                some = [docs[i] for i in places]
                found, vectors = self._search(some, lowest, **options)
                spans_of.update(zip(places, found))
                vectors_of.update(zip(places, vectors))
            return [x for _, x in sorted(spans_of.items())], [
                x for _, x in sorted(vectors_of.items())
            ]
        rounded, vectors = kinds[0], []
        if with_vectors or rounded:
            arrays = self.model.get_ref("tok2vec").predict(docs)
            head = self.model.get_ref("output_layer")
            states = search_states(head, arrays) if rounded else head.predict(arrays)
            if with_vectors:
                arrays = map(self.model.ops.to_numpy, arrays)
                vectors = [torch.from_numpy(x).float() for x in arrays]
        else:
            states = self.model.predict(docs)
        self.check_finite(states)
        self.warn_uncovered(docs, states)
        limit, temperature = self.cfg["max_spans_per_doc"], self.cfg["temperature"]
        found = search_spans(
            states,
            [lowest_score(p, temperature) for p in lowest],
            max_span_length=self.reach(),
            limit=limit,
            counted=[lowest_score(p, temperature) for p in counted],
        )
        for spans in found:
            if spans.n_above > len(spans.scores):
                message = Warnings.GPW004.format(
                    name=self.name, n=spans.n_above, limit=limit
                )
                self._warn_once("GPW004", message)
        return found, vectors

    def _searches_rounded(self, doc: Doc) -> bool:
        """Decide whether rounded states make the search faster: for many words, on a
        CPU that computes fast in bfloat16. Spans and scores do not depend on it, but
        for the rounding of scores to float32."""
        from ..encoders.precision import GAIN, bf16_gain

        if len(doc) < ROUNDED_FROM or not isinstance(self.model.ops, NumpyOps):
            return False
        head = self.model.maybe_get_ref("output_layer")
        ours = head is not None and head.name == "pointer_head"
        return ours and bf16_gain("cpu") > GAIN

    def decision(self, **changes: Any) -> Decision:
        """Make the decision between candidates from the component's settings.

        **changes: Values of settings instead of the component's own.
        RETURNS (Decision): The decision.
        RAISES (ValueError): GP016 if `thresholds` names an unknown label.
        """
        return decision_of(self.cfg, **{"labels": list(self.labels), **changes})

    def check_finite(self, states: PointerStates) -> None:
        """Check the output of the model.

        states (PointerStates): The output.
        RAISES (ValueError): GP090 if a value is infinite or NaN.
        """
        from ..layers.finite import weights_not_finite

        if not states.is_finite():
            own = weights_not_finite(self.model) or "none outside the encoder"
            raise ValueError(Errors.GP090.format(name=self.name, weights=own))

    def reach(self) -> Optional[int]:
        """Return the length of the longest span to predict; None for no limit."""
        bounds = (self.cfg["max_span_length"], self.cfg["trained_length"])
        return min((bound for bound in bounds if bound), default=None)

    def _label_weights(self) -> Optional[List[float]]:
        counts = self.cfg["label_counts"]
        labels = self.cfg["labels"]
        uncounted = self.loss.uncounted(labels, counts)
        if uncounted:
            message = Warnings.GPW016.format(name=self.name, labels=uncounted)
            self._warn_once("GPW016", message)
        return self.loss.weights_of(labels, counts)

    def set_annotations(
        self, docs: Iterable[Doc], predictions: List[FoundSpans]
    ) -> None:
        """Write predicted spans to `doc.spans`, and to `doc.ents` if `annotate_ents` is
        set.

        docs (Iterable[Doc]): The documents.
        predictions (List[FoundSpans]): The result of `predict`.
        """
        for doc, found in zip(docs, predictions):
            names = getattr(found, "names", self.labels)
            decision = decision_of(self.cfg, labels=names)
            rows, probabilities = decision.decide(found)
            spans = self._spans(doc, found, rows, names)
            order = sorted(range(len(spans)), key=lambda i: place_of(spans[i]))
            group = SpanGroup(doc, name=self.key, spans=[spans[i] for i in order])
            kept = rows[order]
            evidence = None
            if hasattr(found, "names"):
                evidence = evidence_of(cast("RecalledSpans", found), kept, self.cfg)
            set_scores(group, probabilities[kept], evidence)
            doc.spans[self.key] = group
            if self.cfg["annotate_ents"]:
                starts, ends = found.starts.numpy()[rows], found.ends.numpy()[rows]
                flat = select_spans("flat", starts, ends, probabilities[rows])
                _add_ents(doc, [spans[i] for i in flat])

    def _spans(
        self,
        doc: Doc,
        found: FoundSpans,
        rows: NDArray[numpy.int64],
        names: Sequence[str],
    ) -> List[Span]:
        starts, ends = found.starts[rows].tolist(), found.ends[rows].tolist()
        labels = [names[i] for i in found.labels[rows].tolist()]
        return [
            Span(doc, start, end + 1, label=label)
            for start, end, label in zip(starts, ends, labels)
        ]

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch of examples.

        examples (Iterable[Example]): The batch.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer. Without one, the gradient is kept for
            `finish_update`.
        losses (Optional[Dict[str, float]]): Losses by component, updated.
        RETURNS (Dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "GlobalPointer.update")
        if not any(len(example.predicted) for example in examples):
            return losses
        self._require_labels()
        set_dropout_rate(self.model, drop)
        self._is_checked, self._is_updated = False, True
        for name, loss in (self.lesson or self.learn_gold)(examples).items():
            losses[name] = losses.get(name, 0.0) + loss
        longest = max(len(example.predicted) for example in examples)
        covered = min(longest, self.cfg["max_span_length"] or longest)
        self.cfg["trained_length"] = max(self.cfg["trained_length"], covered)
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def learn_gold(self, examples: List[Example]) -> Dict[str, float]:
        """Run the model on a batch, and propagate the gradient of the loss back.

        examples (List[Example]): The batch, with at least one token.
        RETURNS (Dict[str, float]): The loss, by the component's name.
        """
        docs = [example.predicted for example in examples]
        states, backprop = self.model.begin_update(docs)
        self.warn_uncovered(docs, states)
        loss, d_states = self.get_loss(examples, states)
        backprop(d_states)
        return {self.name: loss}

    def get_loss(
        self, examples: Iterable[Example], states: PointerStates
    ) -> Tuple[float, PointerStates]:
        """Compute the loss of a batch and its gradient.

        examples (Iterable[Example]): The batch.
        states (PointerStates): The model's output for it.
        RETURNS (Tuple[float, PointerStates]): The loss and its gradient.
        RAISES (ValueError): GP017 if a gold span has a label that the component
            does not know; GP021 if the loss is not finite.
        """
        gold = self._gold_spans()
        rows = [
            (i, self._label_index(label), start, end)
            for i, example in enumerate(examples)
            for label, start, end in gold.add(example)
        ]
        for code, message in gold.warnings(self.name):
            self._warn_once(code, message)
        loss, d_states = self.loss(
            states,
            rows,
            weights=self._label_weights(),
            max_span_length=self.cfg["max_span_length"],
        )
        if not math.isfinite(loss):
            raise ValueError(Errors.GP021.format(name=self.name, loss=loss))
        return loss, d_states

    def _label_index(self, label: str) -> int:
        try:
            return self.cfg["labels"].index(label)
        except ValueError:
            message = Errors.GP017.format(
                label=label, name=self.name, labels=tuple(self.cfg["labels"])
            )
            raise ValueError(message) from None

    def warn_uncovered(self, docs: List[Doc], states: PointerStates) -> None:
        """Warn if the encoder had no vector for some tokens of a batch.

        docs (List[Doc]): The batch.
        states (PointerStates): The model's output for it.
        """
        if states.covered is None or bool(states.covered.all()):
            return
        uncovered = (~states.covered).cpu().numpy()
        words = numpy.concatenate([doc.to_array([IS_SPACE]) for doc in docs]) == 0
        n_words, n_lost = int(words.sum()), int((uncovered & words).sum())
        if n_lost and n_lost == n_words:
            message = Warnings.GPW001.format(name=self.name, n=n_words)
            self._warn_once("GPW001", message)
        elif n_lost:
            message = Warnings.GPW002.format(name=self.name, n=n_lost, total=n_words)
            self._warn_once("GPW002", message)

    def _warn_once(self, code: str, message: str) -> None:
        mine = object()
        if self._warned.setdefault(code, mine) is mine:  # only one thread warns
            warnings.warn(message, stacklevel=3)

    def before_saving(self, path: Optional[Path] = None) -> None:
        """Warn about settings in `cfg` that differ from the config, because only the
        config is saved.

        path (Optional[Path]): The folder to write; None when saving to bytes.
        """
        changed = unsaved_settings(self, path)
        if changed:
            message = Warnings.GPW008.format(name=self.name, changed=changed)
            self._warn_once("GPW008", message)

    def after_loading(self) -> None:
        """Check that the settings name only labels that were loaded.

        RAISES (ValueError): GP016 for an unknown label.
        """
        self.decision()


def _add_ents(doc: Doc, spans: List[Span]) -> None:
    """Write spans as entities, and keep the entities that do not overlap them."""
    taken = {i for span in spans for i in range(span.start, span.end)}
    kept = [e for e in doc.ents if taken.isdisjoint(range(e.start, e.end))]
    doc.set_ents([*spans, *kept])
