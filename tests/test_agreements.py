"""The bundled agreements: what is particular to them."""

from __future__ import annotations

import re

import pytest
import spacy
from bundled_corpora import AGREEMENTS, Entity


@pytest.fixture
def texts() -> dict[str, str]:
    return AGREEMENTS.texts


@pytest.fixture
def entities() -> dict[str, list[Entity]]:
    return AGREEMENTS.entities


def nesting(entities: list[Entity]) -> int:
    """The greatest number of entities around one place."""
    deepest, ends = 0, []
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        ends = [end for end in ends if end > entity.start] + [entity.end]
        deepest = max(deepest, len(ends))
    return deepest


def test_documents_have_a_usual_length(texts):
    assert len(texts) >= 60
    lengths = {name: len(text.split()) for name, text in texts.items()}
    assert {n: k for n, k in lengths.items() if not 1000 <= k <= 4000} == {}


def test_entities_nest_three_deep_everywhere(entities):
    assert {name for name, found in entities.items() if nesting(found) < 3} == set()
    assert max(nesting(found) for found in entities.values()) >= 4


def test_most_documents_hold_an_entity_longer_than_the_window(entities):
    # Words and punctuation marks are split further, never joined, in word pieces.
    long = {
        entity.document
        for found in entities.values()
        for entity in found
        if len(re.findall(r"\w+|[^\w\s]", entity.text)) > 512
    }
    assert len(long) >= 0.75 * len(entities)


def test_split_vocabularies_overlap_only_partly(entities):
    def names_of(split: str) -> set[str]:
        return {
            e.text
            for name in AGREEMENTS.splits[split]
            for e in entities[name]
            if e.label in ("ORG", "PERSON")
        }

    unseen = names_of("test") - names_of("train")
    assert len(unseen) > 0.5 * len(names_of("test"))


def test_nearly_all_entities_align_with_tokens(texts, entities):
    nlp = spacy.blank("en")
    lost = []
    for name, found in entities.items():
        doc = nlp(texts[name])
        lost += [e for e in found if doc.char_span(e.start, e.end) is None]
    assert 5 <= len(lost) <= 30
