"""Counts over a corpus."""

from __future__ import annotations

from corpus_helpers import doc_with
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.statistics import CorpusStatistics
from spacy_globalpointer.types import LOST_GOLD


def count(*docs):
    statistics = CorpusStatistics("sc")
    for doc in docs:
        statistics.add(doc)
    return statistics


def test_documents_are_counted():
    nested = doc_with(list("abcdefgh"), [(0, 6, "X"), (1, 3, "Y"), (2, 4, "Y")])
    nested.user_data[LOST_GOLD] = [[0, 1, "Z"]]
    space = doc_with(["a", "\n", "b"], [(0, 2, "X"), (1, 3, "X"), (0, 3, "X")])
    stats = count(nested, space, doc_with(["a"]), doc_with([], key="other"))
    assert (stats.documents, stats.tokens, stats.longest_document) == (4, 12, 8)
    assert (stats.documents_without_key, stats.documents_without_spans) == (1, 1)
    assert stats.labels == {"X": 4, "Y": 2} and stats.spans == 6
    assert stats.lost_gold == {"Z": 1}
    assert stats.lengths == {6: 1, 2: 4, 3: 1} and stats.longest_span == 6
    assert (stats.nesting_depth, stats.crossing_pairs) == (2, 2)
    assert stats.whitespace_edges == 2
    # In each document the two crossing ones cost one; and three share tokens.
    assert stats.lost_by_policy == {"nested": 2, "flat": 4}
    assert stats.keys_found == {"sc": 3, "other": 1}


def test_counts_without_documents_are_zero():
    stats = count()
    assert (stats.documents, stats.spans, stats.longest_span) == (0, 0, 0)
    assert (stats.percentile(50), stats.longer_than(1)) == (0, 0)


def test_percentiles_and_long_spans_are_counted():
    stats = CorpusStatistics("sc")
    stats.lengths.update({1: 50, 2: 45, 3: 4, 90: 1})
    stats.labels.update({"X": 100})
    assert [stats.percentile(p) for p in (50, 95, 99, 100)] == [1, 2, 3, 90]
    assert [stats.longer_than(n) for n in (1, 2, 89, 90)] == [50, 5, 1, 0]


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 100))
def test_percentile_is_the_least_that_covers(lengths, percent):
    stats = CorpusStatistics("sc")
    stats.lengths.update(lengths)
    stats.labels["X"] = len(lengths)
    found = stats.percentile(percent)
    covering = [
        n
        for n in lengths
        if 100 * sum(other <= n for other in lengths) >= percent * len(lengths)
    ]
    assert found == min(covering)
