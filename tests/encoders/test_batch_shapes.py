"""Shapes of batches: few, and no more filling than they need."""

from __future__ import annotations

import random

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import make_bert
from spacy.training import Example

from spacy_globalpointer.encoders import transformer_model
from spacy_globalpointer.encoders.batch_shapes import (
    CALL_COST,
    count_for_few_shapes,
    round_count,
    round_length,
)
from spacy_globalpointer.encoders.encoder_shim import EncoderShim
from spacy_globalpointer.encoders.transformer_model import get_shim

MODEL = "spacy-globalpointer.TransformerModel.v1"
COARSENESS = st.integers(1, 2)


@given(st.integers(1, 5000), COARSENESS)
def test_rounding_increases_a_length_only_a_little(length, coarseness):
    rounded = round_length(length, coarseness)
    most = max(4, min(length / 4, 8 * coarseness), coarseness * length / 16)
    assert 0 <= rounded - length < most
    assert round_length(rounded, coarseness) == rounded
    assert round_length(length + 1, coarseness) >= rounded


@given(st.integers(1, 5000), COARSENESS)
def test_a_count_is_no_higher_and_at_least_two_thirds(count, coarseness):
    rounded = round_count(count, coarseness)
    assert count / 1.5 <= rounded <= count
    assert round_count(rounded, coarseness) == rounded


@pytest.mark.parametrize("coarseness, most", [(1, 30), (2, 20)])
def test_lengths_and_counts_are_few(coarseness, most):
    lengths = {round_length(n, coarseness) for n in range(129, 4097)}
    counts = {round_count(n, coarseness) for n in range(1, 1025)}
    assert len(lengths) <= 5 * most and len(counts) <= most + 6


def partitions(n, counts):
    if not n:
        yield []
    for first in counts:
        if first <= n:
            yield from ([first, *rest] for rest in partitions(n - first, counts))


@given(st.lists(st.integers(1, 40), max_size=9), st.integers(1, 600), COARSENESS)
def test_batches_cost_the_least_there_is(lengths, max_pieces, coarseness):
    lengths = sorted((8 * n for n in lengths), reverse=True)
    allowed = {round_count(n, coarseness) for n in range(1, 10)}

    def cost(chosen):
        firsts = numpy.cumsum([0, *chosen])
        sizes = [n * lengths[i] for n, i in zip(chosen, firsts)]
        fits = all(n == 1 or s <= max_pieces for n, s in zip(chosen, sizes))
        return CALL_COST * coarseness * len(chosen) + sum(sizes) if fits else 1e9

    chosen = count_for_few_shapes(lengths, max_pieces, coarseness)
    assert sum(chosen) == len(lengths)
    assert cost(chosen) == min(map(cost, partitions(len(lengths), allowed)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_bert(tmp_path_factory.mktemp("bert"), hidden_size=8)


@pytest.fixture
def pipeline(folder):
    nlp = spacy.blank("en")
    model = {"@architectures": MODEL, "name": str(folder), "precision": "fp32"}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer")
    text, gold = "a bc " * 9, [(0, 4, "X")]
    example = Example.from_dict(nlp.make_doc(text), {"spans": {"sc": gold}})
    nlp.initialize(lambda: [example])
    return nlp


def seen_shapes(nlp):
    """The shapes of what reaches the encoder from now on, as they come."""
    shapes = []
    module = get_shim(nlp.get_pipe("transformer").model).encoder.module
    module.register_forward_pre_hook(
        lambda _, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)),
        with_kwargs=True,
    )
    return shapes


def texts(n):
    order = random.Random(0)
    return ["a " * round(200 ** order.random()) for _ in range(n)]


def test_predicted_texts_of_many_lengths_have_few_shapes(pipeline):
    shapes = seen_shapes(pipeline)
    transformer = pipeline.get_pipe("transformer")
    docs = list(map(pipeline.make_doc, texts(1600)))
    for i in range(0, len(docs), 16):
        transformer.predict(docs[i : i + 16])
    half = len(shapes) // 2
    assert len(set(shapes)) < 100 and len(set(shapes) - set(shapes[:half])) < 20


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
def test_trainings_in_bfloat16_have_few_shapes(pipeline, half, monkeypatch):
    """In float32 they are as they were: their memory does not grow with the shapes."""
    if half:
        monkeypatch.setattr(EncoderShim, "computes_exactly", False)
    shapes = seen_shapes(pipeline)
    model = pipeline.get_pipe("transformer").model
    docs = list(map(pipeline.make_doc, texts(400)))
    for i in range(0, len(docs), 4):
        model.begin_update(docs[i : i + 4])
    lengths = {length for _, length in shapes}
    if half:
        assert len(set(shapes)) < 50 and lengths <= {
            round_length(n, 2) for n in lengths
        }
    else:
        assert len(set(shapes)) > 90 and len(lengths) > 40


def test_spans_are_those_of_batches_of_any_shape(pipeline, monkeypatch):
    """In float32 scores differ in their last digits."""
    pipeline.get_pipe("global_pointer").cfg.update(threshold=0.0, trained_length=5)
    some = texts(20)
    found = list(pipeline.pipe(some))
    monkeypatch.setattr(transformer_model, "_coarseness", lambda *_: 0)
    for doc, other in zip(found, pipeline.pipe(some)):
        ours, theirs = doc.spans["sc"], other.spans["sc"]
        assert [(x.start, x.end) for x in ours] == [(x.start, x.end) for x in theirs]
        scores = [group.attrs["scores"] for group in (ours, theirs)]
        assert numpy.allclose(*scores, atol=1e-6) and len(scores[0])
