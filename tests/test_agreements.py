"""The bundled corpus: made again byte for byte, and sound as brat files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
GENERATOR = PROJECT / "scripts" / "generate_agreements.py"
CORPUS = PROJECT / "assets" / "agreements"
LABELS = {
    *("CLAUSE", "PARTY", "ORG", "PERSON", "PLACE"),
    *("DATE", "MONEY", "TERM", "ROLE", "LAW"),
}


@dataclass(frozen=True)
class Entity:
    document: str
    label: str
    start: int
    end: int
    text: str


def read_entities(path: Path) -> list[Entity]:
    entities = []
    for line in path.read_text(encoding="utf-8").splitlines():
        _, place, text = line.split("\t")
        label, start, end = place.split()
        entities.append(Entity(path.stem, label, int(start), int(end), text))
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


def nesting(entities: list[Entity]) -> int:
    """The greatest number of entities around one place."""
    deepest, ends = 0, []
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        ends = [end for end in ends if end > entity.start] + [entity.end]
        deepest = max(deepest, len(ends))
    return deepest


def test_generator_makes_the_bundled_files(tmp_path):
    result = generate(tmp_path / "agreements")
    assert result.returncode == 0, result.stderr
    assert files_of(tmp_path / "agreements") == files_of(CORPUS)


def test_generator_depends_on_the_seed_and_replaces_a_corpus(tmp_path):
    output = tmp_path / "agreements"
    assert generate(output, "--documents", "3").returncode == 0
    first = files_of(output)
    assert generate(output, "--documents", "3", "--seed", "1").returncode == 0
    assert files_of(output).keys() == first.keys()
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
            text = texts[name][entity.start : entity.end]
            assert text.replace("\n", " ") == entity.text, entity
            assert text and text == text.strip(), entity


def test_documents_have_a_usual_length(texts):
    assert len(texts) >= 60
    lengths = {name: len(text.split()) for name, text in texts.items()}
    assert {n: k for n, k in lengths.items() if not 1000 <= k <= 4000} == {}


def test_every_split_has_every_label(entities, splits):
    for names in splits.values():
        assert {e.label for name in names for e in entities[name]} == LABELS


def test_entities_nest_without_crossing(entities):
    for found in entities.values():
        order = sorted(found, key=lambda e: (e.start, -e.end))
        around: list[Entity] = []
        for entity in order:
            around = [other for other in around if other.end > entity.start]
            assert all(entity.end <= other.end for other in around), entity
            around.append(entity)


def test_no_two_entities_are_the_same(entities):
    for found in entities.values():
        places = [(e.start, e.end) for e in found]
        assert len(places) == len(set(places))


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


def test_splits_are_disjoint_and_complete(texts, splits):
    names = [name for split in splits.values() for name in split]
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 44,
        "dev": 8,
        "test": 12,
    }
    assert len(names) == len(set(names))
    assert set(names) == set(texts)


def test_split_vocabularies_overlap_only_partly(entities, splits):
    def names_of(split: str) -> set[str]:
        return {
            e.text
            for name in splits[split]
            for e in entities[name]
            if e.label in ("ORG", "PERSON")
        }

    unseen = names_of("test") - names_of("train")
    assert len(unseen) > 0.5 * len(names_of("test"))


def test_nearly_all_entities_align_with_tokens(texts, entities):
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    lost = []
    for name, found in entities.items():
        doc = nlp(texts[name])
        lost += [e for e in found if doc.char_span(e.start, e.end) is None]
    assert 5 <= len(lost) <= 30
