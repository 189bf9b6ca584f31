"""Choice of a document memory."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
import torch
from hypothesis import given
from tuning_helpers import made_up

from spacy_globalpointer.pointer.probability import score_of
from spacy_globalpointer.tuning.candidates import Candidates
from spacy_globalpointer.tuning.choice import Chooser
from spacy_globalpointer.tuning.document_memory_choice import (
    OFF,
    choose_document_memory,
)

CHOOSER = Chooser("any", min_gold=1, beta=1.0)


def repeated(n_docs, *, helps):
    """Documents with a sure span and two doubtful ones, of which the one with the same
    words is right if the memory helps, else the other one."""
    probabilities = numpy.tile(numpy.float32([0.97, 0.4, 0.4]), n_docs)
    starts = numpy.tile([0, 2, 4], n_docs)
    candidates = Candidates(
        label_names=("A",),
        docs=numpy.repeat(numpy.arange(n_docs), 3),
        labels=numpy.zeros(3 * n_docs, dtype=numpy.int64),
        **{"starts": starts, "ends": starts},
        raw=score_of(torch.from_numpy(probabilities)).numpy(),
        words=[("a", "a"), ("a", "a"), ("b", "b")] * n_docs,
        scores=probabilities,
        right=numpy.tile([True, helps, not helps], n_docs),
        gold=numpy.tile([2, 0], (n_docs, 1)),
        lowest=0.05,
        temperature=1.0,
        memory=OFF,
    )
    return candidates.with_memory(OFF)


def test_memory_that_helps_is_chosen():
    candidates = repeated(4, helps=True)
    memory = choose_document_memory(candidates, CHOOSER)
    assert memory.weight > 0
    revised = candidates.with_memory(memory)
    before = CHOOSER.score(candidates, CHOOSER.single(candidates))
    after = CHOOSER.score(revised, CHOOSER.single(revised))
    assert after.f == 1.0 > before.f


@pytest.mark.parametrize("n_docs, helps", [(4, False), (1, True)])
def test_memory_is_off_if_it_does_not_help_or_nobody_knows(n_docs, helps):
    assert choose_document_memory(repeated(n_docs, helps=helps), CHOOSER) == OFF


@given(made_up())
def test_memory_of_unknown_words_is_off(candidates):
    own = [(str(i), str(i)) for i in range(len(candidates.docs))]
    candidates = replace(candidates, words=own)
    assert choose_document_memory(candidates, CHOOSER) == OFF


def test_parts_of_the_documents_keep_their_words():
    candidates = repeated(3, helps=True)
    part = candidates.of_documents(numpy.array([False, True, False]))
    assert part.words == candidates.words[3:6]
    memory = choose_document_memory(candidates, CHOOSER)
    whole = candidates.with_memory(memory)
    assert (part.with_memory(memory).scores == whole.scores[3:6]).all()
