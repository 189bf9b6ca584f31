"""Where windows meet, and the distance of spans from there."""

from __future__ import annotations

import numpy
import pytest
import spacy
from helpers import build, make_examples
from small_encoders import make_bert
from spacy.tokens import Doc

from spacy_globalpointer.encoders.pieces import Pieces
from spacy_globalpointer.encoders.seams import (
    ACROSS,
    Seams,
    find_seams,
    find_transformer,
)

BLOCK = "spacy-globalpointer.TransformerModel.v1"


@pytest.fixture(scope="module")
def nlp(tmp_path_factory):
    folder = make_bert(tmp_path_factory.mktemp("bert"))
    nlp = spacy.blank("en")
    size = {"window": 16, "context": 2, "precision": "fp32"}
    model = {"@architectures": BLOCK, "name": str(folder), **size}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer").add_label("A")
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def seams_at(*places):
    # Tokens of 1, 2, 0 and 1 pieces, and one that shares the last piece.
    pieces = Pieces(
        ids=numpy.arange(4),
        cuts=numpy.array([0, 1, 3]),
        indices=numpy.array([0, 1, 2, 3, 3]),
        lengths=numpy.array([1, 2, 0, 1, 1]),
    )
    return Seams(pieces, numpy.array(places, dtype="int64"))


@pytest.mark.parametrize(
    "start,end,distance",
    [(0, 1, 0), (1, 2, 0), (0, 2, ACROSS), (0, 5, ACROSS), (2, 3, None), (3, 5, 2)],
)
def test_distance_counts_pieces(start, end, distance):
    assert seams_at(1).distance(start, end) == distance


def test_distance_is_to_the_nearest_seam():
    assert seams_at(1, 3).distance(1, 2) == 0
    assert seams_at(3).distance(0, 1) == 2


def test_without_a_seam_there_is_no_distance():
    assert seams_at().distance(0, 5) is None


def test_seams_are_those_of_the_windows(nlp):
    transformer = find_transformer(nlp, "global_pointer")
    docs = [Doc(nlp.vocab, ["a"] * n) for n in (30, 14, 0)]
    seams = find_seams(transformer, docs)
    # 14 pieces fit beside the special ones; of 30, windows overlap by 4.
    assert [len(own.places) for own in seams] == [2, 0, 0]
    first, second = seams[0].places
    assert 0 < first <= 12 and first < second and 30 - second <= 12
    assert seams[0].distance(int(first) - 1, int(first) + 1) == ACROSS
    assert seams[0].distance(int(first), int(first) + 1) == 0


def test_a_replaced_listener_is_found(nlp):
    replaced = spacy.blank("en")
    replaced.add_pipe("transformer", source=nlp)
    replaced.add_pipe("global_pointer", source=nlp)
    replaced.replace_listeners("transformer", "global_pointer", ["model.tok2vec"])
    replaced.remove_pipe("transformer")
    assert find_transformer(replaced, "global_pointer") is not None


def test_other_encoders_have_no_seams():
    assert find_transformer(build(), "global_pointer") is None
