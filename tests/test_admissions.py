"""The bundled Chinese corpus: made again byte for byte, and sound as brat files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
import spacy

PROJECT = Path(__file__).parent.parent
GENERATOR = PROJECT / "scripts" / "generate_admissions.py"
CORPUS = PROJECT / "assets" / "admissions"
LABELS = {"bod", "dis", "sym", "pro", "equ", "dru", "ite", "mic", "dep"}
SPLITS = {"train": 180, "dev": 20, "test": 40}


@dataclass(frozen=True)
class Entity:
    label: str
    start: int
    end: int
    text: str


def read_entities(path: Path) -> list[Entity]:
    entities = []
    for line in path.read_text(encoding="utf-8").splitlines():
        _, place, text = line.split("\t")
        label, start, end = place.split()
        entities.append(Entity(label, int(start), int(end), text))
    return entities


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {
        path.stem: path.read_bytes().decode("utf-8") for path in CORPUS.glob("*.txt")
    }


@pytest.fixture(scope="module")
def entities(texts) -> dict[str, list[Entity]]:
    return {name: read_entities(CORPUS / f"{name}.ann") for name in texts}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[str]]:
    return json.loads((CORPUS / "splits.json").read_text(encoding="utf-8"))


def generate(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(GENERATOR), "--out", str(output), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def holders(entity: Entity, found: list[Entity]) -> list[Entity]:
    return [
        other
        for other in found
        if other != entity and other.start <= entity.start and entity.end <= other.end
    ]


def test_generator_makes_the_bundled_files(tmp_path):
    result = generate(tmp_path / "admissions")
    assert result.returncode == 0, result.stderr
    assert files_of(tmp_path / "admissions") == files_of(CORPUS)


def test_generator_depends_on_the_seed_and_replaces_a_corpus(tmp_path):
    output = tmp_path / "admissions"
    assert generate(output, "--documents", "3").returncode == 0
    first = files_of(output)
    assert generate(output, "--documents", "3", "--seed", "1").returncode == 0
    assert files_of(output) != first
    assert list(tmp_path.iterdir()) == [output]


def test_generator_spares_a_folder_that_is_no_corpus(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear Sir", encoding="utf-8")
    result = generate(tmp_path, "--documents", "3")
    assert result.returncode != 0
    assert "is not a corpus" in result.stderr
    assert set(files_of(tmp_path)) == {"letter.txt"}


def test_offsets_match_the_texts(texts, entities):
    for name, found in entities.items():
        for entity in found:
            assert texts[name][entity.start : entity.end] == entity.text, entity
            assert entity.text and entity.text == entity.text.strip(), entity


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
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < 1_500_000


def test_every_split_has_every_label(entities, splits):
    for names in splits.values():
        assert {e.label for name in names for e in entities[name]} == LABELS


def test_entities_nest_three_deep_without_crossing(entities):
    depths = set()
    for found in entities.values():
        for one, other in combinations(found, 2):
            if one.start < other.start:
                assert not one.start < other.start < one.end < other.end
        depths |= {1 + len(holders(entity, found)) for entity in found}
    assert depths == {1, 2, 3}


def test_every_note_has_nested_entities(entities):
    for name, found in entities.items():
        assert any(holders(entity, found) for entity in found), name


def test_no_two_entities_are_the_same(entities):
    for found in entities.values():
        places = [(e.start, e.end) for e in found]
        assert len(places) == len(set(places))


def test_splits_are_disjoint_and_complete(texts, splits):
    names = [name for split in splits.values() for name in split]
    assert {name: len(split) for name, split in splits.items()} == SPLITS
    assert len(names) == len(set(names))
    assert set(names) == set(texts)


def test_no_two_notes_are_the_same(texts):
    assert len(set(texts.values())) == len(texts)


def test_each_label_has_words_that_only_test_notes_have(texts, entities, splits):
    others = [texts[name] for split in ("train", "dev") for name in splits[split]]
    known = "\n".join(others)
    for label in LABELS:
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


def test_the_licence_is_there():
    assert "CC0 1.0" in (CORPUS / "LICENSE").read_text(encoding="utf-8")
    assert "CC0 1.0" in (CORPUS / "README.md").read_text(encoding="utf-8")
