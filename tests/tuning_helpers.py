"""A pipeline that is unsure, documents to tune it on, and made-up candidates."""

from __future__ import annotations

import numpy
import torch
from helpers import build, fit, make_examples
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_globalpointer.pointer.probability import score_of
from spacy_globalpointer.tuning.candidates import Candidates
from spacy_globalpointer.tuning.document_memory_choice import OFF

DEV_TEXTS = [
    "The Bank of York paid Mary of Leith in York .",
    "John of Scotland saw the Mayor of York in Leith .",
    "The Mayor of the Bank of Leith saw Mary .",
    "",
    "Nothing was paid in Scotland .",
]
DEV_GOLD = [
    [(0, 4, "ORG"), (3, 4, "PLACE"), (5, 8, "PERSON"), (7, 8, "PLACE"), (9, 10, "X")],
    [(0, 3, "PERSON"), (2, 3, "PLACE"), (4, 8, "PERSON"), (7, 8, "PLACE")],
    [(0, 7, "PERSON"), (3, 7, "ORG"), (6, 7, "PLACE"), (8, 9, "PERSON")],
    [],
    [(4, 5, "PLACE")],
]


def unsure(steps=3, **config):
    """A pipeline after a few updates, with probabilities of all sizes."""
    nlp = build(**config)
    fit(nlp, make_examples(nlp), steps=steps)
    return nlp


def save_dev(nlp, path):
    """Write the documents. The label X is unknown to the pipeline."""
    examples = make_examples(nlp, texts=DEV_TEXTS, gold=DEV_GOLD)
    docs = [example.reference for example in examples]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


N_LABELS = 3


@st.composite
def made_up(draw, max_size=14):
    """Candidates of some documents, with equal scores, certain ones (1.0) and gold
    that is not among them."""
    places = st.tuples(
        st.integers(0, 2),  # document
        st.integers(0, 6),  # start
        st.integers(0, 3),  # tokens beyond the first
        st.integers(0, N_LABELS - 1),
    )
    unique = draw(st.lists(places, min_size=1, max_size=max_size, unique=True))
    rows = sorted((d, a, a + more, label) for d, a, more, label in unique)
    docs, starts, ends, labels = numpy.array(rows, dtype=numpy.int64).T
    score = st.integers(1, 20).map(lambda n: n / 20) | st.floats(0.05, 1.0)
    scores = draw(st.lists(score, min_size=len(rows), max_size=len(rows)))
    flags = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    right = numpy.array(draw(flags))
    gold = numpy.zeros((3, N_LABELS + 1), dtype=numpy.int64)
    numpy.add.at(gold, (docs[right], labels[right]), 1)
    gold[0, -1] += 1
    gold[1] += draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    probabilities = numpy.array(scores, dtype=numpy.float32)
    return Candidates(
        label_names=("A", "B", "C"),
        **{"docs": docs, "starts": starts, "ends": ends, "labels": labels},
        raw=score_of(torch.from_numpy(probabilities)).numpy(),
        words=[("", "")] * len(rows),
        scores=probabilities,
        right=right,
        gold=gold,
        lowest=0.05,
        temperature=1.0,
        memory=OFF,
    )


def clash(overlap, a, b):
    """Whether a policy forbids two (start, end) with inclusive ends."""
    if overlap == "any" or a[1] < b[0] or b[1] < a[0]:
        return False
    inside = a[0] <= b[0] and b[1] <= a[1] or b[0] <= a[0] and a[1] <= b[1]
    return overlap == "flat" or not inside


def plain_f(candidates, overlap, cuts):
    """F1 with a threshold for each label, by the definition: from the highest score
    down, a span stands if it clashes with none that stands."""
    c = candidates
    order = sorted(range(len(c.docs)), key=lambda i: (-c.scores[i], i))
    stands: list = []
    for i in order:
        place = (c.starts[i], c.ends[i])
        if c.scores[i] >= numpy.float32(cuts[c.labels[i]]) and not any(
            c.docs[i] == c.docs[j] and clash(overlap, place, (c.starts[j], c.ends[j]))
            for j in stands
        ):
            stands.append(i)
    right = sum(bool(c.right[i]) for i in stands)
    return 2 * right / (len(stands) + c.n_gold)
