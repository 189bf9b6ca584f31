"""Comparison of a pipeline's runners on a sample: what each finds, and how fast."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from tqdm import tqdm

from ..benchmarking.timings import count_words, take_turns
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
    words (int): Number of tokens of the sample that are not white space.
    spans (int): Number of spans that torch in float32 returns.
    gold (int): Number of gold spans.
    annotated (int): Number of documents whose gold spans are known. F1 is that of these
        documents, and everything else that of all.
    """

    rows: List[Row]
    words: int
    spans: int
    gold: int
    annotated: int

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
    def can_lose(self) -> bool:
        """Return whether torch finds something that could be lost: a gold span, or a
        span if there are none."""
        f1 = self.rows[0].f1
        return self.spans > 0 if f1 is None else f1 > 0

    @property
    def fastest_torch(self) -> float:
        """Return the words per second of torch in its fastest precision."""
        return max(row.speed for row in self.rows[:-1])

    @property
    def is_faster(self) -> bool:
        """Return whether the accelerated encoder is faster than torch."""
        return self.rows[-1].speed > self.fastest_torch


class _Findings(NamedTuple):
    """What is found in documents, and the seconds that it took. A probability is that
    of a candidate; returned spans are a subset of the candidates."""

    examples: List[Example]
    found: List[Dict[LabelledSpan, float]]
    returned: List[Set[LabelledSpan]]
    seconds: float


class _Variant(NamedTuple):
    """A runner of an encoder; None for torch."""

    name: str
    precision: str
    runner: Optional[ExportedRunner] = None

    @contextmanager
    def used_by(self, shim: EncoderShim) -> Iterator[None]:
        """Let an encoder predict with the runner."""
        before = shim.precision, shim.runner
        shim.precision, shim.runner = self.precision, self.runner
        try:
            yield
        finally:
            shim.precision, shim.runner = before


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
    total = len(variants) * (len(batches) + 1)
    disable = True if progress is None else None
    with tqdm(desc=progress, total=total, leave=False, disable=disable) as bar:

        def predict(own: _Variant, turn: int) -> _Findings:
            with own.used_by(shim):
                findings = _predict(nlp, pipe, batches[max(0, turn - 1)])
            bar.update()
            return findings

        calls = {own.name: partial(predict, own) for own in variants}
        results = take_turns(calls, len(batches))
    return _summarize({name: _join(own) for name, own in results.items()}, pipe)


def _predict(nlp: Language, pipe: GlobalPointer, docs: Sequence[Doc]) -> _Findings:
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    begin = time.perf_counter()
    predicted = predict_examples(nlp, examples, pipe.name, lowest=LOWEST)
    found, returned = decide(predicted, pipe)
    seconds = time.perf_counter() - begin
    return _Findings([one.example for one in predicted], found, returned, seconds)


def _join(batches: Sequence[_Findings]) -> _Findings:
    examples, found, returned, seconds = zip(*batches)
    own = [list(chain(*lists)) for lists in (examples, found, returned)]
    return _Findings(own[0], own[1], own[2], sum(seconds))


def _summarize(results: Dict[str, _Findings], pipe: GlobalPointer) -> Comparison:
    reference = results[REFERENCE]
    words = sum(count_words(example.predicted) for example in reference.examples)
    matched = match_spans(reference.examples, reference.found, spans_key=pipe.key)
    return Comparison(
        [_row(name, own, reference, pipe, words) for name, own in results.items()],
        words,
        spans=sum(map(len, reference.returned)),
        gold=sum(span.is_gold for span in matched),
        annotated=sum(pipe.key in x.reference.spans for x in reference.examples),
    )


def _row(
    name: str, own: _Findings, reference: _Findings, pipe: GlobalPointer, words: int
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
        name,
        f1=_f1(own, pipe),
        agreement=both / either if either else 1.0,
        largest=float(changes.max(initial=0.0)),
        mean=float(changes.mean()) if len(changes) else 0.0,
        speed=words / own.seconds,
    )


def _f1(own: _Findings, pipe: GlobalPointer) -> Optional[float]:
    """Compute F1 on the documents that have the key of gold spans."""
    candidates = match_spans(own.examples, own.found, spans_key=pipe.key)
    if not any(span.is_gold for span in candidates):
        return None
    return score_all(select(candidates, own.returned)).fscore
