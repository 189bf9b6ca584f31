"""Keys of the spans of texts that are read."""

from __future__ import annotations

import torch

from spacy_globalpointer.memory import reading
from spacy_globalpointer.memory.entries import Mention
from spacy_globalpointer.memory.reading import ReadText, fit_whitening, make_entries
from spacy_globalpointer.memory.span_features import span_features


def text_of(n, seed):
    """A text of n tokens with a span of its first two tokens, and one of the last."""
    vectors = torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    places = torch.tensor([[0, 1], [n - 1, n - 1]])
    mentions = [Mention("X", str(seed), "a" * n, a, b + 1) for a, b in places.tolist()]
    return ReadText(mentions, places, vectors)


TEXTS = [text_of(7, 0), text_of(5, 1), text_of(9, 2)]


def expected_keys(whitening):
    keys = {}
    for text in TEXTS:
        features = span_features(text.vectors, *text.places.unbind(1))
        keys.update(zip(text.mentions, whitening.keys(features)))
    return keys


def test_keys_are_those_of_the_map_that_is_fitted_to_all_texts():
    entries, whitening = make_entries(iter(TEXTS), None)
    expected = expected_keys(fit_whitening(TEXTS))
    assert {*entries.mentions} == {*expected}
    for one, key in zip(entries.mentions, entries.keys):
        assert torch.equal(key, expected[one])
    assert torch.equal(whitening.matrix, fit_whitening(TEXTS).matrix)


def test_map_is_fitted_to_the_first_texts_that_are_enough(monkeypatch):
    monkeypatch.setattr(reading, "SAMPLE", 10)
    entries, whitening = make_entries(iter(TEXTS), None)
    first = fit_whitening(TEXTS[:2])
    assert torch.equal(whitening.matrix, first.matrix)
    for one, key in zip(entries.mentions, entries.keys):
        assert torch.equal(key, expected_keys(first)[one])


def test_known_map_is_kept_and_tokens_are_not_described(monkeypatch):
    known = fit_whitening(TEXTS[:1])
    monkeypatch.setattr(reading, "_by_token", None)
    entries, whitening = make_entries(iter(TEXTS), known)
    assert whitening is known and len(entries) == 6


def test_no_texts_have_no_entries():
    entries, whitening = make_entries(iter([]), None)
    assert len(entries) == 0 and whitening is None
