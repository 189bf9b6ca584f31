"""Comparison of a pipeline's runners on a sample: what each finds, and how fast."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from tqdm import tqdm

from ..encoders.encoder_shim import EncoderShim
from ..encoders.precision import bf16_gain
from ..encoders.runners.runner import ExportedRunner
from ..evaluation.breakdown import score_all
from ..evaluation.evaluate import decide, select
from ..evaluation.matching import match_spans
from ..evaluation.predictions import LOWEST, find_component, predict_examples
from ..pipeline.global_pointer import GlobalPointer
from ..types import LabelledSpan

#: Name of the runner that the others are compared with.
REFERENCE = "torch fp32"


class Row(NamedTuple):
    """Results of one runner.

    name (str): Library and precision.
    f1 (Optional[float]): F1 on the gold spans; None without gold spans.
    agreement (float): Spans that it and torch in float32 both return, as a fraction of
        those that one of them returns.
    largest (float): Largest change of a span's probability.
    mean (float): Mean change. Only spans that one of the two gives at least `LOWEST`
        count. The other gives them at least this in the comparison.
    speed (float): Words per second of the pipeline, up to the decision about spans.
    """

    name: str
    f1: Optional[float]
    agreement: float
    largest: float
    mean: float
    speed: float


class Comparison(NamedTuple):
    """Results of all runners, made by `compare`.

    rows (List[Row]): First torch in float32, then, if the CPU computes in bfloat16,
        torch in bfloat16, then the accelerated encoder.
    words (int): Number of tokens of the sample.
    """

    rows: List[Row]
    words: int

    @property
    def has_gold(self) -> bool:
        """Return whether the sample has gold spans."""
        return self.rows[0].f1 is not None

    @property
    def loss(self) -> float:
        """Return what the accelerated encoder loses, in points: of F1 with gold spans,
        of the agreement without."""
        own, reference = self.rows[-1], self.rows[0]
        if own.f1 is not None and reference.f1 is not None:
            return 100 * (reference.f1 - own.f1)
        return 100 * (1 - own.agreement)

    @property
    def is_faster(self) -> bool:
        """Return whether the accelerated encoder is faster than torch."""
        return self.rows[-1].speed > max(row.speed for row in self.rows[:-1])


@dataclass
class _Variant:
    """A runner, and what it has found in which time. A probability is that of a
    candidate; returned spans are a subset of the candidates."""

    name: str
    precision: str
    runner: Optional[ExportedRunner] = None
    examples: List[Example] = field(default_factory=list)
    found: List[Dict[LabelledSpan, float]] = field(default_factory=list)
    returned: List[Set[LabelledSpan]] = field(default_factory=list)
    seconds: float = 0.0

    @contextmanager
    def used_by(self, shim: EncoderShim) -> Iterator[None]:
        """Let an encoder predict with the runner."""
        before = shim.precision, shim.runner
        shim.precision, shim.runner = self.precision, self.runner
        try:
            yield
        finally:
            shim.precision, shim.runner = before

    def predict(self, nlp: Language, pipe: GlobalPointer, docs: Sequence[Doc]) -> None:
        """Predict documents, and keep what is found."""
        examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
        begin = time.perf_counter()
        predicted = predict_examples(nlp, examples, pipe.name, lowest=LOWEST)
        found, returned = decide(predicted, pipe)
        self.seconds += time.perf_counter() - begin
        self.examples += [one.example for one in predicted]
        self.found += found
        self.returned += returned


def compare(
    nlp: Language,
    shim: EncoderShim,
    runner: ExportedRunner,
    docs: Sequence[Doc],
    *,
    component: str,
    progress: Optional[str] = None,
) -> Comparison:
    """Compare a runner of the encoder with torch, batch by batch in turn.

    nlp (Language): The pipeline. Nothing else may use it meanwhile.
    shim (EncoderShim): Shim of its encoder, which still has weights.
    runner (ExportedRunner): The runner.
    docs (Sequence[Doc]): The sample, with a token in at least one document, and with
        gold spans or without.
    component (str): Name of the component whose spans are compared.
    progress (Optional[str]): Text of a progress bar; None shows none.
    RETURNS (Comparison): The results.
    """
    pipe = find_component(nlp, component)
    variants = [_Variant(REFERENCE, "fp32")]
    if bf16_gain("cpu") > 0.5:
        variants.append(_Variant("torch bf16", "bf16"))
    name = f"{runner.kind} {runner.precision}"
    variants.append(_Variant(name, shim.precision, runner))
    batches = [list(batch) for batch in minibatch(docs, nlp.batch_size)]
    for own in variants:  # what is done once does not count
        with own.used_by(shim):
            _Variant(own.name, own.precision).predict(nlp, pipe, batches[0])
    disable = True if progress is None else None
    for i, batch in enumerate(tqdm(batches, progress, leave=False, disable=disable)):
        for j in range(len(variants)):
            own = variants[(i + j) % len(variants)]
            with own.used_by(shim):
                own.predict(nlp, pipe, batch)
    words = sum(len(example.predicted) for example in variants[0].examples)
    rows = [_summarize(own, variants[0], pipe, words) for own in variants]
    return Comparison(rows, words)


def _summarize(
    own: _Variant, reference: _Variant, pipe: GlobalPointer, words: int
) -> Row:
    changes = numpy.array(
        [
            abs(one.get(span, LOWEST) - other.get(span, LOWEST))
            for one, other in zip(own.found, reference.found)
            for span in {*one, *other}
        ]
    )
    pairs = list(zip(own.returned, reference.returned))
    either = sum(len(one | other) for one, other in pairs)
    both = sum(len(one & other) for one, other in pairs)
    return Row(
        own.name,
        f1=_f1(own, pipe),
        agreement=both / either if either else 1.0,
        largest=float(changes.max(initial=0.0)),
        mean=float(changes.mean()) if len(changes) else 0.0,
        speed=words / own.seconds,
    )


def _f1(own: _Variant, pipe: GlobalPointer) -> Optional[float]:
    candidates = match_spans(own.examples, own.found, spans_key=pipe.key)
    if not any(span.is_gold for span in candidates):
        return None
    return score_all(select(candidates, own.returned)).fscore
