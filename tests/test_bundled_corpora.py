"""The bundled corpora: made again byte for byte, and sound as brat files."""

from __future__ import annotations

import pytest
from bundled_corpora import ADMISSIONS, AGREEMENTS, files_of


@pytest.fixture(params=[AGREEMENTS, ADMISSIONS], ids=lambda corpus: corpus.name)
def corpus(request):
    return request.param


def test_generator_makes_the_bundled_files(corpus, tmp_path):
    result = corpus.generate(tmp_path / corpus.name)
    assert result.returncode == 0, result.stderr
    assert files_of(tmp_path / corpus.name) == files_of(corpus.folder)


def test_generator_depends_on_the_seed_and_replaces_a_corpus(corpus, tmp_path):
    output = tmp_path / "corpus"
    assert corpus.generate(output, "--documents", "3").returncode == 0
    first = files_of(output)
    again = corpus.generate(output, "--documents", "3", "--seed", "1")
    assert again.returncode == 0
    assert len(files_of(output)) == len(first)
    assert files_of(output) != first
    assert list(tmp_path.iterdir()) == [output]


def test_generator_does_not_replace_a_folder_that_is_not_a_corpus(corpus, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear Sir", encoding="utf-8")
    result = corpus.generate(tmp_path, "--documents", "3")
    assert result.returncode != 0
    assert "is not a corpus" in result.stderr
    assert set(files_of(tmp_path)) == {"letter.txt"}


def test_offsets_match_the_texts(corpus):
    for name, found in corpus.entities.items():
        for entity in found:
            text = corpus.texts[name][entity.start : entity.end]
            assert text.replace("\n", " ") == entity.text, entity
            assert text and text == text.strip(), entity


def test_every_split_has_every_label(corpus):
    for names in corpus.splits.values():
        found = {e.label for name in names for e in corpus.entities[name]}
        assert found == corpus.labels


def test_entities_nest_without_crossing(corpus):
    for found in corpus.entities.values():
        around = []
        for entity in sorted(found, key=lambda e: (e.start, -e.end)):
            around = [other for other in around if other.end > entity.start]
            assert all(entity.end <= other.end for other in around), entity
            around.append(entity)


def test_no_two_entities_are_the_same(corpus):
    for found in corpus.entities.values():
        places = [(e.start, e.end) for e in found]
        assert len(places) == len(set(places))


def test_splits_are_disjoint_and_complete(corpus):
    names = [name for split in corpus.splits.values() for name in split]
    sizes = {name: len(split) for name, split in corpus.splits.items()}
    assert sizes == corpus.sizes
    assert len(names) == len(set(names))
    assert set(names) == set(corpus.texts)


def test_no_two_documents_are_the_same(corpus):
    assert len(set(corpus.texts.values())) == len(corpus.texts)
