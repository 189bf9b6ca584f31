"""Batches of annotated and raw text."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from helpers import build, make_examples

from spacy_globalpointer.distillation.student_training import interleave


def some():
    """Examples with tokens."""
    return [example for example in make_examples(build()) if len(example)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_raw_texts_have_their_share_of_the_words(share):
    gold = [*islice(cycle(some()), 100)]
    mixed = [*interleave(gold, raw=cycle(some()), share=share)]
    ours = {id(example) for example in gold}
    n_raw = sum(len(x) for x in mixed if id(x) not in ours)
    assert n_raw / sum(map(len, mixed)) == pytest.approx(share, abs=0.02)
    assert [id(x) for x in mixed if id(x) in ours] == [id(x) for x in gold]


def test_no_more_raw_texts_are_drawn_than_needed():
    gold, raw = some(), some() * 2
    stream = iter(raw)
    mixed = [*interleave(gold, raw=stream, share=0.5)]
    assert len(mixed) - len(gold) == len(raw) - len([*stream]) > 0
