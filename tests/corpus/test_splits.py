"""Splits: every document in one, whatever its place in the corpus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import Source
from spacy_globalpointer.corpus.splits import (
    SplitRules,
    assign_splits,
    name_hash,
    parse_splits,
)


def assign(names, rules, seed=0, file="all.jsonl"):
    documents = [(name, Source(file, 1)) for name in names]
    if isinstance(rules, str):
        rules = parse_splits(rules)
    assigned = assign_splits(documents, rules, seed=seed)
    return {name: assigned[i] for i, name in enumerate(names)}


@pytest.mark.parametrize("value", ["0.5,0.6", "0.5,0", "0.4,0.3,0.2,0.1", "2"])
def test_invalid_fractions_are_an_error(value):
    with pytest.raises(ValueError, match="GP109"):
        parse_splits(value)


def test_fractions_are_assigned_by_seed():
    documents = [f"doc{i}" for i in range(10)]
    assigned = assign(documents, "0.8, 0.1,0.1", seed=1)
    sizes = [list(assigned.values()).count(s) for s in ("train", "dev", "test")]
    assert sizes == [8, 1, 1] and set(assigned) == set(documents)
    assert assigned == assign(documents[::-1], "0.8,0.1,0.1", seed=1)
    assert assigned != assign(documents, "0.8,0.1,0.1", seed=2)


@pytest.mark.parametrize("value", ["missing.json", "0.5;0.5"])
def test_missing_splits_file_is_an_error(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"GP143.*{value}.*{tmp_path}.*fractions"):
        parse_splits(value)


def test_fractions_with_an_empty_split_are_an_error():
    with pytest.raises(ValueError, match="GP114.*'dev'.*2 documents"):
        assign(["a", "b"], "0.8,0.1,0.1")


def test_many_left_out_documents_are_not_all_counted():
    rules = SplitRules({"train": ["a"]}, {}, ["train"])
    names = [f"doc{i}" for i in range(20_000)]
    with pytest.raises(ValueError, match="GP111.*more than 10,000 documents"):
        assign(names, rules)


def test_patterns_fit_names_or_files():
    rules = SplitRules(
        {"dev": ["dev/*", "x[[]1]"], "train": ["t?"]}, {}, ["dev", "train"]
    )
    assert assign(["dev/a", "t1", "x[1]"], rules) == {
        "dev/a": "dev",
        "t1": "train",
        "x[1]": "dev",
    }


def test_exact_name_takes_precedence_over_patterns():
    rules = SplitRules({"dev": ["x[1]"], "train": ["x*"]}, {}, ["dev", "train"])
    assert assign(["x[1]", "x2"], rules) == {"x[1]": "dev", "x2": "train"}


@given(
    names=st.lists(st.text(min_size=1), min_size=30, max_size=60, unique=True),
    seed=st.integers(-(10**9), 10**9),
)
def test_fractions_are_exact_and_independent_of_the_order(names, seed):
    assigned = assign(names, "0.5,0.25,0.25", seed=seed)
    sizes = [list(assigned.values()).count(s) for s in ("train", "dev", "test")]
    n = len(names)
    assert sizes == [round(n / 2), round(0.75 * n) - round(n / 2), n - round(0.75 * n)]
    assert assigned == assign(sorted(names), "0.5,0.25,0.25", seed=seed)


def test_hash_is_the_same_everywhere():
    assert name_hash("a", 0) == 1_476_484_591_048_093_314
    assert name_hash("a", 0) != name_hash("a", 1)
