"""Choice between kinds of candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
from tuning_helpers import OFF

from spacy_globalpointer.tuning.candidates import Candidates
from spacy_globalpointer.tuning.choice import Chooser
from spacy_globalpointer.tuning.kind_choice import choose_kind

N = 6


def kind(scores, right, labels=None, places=None):
    """A span in each document, with the labels "A" (0) and "taught" (1)."""
    docs = numpy.arange(len(scores)) % N
    starts = numpy.zeros(len(docs), dtype=int) if places is None else places
    own = Candidates(
        label_names=("A", "taught"),
        docs=docs,
        labels=numpy.zeros_like(docs) if labels is None else labels,
        **{"starts": starts, "ends": starts, "words": [("", "")] * len(docs)},
        raw=numpy.zeros(len(docs), dtype=numpy.float32),
        scores=numpy.array(scores, dtype=numpy.float32),
        right=numpy.array(right),
        gold=numpy.array([[1, 0, 0]] * N),
        **{"lowest": 0.05, "temperature": 1.0, "memory": OFF},
    )
    rows = numpy.lexsort((own.labels, own.starts, own.docs))
    columns = ("docs", "labels", "starts", "ends", "raw", "scores", "right")
    return replace(own, **{name: getattr(own, name)[rows] for name in columns})


def half():
    """Only every other document's gold span has a higher score than a wrong one."""
    return kind([0.3, 0.9] * 3 + [0.4] * N, [True] * N + [False] * N, places=PLACES)


def best(n_taught):
    """All gold spans, and spans of a label that the documents are not annotated
    with."""
    labels = numpy.repeat([0, 1], [N, n_taught])
    scores, right = [0.9] * (N + n_taught), [True] * N + [False] * n_taught
    places = numpy.repeat([0, 1, 2, 3, 4], [N] * 5)[: N + n_taught]
    return kind(scores, right, labels, places)


PLACES = numpy.repeat([0, 1], N)


@pytest.mark.parametrize("n_taught", [0, N, 4 * N])
def test_spans_of_kept_labels_do_not_count(n_taught):
    chooser = Chooser("any", min_gold=1, beta=1.0, kept={"taught": 0.5})
    assert choose_kind([half(), best(n_taught)], chooser) == 1


def test_spans_of_other_labels_count():
    chooser = Chooser("any", min_gold=1, beta=1.0)
    assert choose_kind([half(), best(0)], chooser) == 1
    assert choose_kind([half(), best(4 * N)], chooser) == 0


def test_first_of_equal_kinds_is_chosen():
    chooser = Chooser("any", min_gold=1, beta=1.0)
    assert choose_kind([best(0)] * 3, chooser) == 0
