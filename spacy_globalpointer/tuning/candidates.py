"""Candidate spans of documents as columns, with the gold spans among them marked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import compress
from typing import Container, Iterable, List, Tuple

import numpy
import torch
from numpy.typing import NDArray

from ..evaluation.predictions import Predicted
from ..memory.document_memory import DocumentMemory
from ..pipeline.decision import Decision
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.overlap import select_spans
from ..pipeline.revision import document_memory_of, span_words
from ..pipeline.scorer import gold_spans
from ..pointer.probability import lowest_score, probability
from ..pointer.search import FoundSpans

IntArray = NDArray[numpy.int64]
FloatArray = NDArray[numpy.float32]
BoolArray = NDArray[numpy.bool_]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate spans before the overlap policy, made by `collect`. They are sorted by
    document, then by start, end and label: the order in which the component decides
    between equal scores.

    label_names (Tuple[str, ...]): The component's labels.
    docs (IntArray): Number of each span's document, shape (spans,).
    labels (IntArray): Index of each span's label, shape (spans,).
    starts (IntArray): First token of each span, shape (spans,).
    ends (IntArray): Last token of each span, inclusive, shape (spans,).
    raw (FloatArray): The model's score of each span, shape (spans,).
    words (List[Tuple[str, str]]): The names of each span's words, for the memory.
    scores (FloatArray): Probability of each span, shape (spans,), which the memory has
        revised.
    right (BoolArray): Whether each span is a gold span, shape (spans,).
    gold (IntArray): Number of gold spans, shape (documents, labels + 1); the last
        column is for labels that the component does not know.
    lowest (float): Lowest probability of a candidate; no span above it is missing.
    temperature (float): Temperature of the probabilities.
    memory (DocumentMemory): The document memory.
    """

    label_names: Tuple[str, ...]
    docs: IntArray
    labels: IntArray
    starts: IntArray
    ends: IntArray
    raw: FloatArray
    words: List[Tuple[str, str]]
    scores: FloatArray
    right: BoolArray
    gold: IntArray
    lowest: float
    temperature: float
    memory: DocumentMemory

    @property
    def n_gold(self) -> int:
        """Return the number of gold spans, including those of other labels."""
        return int(self.gold.sum())

    @property
    def label_gold(self) -> IntArray:
        """Return the number of gold spans of each label, shape (labels,)."""
        return self.gold[:, :-1].sum(axis=0)

    def of_documents(self, chosen: BoolArray) -> Candidates:
        """Select some documents.

        chosen (BoolArray): Whether each document is selected, shape (documents,).
        RETURNS (Candidates): Their candidates, with new numbers of documents.
        """
        taken = chosen[self.docs]
        columns = ("labels", "starts", "ends", "raw", "scores", "right")
        numbers = numpy.cumsum(chosen) - 1
        return replace(
            self,
            docs=numbers[self.docs[taken]],
            gold=self.gold[chosen],
            words=list(compress(self.words, taken)),
            **{name: getattr(self, name)[taken] for name in columns},
        )

    def without_labels(self, names: Container[str]) -> Candidates:
        """Return the same documents without the spans of some labels.

        names (Container[str]): The labels.
        RETURNS (Candidates): The other spans.
        """
        is_left = numpy.array([name not in names for name in self.label_names])
        left = is_left[self.labels] if len(self.labels) else self.right
        columns = ("docs", "labels", "starts", "ends", "raw", "scores", "right")
        return replace(
            self,
            words=list(compress(self.words, left)),
            **{name: getattr(self, name)[left] for name in columns},
        )

    def at_temperature(self, temperature: float) -> Candidates:
        """Return the same spans at another temperature."""
        floor = torch.tensor(lowest_score(self.lowest, self.temperature))
        lowest = float(probability(floor, temperature))
        moved = replace(self, lowest=lowest, temperature=temperature)
        return moved.with_memory(self.memory)

    def moved(self, threshold: float, temperature: float) -> float:
        """Return the threshold that keeps the same spans as one at another temperature.

        threshold (float): The threshold.
        temperature (float): Its temperature.
        """
        if temperature == self.temperature or not 0 < threshold < 1:
            return threshold
        logit = math.log(threshold / (1 - threshold)) * temperature / self.temperature
        return round((1 + math.tanh(logit / 2)) / 2, 6)

    def with_memory(self, memory: DocumentMemory) -> Candidates:
        """Return the same spans with the probabilities that another memory revises."""
        scores = probability(torch.from_numpy(self.raw), self.temperature).numpy()
        edges = numpy.flatnonzero(numpy.diff(self.docs, prepend=-1, append=-1))
        for own in map(slice, edges, edges[1:]) if memory.weight else ():
            scores[own] = memory.revise(
                *(scores[own], self.labels[own], self.starts[own], self.ends[own]),
                words=self.words[own],
            )
        return replace(self, scores=scores, memory=memory)

    def standing(self, cuts: FloatArray, overlap: str) -> BoolArray:
        """Find the spans that the component returns.

        cuts (FloatArray): Threshold of each label, shape (labels,).
        overlap (str): The overlap policy.
        RETURNS (BoolArray): Whether each span is returned, shape (spans,).
        """
        stands = numpy.zeros(len(self.docs), dtype=bool)
        decision = Decision(cuts, overlap=overlap)
        edges = numpy.flatnonzero(numpy.diff(self.docs)) + 1
        columns = (self.labels, self.starts, self.ends, self.scores)
        first = 0
        for own in zip(*(numpy.split(column, edges) for column in columns)):
            stands[first + decision.keep(*own)] = True
            first += len(own[0])
        return stands

    def select(self, rows: IntArray, overlap: str) -> IntArray:
        """Apply the overlap policy to some spans of one document.

        rows (IntArray): The spans, ascending, shape (some,).
        overlap (str): The overlap policy.
        RETURNS (IntArray): Indices in `rows` of the spans that it keeps.
        """
        first = self.starts[rows[0]] if len(rows) else 0  # the lowest start
        starts, ends = self.starts[rows] - first, self.ends[rows] - first
        return select_spans(overlap, starts, ends, self.scores[rows])


def collect(
    predicted: Iterable[Predicted], pipe: GlobalPointer, lowest: float
) -> Candidates:
    """Collect the candidates of documents. A span is right if the scorer `score_spans`
    counts it as right. Documents without gold annotation are left out.

    predicted (Iterable[Predicted]): The result of `predict_candidates`, not revised.
    pipe (GlobalPointer): The component that predicted them.
    lowest (float): The lowest probability that was searched for.
    RETURNS (Candidates): The candidates.
    """
    annotated = [one for one in predicted if pipe.key in one.example.reference.spans]
    number = {label: i for i, label in enumerate(pipe.labels)}
    gold = numpy.zeros((len(annotated), len(number) + 1), dtype=numpy.int64)
    right: List[bool] = []
    for own, one in zip(gold, annotated):
        wanted = gold_spans(one.example.reference, pipe.key)
        for label, _, _ in wanted:
            own[number.get(label, -1)] += 1
        right.extend(span in wanted for span in one.char_spans(pipe.labels))
    found = [FoundSpans.none(), *(one.found for one in annotated)]
    columns = ("labels", "starts", "ends", "scores")
    labels, starts, ends, raw = (
        torch.cat([getattr(one, name) for one in found]) for name in columns
    )
    temperature = pipe.cfg["temperature"]
    words: List[Tuple[str, str]] = []
    for one in annotated:
        places = one.found.starts.numpy(), one.found.ends.numpy()
        words += span_words(one.example.predicted, *places)
    candidates = Candidates(
        label_names=pipe.labels,
        docs=numpy.repeat(
            numpy.arange(len(annotated)), [len(one.scores) for one in found[1:]]
        ),
        labels=labels.numpy(),
        starts=starts.numpy(),
        ends=ends.numpy(),
        raw=raw.numpy(),
        words=words,
        scores=numpy.zeros(len(raw), dtype=numpy.float32),
        right=numpy.array(right, dtype=bool),
        gold=gold,
        lowest=lowest,
        temperature=temperature,
        memory=document_memory_of(pipe.cfg),
    )
    return candidates.with_memory(candidates.memory)
