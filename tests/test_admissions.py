"""The bundled admission notes: what is particular to them."""

from __future__ import annotations

import pytest
import spacy
from bundled_corpora import ADMISSIONS, Entity


@pytest.fixture
def texts() -> dict[str, str]:
    return ADMISSIONS.texts


@pytest.fixture
def entities() -> dict[str, list[Entity]]:
    return ADMISSIONS.entities


def holders(entity: Entity, found: list[Entity]) -> list[Entity]:
    return [
        other
        for other in found
        if other != entity and other.start <= entity.start and entity.end <= other.end
    ]


def test_no_sign_of_a_template_is_left(texts):
    for name, text in texts.items():
        assert not set("{}|~[]<") & set(text), name


def test_notes_have_a_usual_length_and_their_sections(texts):
    assert len(texts) >= 200
    lengths = {name: len(text) for name, text in texts.items()}
    assert {n: k for n, k in lengths.items() if not 300 <= k <= 1200} == {}
    for text in texts.values():
        titles = ("主诉", "现病史", "既往史", "专科情况", "辅助检查", "诊断")
        assert all(title in text for title in titles)


def test_the_corpus_is_small(texts):
    assert sum(path.stat().st_size for path in ADMISSIONS.folder.iterdir()) < 1_500_000


def test_entities_nest_three_deep(entities):
    depths = set()
    for found in entities.values():
        depths |= {1 + len(holders(entity, found)) for entity in found}
    assert depths == {1, 2, 3}


def test_every_note_has_nested_entities(entities):
    for name, found in entities.items():
        assert any(holders(entity, found) for entity in found), name


def test_each_label_has_words_that_only_test_notes_have(texts, entities):
    splits = ADMISSIONS.splits
    others = [texts[name] for split in ("train", "dev") for name in splits[split]]
    known = "\n".join(others)
    for label in ADMISSIONS.labels:
        words = {
            e.text for n in splits["test"] for e in entities[n] if e.label == label
        }
        unseen = {word for word in words if word not in known}
        assert len(unseen) >= 5, label
        assert len(unseen) < len(words), label


def test_some_words_have_two_labels(entities):
    labels: dict[str, set[str]] = {}
    for found in entities.values():
        for entity in found:
            labels.setdefault(entity.text, set()).add(entity.label)
    assert sum(len(known) > 1 for known in labels.values()) >= 5


def test_all_entities_align_with_tokens(texts, entities):
    nlp = spacy.blank("zh")
    for name, found in entities.items():
        doc = nlp(texts[name])
        assert all(doc.char_span(e.start, e.end) is not None for e in found), name


def test_licence_file_exists():
    assert "CC0 1.0" in (ADMISSIONS.folder / "LICENSE").read_text(encoding="utf-8")
    assert "CC0 1.0" in (ADMISSIONS.folder / "README.md").read_text(encoding="utf-8")
